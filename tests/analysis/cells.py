"""Whole runs written cell by cell: targets × personas × scenarios with the scores a test wants, through events and the fold."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sim.analysis.verdicts.arms import RunSource
from sim.core.cast import Cast, build_cast
from sim.core.record import RunStatus, Trial
from tests import examples
from tests.analysis.stories import CODEBOOK
from tests.analysis.trials import Diary, Given

Cells = Mapping[tuple[str, str, str], Given | list[Given] | None]
"""Scores by target, persona and scenario, one value for all dimensions or a list of seven; None: the trial failed before its first reply."""


@cache
def cast_of(persona: str, kind: str, scenario: str) -> Cast:
    """Who talks in which scenario: the same, frozen, for every target and test."""
    who = examples.persona(persona, type={"sociability": kind, "stability": "steady"})
    return build_cast(who, examples.scenario(scenario), start_date=examples.study().start_date)


def cell_trial(target: str, persona: str, scenario: str, given: Given | list[Given] | None, *, kind: str = "social", seed: int = 1) -> Trial:
    trial = Trial(f"{persona}/{scenario}/{target}/{seed}", target, seed, cast_of(persona, kind, scenario))
    diary = Diary(trial).open()
    if given is None:
        return diary.fail()
    return diary.exchange(given).exchange(given).close(4).finish()


def source(
    cells: Cells,
    *,
    run: str = "old",
    status: RunStatus = "finished",
    kinds: Mapping[str, str] | None = None,
    offline: tuple[str, ...] = (),
    **study: object,
) -> RunSource:
    names = list(dict.fromkeys(target for target, _, _ in cells))
    memory = {"remembers": "full", "forgets": "none"}
    targets = [{"id": n, "model": "offline/uses", "memory": memory.get(n, "full")} for n in names]
    trials = [cell_trial(*place, given, kind=(kinds or {}).get(place[1], "social")) for place, given in cells.items()]
    return RunSource(run, examples.study(targets=targets, **study), CODEBOOK, trials, status=status, offline=offline)


def people(n: int) -> list[str]:
    return [f"p{i:02}" for i in range(n)]
