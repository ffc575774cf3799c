"""The short form of `pooled_users.py`: users who do not differ are seldom said to, and those who turn the order are found."""

from __future__ import annotations

from tests.benchmarks.pooled_users import measure


def test_users_who_do_not_differ_are_seldom_said_to_and_the_pooled_interval_covers() -> None:
    found = measure(12, 1, (0.0, 0.0, 0.0), studies=40, seed=1)
    # At 5 % of 40 studies, more than seven come once in a thousand.
    assert found.interaction <= 7
    assert found.verdicts <= 7
    assert found.covered >= 33


def test_users_who_turn_the_order_are_found_and_those_who_agree_are_not_said_to_disagree() -> None:
    assert measure(24, 1, (0.6, -0.6), studies=12, seed=1).answers["not alike"] >= 11
    assert measure(24, 1, (0.6, 0.6), studies=12, seed=1).answers["alike"] >= 10
