"""A suite as it is found by name or path, and the study that it makes of a target, which holds it whole, with the ids of all that it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from sim.core.errors import InputError, gather, nearest, split
from sim.core.spec import Controls, Probes, Study
from sim.core.spec.fairness import Fairness
from sim.core.spec.suite import Suite
from sim.store.library import built_in, load_scenarios, named_file, resolve_document
from sim.store.yaml_file import Document, build, read_yaml

if TYPE_CHECKING:
    from sim.store.library import LoadedStudy


@dataclass(frozen=True)
class SuiteFile:
    """A suite as it was read."""

    suite: Suite
    """With the ids of the scenarios that its parts name."""
    document: Document
    base: Path
    """The folder that its paths are relative to."""


def load_suite(name: str | Path) -> SuiteFile:
    """The suite in a file, or the built-in one of that name.

    Raises:
        InputError: no such suite, something in it is wrong, or it names a scenario that is not there.
    """
    path = named_file(str(name), "suite")
    shipped = path.parent == built_in("suite")
    return read_suite(read_yaml(path), Path() if shipped else path.parent)


def read_suite(document: Document, base: Path) -> SuiteFile:
    """The suite that `document` describes; paths in it are relative to `base`.

    Raises:
        InputError: see `load_suite`.
    """
    suite = build(document, Suite)
    wrong = gather(_name_faults(suite, document))
    if wrong:
        raise wrong
    faults: list[InputError] = []
    parts = []
    for i, part in enumerate(suite.parts):
        ids: dict[str, None] = {}
        for j, pattern in enumerate(part.scenarios):
            try:
                ids |= dict.fromkeys(s.id for s in load_scenarios([pattern], base=base))
            except InputError as error:
                line = document.find("parts", i, "scenarios", j).line
                faults += (e if e.where else InputError(e.problem, mend=e.mend, where=document.path, line=line) for e in split(error))
        parts.append(part.model_copy(update={"scenarios": tuple(ids)}))
    wrong = gather(faults)
    if wrong:
        raise wrong
    return SuiteFile(suite.model_copy(update={"parts": tuple(parts)}), document, base)


def _name_faults(suite: Suite, document: Document) -> Iterator[InputError]:
    """A suite is called as its file is, since a run that names it must find one file by it; and its sections speak of parts that it has."""
    if suite.id != document.path.stem:
        mend = f"name the file {suite.id}.yaml, or change the id"
        problem = f"the suite's id is '{suite.id}', but the file is named '{document.path.stem}'"
        yield InputError(problem, mend=mend, where=document.path, line=document.find("id").line)
    known = [p.id for p in suite.parts]
    for i, section in enumerate(suite.sections):
        for j, part in enumerate(section.parts):
            if part not in known:
                problem = f"section '{section.id}' is taken from part '{part}', which the suite does not have"
                line = document.find("sections", i, "parts", j).line
                yield InputError(problem, mend=nearest(part, known), where=document.path, line=line)


def resolve_suite(file: SuiteFile, of: Study) -> LoadedStudy:
    """The study that holds the suite's talks with the targets of `of`, whose models, limits and seed it takes.

    Raises:
        InputError: the suite names what is not there, or its perturbations do not fit the targets.
    """
    suite = file.suite
    if of.fairness:
        mend = "take fairness: out of it; a suite names its own swaps, as those of `predeployment` and `companion`"
        raise InputError(f"study '{of.name}' swaps its user's identity, and a suite says who talks", mend=mend)
    patterns = tuple(dict.fromkeys(p for part in _written(file) for p in part))
    fields: dict[str, Any] = {
        **{name: getattr(of, name) for name in Study.model_fields if name not in ("stress", "suite")},
        "name": suite.id,
        "personas": suite.personas,
        "scenarios": patterns,
        "scorers": suite.scorers,
        "probes": Probes(facts=suite.probes.facts) if suite.probes else None,
        "controls": Controls(one_by_one=0, repeat=0),
        "rate_every": suite.rate_every,
        "seeds": tuple(range(1, max(p.seeds for p in suite.parts) + 1)),
        "stress": tuple(curve for part in suite.parts for curve in part.stress),
        "fairness": Fairness(swaps=suite.swaps) if suite.swaps else None,
        "suite": suite,
    }
    try:
        study = Study(**fields)
    except ValidationError as error:
        raise InputError(str(error.errors()[0]["msg"]).removeprefix("Value error, "), where=file.document.path) from None
    return resolve_document(study, file.base, file.document, code=Path())


def _written(file: SuiteFile) -> list[list[str]]:
    """The patterns of each part as its file has them."""
    parts = build(file.document, Suite).parts
    return [list(p.scenarios) for p in parts]
