"""Where personas, scenarios, studies and codebooks are found: beside the study, in the working folder, or built in.

A study names them by id, glob or path. A glob takes what fits it everywhere: `*` is everything there is, local files first. Of two files with one id
the local one is taken, and a note says so where they differ. `local/` and `builtin/` before an id or glob choose one of the two.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Generic, Literal, TypeVar

from sim.core.codebook import Codebook
from sim.core.errors import InputError, gather, nearest, split
from sim.core.spec import Persona, Scenario, Study
from sim.core.spec.registration import Registered
from sim.score.registry import RUBRICS, FoundScorer
from sim.store.held_out import hashed
from sim.store.questionnaires import find_questionnaires
from sim.store.registration import find_registration, registration_place
from sim.store.scorers import find_scorers
from sim.store.yaml_file import Document, build, load_yaml, read_yaml

Kind = Literal["persona", "scenario", "study", "codebook", "rubric", "people", "suite", "registration", "questionnaire"]

SUFFIXES = (".yaml", ".yml")
"""Of the files that are looked at."""

_BY_NAME = Path(__file__).parent / "people"
_NAMED_ONLY: dict[str, Kind] = {"self": "persona", "open-talk": "scenario", "somebody": "persona", "logged": "scenario"}
"""What is for people or logs alone: no glob finds it, for no model can play it."""

Named = TypeVar("Named", Persona, Scenario, Codebook)


@dataclass(frozen=True)
class Origin:
    """Where one persona, scenario or codebook was found."""

    kind: Kind
    id: str
    path: Path
    built_in: bool
    """Whether it comes with the package."""
    hides: str = ""
    """What of the same id was left out for it; empty: nothing."""


@dataclass(frozen=True)
class LoadedStudy:
    """A study with everything it names, read and validated."""

    study: Study
    personas: tuple[Persona, ...]
    scenarios: tuple[Scenario, ...]
    codebook: Codebook
    scorers: tuple[FoundScorer, ...] = ()
    """In the order of the study; code is not run yet."""
    source: Path | None = None
    """The study's file; None for a study built in Python."""
    origins: tuple[Origin, ...] = ()
    """Where its personas and scenarios were found, in their order."""
    registered: Registered | None = None
    """What was planned of it before it is run; None: nothing was registered."""

    @property
    def registration_place(self) -> Path:
        """Where its registration lies, or would."""
        inside = self.source is not None and self.source.is_relative_to(built_in("study"))
        return registration_place(self.source, self.study.name, built_in=inside)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person may not expect of where things were found, a sentence each."""
        return tuple(f"{o.kind} '{o.id}' is {o.path}, not {o.hides}" for o in self.origins if o.hides)


# --- loading ------------------------------------------------------------------------------------------------------


def load_study(name: str | Path, *, change: Callable[[Study], Study] | None = None) -> LoadedStudy:
    """The study in a file, or the built-in one of that name, with its personas, scenarios and codebook.

    Args:
        name: paths in the study are relative to its file's folder.
        change: applied to the study before its personas and scenarios are looked up.

    Raises:
        InputError: no such study, something in it is wrong, or it names something that is not there.
    """
    path = named_file(str(name), "study")
    document = read_yaml(path)
    study = build(document, Study)
    loaded = resolve_document(change(study) if change else study, path.parent, document)
    return replace(loaded, registered=find_registration(loaded.registration_place))


def resolve_study(study: Study, base: Path) -> LoadedStudy:
    """`study` with the personas and scenarios it names; paths in it are relative to the folder `base`.

    Raises:
        InputError: it names something that is not there or is wrong.
    """
    return resolve_document(study, base, None)


def load_persona(name: str | Path, *, base: Path = Path()) -> Persona:
    """The persona in a file, or the one of that id beside `base`, in the working folder or built in.

    Raises:
        InputError: no such persona, several of them, or something in it is wrong.
    """
    return _one(_Shelf("persona", Persona, base), str(name))


def load_personas(patterns: Sequence[str], *, base: Path = Path()) -> tuple[Persona, ...]:
    """The personas that ids, globs, files and folders name, as in a study beside `base`.

    Raises:
        InputError: everything that names nothing or is wrong.
    """
    return _Shelf("persona", Persona, base).pick([f"./{p}" if (base / p).is_dir() and "/" not in p else p for p in patterns])


def load_scenario(name: str | Path, *, base: Path = Path()) -> Scenario:
    """The scenario in a file, or the one of that id beside `base`, in the working folder or built in.

    Raises:
        InputError: no such scenario, several of them, or something in it is wrong.
    """
    return _one(_Shelf("scenario", Scenario, base), str(name))


def load_scenarios(patterns: Sequence[str], *, base: Path = Path()) -> tuple[Scenario, ...]:
    """The scenarios that ids, globs and paths name, as in a study beside `base`.

    Raises:
        InputError: everything that names nothing or is wrong.
    """
    return _Shelf("scenario", Scenario, base).pick(patterns)


def load_codebook(name: str | Path = "mint", *, base: Path = Path()) -> Codebook:
    """The codebook in a file, or the one of that id beside `base`, in the working folder or built in.

    Raises:
        InputError: no such codebook, or something in it is wrong.
    """
    return _one(_Shelf("codebook", Codebook, base), str(name))


def built_in(kind: Kind) -> Path:
    """The folder of what comes with the package.

    Studies and codebooks lie in the package. Personas and scenarios stand at the top of a checkout, and are put into the package by the wheel.
    """
    here = Path(__file__).parent
    if kind == "study":
        return here / "studies"
    if kind == "suite":
        return here / "suites"
    if kind == "codebook":
        return here / "codebooks"
    if kind == "rubric":
        return RUBRICS
    packed = here.parent / "builtin" / f"{kind}s"
    return packed if packed.is_dir() else here.parent.parent / f"{kind}s"


def resolve_document(study: Study, base: Path, document: Document | None, *, code: Path | None = None) -> LoadedStudy:
    """As `resolve_study`; what `document`, the study's file, names wrongly is told with its line.

    Args:
        code: the folder that the files of memory policies are relative to; left out: `base`.

    Raises:
        InputError: everything it names that is not there or is wrong.
    """
    personas = _Shelf("persona", Persona, base, document)
    scenarios = _Shelf("scenario", Scenario, base, document)
    codebooks = _Shelf("codebook", Codebook, base, document)
    faults: list[InputError] = []
    try:
        study = _find_policies(study, code or base, document)
    except InputError as error:
        faults += split(error)

    def pick(shelf: _Shelf[Named], patterns: Sequence[str]) -> tuple[Named, ...]:
        try:
            return shelf.pick(patterns)
        except InputError as error:
            faults.extend(split(error))
            return ()

    found = pick(personas, study.personas), pick(scenarios, study.scenarios), pick(codebooks, (study.codebook,))
    told: tuple[Scenario, ...] = ()
    try:
        told = find_questionnaires(found[1], base)
    except InputError as error:
        faults += split(error)
    try:
        scorers = find_scorers(study.asked_scorers, base, document)
    except InputError as error:
        faults += split(error)
    wrong = gather(faults)
    if wrong:
        raise wrong
    source, origins = document.path if document else None, (*personas.origins, *scenarios.origins)
    return LoadedStudy(study, found[0], told, found[2][0], scorers, source, origins)


def _find_policies(study: Study, base: Path, document: Document | None) -> Study:
    """`study` with the files of its memory policies as seen from the working folder, from where a run is resumed too."""
    found: dict[str, str] = {}
    faults: list[InputError] = []
    for memory in {t.memory: None for t in study.targets if ".py:" in t.memory}:
        try:
            found[memory] = _policy_place(memory, base, document)
        except InputError as error:
            faults.append(error)
    wrong = gather(faults)
    if wrong:
        raise wrong
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


def from_here(pattern: str) -> str:
    """`pattern` from a command line as a study anywhere may have it: a path there is relative to the working folder, not to the study's."""
    return str(Path(pattern).absolute()) if _is_path(pattern) else pattern


def named_file(name: str, kind: Literal["study", "suite"]) -> Path:
    """The file that `name` is, or the built-in one of that name.

    Raises:
        InputError: there is none of that name; the nearest known one is named.
    """
    if Path(name).is_file() or _is_path(name):
        return Path(name)
    known = {f.stem: f for f in _yaml_files(built_in(kind))}
    if name not in known:
        beside = Path(f"{name}.yaml")
        raise InputError(f"no {kind} is named '{name}'", mend=f"did you mean '{beside}'?" if beside.is_file() else nearest(name, known))
    return known[name]


PACKS: Final = ("stress", "fairness")
"""Folders within scenarios/ whose files are picked by `stress/…` or `fairness/…` alone: `*` is everyday life."""


# --- finding ------------------------------------------------------------------------------------------------------


class _Shelf(Generic[Named]):
    """Where one study's personas, its scenarios, or its codebook are looked for."""

    def __init__(self, kind: Literal["persona", "scenario", "codebook"], model: type[Named], base: Path, document: Document | None = None) -> None:
        self._kind = kind
        self._model: type[Named] = model
        self._base = base
        self._document = document
        self._built_in = built_in(kind)
        beside, here = base / f"{kind}s", Path.cwd() / f"{kind}s"
        local = {_real(beside): beside}
        local.setdefault(_real(here), here)
        self._local = [place for real, place in local.items() if real != _real(self._built_in)]
        self.origins: tuple[Origin, ...] = ()
        """Of what was picked."""

    def pick(self, patterns: Sequence[str]) -> tuple[Named, ...]:
        """What `patterns` name: in their order, by id within each, local before built in, none twice.

        Raises:
            InputError: everything that is wrong with the patterns and with the files that they name.
        """
        faults: list[InputError] = []
        matches: list[list[Path]] = []
        for index, pattern in enumerate(patterns):
            try:
                matches.append(self._match(pattern, index))
            except InputError as error:
                faults += split(error)
                matches.append([])
        # What is named outright comes before what a glob happens to find elsewhere under the same id.
        claimed = {f.stem: _real(f.parent) for pattern, match in zip(patterns, matches, strict=True) if not _is_glob(pattern) for f in match}
        files: dict[Path, Path] = {}
        for pattern, match in zip(patterns, matches, strict=True):
            for file in match:
                place = _real(file.parent)
                if not _is_glob(pattern) or claimed.setdefault(file.stem, place) == place:
                    files.setdefault(_real(file), _shown(file))
        found: dict[str, tuple[Path, Named]] = {}
        for file in files.values():
            try:
                one = load_named(file, self._model, self._kind)
                if one.id in found:
                    raise InputError(f"{self._kind} '{one.id}' stands here and in {found[one.id][0]}", mend="give one another id", where=file)
                found[one.id] = file, one
            except InputError as error:
                faults += split(error)
        wrong = gather(faults)
        if wrong:
            raise wrong
        self.origins = tuple(self._origin(i, file) for i, (file, _) in found.items())
        return tuple(one for _, one in found.values())

    def _origin(self, id: str, file: Path) -> Origin:
        shipped = any(_real(file).is_relative_to(_real(place)) for place in (self._built_in, _BY_NAME))
        if shipped:
            return Origin(self._kind, id, file, built_in=True)
        text = file.read_bytes()
        # A copy that reads the same hides nothing.
        twins = [f for place in (*self._local, self._built_in) for f in _yaml_files(place) if f.stem == id and f.read_bytes() != text]
        hides = [f"builtin/{id}" if f.parent == self._built_in else str(_shown(f)) for f in twins]
        return Origin(self._kind, id, file, built_in=False, hides=" or ".join(hides))

    def _match(self, pattern: str, index: int) -> list[Path]:
        """The files that one pattern names: of a glob all that fit, of an id the first."""
        if _is_path(pattern):
            return self._at_path(pattern, index)
        where, name = _chosen(pattern)
        places = {"local": self._local, "builtin": [self._built_in]}.get(where, [*self._local, self._built_in])
        if where in PACKS:
            places = [place / where for place in places]
        files = [f for place in places for f in _yaml_files(place)]
        found = [f for f in files if fnmatch.fnmatchcase(f.stem, name)]
        if found:
            return found if _is_glob(name) else found[:1]
        if _NAMED_ONLY.get(pattern) == self._kind:
            return [_BY_NAME / f"{pattern}.yaml"]
        near = nearest(name, sorted({f.stem for f in files}))
        mend = f"there is none in {self._kind}s/ beside the study" if where == "local" and not files else near
        raise self._nothing(f"no {where + ' ' if where else ''}{self._kind} matches '{name if where else pattern}'", mend, pattern, index)

    def _at_path(self, pattern: str, index: int) -> list[Path]:
        path = self._base / pattern
        if path.is_dir():
            found = _yaml_files(path)
            if not found:
                raise self._nothing(f"there is no YAML file in '{pattern}'", "name another folder", pattern, index)
            return found
        if not os.path.lexists(path):
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


def load_named(file: Path, model: type[Named], kind: Kind) -> Named:
    """What stands in `file`, whose id must be the file's name: a study that names an id must find one file by it."""
    document = read_yaml(file)
    one = build(document, model)
    if one.id != file.stem:
        problem = f"the {kind}'s id is '{one.id}', but the file is named '{file.stem}'"
        raise InputError(problem, mend=f"name the file {one.id}.yaml, or change the id", where=file, line=document.find("id").line)
    if isinstance(one, Scenario):
        return hashed(one, file)
    if isinstance(one, Codebook):
        shipped = built_in("codebook") / f"{one.id}.yaml"
        if shipped.is_file() and _real(shipped) != _real(file) and one != load_yaml(shipped, Codebook):
            problem = f"codebook '{one.id}' comes with the package and says something else there"
            raise InputError(problem, mend="give this one another id and file name", where=file, line=document.find("id").line)
    return one


def _is_path(name: str) -> bool:
    return not _chosen(name)[0] and ("/" in name or os.sep in name or name.endswith(SUFFIXES))


def _is_glob(name: str) -> bool:
    return not _is_path(name) and any(c in name for c in "*?[")


def _chosen(pattern: str) -> tuple[str, str]:
    """`local`, `builtin` or a pack where `pattern` begins with it, and the id or glob behind; a file or folder by such a name is written
    `./local/x.yaml`."""
    where, slash, name = pattern.partition("/")
    chooses = where in ("local", "builtin", *PACKS) and slash and name and "/" not in name and not name.endswith(SUFFIXES)
    return (where, name) if chooses else ("", pattern)


def _yaml_files(folder: Path) -> list[Path]:
    """The YAML files in `folder`, by name; none when it does not exist. A link that leads nowhere is one too, so that it is complained of."""
    try:
        return sorted(f for f in folder.iterdir() if f.suffix in SUFFIXES and not f.name.startswith(".") and not f.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=folder) from None


def _real(path: Path) -> Path:
    """`path` with its links followed; unlike `Path.resolve`, never an error where they lead nowhere."""
    return Path(os.path.realpath(path))


def _shown(path: Path) -> Path:
    """`path` as a person in the working folder would write it."""
    absolute = path.absolute()
    return absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else path
