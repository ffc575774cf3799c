"""The short form of `coverage.py`: intervals, families, gates and plans on fewer studies with fixed seeds."""

from __future__ import annotations

import pytest

from sim.analysis.verdicts.power import Design
from tests.benchmarks.coverage import (
    OCCASIONS,
    family_error,
    gate_mean,
    gate_worst,
    measure,
    null_quantiles,
    pilot_ranges,
    plan_and_compare,
    settle,
    through_trials,
    world,
)


@pytest.mark.parametrize("occasions", OCCASIONS)
@pytest.mark.parametrize(("personas", "scenarios"), [(6, 1), (12, 1), (24, 1), (12, 4)])
def test_the_interval_covers_as_often_as_it_says_however_rare_occasions_are(personas: int, scenarios: int, occasions: str) -> None:
    found = measure(world(personas, scenarios, rates=OCCASIONS[occasions]), 400, seed=1)
    # A true 95 % gives 400 studies a standard error of 1.1 %.
    assert 0.915 <= found.covered <= 0.99
    assert found.verdicts <= 0.075


@pytest.mark.parametrize("occasions", [".03", ".06", "demonstration's"])
def test_a_version_that_is_worse_by_the_margin_hardly_ever_passes(occasions: str) -> None:
    assert measure(world(12, 1, rates=OCCASIONS[occasions], effect=-0.2), 600, seed=2).above <= 0.045


def test_scenarios_that_differ_are_covered_and_personas_alone_would_not_cover_them() -> None:
    found = measure(world(24, 6), 300, seed=3, rivals=True)
    assert 0.92 <= found.covered <= 0.98
    assert found.rivals["persona t"] < 0.93
    assert found.verdicts <= 0.08


def test_five_equal_targets_are_seldom_told_apart() -> None:
    assert family_error(5, 12, 1, studies=120, seed=4) <= 0.08


def test_p_is_uniform_where_nothing_is_planted() -> None:
    for level, share in null_quantiles(12, studies=800, seed=5).items():
        assert share == pytest.approx(level, abs=0.045)


def test_a_gate_errs_as_seldom_as_it_may() -> None:
    passed, failed = gate_mean(world(24, 1), 0.0, runs=600, seed=6)
    assert max(passed, failed) <= 0.045
    assert gate_mean(world(48, 1), 0.4, runs=200, seed=6)[0] > 0.8
    passed, failed = gate_worst(12, 4, 1, runs=300, seed=7)
    assert max(passed, failed) <= 0.06


def test_what_would_settle_it_mostly_does() -> None:
    found = settle(world(24, 1), lambda _: 0.2, pilots=30, seed=8)
    assert found.open > 10
    assert found.settled >= 0.7


def test_compare_finds_what_plan_says_it_will() -> None:
    said, found = plan_and_compare(Design(personas=12, scenarios=4, seeds=1), studies=1_000, seed=9)
    assert said.power == pytest.approx(found, abs=0.05)


def test_what_a_design_can_tell_mostly_lies_in_the_range_that_a_pilot_gives() -> None:
    held, _, _ = pilot_ranges((12, 4), Design(personas=24, scenarios=4, seeds=1), pilots=40, seed=10)
    assert held >= 0.6


def test_whole_runs_are_covered_too() -> None:
    held, truth = through_trials(8, replicates=30, seed=2)
    assert 0.3 < truth < 0.6
    assert held >= 0.8
