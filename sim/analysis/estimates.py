"""Estimates that several tables share."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, sqrt
from statistics import fmean

FEWEST_FOR_INTERVAL = 3
"""Values below which no interval is given."""


def half_width(values: Sequence[float]) -> float | None:
    """Half of the 95 % t interval of the mean of `values`, df = n − 1; None below three."""
    n = len(values)
    if n < FEWEST_FOR_INTERVAL:
        return None
    from scipy.special import stdtrit  # scipy.stats takes several times as long to import

    mean = fmean(values)
    variance = fsum((v - mean) ** 2 for v in values) / (n - 1)
    return float(stdtrit(n - 1, 0.975)) * sqrt(variance / n)


def t_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % t interval of the mean of `values`; None below three."""
    half = half_width(values)
    mean = fmean(values) if values else 0.0
    return None if half is None else (mean - half, mean + half)
