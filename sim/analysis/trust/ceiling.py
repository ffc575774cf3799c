"""The ceiling: how far each person agrees with the mean of the other people, and how far every rater agrees with the very same means.

A rater stands against the mean of several people, which is steadier than one of them. Measured by how far two single people agree, a rater who is no
better than a person would come out above people. So each person is held against the mean of the others, every rater against those same means,
and both are averaged over people by how many items each has: a rater who is as good as one more person comes out at the ceiling, and no higher but by
chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.analysis.stats.clustered import difference_interval, fisher_interval, leave_out
from sim.analysis.stats.reliability import Interval, alpha_ordinal
from sim.core.frozen import Frozen

Floats = NDArray[np.float64]
Index = NDArray[np.int64]

FEWEST_ITEMS = 3
"""Items that a person shares with another, below which the person is not held against the others."""


class AtCeiling(Frozen):
    """One rater against the means that people are held against."""

    n: int
    """Items that the rater and two people or more have scored."""
    icc_consistency: float | None
    """ICC(C,1) with the mean of all people but one, averaged over who is left out."""
    icc_agreement: float | None
    """ICC(A,1) of the same."""
    interval: Interval | None
    """95 %, of ICC(C,1)."""
    ceiling: float | None
    """The people's ICC(C,1) on these items."""
    difference: float | None
    """The rater's ICC(C,1) less the people's: below 0, the rater agrees less with people than a person does."""
    difference_interval: Interval | None
    """95 %."""


class Ceiling(Frozen):
    """How far the people of the reference agree with each other; a rater who is as good as one more person agrees as far."""

    people: int
    items: int
    """Scored by two people or more."""
    icc_consistency: float | None
    """ICC(C,1) of each person with the mean of the others, averaged over people by how many items each has. None: nobody shares three."""
    icc_agreement: float | None
    """ICC(A,1) of the same."""
    interval: Interval | None
    """95 %, of ICC(C,1)."""
    each: dict[str, float | None]
    """ICC(C,1) of each person with the mean of the others."""
    single: float | None
    """ICC(1,1), one person with one other, people interchangeable; items may have different numbers of them."""
    alpha: float | None
    raters: dict[str, AtCeiling]


def find_ceiling(scores: Floats, raters: Sequence[str], people: Sequence[str], clusters: Index) -> Ceiling:
    """The ceiling of one dimension.

    Args:
        scores: (items, raters), NaN where there is no score.
        clusters: (items,) what each item is resampled with, from 0.
    """
    mine = [raters.index(p) for p in people]
    theirs = scores[:, mine]
    given = ~np.isnan(theirs)
    some = given.sum(axis=1) >= 2
    use, others = theirs[some], _means_of_others(theirs[some])
    of = clusters[some]
    averaged = _average(use, others, of)
    found = {
        rater: _at_ceiling(scores[some, i], use, others, of)
        for i, rater in enumerate(raters)
        if rater not in people and not np.isnan(scores[some, i]).all()
    }
    return Ceiling(
        people=int(given.any(axis=0).sum()),
        items=int(some.sum()),
        icc_consistency=_number(averaged.consistency[0]),
        icc_agreement=_number(averaged.agreement[0]),
        interval=fisher_interval(averaged.consistency),
        each={p: _number(averaged.each[j]) for j, p in enumerate(people) if given[:, j].any()},
        single=one_way(use),
        alpha=alpha_ordinal(theirs),
        raters=found,
    )


def one_way(scores: Floats) -> float | None:
    """ICC(1,1) where items have two scores or more, and not all the same number of them (mean squares of an unbalanced one-way layout)."""
    n = len(scores)
    if n < 2:
        return None
    k = (~np.isnan(scores)).sum(axis=1)
    means, grand = np.nanmean(scores, axis=1), np.nanmean(scores)
    items = float((k * (means - grand) ** 2).sum()) / (n - 1)
    within = float(np.nansum((scores - means[:, None]) ** 2)) / float(k.sum() - n)
    size = (float(k.sum()) - float((k**2).sum()) / float(k.sum())) / (n - 1)
    whole = items + (size - 1) * within
    return (items - within) / whole if whole > 1e-12 else None


def _at_ceiling(by: Floats, theirs: Floats, others: Floats, clusters: Index) -> AtCeiling:
    rated = ~np.isnan(by)
    by, theirs, others, clusters = by[rated], theirs[rated], others[rated], clusters[rated]
    # The rater's scores in a column for each person, wherever that person gave one too: the same means, on the same items.
    rater, people = _average(np.where(np.isnan(theirs), np.nan, by[:, None]), others, clusters), _average(theirs, others, clusters)
    return AtCeiling(
        n=len(by),
        icc_consistency=_number(rater.consistency[0]),
        icc_agreement=_number(rater.agreement[0]),
        interval=fisher_interval(rater.consistency),
        ceiling=_number(people.consistency[0]),
        difference=_number(rater.consistency[0] - people.consistency[0]),
        difference_interval=difference_interval(rater.consistency - people.consistency),
    )


@dataclass(frozen=True, slots=True)
class _Averaged:
    """Scores against the means of the other people, averaged over people: (1 + G,) over all clusters, and without each."""

    consistency: Floats
    agreement: Floats
    each: list[float]
    """ICC(C,1) with the mean of all but each person. NaN where there is none."""


def _average(scores: Floats, means: Floats, clusters: Index) -> _Averaged:
    """Columns of `scores` against those of `means`, a column for each person who is left out of the mean."""
    present = np.unique(clusters)
    of, size = np.searchsorted(present, clusters), len(present)
    totals, weight, each = np.zeros((2, 1 + size)), 0, []
    for j in range(scores.shape[1]):
        both = ~np.isnan(scores[:, j]) & ~np.isnan(means[:, j])
        values = leave_out(np.stack([scores[both, j], means[both, j]], axis=1), of[both], size)
        each.append(float(values["3,1"][0]))
        n = int(both.sum())
        if n >= FEWEST_ITEMS and not np.isnan(each[-1]):
            weight += n
            totals += n * np.stack([values["3,1"], values["2,1"]])
    consistency, agreement = totals / weight if weight else np.full((2, 1 + size), np.nan)
    return _Averaged(consistency, agreement, each)


def _means_of_others(theirs: Floats) -> Floats:
    """(items, people) The mean of the other people's scores; NaN where no other gave one."""
    given = ~np.isnan(theirs)
    sums, n = np.nansum(theirs, axis=1, keepdims=True), given.sum(axis=1, keepdims=True)
    left, of = sums - np.where(given, theirs, 0.0), n - given
    means: Floats = np.where(of > 0, left / np.maximum(of, 1), np.nan)
    return means


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
