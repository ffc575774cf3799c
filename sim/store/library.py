"""Where personas, scenarios, studies and codebooks are found: beside the study, in the working folder, or built in."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from sim.core.cast import build_cast
from sim.core.codebook import Codebook
from sim.core.errors import InputError, nearest
from sim.core.spec import Persona, Scenario, Study
from sim.core.spec.people import PeopleStudy
from sim.store.yaml_file import Document, build, load_yaml, read_yaml

Kind = Literal["persona", "scenario", "study", "codebook", "people"]

_MODELS: dict[Kind, type[Persona | Scenario | Study | Codebook | PeopleStudy]] = {
    "persona": Persona,
    "scenario": Scenario,
    "study": Study,
    "codebook": Codebook,
    "people": PeopleStudy,
}
_FOLDERS: dict[str, Kind] = {"personas": "persona", "scenarios": "scenario", "studies": "study", "codebooks": "codebook"}
_SUFFIXES = (".yaml", ".yml")

_BY_NAME = Path(__file__).parent / "people"
_NAMED_ONLY: dict[str, Kind] = {"self": "persona", "open-talk": "scenario"}
"""What is for people alone: no glob finds it, for no model can play it."""

Named = TypeVar("Named", Persona, Scenario, Codebook)


@dataclass(frozen=True)
class LoadedStudy:
    """A study with everything it names, read and validated."""

    study: Study
    personas: tuple[Persona, ...]
    scenarios: tuple[Scenario, ...]
    codebook: Codebook
    source: Path | None = None
    """The study's file; None for a study built in Python."""


@dataclass(frozen=True)
class Checked:
    """What `check_paths` found in one file."""

    path: Path
    kind: Kind | None
    """None when nothing tells what the file is meant to be."""
    problem: InputError | None
    """None when the file is good."""


# --- loading ------------------------------------------------------------------------------------------------------


def load_study(name: str | Path, *, change: Callable[[Study], Study] | None = None) -> LoadedStudy:
    """The study in a file, or the built-in one of that name, with its personas, scenarios and codebook.

    Args:
        name: paths in the study are relative to its file's folder.
        change: applied to the study before its personas and scenarios are looked up.

    Raises:
        InputError: no such study, something in it is wrong, or it names something that is not there.
    """
    path = Path(name) if Path(name).is_file() else _built_in_study(str(name))
    document = read_yaml(path)
    study = build(document, Study)
    return _resolve(change(study) if change else study, path.parent, document)


def resolve_study(study: Study, base: Path) -> LoadedStudy:
    """`study` with the personas and scenarios it names; paths in it are relative to the folder `base`.

    Raises:
        InputError: it names something that is not there or is wrong.
    """
    return _resolve(study, base, None)


def load_persona(name: str | Path, *, base: Path = Path()) -> Persona:
    """The persona in a file, or the one of that id beside `base`, in the working folder or built in.

    Raises:
        InputError: no such persona, several of them, or something in it is wrong.
    """
    return _one(_Shelf("persona", Persona, base), str(name))


def load_scenario(name: str | Path, *, base: Path = Path()) -> Scenario:
    """The scenario in a file, or the one of that id beside `base`, in the working folder or built in.

    Raises:
        InputError: no such scenario, several of them, or something in it is wrong.
    """
    return _one(_Shelf("scenario", Scenario, base), str(name))


def load_codebook(name: str | Path = "mint", *, base: Path = Path()) -> Codebook:
    """The codebook in a file, or the one of that id beside `base`, in the working folder or built in.

    Raises:
        InputError: no such codebook, or something in it is wrong.
    """
    return _codebook(str(name), base, None)


def built_in(kind: Kind) -> Path:
    """The folder of what comes with the package.

    Studies and codebooks lie in the package. Personas and scenarios stand at the top of a checkout, and are put into the package by the wheel.
    """
    here = Path(__file__).parent
    if kind == "study":
        return here / "studies"
    if kind == "codebook":
        return here / "codebooks"
    packed = here.parent / "builtin" / f"{kind}s"
    return packed if packed.is_dir() else here.parent.parent / f"{kind}s"


def _resolve(study: Study, base: Path, document: Document | None) -> LoadedStudy:
    study = _find_policies(study, base, document)
    personas = _Shelf("persona", Persona, base, document).pick(study.personas)
    scenarios = _Shelf("scenario", Scenario, base, document).pick(study.scenarios)
    return LoadedStudy(study, personas, scenarios, _codebook(study.codebook, base, document), document.path if document else None)


def _find_policies(study: Study, base: Path, document: Document | None) -> Study:
    """`study` with the files of its memory policies as seen from the working folder, from where a run is resumed too."""
    found = {t.memory: _policy_place(t.memory, base, document) for t in study.targets if ".py:" in t.memory}
    if not found:
        return study
    targets = (t.model_copy(update={"memory": found.get(t.memory, t.memory)}) for t in study.targets)
    return study.model_copy(update={"targets": tuple(targets)})


def _policy_place(memory: str, base: Path, document: Document | None) -> str:
    path, colon, name = memory.partition(".py:")
    file = base / f"{path}.py"
    if not file.is_file():
        beside = [f.name for f in sorted(file.parent.glob("*.py"))]
        near = nearest(file.name, beside)
        mend = near if near.startswith("did") else "its path is relative to the study's folder"
        problem = f"no memory policy lies at '{path}.py' (from {_shown(base)})"
        raise InputError(problem, mend=mend, **_where(memory, document))
    return f"{_shown(file).as_posix().removesuffix('.py')}{colon}{name}"


def _where(memory: str, document: Document | None) -> dict[str, Any]:
    """The line of the study's file that names this policy; nothing, where it came from Python."""
    targets = document.find("targets").children.values() if document else ()
    for named in (t.children["memory"] for t in targets if "memory" in t.children):
        for node in (named, *named.children.values()):
            if document and node.raw.strip("'\" ") == memory:
                return {"where": document.path, "line": node.line}
    return {}


def _codebook(name: str, base: Path, document: Document | None) -> Codebook:
    return _one(_Shelf("codebook", Codebook, base, document), name)


def _built_in_study(name: str) -> Path:
    if _is_path(name):
        return Path(name)
    known = {f.stem: f for f in _yaml_files(built_in("study"))}
    if name not in known:
        beside = Path(f"{name}.yaml")
        raise InputError(f"no study is named '{name}'", mend=f"did you mean '{beside}'?" if beside.is_file() else nearest(name, known))
    return known[name]


# --- finding ------------------------------------------------------------------------------------------------------


class _Shelf(Generic[Named]):
    """Where one study's personas, its scenarios, or its codebook are looked for."""

    def __init__(self, kind: Literal["persona", "scenario", "codebook"], model: type[Named], base: Path, document: Document | None = None) -> None:
        self._kind = kind
        self._model: type[Named] = model
        self._base = base
        self._document = document
        self._places = (base / f"{kind}s", Path.cwd() / f"{kind}s", built_in(kind))

    def pick(self, patterns: Sequence[str]) -> tuple[Named, ...]:
        """What `patterns` name: in their order, by id within each, none twice."""
        files: dict[Path, Path] = {}
        for index, pattern in enumerate(patterns):
            for file in self._match(pattern, index):
                files.setdefault(file.resolve(), _shown(file))
        found: dict[str, tuple[Path, Named]] = {}
        for file in files.values():
            one = _load_named(file, self._model, self._kind)
            if one.id in found:
                raise InputError(f"{self._kind} '{one.id}' stands here and in {found[one.id][0]}", mend="give one another id", where=file)
            found[one.id] = file, one
        return tuple(one for _, one in found.values())

    def _match(self, pattern: str, index: int) -> list[Path]:
        """The files that one pattern names; the first place with any of them serves it."""
        if _is_path(pattern):
            return self._at_path(pattern, index)
        for place in self._places:
            found = [f for f in _yaml_files(place) if fnmatch.fnmatchcase(f.stem, pattern)]
            if found:
                return found
        if _NAMED_ONLY.get(pattern) == self._kind:
            return [_BY_NAME / f"{pattern}.yaml"]
        known = sorted({f.stem for place in self._places for f in _yaml_files(place)})
        raise self._nothing(f"no {self._kind} matches '{pattern}'", nearest(pattern, known), pattern, index)

    def _at_path(self, pattern: str, index: int) -> list[Path]:
        path = self._base / pattern
        if path.is_dir():
            found = _yaml_files(path)
            if not found:
                raise self._nothing(f"there is no YAML file in '{pattern}'", "name another folder", pattern, index)
            return found
        if not path.is_file():
            beside = [f.name for f in _yaml_files(path.parent)]
            raise self._nothing(f"no {self._kind} lies at '{pattern}' (from {_shown(self._base)})", nearest(path.name, beside), pattern, index)
        return [path]

    def _nothing(self, problem: str, mend: str, pattern: str, index: int) -> InputError:
        key = ("codebook",) if self._kind == "codebook" else (f"{self._kind}s", index)
        place = self._document.find(*key) if self._document else None
        if self._document and place and place.raw.strip() == pattern:
            return InputError(problem, mend=mend, where=self._document.path, line=place.line)
        # The pattern came from Python or a flag, not from the study's file.
        return InputError(problem, mend=mend)


def _one(shelf: _Shelf[Named], name: str) -> Named:
    found = shelf.pick([name])
    if len(found) > 1:
        raise InputError(f"'{name}' names {len(found)}: {', '.join(f.id for f in found)}", mend="name one")
    return found[0]


def _load_named(file: Path, model: type[Named], kind: Kind) -> Named:
    """What stands in `file`, whose id must be the file's name: a study that names an id must find one file by it."""
    document = read_yaml(file)
    one = build(document, model)
    if one.id != file.stem:
        problem = f"the {kind}'s id is '{one.id}', but the file is named '{file.stem}'"
        raise InputError(problem, mend=f"name the file {one.id}.yaml, or change the id", where=file, line=document.find("id").line)
    if isinstance(one, Codebook):
        shipped = built_in("codebook") / f"{one.id}.yaml"
        if shipped.is_file() and one != load_yaml(shipped, Codebook):
            problem = f"codebook '{one.id}' comes with the package and says something else there"
            raise InputError(problem, mend="give this one another id and file name", where=file, line=document.find("id").line)
    return one


def _is_path(name: str) -> bool:
    return "/" in name or os.sep in name or name.endswith(_SUFFIXES)


def _yaml_files(folder: Path) -> list[Path]:
    """The YAML files in `folder`, by name; none when it does not exist."""
    try:
        return sorted(f for f in folder.iterdir() if f.suffix in _SUFFIXES and not f.name.startswith(".") and f.is_file())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=folder) from None


def _shown(path: Path) -> Path:
    """`path` as a person in the working folder would write it."""
    absolute = path.absolute()
    return absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else path


# --- checking -----------------------------------------------------------------------------------------------------


def check_paths(paths: Iterable[Path] = ()) -> list[Checked]:
    """Validate every YAML file in `paths`; a study with all it names, each of its scenarios cast with each of its personas.

    Without paths, the folders `personas/`, `scenarios/`, `studies/` and `codebooks/` of the working folder, or what is built in where it has none.
    """
    chosen = list(paths) or [Path(f) for f in _FOLDERS if Path(f).is_dir()]
    chosen = chosen or [built_in(kind) for kind in _FOLDERS.values()]
    return [_check(file) for path in chosen for file in _below(path)]


def _below(path: Path) -> Iterator[Path]:
    """`path` itself, or the YAML files anywhere below it."""
    if path.is_dir():
        yield from sorted(f for f in path.rglob("*") if f.suffix in _SUFFIXES and f.is_file())
    else:
        yield path


def _check(file: Path) -> Checked:
    kind: Kind | None = _FOLDERS.get(file.absolute().parent.name)
    try:
        document = read_yaml(file)
        kind = kind or _kind_by_keys(document)
        if kind == "study":
            _check_study(_resolve(build(document, Study), file.parent, document))
        elif kind == "persona":
            _load_named(file, Persona, kind)
        elif kind == "scenario":
            _load_named(file, Scenario, kind)
        elif kind == "codebook":
            _load_named(file, Codebook, kind)
        elif kind == "people":
            build(document, PeopleStudy)
        else:
            raise InputError(
                "is neither persona, scenario, study, codebook nor study with people", mend="see `sim check --schema` for their keys", where=file
            )
    except InputError as error:
        return Checked(file, kind, error)
    return Checked(file, kind, None)


def _kind_by_keys(document: Document) -> Kind | None:
    """The kind with most of the file's keys, if it has two of them."""
    keys = set(document.keys())
    shared: dict[Kind, int] = {kind: len(keys & set(model.model_fields)) for kind, model in _MODELS.items()}
    best = max(shared, key=lambda kind: shared[kind])
    return best if shared[best] >= 2 else None


def _check_study(loaded: LoadedStudy) -> None:
    for scenario in loaded.scenarios:
        for persona in loaded.personas:
            try:
                build_cast(persona, scenario, start_date=loaded.study.start_date)
            except InputError as error:
                raise InputError(str(error), where=loaded.source) from None
