"""A run against itself: halves of the seeds are compared as targets are, and a false verdict is counted as one."""

from __future__ import annotations

from collections.abc import Callable
from math import comb

import pytest

from sim.analysis.figures.measures import BY_ID
from sim.analysis.trust.against_itself import MOST_SPLITS, SelfDocument, compare_with_itself, count_splits, draw_splits
from sim.analysis.verdicts.arms import Arm, Family, RunSource, TrialGroup
from sim.analysis.verdicts.compare import compare_measure
from sim.core.errors import InputError
from sim.present.text.against_itself import render_against_itself
from tests import examples
from tests.analysis.cells import cell_trial, people
from tests.analysis.stories import CODEBOOK
from tests.present.test_tables import plain

Score = Callable[[int, int], int]
"""From the number of a persona and a seed."""


def run(score: Score, *, personas: int = 12, seeds: int = 2, scenario: str = "moving-house") -> RunSource:
    """One target that is scored by persona and seed."""
    study = examples.study(targets=[{"id": "remembers", "model": "offline/uses", "memory": "full"}], seeds=seeds)
    places = [(i, p, s) for i, p in enumerate(people(personas)) for s in range(1, seeds + 1)]
    return RunSource("one", study, CODEBOOK, [cell_trial("remembers", p, scenario, score(i, s), seed=s) for i, p, s in places])


def by_persona(persona: int, _: int) -> int:
    return 1 + persona % 5


# --- splits -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seeds", range(2, 10))
def test_every_split_is_there_once_and_its_halves_are_as_even_as_can_be(seeds: int) -> None:
    numbers = list(range(1, seeds + 1))
    halves = draw_splits(numbers)
    pairs = {frozenset((half, frozenset(numbers) - half)) for half in halves}
    assert len(pairs) == len(halves) == count_splits(seeds)
    assert {abs(len(half) - (seeds - len(half))) for half in halves} == {seeds % 2}


def test_of_very_many_splits_two_hundred_different_ones_are_drawn_the_same_each_time() -> None:
    numbers = list(range(20))
    halves = draw_splits(numbers)
    assert len(halves) == len({frozenset((half, frozenset(numbers) - half)) for half in halves}) == MOST_SPLITS < comb(20, 10) // 2
    assert draw_splits(numbers) == halves


# --- verdicts -----------------------------------------------------------------------------------------------------


def test_seeds_that_say_the_same_come_to_no_verdict() -> None:
    found = compare_with_itself(run(by_persona, seeds=4))
    (target,) = found.targets
    assert (target.splits, target.judged, target.verdicts, target.share) == (3, 3, 0, 0.0)
    assert (target.typical, target.most) == (0, 0)
    assert target.interval == pytest.approx((0, 0.7076), abs=1e-4)
    assert "a verdict appears in 0 of 3 splits" in found.sentence


def test_a_seed_that_differs_for_everybody_is_a_false_verdict_and_is_told() -> None:
    found = compare_with_itself(run(lambda i, s: 2 if s == 1 else 4 + i % 2, seeds=2))
    (target,) = found.targets
    assert (target.splits, target.verdicts, target.share, target.independent) == (1, 1, 1.0, 1)
    assert target.most == pytest.approx(2.5)
    assert "a verdict appears in 1 of 1 splits: 100.0 %, 95 % interval 2.5 to 100.0 %" in found.sentence


def test_many_false_verdicts_make_the_run_untrustworthy() -> None:
    # The half with the one bad seed is the worse one for everybody, in every split.
    found = compare_with_itself(run(lambda i, s: 1 if s == 1 else 5 - (i % 2), seeds=6))
    assert (found.whole.splits, found.whole.verdicts, found.whole.independent) == (10, 10, 5)
    assert "more than the test allows 5 %: verdicts of this run are not to be trusted" in found.sentence


def test_the_verdict_is_that_of_compare() -> None:
    source = run(lambda i, s: 3 + (i + s) % 2 * (i % 3 > 0), personas=14, seeds=2)
    table, ids = source.table, source.table.by_target["remembers"]
    halves = [{t.id: table.places[t.id] for t in table.of(ids) if t.seed == seed} for seed in (1, 2)]
    a, b = (Arm(str(i), (TrialGroup(table, of),), "one", "remembers") for i, of in enumerate(halves))
    (pair,) = compare_measure(BY_ID["fixed_set"], [Family((a, b), ((a, b),))]).comparisons
    (target,) = compare_with_itself(source).targets
    assert target.most == pytest.approx(abs(pair.difference or 0.0))
    assert target.verdicts == (pair.verdict in ("higher", "lower"))
    assert pair.interval is not None
    assert target.clear == (not pair.interval[0] <= 0 <= pair.interval[1])


def test_below_twelve_personas_nothing_can_be_said_of_verdicts_and_intervals_are_counted() -> None:
    found = compare_with_itself(run(lambda i, s: 2 * s, personas=6))
    assert (found.whole.splits, found.whole.judged, found.whole.share, found.whole.interval) == (1, 0, None, None)
    assert found.sentence.startswith("Below 12 personas no comparison comes to a verdict")
    assert "no split has an interval" in found.sentence


def test_one_seed_is_refused_with_the_mend() -> None:
    with pytest.raises(InputError, match="run 'one' has one seed") as refused:
        compare_with_itself(run(by_persona, seeds=1))
    assert "--seeds 2" in refused.value.mend


# --- as it is printed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 100])
def test_the_table_fits_and_says_how_many(width: int) -> None:
    document: SelfDocument = compare_with_itself(run(lambda i, s: 3 + (i + s) % 2, personas=13, seeds=4))
    text = plain(render_against_itself(document, width=width), width)
    assert max(map(len, text.splitlines())) <= width
    (row,) = (line.split() for line in text.splitlines() if line.startswith("remembers"))
    assert row[1:4] == [str(document.whole.verdicts), "of", "3"]
    assert row[-1] == "13"
