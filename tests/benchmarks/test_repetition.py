"""The short form of `repetition.py`: both nulls, the intervals and the speed of the measures, on fewer replicates with fixed seeds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.benchmarks.drawn import MODEL, World
from tests.benchmarks.repetition import SAMPLES, SHAPES, SHIPPED, coverage, follow, p_values, seconds_measured, seconds_of_nulls, uniform


@pytest.mark.parametrize("world", [World(), World(MODEL)], ids=["as people", "as a chat model"])
def test_both_p_are_uniform_where_replies_are_alike_and_independent(world: World) -> None:
    order, conversation = p_values(world, 200, permutations=99)
    assert uniform(order) > 0.01
    assert uniform(conversation) > 0.01


def test_where_conversations_differ_order_stays_uniform_and_conversation_rejects() -> None:
    order, conversation = p_values(World(MODEL, spread=0.8), 200, permutations=99)
    assert uniform(order) > 0.01
    assert (conversation < 0.05).mean() > 0.95


def test_planted_carry_over_is_found_and_none_is_where_none_is_planted() -> None:
    planted, _ = p_values(World(MODEL, spread=0.8, keep=0.2), 40, permutations=99)
    assert (planted < 0.05).mean() > 0.95
    faint, _ = p_values(World(keep=0.05), 40, permutations=99)
    assert uniform(faint) < 0.01, "the test of uniformity can fail"


@pytest.mark.parametrize("shape", SHAPES)
def test_the_course_of_a_talk_is_taken_for_carry_over_by_random_order_alone(shape: str) -> None:
    found = follow(replace(SHAPES[shape], drift=1.5), 60)
    assert found.shipped[0] > 0.04
    assert found.shipped[1] > 0.9
    assert found.fit < -0.03
    assert abs(found.carry_over[0]) <= 0.006
    assert abs(found.conversation_fit[0]) <= 0.006
    # A true 5 % gives 60 logs a standard error of 2.8 %.
    assert max(found.carry_over[1], found.conversation_fit[1]) <= 0.12


@pytest.mark.parametrize("shape", SHAPES)
def test_planted_carry_over_is_found_whatever_the_course(shape: str) -> None:
    found = follow(replace(SHAPES[shape], drift=1.0, keep=0.2), 20)
    assert found.carry_over[1] >= 0.95
    assert found.carry_over[0] > 0.07


@pytest.mark.parametrize("sample", ["24 conversations, as people", "50 with carry-over, as a chat model", "12 people × 4, as a chat model"])
def test_intervals_hold_the_truth_about_as_often_as_they_say(sample: str) -> None:
    talks, world = SAMPLES[sample]
    found = coverage(world, talks, 150)[SHIPPED]
    assert len(found) == 13
    # 150 replicates give a true 95 % a standard error of 1.8 %.
    assert all(0.89 <= share <= 1 for share in found.values()), found
    assert 0.93 <= sum(found.values()) / len(found) <= 0.98


def test_a_hundred_thousand_pairs_are_measured_and_both_nulls_drawn_in_moments() -> None:
    # A tenth of what the benchmark measures, with room for a busy machine.
    assert seconds_measured(100_000)[0] < 2
    assert seconds_of_nulls(50, 1_000) < 3
