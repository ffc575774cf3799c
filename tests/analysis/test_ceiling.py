"""The ceiling and the intervals over conversations, against numpy and against drawn ratings whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from sim.analysis.stats.clustered import FEWEST_CLUSTERS, clustered_intervals, fisher_interval, leave_out
from sim.analysis.stats.reliability import FORMS, icc_forms
from sim.analysis.trust.calibration import calibrate_ratings
from sim.analysis.trust.ceiling import find_ceiling
from sim.core.judgement import Judgement
from tests.benchmarks.calibration import covered, draw_equal_people, draw_ratings


def test_every_coefficient_without_each_conversation_is_the_one_of_the_other_rows() -> None:
    rng = np.random.default_rng(2)
    for k in (2, 4):
        scores, clusters = rng.integers(1, 8, (40, k)).astype(float), rng.integers(0, 7, 40)
        found = leave_out(scores, clusters, 7)
        for form in FORMS:
            without = [icc_forms(scores[clusters != g]).icc[form] for g in range(7)]
            assert found[form] == pytest.approx([icc_forms(scores).icc[form], *without], abs=1e-12)


def test_the_interval_is_the_jackknifes_on_fishers_scale() -> None:
    from scipy import stats

    scores, clusters = draw_ratings(np.random.default_rng(3), clusters=12, size=5)
    values = np.array([icc_forms(scores[clusters != g]).icc["3,1"] for g in range(12)], dtype=float)
    z, middle = np.arctanh(values), np.arctanh(float(icc_forms(scores).icc["3,1"] or 0))
    half = stats.t.ppf(0.975, 11) * np.sqrt(11 / 12 * ((z - z.mean()) ** 2).sum())
    found = clustered_intervals(scores, clusters)
    assert found["3,1"] == pytest.approx((np.tanh(middle - half), np.tanh(middle + half)))
    low, high = found["3,1"] or (0, 0)
    assert found["3,k"] == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)))


def test_intervals_over_conversations_cover_the_truth_where_independent_ones_do_not() -> None:
    """In short; `python -m tests.benchmarks.calibration` has it with thousands."""
    jackknife, exact = covered(draws=300, clusters=20, size=6)
    assert 0.91 <= jackknife <= 0.98
    assert exact < 0.9


def test_a_fifth_person_who_is_as_good_as_the_others_comes_out_at_the_ceiling_and_not_above() -> None:
    differences, inside = [], []
    for seed in range(60):
        scores, clusters = draw_equal_people(np.random.default_rng(seed))
        found = find_ceiling(scores, ["a", "b", "c", "d", "e"], ["a", "b", "c", "d"], clusters)
        rater = found.raters["e"]
        assert rater.difference is not None
        assert rater.difference_interval is not None
        differences.append(rater.difference)
        inside.append(rater.difference_interval[0] <= 0 <= rater.difference_interval[1])
    assert abs(np.mean(differences)) < 3 * np.std(differences) / np.sqrt(60)
    assert np.mean(inside) > 0.85
    # What one person has with another is lower: held against it, an equal person would come out above people.
    assert found.single is not None
    assert found.icc_consistency is not None
    assert found.single < found.icc_consistency - 0.05


def test_the_ceiling_is_each_person_with_the_mean_of_the_others_weighed_by_items() -> None:
    scores = np.array([[1, 2, 2, 3], [2, 2, 3, 2], [5, 4, np.nan, 5], [4, 5, 3, 4], [3, np.nan, 3, 1], [np.nan, 1, 2, 1]], dtype=float)
    people = ["p", "q", "r"]
    found = find_ceiling(scores, [*people, "m"], people, np.arange(6))
    theirs, parts, weights, rater = scores[:, :3], [], [], []
    for j in range(3):
        others = np.nanmean(np.delete(theirs, j, axis=1), axis=1)
        both = ~np.isnan(theirs[:, j])
        parts.append(icc_forms(np.stack([theirs[both, j], others[both]], axis=1)).icc["3,1"])
        rater.append(icc_forms(np.stack([scores[both, 3], others[both]], axis=1)).icc["3,1"])
        weights.append(both.sum())
    assert list(found.each.values()) == pytest.approx(parts)
    assert found.icc_consistency == pytest.approx(np.average(np.array(parts, dtype=float), weights=weights))
    assert found.raters["m"].icc_consistency == pytest.approx(np.average(np.array(rater, dtype=float), weights=weights))
    assert found.raters["m"].ceiling == found.icc_consistency


def test_too_few_conversations_or_no_spread_have_no_interval() -> None:
    scores, clusters = draw_ratings(np.random.default_rng(1), clusters=FEWEST_CLUSTERS - 1, size=8)
    assert set(clustered_intervals(scores, clusters).values()) == {None}
    assert fisher_interval(np.full(9, 0.5)) is None
    assert fisher_interval(np.array([0.5, *[0.4] * 8, np.nan])) is None


def judgements(scores: np.ndarray, clusters: np.ndarray, raters: list[str], *, grouped: bool = True) -> list[Judgement]:
    return [
        Judgement(f"t{c}/{i}", "s", r, "d", float(scores[i, j]), f"t{c}" if grouped else "")
        for i, c in enumerate(clusters)
        for j, r in enumerate(raters)
        if not np.isnan(scores[i, j])
    ]


def test_groups_widen_the_intervals_on_items_and_give_a_level_of_their_own() -> None:
    scores, clusters = draw_ratings(np.random.default_rng(5), clusters=15, size=6)
    rows = judgements(scores, clusters, ["human", "m"])
    grouped = calibrate_ratings(rows, reference="human")
    plain = calibrate_ratings([j._replace(group="") for j in rows], reference="human")
    item, alone = grouped.levels["item"].dimensions["d"]["m"], plain.levels["item"].dimensions["d"]["m"]
    assert item.icc == alone.icc
    assert (item.clusters, alone.clusters, alone.interval) == (15, None, icc_forms(scores).intervals["3,1"])
    assert item.interval == pytest.approx(clustered_intervals(scores, clusters)["3,1"])
    assert (set(grouped.levels), grouped.talks, plain.talks) == ({"item", "talk", "system"}, 15, None)
    means = np.stack([scores[clusters == c].mean(axis=0) for c in range(15)])
    talk = grouped.levels["talk"].dimensions["d"]["m"]
    assert (talk.n, talk.icc["3,1"], talk.interval) == (
        15,
        pytest.approx(icc_forms(means).icc["3,1"]),
        pytest.approx(icc_forms(means).intervals["3,1"]),
    )
    together = calibrate_ratings(rows, reference=None).levels["item"].together["d"]
    assert together.interval == pytest.approx(item.interval)


def test_ratings_of_replies_meet_ratings_of_whole_talks_on_talks() -> None:
    scores, clusters = draw_ratings(np.random.default_rng(6), clusters=10, size=4)
    replies = [j for j in judgements(scores, clusters, ["human", "m"]) if j.rater == "m"]
    whole = [Judgement(f"t{c}", "s", "human", "d", float(c % 5)) for c in range(10)]
    found = calibrate_ratings([*replies, *whole], reference="human", talks=True)
    talk, item = found.levels["talk"].dimensions["d"]["m"], found.levels["item"].dimensions["d"]["m"]
    assert (talk.n, item.n) == (10, 0)
    means = np.stack([np.arange(10) % 5, [scores[clusters == c, 1].mean() for c in range(10)]], axis=1).astype(float)
    assert talk.icc["2,1"] == pytest.approx(icc_forms(means).icc["2,1"])
    assert found.levels["system"].dimensions["d"]["m"].bias == pytest.approx(means[:, 1].mean() - means[:, 0].mean())
