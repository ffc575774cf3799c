"""Paired differences: only what both sides went through counts."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sim.analysis.figures.measures import BY_ID
from sim.analysis.figures.table import MeasureTable, Viewpoint
from sim.analysis.verdicts.pairs import align, compare_sides
from sim.analysis.verdicts.policies import InCommon, hold
from sim.core.record import Trial
from tests.analysis.trials import Diary, Given, planned


def trial(given: Given | Sequence[Given], *, target: str, persona: str = "nora", seed: int = 1) -> Trial:
    return Diary(planned(f"{target}/{persona}/{seed}", target=target, persona=persona, seed=seed)).open().exchange(given).close().finish()


def held(these: Sequence[Trial], those: Sequence[Trial]) -> InCommon:
    table = MeasureTable([*these, *those], Viewpoint("self"))
    return hold(BY_ID["without_callback"], table, [t.id for t in these], [t.id for t in those])


def test_callback_is_left_out_of_what_memory_buys() -> None:
    remembers = trial([3, 3, 3, 3, 3, 3, 5], target="remembers")
    forgets = trial([3, 3, 3, 3, 3, 3, 1], target="forgets")
    assert held([remembers], [forgets]).difference == 0


def test_a_dimension_without_an_occasion_on_one_side_is_not_compared() -> None:
    with_joke = trial([3, 3, 3, 3, 3, 1, "na"], target="a")
    without = trial([3, 3, 3, 3, 3, "na", "na"], target="b")
    assert held([with_joke], [without]).difference == 0


def test_a_persona_that_only_one_side_met_is_not_compared() -> None:
    these = [trial(4, target="a"), trial(5, target="a", persona="otto")]
    found = held(these, [trial(3, target="b")])
    assert (found.difference, found.personas, found.pairs, found.interval) == (pytest.approx(1), 1, 1, None)


def test_seeds_are_averaged_within_a_pair() -> None:
    these = [trial(5, target="a"), trial(3, target="a", seed=2), trial(2, target="a", persona="otto")]
    those = [trial(3, target="b"), trial(2, target="b", persona="otto")]
    assert held(these, those).difference == pytest.approx(0.5)


def test_nothing_in_common_is_no_difference_rather_than_none_at_all() -> None:
    found = held([trial(5, target="a")], [trial(3, target="b", persona="otto")])
    assert (found.difference, found.personas) == (None, 0)


def test_three_personas_give_an_interval() -> None:
    these = {("a", "x"): 1.0, ("b", "x"): 0.8, ("c", "x"): 0.6, ("d", "x"): 0.0}
    those = {("a", "x"): 0.5, ("b", "x"): 0.4, ("c", "x"): 0.3}
    sides = align(*([{(*place, None): value for place, value in side.items()}] for side in (these, those)))
    found = compare_sides(sides)
    assert found.difference == pytest.approx(0.4)
    assert found.interval is not None
    assert found.interval[0] == pytest.approx(0.4 - 4.302652729911275 * 0.1 / 3**0.5)


def test_a_difference_is_that_of_the_means_beside_it() -> None:
    these = [trial([4, 4, 4, 4, 1, "na", "na"], target="a"), trial([5, 5, 5, 5, "na", 2, "na"], target="a", persona="otto")]
    those = [trial([3, 3, 3, 3, "na", 1, "na"], target="b"), trial([4, 4, 4, 4, "na", 5, "na"], target="b", persona="otto")]
    found = held(these, those)
    assert found.mean is not None
    assert found.other is not None
    assert found.mean - found.other == pytest.approx(found.difference)
    assert found.mean == pytest.approx((4 * 4.5 + 2) / 5)  # Allusion is nothing that both sides had; humour only otto.


def test_places_are_those_of_the_pairs() -> None:
    these = {("nora", "moving", (None, 1)): 4.0, ("otto", "moving", (None, 1)): 2.0, ("nora", "grief", (None, 1)): 1.0}
    those = {("nora", "moving", (None, 1)): 3.0, ("nora", "grief", (None, 2)): 5.0}
    sides = align([these], [those])
    assert sides.places == set(sides.pairs) == {("nora", "moving")}
    assert align([these], [{}]).places == set()
