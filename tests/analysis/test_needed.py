"""How large a study would settle it: what power says where the truth is known, and how often it is right where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from sim.analysis.figures.estimates import estimate, half_widths
from sim.analysis.verdicts.needed import MOST_PERSONAS, Needed, needed, needed_by_error, needed_for_share, power_of


def pilot(rng: np.random.Generator, n: int, k: int, truth: float) -> np.ndarray:
    values = truth + rng.normal(0, 0.6, (n, 1)) + rng.normal(0, 0.4, (n, k))
    return (values + rng.normal(0, 0.29, (1, k)) if k >= 4 else values)[None]


def test_power_is_that_of_noncentral_t() -> None:
    rng = np.random.default_rng(1)
    drawn = rng.normal(2.5 / np.sqrt(12), 1, (20_000, 12))
    t = drawn.mean(axis=1) / (drawn.std(axis=1, ddof=1) / np.sqrt(12))
    assert power_of(2.5, 11.0) == pytest.approx((t > 2.2010).mean(), abs=0.01)


def test_the_more_it_spreads_and_the_nearer_the_bar_the_more_it_takes() -> None:
    found = estimate(pilot(np.random.default_rng(2), 24, 1, 0.0))
    assert found
    near, far = needed(found, 0.25), needed(found, 0.6)
    assert near
    assert far
    assert far.personas < near.personas
    assert near.scenarios == 1
    assert not near.more_scenarios
    assert near.words == f"about {near.personas} personas"


def test_where_scenarios_spread_more_of_them_are_asked_for() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(0, 0.1, (24, 4)) + np.array([-0.5, 0.6, -0.4, 0.5])
    found = estimate(values[None])
    assert found
    more = needed(found, 0.4)
    assert more
    assert more.more_scenarios
    assert more.scenarios > 4
    assert more.words.endswith(f"× {more.scenarios} scenarios")


def test_what_nothing_is_known_of_nothing_settles() -> None:
    two, same = estimate(np.array([[[1.0], [2.0]]])), estimate(np.full((1, 8, 1), 3.0))
    assert two
    assert same
    assert (needed(two, 1.0), needed(same, 1.0), needed_by_error(0.1, 0.0, 8)) == (None, None, None)


def test_of_what_is_pooled_the_standard_error_says_as_much() -> None:
    rng = np.random.default_rng(4)
    found = estimate(pilot(rng, 24, 1, 0.0))
    assert found
    error = float((found.by_persona**2).sum() ** 0.5)
    assert needed_by_error(0.3, error, 24) == needed(found, 0.3)


def test_a_share_takes_more_personas_the_nearer_it_is_to_the_bar() -> None:
    def settled(bar: float) -> Needed | None:
        return needed_for_share(0.1, 60, 12, lambda share, size: abs(share - bar) > 2 * (share * (1 - share) / size) ** 0.5 + 0.5 / size)

    near, far = settled(0.15), settled(0.3)
    assert far
    assert near is None or near.personas > far.personas
    assert far.personas < MOST_PERSONAS


@pytest.mark.parametrize(("personas", "scenarios"), [(12, 1), (24, 1), (24, 6)])
def test_over_what_a_gate_meets_four_fresh_studies_in_five_come_to_a_verdict(personas: int, scenarios: int) -> None:
    """The short form of `python -m tests.benchmarks.coverage --long`: true values anywhere within 0.6 of the bar."""
    rng = np.random.default_rng([personas, scenarios])
    settled = []
    for _ in range(150):
        truth = rng.uniform(-0.6, 0.6)
        found = estimate(pilot(rng, personas, scenarios, truth))
        assert found
        if abs(found.value) <= half_widths(found) and (more := needed(found, float(found.value))):
            fresh = estimate(pilot(rng, more.personas, more.scenarios, truth))
            assert fresh
            settled.append(abs(fresh.value) > half_widths(fresh))
    assert len(settled) > 30
    assert 0.6 <= np.mean(settled) <= 0.95
