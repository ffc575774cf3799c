"""The files of scenarios that are held out: hashed when a study is read, and read again by that hash when its run is."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable
from pathlib import Path

from sim.core.errors import InputError, Notice
from sim.core.spec import Scenario
from sim.core.spec.held_out import UNTOLD, name_by_hash
from sim.store.yaml_file import load_yaml


def hashed(scenario: Scenario, file: Path) -> Scenario:
    """`scenario` as `file` has it; if it is held out, named by the hash of the file."""
    return name_by_hash(scenario, sha256=_sha256(file), file=str(file.absolute())) if scenario.held_out else scenario


def found_again(kept: Iterable[Scenario], *, run: str) -> tuple[Scenario, ...]:
    """Each scenario of a run's record, those that are held out whole where their files are still what they were; a note tells of the others."""
    return tuple(_found(scenario, run) for scenario in kept)


def demand_texts(scenarios: Iterable[Scenario]) -> None:
    """See that no scenario lacks its text, before a run is gone on with or judged.

    Raises:
        InputError: the file of one that is held out is not there, or has changed.
    """
    for scenario in scenarios:
        if lacks_text(scenario) and scenario.withheld:
            problem = f"scenario '{scenario.id}' is held out, and its file is not there or has changed"
            raise InputError(problem, mend=f"put back the file with sha256 {scenario.withheld.sha256}", where=Path(scenario.withheld.file))


def lacks_text(scenario: Scenario) -> bool:
    """Whether only what a record keeps of a held-out scenario is known."""
    return scenario.held_out and scenario.about == UNTOLD


def _found(scenario: Scenario, run: str) -> Scenario:
    if scenario.withheld is None:
        return scenario
    file = Path(scenario.withheld.file)
    if file.is_file() and _sha256(file) == scenario.withheld.sha256:
        return hashed(load_yaml(file, Scenario), file)
    told = f"run '{run}': scenario '{scenario.id}' is held out, and its file is not here: what was told of its facts is not known"
    warnings.warn(told, Notice, stacklevel=2)
    return scenario


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
