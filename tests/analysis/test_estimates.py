"""The interval, the permutation p and Holm, on numbers small enough to do by hand; how often they are right is benchmarked."""

from __future__ import annotations

import numpy as np
import pytest

from sim.analysis.estimates import estimate, half_widths, holm, interval, proportion_interval, sign_flip_p, tier
from sim.analysis.power import Design
from tests.benchmarks.coverage import STUDIES, Shape, measure, null_quantiles, plan_and_compare, through_trials


def cells(rows: list[list[float]]) -> np.ndarray:
    return np.array([rows], dtype=float)


def test_below_four_scenarios_it_is_students_t_over_personas() -> None:
    found = estimate(cells([[1, 3], [4, 4], [5, 5], [3, 3]]))
    assert found
    half = 3.182446305284263 * (5 / 3 / 4) ** 0.5  # t(.975, 3) × the standard error of 2, 4, 5, 3
    assert interval(found) == pytest.approx((3.5 - half, 3.5 + half))


def test_from_four_scenarios_on_what_scenarios_do_widens_it() -> None:
    rng = np.random.default_rng(3)
    people, noise = rng.normal(size=(12, 1)) * 0.3, rng.normal(size=(12, 4)) * 0.1
    widths = []
    for scenarios in (np.zeros(4), np.array([-1.0, 0.0, 0.5, 0.5])):
        found = estimate((people + noise + scenarios)[None])
        assert found
        widths.append(float(half_widths(found)))
    assert widths[1] > 1.3 * widths[0]


def test_a_missing_cell_leaves_its_persona_the_others() -> None:
    found = estimate(cells([[1, np.nan], [4, 2], [np.nan, 5]]))
    assert found
    assert found.value == pytest.approx(np.mean([1, 3, 5]))
    assert found.by_persona.sum() == pytest.approx(0)


def test_parts_weigh_alike_however_few_have_them() -> None:
    found = estimate(np.array([[[4.0], [4.0], [4.0]], [[np.nan], [2.0], [np.nan]]]))
    assert found
    assert found.value == 3


def test_equal_values_give_no_interval_and_one_persona_none_either() -> None:
    for rows in ([[3.0], [3.0], [3.0]], [[3.0]]):
        found = estimate(cells(rows))
        assert found
        assert interval(found) is None


def test_nothing_is_no_estimate() -> None:
    assert estimate(cells([[np.nan], [np.nan]])) is None


def test_the_exact_p_counts_all_sign_flips() -> None:
    found = estimate(cells([[1], [2], [3], [-1]]))
    assert found
    assert sign_flip_p(found, seed=0) == pytest.approx(6 / 16)  # |sum| ≥ 5 in 6 of 16


def test_the_drawn_p_agrees_with_the_exact_one() -> None:
    rng = np.random.default_rng(5)
    rows = rng.normal(0.4, 1, (14, 1))
    found, signs = estimate(rows[None]), 1 - 2 * ((np.arange(2**14)[:, None] >> np.arange(14)) & 1)
    assert found
    exact = np.mean(np.abs(signs @ rows[:, 0]) >= abs(rows.sum()) - 1e-9)
    assert sign_flip_p(found, seed=1) == pytest.approx(exact, abs=0.015)


def test_holm_steps_down_and_leaves_out_what_is_unknown() -> None:
    assert holm([0.01, None, 0.04, 0.03]) == [pytest.approx(0.03), None, pytest.approx(0.06), pytest.approx(0.06)]


@pytest.mark.parametrize(
    ("personas", "scenarios", "expected"), [(11, 8, "look"), (12, 1, "screen"), (23, 8, "screen"), (24, 5, "screen"), (24, 6, "decide")]
)
def test_tiers_go_by_personas_and_scenarios(personas: int, scenarios: int, expected: str) -> None:
    assert tier(personas, scenarios) == expected


def test_clopper_pearson_as_published() -> None:
    assert proportion_interval(0, 24)[1] == pytest.approx(0.1425, abs=1e-4)
    assert proportion_interval(81, 263) == pytest.approx((0.2527, 0.3676), abs=1e-4)  # Newcombe 1998, table I


@pytest.mark.parametrize("study", [s for s in STUDIES if s.personas in (12, 24)][:4], ids=str)
def test_the_interval_covers_as_often_as_it_says(study: Shape) -> None:
    """The short form of `python -m tests.benchmarks.coverage`."""
    found = measure(study, replicates=1_000, seed=11)
    assert 0.925 <= found.covered <= 0.98
    assert found.rejected_null <= 0.075


def test_p_is_uniform_where_nothing_is_planted() -> None:
    for level, share in null_quantiles(12, replicates=2_000, seed=7).items():
        assert share == pytest.approx(level, abs=0.035)


def test_compare_finds_what_plan_says_it_will() -> None:
    said, found = plan_and_compare(Design(personas=12, scenarios=4, seeds=1), replicates=1_000, seed=9)
    assert said.power == pytest.approx(found, abs=0.05)


def test_whole_runs_are_covered_too() -> None:
    held, truth = through_trials(8, replicates=30, seed=2)
    assert 0.3 < truth < 0.6
    assert held >= 0.8
