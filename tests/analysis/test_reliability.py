from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sim.analysis.stats.reliability import FORMS, alpha_ordinal, concordance, icc_forms, kappa, limits_of_agreement, pearson, ranks, spearman
from tests.effort import tries

SHROUT_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float)
"""Table 2 of Shrout & Fleiss (1979): six targets, four judges."""

NAN = np.nan
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
).T
"""Krippendorff's worked example with missing cells (2011): ordinal α is .815."""

scores = st.lists(st.lists(st.integers(1, 5), min_size=3, max_size=3), min_size=4, max_size=30).map(lambda rows: np.array(rows, dtype=float))


def test_the_six_forms_are_those_of_shrout_and_fleiss() -> None:
    found = icc_forms(SHROUT_FLEISS)
    assert [round(v, 2) for v in found.icc.values() if v is not None] == [0.17, 0.29, 0.71, 0.44, 0.62, 0.91]


def test_their_intervals_are_the_published_ones() -> None:
    found = {f: tuple(round(v, 2) for v in i) for f, i in icc_forms(SHROUT_FLEISS).intervals.items() if i}
    assert found == {"1,1": (-0.13, 0.72), "2,1": (0.02, 0.76), "3,1": (0.34, 0.95), "1,k": (-0.88, 0.91), "2,k": (0.07, 0.93), "3,k": (0.68, 0.99)}


def test_raters_that_disagree_more_than_chance_have_a_negative_icc() -> None:
    found = icc_forms(np.array([[1, 5], [5, 1], [2, 4], [4, 2]], dtype=float)).icc
    assert all(v is not None and v < 0 for v in (found["1,1"], found["3,1"], found["2,1"]))


@pytest.mark.parametrize("table", [np.ones((5, 2)), np.zeros((0, 2)), np.array([[1.0, 2.0]]), np.array([[1.0], [2.0]])])
def test_what_is_not_determined_is_none(table: np.ndarray) -> None:
    found = icc_forms(table)
    assert set(found.icc.values()) == set(found.intervals.values()) == {None}
    assert len(found.icc) == len(FORMS)


def test_two_that_agree_wholly_reach_one() -> None:
    same = np.array([1.0, 3.0, 5.0, 2.0])
    both = np.stack([same, same], axis=1)
    assert icc_forms(both).icc["3,1"] == icc_forms(both).icc["2,1"] == concordance(same, same) == spearman(same, same) == alpha_ordinal(both) == 1


@tries(60)
@given(scores)
def test_a_constant_added_to_one_rater_leaves_consistency_as_it_was(table: np.ndarray) -> None:
    before, after = icc_forms(table).icc, icc_forms(table + np.array([0, 0, 2.0])).icc
    assume(before["3,1"] is not None and after["3,1"] is not None)
    assert after["3,1"] == pytest.approx(before["3,1"], abs=1e-9)


def test_a_constant_added_to_one_rater_lowers_agreement() -> None:
    same = np.array([1.0, 3.0, 5.0, 2.0])
    found = icc_forms(np.stack([same, same + 2], axis=1)).icc
    assert (found["3,1"], found["2,1"]) == (1, pytest.approx(0.593, abs=0.001))


@tries(60)
@given(scores)
def test_ccc_is_kappa_with_quadratic_weights(table: np.ndarray) -> None:
    x, y = table[:, 0], table[:, 1]
    grid = np.arange(1, 6)
    joint = np.array([[((x == a) & (y == b)).mean() for b in grid] for a in grid])
    weights = (grid[:, None] - grid[None, :]) ** 2
    chance = (weights * np.outer(joint.sum(axis=1), joint.sum(axis=0))).sum()
    found = concordance(x, y)
    if chance > 0:
        assert found == pytest.approx(1 - (weights * joint).sum() / chance, abs=1e-9)
    else:
        assert found is None


def test_alpha_is_krippendorffs() -> None:
    assert alpha_ordinal(KRIPPENDORFF) == pytest.approx(0.815, abs=0.0005)


def test_alpha_without_two_scores_on_an_item_or_without_variance_is_none() -> None:
    assert alpha_ordinal(np.array([[1.0, NAN], [NAN, 2.0]])) is None
    assert alpha_ordinal(np.full((4, 2), 3.0)) is None


def test_limits_bias_and_kappa_are_as_defined() -> None:
    x, y = np.array([1.0, 2, 3, 4]), np.array([2.0, 2, 5, 4])
    found = limits_of_agreement(x, y)
    spread = 1.96 * float((y - x).std(ddof=1))
    assert (found.bias, found.limits) == (0.75, (pytest.approx(0.75 - spread), pytest.approx(0.75 + spread)))
    yes = np.array([True, True, False, False])
    assert kappa(yes, np.array([True, False, False, False])) == pytest.approx(0.5)
    assert kappa(yes | True, yes | True) is None


def test_ranks_share_ties_and_correlations_need_variance() -> None:
    assert list(ranks(np.array([3.0, 1, 3, 2]))) == [3.5, 1, 3.5, 2]
    assert pearson(np.array([1.0, 1, 1]), np.array([1.0, 2, 3])) is None
    assert spearman(np.array([1.0, 2]), np.array([1.0, 2])) is None
    assert spearman(np.array([1.0, 2, 3, 4]), np.array([1.0, 20, 300, 4000])) == pytest.approx(1)
