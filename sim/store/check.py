"""What is wrong with files before anything runs: every mistake in every one of them, each with its line and the mend."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sim.core.cast import build_cast
from sim.core.codebook import Codebook
from sim.core.errors import InputError, gather, split
from sim.core.spec import Persona, Scenario, Study, left_out
from sim.core.spec.brief import filled_in
from sim.core.spec.people import PeopleStudy
from sim.core.spec.questionnaire import Questionnaire
from sim.core.spec.registration import Registration
from sim.core.spec.rubric import Rubric
from sim.core.spec.suite import Suite
from sim.store.library import SUFFIXES, Kind, LoadedStudy, built_in, load_named, resolve_document
from sim.store.questionnaires import build_questionnaire
from sim.store.registration import SUFFIX
from sim.store.rubrics import SEVERAL, SHORT, load_rubrics
from sim.store.suite_file import SuiteFile, read_suite
from sim.store.yaml_file import Document, Node, build, read_yaml

_MODELS: dict[Kind, type[Persona | Scenario | Study | Codebook | Rubric | PeopleStudy | Suite | Registration | Questionnaire]] = {
    "persona": Persona,
    "scenario": Scenario,
    "study": Study,
    "codebook": Codebook,
    "rubric": Rubric,
    "people": PeopleStudy,
    "suite": Suite,
    "registration": Registration,
    "questionnaire": Questionnaire,
}
_FOLDERS: dict[str, Kind] = {
    "personas": "persona",
    "scenarios": "scenario",
    "studies": "study",
    "codebooks": "codebook",
    "rubrics": "rubric",
    "suites": "suite",
}


@dataclass(frozen=True)
class CheckedFile:
    """What was found in one file."""

    path: Path
    kind: Kind | None
    """None when nothing tells what the file is meant to be."""
    problems: tuple[InputError, ...] = ()
    """All that is wrong with it, in the order of its lines."""
    study: Study | None = None
    """What a study's file holds, where that is right by itself."""
    loaded: LoadedStudy | None = None
    """The study with everything it names, where all of that is right too."""
    document: Document | None = None
    suite: SuiteFile | None = None
    """A suite with the ids of the scenarios that it names, where its file is right by itself."""
    filled: tuple[str, ...] = ()
    """What of a persona its file leaves out and was derived, in words."""

    def with_problems(self, more: Iterable[InputError]) -> CheckedFile:
        """The same with what else was found to be wrong, each with its line where it tells its keys."""
        found = [_locate(one, self.document) if self.document else one for error in more for one in split(error)]
        return replace(self, problems=_sorted([*self.problems, *found]))


def check_paths(paths: Iterable[Path] = ()) -> list[CheckedFile]:
    """Validate every YAML file in `paths`; a study with all it names, each of its scenarios cast with each of its personas.

    Without paths, the folders `personas/`, `scenarios/`, `studies/` and `codebooks/` of the working folder, or what is built in where it has none.
    """
    chosen = list(paths) or [Path(f) for f in _FOLDERS if Path(f).is_dir()]
    chosen = chosen or [built_in(kind) for kind in _FOLDERS.values()]
    files = {os.path.realpath(file): file for path in chosen for file in _below(path)}
    return [_check(file) for file in files.values()]


def _below(path: Path) -> Iterator[Path]:
    """`path` itself, or the YAML files anywhere below it; not those in hidden folders, nor what a run keeps."""
    if not path.is_dir():
        yield path
        return
    for place, folders, files in os.walk(path):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and not os.path.isfile(Path(place, f, "header.json")))
        yield from (Path(place, f) for f in sorted(files) if f.endswith(SUFFIXES) and not f.startswith("."))


def _check(file: Path) -> CheckedFile:
    kind: Kind | None = "registration" if file.name.endswith(SUFFIX) else _FOLDERS.get(file.absolute().parent.name)
    document: Document | None = None
    study: Study | None = None
    loaded: LoadedStudy | None = None
    problems: tuple[InputError, ...] = ()
    filled: tuple[str, ...] = ()
    suite: SuiteFile | None = None
    try:
        document = read_yaml(file)
        kind = kind or _kind_by_keys(document)
        if kind == "study":
            study = build(document, Study)
            loaded = resolve_document(study, file.parent, document)
            _demand_casts(loaded)
        elif kind == "persona":
            load_named(file, Persona, kind)
            filled = filled_in(document.root.value)
        elif kind == "scenario":
            load_named(file, Scenario, kind)
        elif kind == "codebook":
            load_named(file, Codebook, kind)
        elif kind == "rubric":
            load_rubrics(file)
        elif kind == "people":
            build(document, PeopleStudy)
        elif kind == "registration":
            build(document, Registration)
        elif kind == "questionnaire":
            build_questionnaire(document)
        elif kind == "suite":
            suite = read_suite(document, file.parent)
        else:
            problem = "is neither persona, scenario, study, suite, codebook, rubric, questionnaire, registration nor study with people"
            raise InputError(problem, mend="see `sim check --schema` for their keys", where=file)
    except InputError as error:
        problems = _sorted(split(error))
    return CheckedFile(file, kind, problems, study, loaded, document, suite, filled)


def _sorted(problems: Iterable[InputError]) -> tuple[InputError, ...]:
    return tuple(sorted({str(p): p for p in problems}.values(), key=lambda p: (str(p.where), p.line or 0)))


def _kind_by_keys(document: Document) -> Kind | None:
    """The kind with most of the file's keys, if it has two of them."""
    keys = set(document.keys())
    shared: dict[Kind, int] = {kind: len(keys & set(model.model_fields)) for kind, model in _MODELS.items()}
    shared["rubric"] += len(keys & {SEVERAL, SHORT})
    best = max(shared, key=lambda kind: shared[kind])
    return best if shared[best] >= 2 else None


def _demand_casts(loaded: LoadedStudy) -> None:
    """Cast each scenario with each persona.

    Raises:
        InputError: every reference that leads nowhere, at its line in the scenario's file.
    """
    files = {o.id: o.path for o in loaded.origins if o.kind == "scenario"}
    faults: list[InputError] = []
    skipped = {(pair.persona, pair.scenario) for pair in left_out(loaded.study, loaded.personas, loaded.scenarios)}
    for scenario in loaded.scenarios:
        found: list[InputError] = []
        for persona in (p for p in loaded.personas if (p.id, scenario.id) not in skipped):
            try:
                build_cast(persona, scenario, start_date=loaded.study.start_date)
            except InputError as error:
                found += split(error)
        document = read_yaml(files[scenario.id]) if found else None
        faults += [_locate(_as_written(one, document), document) if document else one for one in found]
    wrong = gather(faults)
    if wrong:
        raise wrong


def _as_written(error: InputError, document: Document) -> InputError:
    """`error` at a session of the scenario as at its entry in the file, where some sessions are made by a recipe."""
    if error.at[:1] != ("sessions",) or len(error.at) < 2:
        return error
    left = error.at[1]
    assert isinstance(left, int)
    for place, entry in document.find("sessions").children.items():
        made = entry.children.get("repeat")
        count = made.value if made and isinstance(made.value, int) else 1
        if left < count:
            return InputError(error.problem, mend=error.mend, at=("sessions", place, *(() if made else error.at[2:])))
        left -= count
    return error


def _locate(error: InputError, document: Document) -> InputError:
    """`error` with file and line, unless it has a place already."""
    if error.where is not None:
        return error
    line = _find(document.root, error.at).line if error.at else None
    return InputError(error.problem, mend=error.mend, where=document.path, line=line, at=error.at)


def _find(node: Node, at: tuple[str | int, ...]) -> Node:
    """The node at `at`, or the last one on the way there; an id leads to the entry of a list that has it, or that is spread into targets of it."""
    for step in at:
        children = node.children
        if isinstance(node.value, list) and isinstance(step, str):
            fits = [c for c in children.values() if isinstance(c.value, dict) and _is_named(step, str(c.value.get("id")))]
            step = next((place for place, c in children.items() if c in fits), step)
        if step not in children:
            break
        node = children[step]
    return node


def _is_named(id: str, entry: str) -> bool:
    return id == entry or id.startswith(f"{entry}-")
