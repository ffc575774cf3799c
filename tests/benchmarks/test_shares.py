"""The short form of `shares.py`."""

from __future__ import annotations

from tests.benchmarks.shares import anywhere, errors, settle


def test_a_gate_on_a_share_errs_as_seldom_as_it_may() -> None:
    passed, failed = errors(24, runs=600, seed=3)
    # A true 2.5 % gives 600 runs a standard error of 0.6 %.
    assert max(passed, failed) <= 0.045


def test_what_would_settle_a_share_mostly_does() -> None:
    found = settle(12, anywhere, pilots=60, seed=4)
    assert found.open > 20
    assert found.settled >= 0.65
