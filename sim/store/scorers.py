"""Where the scorers of a study are found: with the package, installed beside it, or in a file; rubrics are read, code is looked at and not run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sim.core.errors import InputError, gather, nearest, split
from sim.foreign.code import find_file, is_file, is_place
from sim.score.registry import FAMILIES, FoundScorer, built_in_rubrics, check_code, offered, unknown_scorer
from sim.store.rubrics import load_rubrics

if TYPE_CHECKING:
    from sim.core.spec.scorers import ScorerUse
    from sim.store.yaml_file import Document

_SUFFIXES = (".yaml", ".yml")


def find_scorers(uses: Sequence[ScorerUse], base: Path, document: Document | None = None) -> tuple[FoundScorer, ...]:
    """What `uses` name, in their order; a file of several rubrics is several scorers.

    Args:
        base: the folder that paths are relative to.
        document: the study's file, whose lines complaints name.

    Raises:
        InputError: all that is not there or is wrong, two with one id, and rubrics that are called like one of the package's.
    """
    found: list[FoundScorer] = []
    faults: list[InputError] = []
    for index, use in enumerate(uses):
        try:
            for one in (one for named in _members(use) for one in _find(named, base)):
                if one.rubric and any(f.rubric and f.rubric.id == one.rubric.id for f in found):
                    raise InputError(f"two scorers have the id '{one.rubric.id}'", mend="give one another id")
                found.append(one)
        except InputError as error:
            faults += (_at(fault, use, document, index) for fault in split(error))
    wrong = gather(faults)
    if wrong:
        raise wrong
    return tuple(found)


def is_rubric(name: str) -> bool:
    """Whether `name` is a rubric's, as far as can be told without looking: one of the package, or a file."""
    return name.endswith(_SUFFIXES) or name in built_in_rubrics()


def _members(use: ScorerUse) -> tuple[ScorerUse, ...]:
    """The scorers that a name stands for: most stand for themselves."""
    return tuple(use.model_copy(update={"use": name}) for name in FAMILIES[use.use]) if use.use in FAMILIES else (use,)


def _find(use: ScorerUse, base: Path) -> tuple[FoundScorer, ...]:
    """The rubrics or the code that `use` names.

    Raises:
        InputError: there is none, or it is not a scorer as far as its text tells.
    """
    name, owner = use.use, f"scorer '{use.use}'"
    if is_rubric(name):
        path = base / name if name.endswith(_SUFFIXES) else built_in_rubrics()[name]
        if not path.is_file():
            beside = [f.name for f in sorted(path.parent.glob("*")) if f.suffix in _SUFFIXES]
            raise InputError(f"no rubric lies at '{name}'", mend=nearest(path.name, beside))
        return tuple(FoundScorer(use, rubric=rubric) for rubric in load_rubrics(path))
    if name.endswith(".py"):
        raise InputError(f"'{name}' is a file", mend=f"name the class in it, as {name}:Short")
    place = name if is_place(name) else offered().get(name, "")
    if not place:
        raise unknown_scorer(name, beside=base)
    if use.model:
        raise InputError(f"{owner}: a model judges by a rubric, and this is code", mend="take model: out")
    check_code(place, owner=owner, base=base)
    if is_file(place):
        file = find_file(place, owner=owner, base=base).absolute()
        shown = Path(os.path.relpath(file)) if file.is_relative_to(Path.cwd()) else file
        place = f"{shown}:{place.rpartition(':')[2]}"
    return (FoundScorer(use, place=place),)


def _at(error: InputError, use: ScorerUse, document: Document | None, index: int) -> InputError:
    """`error`, at the line of the study where the scorer is named, unless it has a place of its own."""
    node = document.find("scorers", index) if document else None
    if error.where is not None or document is None or node is None:
        return error
    if use.use not in (node.raw.strip(), *(str(child.value) for child in node.children.values())):
        # The name came from Python or a flag, not from the study's file.
        return error
    return InputError(error.problem, mend=error.mend, where=document.path, line=node.line)
