"""Intervals of the measures of repetition: each is computed again without each cluster of conversations (guide/methods.md#statistics).

The spread of those values gives the standard error; the interval is ± t with (clusters − 1) degrees of freedom, shares on the logit scale, and ends
where the measure must. Of stickiness and excess, which hang on rare moves, the standard error is at least that of their rates were replies
independent. Where a measure is the same without any cluster, the interval says how many others may be otherwise. No draw is needed.
`python -m tests.benchmarks.repetition` prints how often this and other methods cover the truth.
"""

from __future__ import annotations

from math import isfinite, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.figures.estimates import EQUAL, clip, equal_interval
from sim.score.repetition.course import follow_course, ratio
from sim.score.repetition.marks import sizes
from sim.score.repetition.measures import alike, counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.analysis.figures.estimates import Scale
    from sim.score.repetition.marks import Bits, Index, MarkColumns

    Floats = NDArray[np.float64]

FEWEST_CLUSTERS = 5
"""Conversations, or people, below which no interval is given."""
LOGIT = ("stickiness", "base_rate", "pooled", "expected", "jaccard", "repertoire")
"""Measures that lie in 0 to 1, whose intervals must too."""
TESTED = ("carry_over_adjusted", "conversation_fit_adjusted")
"""Differences of which it is asked whether they are there at all."""


def intervals(columns: MarkColumns) -> dict[str, tuple[float, float] | None]:
    """95 % intervals of the main measures, over the clusters that have a pair."""
    return infer(columns)[0]


def infer(columns: MarkColumns) -> tuple[dict[str, tuple[float, float] | None], dict[str, float | None]]:
    """95 % intervals of the main measures, over the clusters that have a pair, and p of those in `TESTED`."""
    full, without = leave_one_out(columns)
    paired, least, scales = paired_clusters(columns), least_errors(columns), _scales(columns, full)
    bounds = {
        name: interval(full[name], values[paired], logit=name in LOGIT, least=least.get(name, 0.0), scale=scales.get(name, (-1.0, 1.0)))
        for name, values in without.items()
    }
    return bounds, {name: no_difference_p(full[name], without[name][paired]) for name in TESTED}


def _scales(columns: MarkColumns, full: dict[str, float]) -> dict[str, Scale]:
    """The least and the most that each measure can be, of those that are no difference of shares."""
    repertoire, beyond = full["repertoire"], full["repertoire_beyond_size"]
    # It is least where the repertoire is 0, and R is what both figures come from.
    least = (beyond - repertoire) / (1 - repertoire) if repertoire < 1 else 0.0
    return dict.fromkeys(LOGIT, (0.0, 1.0)) | {"repertoire_beyond_size": (least, 1.0), "moves_per_reply": (0.0, float(len(columns.codes)))}


def paired_clusters(columns: MarkColumns) -> Index:
    """Clusters that have a pair."""
    return np.unique(columns.cluster[columns.talk[columns.pairs]])


def least_errors(columns: MarkColumns) -> dict[str, float]:
    """The standard errors of stickiness and excess that independent replies would give them.

    A rare move that happens to come twice in no conversation has no spread over conversations, and is none the surer for it. P(again | before) is
    drawn to the base rate by two pairs; the error of a difference of a share and that of the whole is smaller by what they have in common.
    """
    now, moves = columns.pairs, len(columns.codes)
    before, after = columns.sets[now - 1], columns.sets[now]
    times, comes, both = counts(before, moves), counts(after, moves), counts(before & after, moves)
    occurs = times > 0
    if not occurs.any():
        return {}
    n, base = times[occurs], comes[occurs] / len(now)
    again = (both[occurs] + 2 * base) / (n + 2)
    variance = again * (1 - again) / n
    found = {"stickiness": variance, "excess": variance * (1 - n / len(now))}
    return {name: sqrt(float(of.sum())) / len(n) for name, of in found.items()}


def interval(full: float, without: Floats, *, scale: Scale | None, logit: bool = False, least: float = 0.0) -> tuple[float, float] | None:
    """Jackknife-t. None: too few clusters, or the measure is nothing without one of them.

    Args:
        full: the measure over all clusters.
        without: (C,) without each.
        scale: the least and the most that it can be; None: it has no ends, and where nothing varies there is no interval.
        logit: it is a share: the interval is made on the logit scale.
        least: the least standard error.
    """
    n = len(without)
    if n < FEWEST_CLUSTERS or not isfinite(full) or not np.isfinite(without).all():
        return None
    error = max(least, _error(without))
    if error < EQUAL:
        return clip(equal_interval(full, n, scale), full, scale) if scale else None
    from scipy.special import stdtrit  # scipy.stats takes several times as long to import

    half = float(stdtrit(n - 1, 0.975)) * error
    if not logit or not 0 < full < 1:
        return clip((full - half, full + half), full, scale)
    # The delta method carries the standard error to the logit scale.
    middle, width = np.log(full / (1 - full)), half / (full * (1 - full))
    low, high = (float(1 / (1 + np.exp(-x))) for x in (middle - width, middle + width))
    return low, high


def no_difference_p(full: float, without: Floats) -> float | None:
    """Two-sided p of a difference that is 0; 1 where it is the same without any cluster. None: too few clusters, or nothing to go by."""
    n = len(without)
    if n < FEWEST_CLUSTERS or not isfinite(full) or not np.isfinite(without).all():
        return None
    from scipy.special import stdtr

    error = _error(without)
    return float(2 * stdtr(n - 1, -abs(full) / error)) if error > EQUAL else 1.0


def _error(without: Floats) -> float:
    n = len(without)
    return sqrt((n - 1) / n * float(((without - without.mean()) ** 2).sum()))


def leave_one_out(columns: MarkColumns) -> tuple[dict[str, float], dict[str, Floats]]:
    """Each main measure over all, and (C,) without each cluster; NaN where it is not defined."""
    owner, size, moves = columns.cluster, int(columns.cluster.max(initial=-1)) + 1, len(columns.codes)
    now = columns.pairs
    before, after = columns.sets[now - 1], columns.sets[now]
    of_pair, tagged = owner[columns.talk[now]], np.flatnonzero(columns.tagged)
    of_reply = owner[columns.talk[tagged]]
    sums = alike(columns)

    def rest(values: NDArray[Any]) -> Floats:
        """(1 + C, …) The total of (C, …), then less each."""
        total = values.sum(axis=0)
        return np.concatenate([total[None], total - values]).astype(float)

    def moved(sets: Bits, k: int) -> Floats:
        one, kind = sets.dtype.type(1), sets.dtype.type
        return rest(np.bincount(of_pair[(sets >> kind(k) & one) > 0], minlength=size))

    def by_cluster(of_talk: Floats | None) -> Floats:
        """(1 + C,) A Jaccard from its sums by talk."""
        if of_talk is None:
            return np.full(1 + size, np.nan)
        overlap, defined = (rest(np.bincount(owner, of_talk[:, i], size)) for i in (0, 1))
        return ratio(overlap, defined)

    pairs = rest(np.bincount(of_pair, minlength=size))
    occurs, again, base, made, kept, expected = (np.zeros(1 + size) for _ in range(6))
    for k in range(moves):
        times, comes, both = (moved(sets, k) for sets in (before, after, before & after))
        occurs += times > 0
        again += np.nan_to_num(ratio(both, times))
        base += np.where(times > 0, ratio(comes, pairs), 0)
        made += times
        kept += both
        expected += np.nan_to_num(times * ratio(comes, pairs))
    stickiness, base_rate = ratio(again, occurs), ratio(base, occurs)
    jaccard, within = by_cluster(sums.observed), by_cluster(sums.within)
    course = follow_course(columns)
    values = {
        "stickiness": stickiness,
        "base_rate": base_rate,
        "excess": stickiness - base_rate,
        "pooled": ratio(kept, made),
        "expected": ratio(expected, made),
        "jaccard": jaccard,
        "repertoire": course.repertoire,
        "repertoire_beyond_size": course.beyond_size,
        "conversation_fit": within - course.repertoire,
        "conversation_fit_adjusted": course.conversation_fit,
        "carry_over": jaccard - within,
        "carry_over_adjusted": course.carry_over,
        "moves_per_reply": ratio(rest(np.bincount(of_reply, sizes(columns.sets[tagged]), size)), rest(np.bincount(of_reply, minlength=size))),
    }
    return {name: float(of[0]) for name, of in values.items()}, {name: of[1:] for name, of in values.items()}
