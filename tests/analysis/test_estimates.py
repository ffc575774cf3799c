"""The interval, the permutation p and Holm, on numbers small enough to do by hand; how often they are right is benchmarked."""

from __future__ import annotations

import numpy as np
import pytest

from sim.analysis.figures.estimates import (
    clip,
    different,
    equal_interval,
    estimate,
    half_widths,
    holm,
    interval,
    proportion_interval,
    sign_flip_p,
    spread,
    t_interval,
    tier,
)


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


def test_a_part_that_one_persona_holds_brings_its_noise() -> None:
    shared = np.array([[3.0, 3.1, 2.9, 3.0, 3.2, 2.8]])[..., None]
    alone = np.full((1, 6, 1), np.nan)
    alone[0, 2, 0] = 5.0
    found, without = estimate(np.concatenate([shared, alone])), estimate(shared)
    assert found
    assert without
    assert found.value == pytest.approx((3 + 5) / 2)
    # Without the one who holds it the part is gone, and the figure with it: that is how unsure it is.
    assert half_widths(found) > 5 * half_widths(without)
    assert found.holders.tolist() == [6, 1]
    assert found.carriers < 2.5
    assert spread(found)[1] < spread(without)[1] == 5


def test_where_everybody_has_every_part_leaving_out_personas_is_students_t() -> None:
    rng = np.random.default_rng(8)
    found = estimate(rng.normal(size=(3, 9, 1)))
    assert found
    assert found.carriers == pytest.approx(9)
    assert (found.by_persona**2).sum() == pytest.approx(found.each.var(ddof=1) / 9)
    assert found.each.mean() == pytest.approx(found.value)


def test_an_interval_ends_where_the_scale_does_and_holds_its_value() -> None:
    found = estimate(cells([[5], [5], [4], [5], [5]]))
    assert found
    bounds = interval(found, (1.0, 5.0))
    assert bounds is not None
    assert bounds[1] == 5.0
    assert bounds[0] < found.value < bounds[1]
    assert clip((0.2, 1.4), 1.0, (0.0, 1.0)) == (0.2, 1.0)


def test_where_all_are_alike_as_many_may_differ_as_of_0_of_n() -> None:
    assert different(24) == pytest.approx(0.1425, abs=1e-4)
    assert equal_interval(1.0, 12, (0.0, 1.0)) == (pytest.approx(1 - 0.2646, abs=1e-4), 1.0)
    assert t_interval([0.5] * 12, (0.0, 1.0)) == (pytest.approx(0.5 - 0.1323, abs=1e-4), pytest.approx(0.5 + 0.1323, abs=1e-4))
    assert t_interval([0.5] * 12) is None
