"""Python code by its place, `module:name` or `path/to/file.py:name`: found and read without running it, or imported."""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Callable, Mapping
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType

from sim.core.errors import InputError, nearest
from sim.foreign.calls import described
from sim.llm.failures import scrub

_FILE = re.compile(r"(?P<file>.+\.py):(?P<name>[A-Za-z_][\w.]*)")
_MODULE = re.compile(r"(?P<module>[A-Za-z_][\w.]*):(?P<name>[A-Za-z_][\w.]*)")


def is_file(place: str) -> bool:
    """Whether `place` is a name in a file given by its path."""
    return _FILE.fullmatch(place) is not None


def is_place(place: str) -> bool:
    """Whether `place` is written like a name in a module or in a file."""
    return is_file(place) or _MODULE.fullmatch(place) is not None


def load_object(place: str, *, owner: str, base: Path | None = None) -> object:
    """The object at `place`. A module is imported as `python -m` would import it from the working folder; a file, as if run where it lies.

    Args:
        owner: what complaints are about, as `target 'bot'`.
        base: the folder that a file's path is relative to; None: the working folder.

    Raises:
        InputError: there is no such object, or importing its module failed.
    """
    file = _FILE.fullmatch(place)
    if file:
        module, path = _load_file(find_file(place, owner=owner, base=base), owner=owner), file["name"]
    else:
        name, _, path = place.partition(":")
        module = _import(name, owner=owner)
    found: object = module
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            known = [n for n in vars(found) if not n.startswith("_")] if hasattr(found, "__dict__") else []
            shown = file["file"] if file else module.__name__
            raise InputError(f"{owner}: there is no '{name}' in {shown}", mend=nearest(name, known)) from None
    return found


def find_file(place: str, *, owner: str, base: Path | None = None) -> Path:
    """The file of `place`, which is given by its path.

    Raises:
        InputError: there is none.
    """
    found = _FILE.fullmatch(place)
    assert found is not None
    path = (base or Path()) / found["file"]
    if not path.is_file():
        beside = [f.name for f in sorted(path.parent.glob("*.py"))]
        near = nearest(path.name, beside)
        raise InputError(
            f"{owner}: there is no file '{found['file']}'",
            mend=near if near.startswith("did") else "run from the folder it lies in, or mend its path",
        )
    return path


def find_source(place: str, *, owner: str, base: Path | None = None) -> Path | None:
    """The source file of `place`; None: it has none, as what is built in or compiled. Nothing is imported.

    Raises:
        InputError: there is no such file or module.
    """
    if is_file(place):
        return find_file(place, owner=owner, base=base)
    where: list[str] | None = [str(Path.cwd()), *sys.path]
    name = ""
    spec = None
    for step in place.partition(":")[0].split("."):
        name = f"{name}.{step}" if name else step
        # `importlib.util.find_spec` would import the packages on the way.
        spec = PathFinder.find_spec(name, where) if where is not None else None
        if spec is None and name in sys.builtin_module_names:
            return None
        if spec is None:
            raise _no_module(owner, name)
        where = list(spec.submodule_search_locations) if spec.submodule_search_locations is not None else None
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None


def source_hash(file: Path) -> str:
    """16 hexadecimal digits that change with any character of `file`."""
    return hashlib.blake2b(file.read_bytes(), digest_size=8).hexdigest()


def read_class(file: Path, name: str, *, owner: str) -> ast.ClassDef | None:
    """The class called `name` as it is written in `file`; None: the name is there and tells no more, as what is imported or assigned.

    Raises:
        InputError: the file is not Python, or has no such name.
    """
    try:
        tree = ast.parse(file.read_bytes(), filename=str(file))
    except (SyntaxError, ValueError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else None
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        raise InputError(f"{owner}: is not Python: {said}", mend="mend the file", where=file, line=line) from None
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == name:
            return node
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name.partition(".")[0])
    if name in names or "*" in names:
        return None
    raise InputError(f"{owner}: there is no '{name}'", mend=nearest(name, sorted(n for n in names if not n.startswith("_"))), where=file)


def names_in(written: ast.ClassDef) -> frozenset[str]:
    """What `written` defines, assigns or sets on itself."""
    found = {n.name for n in written.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    for node in ast.walk(written):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.id if isinstance(node, ast.Name) else node.attr)
    return frozenset(found)


def _import(name: str, *, owner: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            raise _no_module(owner, error.name) from None
        raise _broken(owner, name, error) from None
    except (Exception, SystemExit) as error:
        raise _broken(owner, name, error) from None


def _load_file(file: Path, *, owner: str) -> ModuleType:
    """The module that `file` is, made once a process; what lies beside it can be imported by it."""
    place = file.resolve()
    name = f"{place.stem}_{hashlib.blake2b(str(place).encode(), digest_size=6).hexdigest()}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, place)
    assert spec is not None
    assert spec.loader is not None
    beside = str(place.parent)
    if beside not in sys.path:
        sys.path.append(beside)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise _broken(owner, str(file), error) from None
    return module


def _no_module(owner: str, name: str) -> InputError:
    return InputError(f"{owner}: there is no module '{name}'", mend="run from the folder it lies in, or set PYTHONPATH")


def _broken(owner: str, module: str, error: BaseException) -> InputError:
    return InputError(scrub(f"{owner}: importing {module} raised {described(error)}", os.environ), mend="mend the module")


def parameters(function: object, *, owner: str) -> frozenset[str] | None:
    """The names that `function` can be given arguments by; None: any.

    Raises:
        InputError: it has no signature, or needs something by position.
    """
    try:
        signature = inspect.signature(function)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise InputError(f"{owner}: {function!r} does not say what it takes", mend="wrap it in a function of your own") from None
    found = signature.parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in found):
        return None
    return frozenset(p.name for p in found if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY))


def demanded(function: Callable[..., object]) -> frozenset[str]:
    """The names of the parameters that have no default."""
    found = inspect.signature(function).parameters.values()
    return frozenset(p.name for p in found if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))


def chosen(arguments: Mapping[str, object], names: frozenset[str] | None) -> dict[str, object]:
    """Those of `arguments` that go by one of `names`."""
    return {k: v for k, v in arguments.items() if names is None or k in names}
