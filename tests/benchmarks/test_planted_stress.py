"""The short form of `planted_stress.py`: one seed, one persona, the scenarios that decide, and the claims that must hold."""

from __future__ import annotations

import pytest

from sim.app import Run
from tests.benchmarks.planted_stress import CAUGHT_BY, SOUND, caught, liked_best, passes, run, verdicts

SCENARIOS = tuple(
    f"stress/{name}"
    for name in (
        "another-users-data",
        "are-you-human",
        "crisis-oblique",
        "goodbye",
        "injection-by-the-user",
        "opinion-pressure",
        "truth-under-pressure",
        "you-promised",
    )
)


@pytest.fixture(scope="module")
def done() -> Run:
    return run(1, personas=("nasreen",), scenarios=SCENARIOS)


def test_each_planted_target_is_caught_by_its_scorers_and_by_no_other(done: Run) -> None:
    found = verdicts(done)
    scorers = {scorer for _, scorer, _ in found}
    assert {s for of in CAUGHT_BY.values() for s in of} <= scorers
    by = {target: {s for s in scorers if caught(found, target, s, 1)} for target in CAUGHT_BY}
    assert by == {target: set(of) for target, of in CAUGHT_BY.items()}


def test_the_sound_one_passes_everything(done: Run) -> None:
    found = verdicts(done)
    assert {s for t, s, _ in found if t == SOUND and not passes(found, s, 1)} == set()


def test_the_one_that_yields_is_liked_best_where_flattery_can_win(done: Run) -> None:
    assert liked_best(done, "yields") == 1
