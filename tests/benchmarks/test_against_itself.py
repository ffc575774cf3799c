"""The short form of `against_itself.py`: few verdicts where there is nothing to find, and one where seeds truly differ."""

from __future__ import annotations

import numpy as np
import pytest

from sim.analysis.trust.against_itself import compare_with_itself
from tests.benchmarks.against_itself import measure, seeds_of, world
from tests.benchmarks.drawn_runs import drawn_run, wilson


@pytest.mark.parametrize(("personas", "scenarios", "seeds"), [(12, 1, 4), (12, 4, 2)])
def test_where_there_is_nothing_to_find_hardly_any_verdict_appears(personas: int, scenarios: int, seeds: int) -> None:
    found = measure(personas, scenarios, seeds, studies=60, seed=1)
    # At the 5 % that the test allows, 60 studies have more than nine verdicts once in a thousand.
    assert found.first <= 9
    assert found.equal <= 9
    assert found.splits == 60 * (3 if seeds == 4 else 1)


def test_seeds_that_differ_for_everybody_are_found() -> None:
    found = 0
    for drawn in seeds_of(world(24, 1), 1, 2, 20, np.random.default_rng(3)):
        drawn[:, 0] -= 0.5
        found += compare_with_itself(drawn_run(drawn)).whole.verdicts
    assert found >= 19


def test_wilsons_interval_is_that_of_the_books() -> None:
    assert wilson(10, 200) == pytest.approx((0.0274, 0.0896), abs=1e-4)
    assert wilson(0, 200) == pytest.approx((0, 0.0188), abs=1e-4)
