"""Intervals of agreement where items come in conversations: every coefficient again without each conversation, on an evenly spread scale.

Replies of one conversation are alike, so that intervals which take items for independent are too narrow by half and more. The standard error is the
delete-one-cluster jackknife's; the interval is ± t with (clusters − 1) degrees of freedom on Fisher's scale for k raters,
z = ½ ln((1 + (k − 1) r) / (1 − r)), and is carried back. `python -m tests.benchmarks.calibration` prints how often it covers the truth.
"""

from __future__ import annotations

from math import isfinite, sqrt

import numpy as np
from numpy.typing import NDArray

from sim.analysis.stats.reliability import FORMS, Form, Interval

Floats = NDArray[np.float64]
Index = NDArray[np.int64]

FEWEST_CLUSTERS = 5
"""Conversations, below which no interval is given."""
_TINY = 1e-12


def leave_out(scores: Floats, clusters: Index, size: int) -> dict[Form, Floats]:
    """(1 + G,) Each ICC of `scores`, items × raters with nothing missing: over all, then without each cluster; NaN where it is undetermined.

    Args:
        clusters: (items,) of each item; 0 to G − 1.
        size: G. A cluster without an item changes nothing when it is left out.
    """
    n, k = scores.shape
    centred = scores - (scores.mean() if scores.size else 0.0)
    counts = _rest(_sums(clusters, np.ones(n), size))
    columns = np.stack([_rest(_sums(clusters, centred[:, j], size)) for j in range(k)]) if k else np.zeros((0, 1 + size))
    squares = _rest(_sums(clusters, (centred**2).sum(axis=1), size))
    rows = _rest(_sums(clusters, centred.sum(axis=1) ** 2, size))
    with np.errstate(divide="ignore", invalid="ignore"):
        correction = columns.sum(axis=0) ** 2 / (counts * k)
        total = squares - correction
        items, raters = rows / k - correction, (columns**2).sum(axis=0) / counts - correction
        error = total - items - raters
        nothing = _TINY * np.maximum(total, 1.0)
        items, raters, error = (np.where(part < nothing, 0.0, part) for part in (items, raters, error))
        ms_items, ms_raters, ms_error = items / (counts - 1), raters / (k - 1), error / ((counts - 1) * (k - 1))
        ms_within = (raters + error) / (counts * (k - 1))
        found: dict[Form, Floats] = {
            "1,1": (ms_items - ms_within) / (ms_items + (k - 1) * ms_within),
            "2,1": (ms_items - ms_error) / (ms_items + (k - 1) * ms_error + k * (ms_raters - ms_error) / counts),
            "3,1": (ms_items - ms_error) / (ms_items + (k - 1) * ms_error),
            "1,k": (ms_items - ms_within) / ms_items,
            "2,k": (ms_items - ms_error) / (ms_items + (ms_raters - ms_error) / counts),
            "3,k": (ms_items - ms_error) / ms_items,
        }
    return {form: np.where((counts >= 2) & np.isfinite(of), of, np.nan) for form, of in found.items()}


def clustered_intervals(scores: Floats, clusters: Index) -> dict[Form, Interval | None]:
    """95 % intervals of the six forms over clusters; of the mean of k raters, the stepped-up limits of one (Spearman–Brown)."""
    k = scores.shape[1]
    present = np.unique(clusters)
    values = leave_out(scores, np.searchsorted(present, clusters), len(present))
    single = {form: fisher_interval(values[form], k) for form in FORMS if form.endswith("1")}
    return single | {form: _stepped_up(single[f"{form[0]},1"], k) for form in FORMS if form.endswith("k")}  # type: ignore[index]


def fisher_interval(values: Floats, k: int = 2) -> Interval | None:
    """Jackknife-t of an ICC of single raters on Fisher's scale. None: too few clusters, or it is undetermined without one of them.

    Args:
        values: (1 + G,) over all clusters, and without each.
    """
    low = -1 / (k - 1) if k > 1 else -1.0
    if len(values) <= FEWEST_CLUSTERS or not ((values > low + _TINY) & (values < 1 - _TINY)).all():
        return None
    z = np.log((1 + (k - 1) * values) / (1 - values)) / 2
    half = half_width(z[1:])
    back = [float((np.exp(2 * at) - 1) / (np.exp(2 * at) + k - 1)) for at in (z[0] - half, z[0] + half)]
    return (back[0], back[1]) if half > _TINY else None


def difference_interval(values: Floats) -> Interval | None:
    """Jackknife-t of a difference, never beyond −2 to 2, as it is of two coefficients. None: as `fisher_interval`."""
    if len(values) <= FEWEST_CLUSTERS or not np.isfinite(values).all():
        return None
    half = half_width(values[1:])
    return (max(-2.0, float(values[0]) - half), min(2.0, float(values[0]) + half)) if half > _TINY else None


def half_width(without: Floats) -> float:
    """t times the jackknife's standard error of (G,) values without each of G clusters."""
    from scipy.special import stdtrit  # scipy.stats takes several times as long to import

    n = len(without)
    return float(stdtrit(n - 1, 0.975)) * sqrt((n - 1) / n * float(((without - without.mean()) ** 2).sum()))


def _sums(clusters: Index, values: Floats, size: int) -> Floats:
    return np.bincount(clusters, values, size).astype(np.float64)


def _rest(of_cluster: Floats) -> Floats:
    """(1 + G,) The total of (G,), then less each."""
    total = of_cluster.sum()
    rest: Floats = np.concatenate([[total], total - of_cluster])
    return rest


def _stepped_up(single: Interval | None, k: int) -> Interval | None:
    if single is None:
        return None
    low, high = (k * r / (1 + (k - 1) * r) for r in single)
    return (low, high) if isfinite(low) and isfinite(high) else None
