"""Means over personas and scenarios, and how far they can be trusted: the one interval of all tables, chosen by measured coverage
(guide/methods.md#intervals).

Every figure is a weighted sum over cells (persona × scenario), so all that an interval needs is each cell's pull on it. Personas are clusters.
Below four scenarios the interval is Student's t over personas and speaks of these scenarios only; from four on, scenarios count as drawn too:

    variance = persona part + max(scenario part − interaction part, 0)      each a mean square, as in a two-way analysis of variance
    df       = Satterthwaite's, at least min(personas, scenarios) − 1

`python -m tests.benchmarks.coverage` measures how often this and its rivals cover the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, sqrt
from statistics import fmean
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEWEST_FOR_INTERVAL = 3
"""Personas below which no interval is given."""
FEWEST_SCENARIOS = 4
"""Scenarios from which on they count as drawn, and not as these."""
SCREEN, DECIDE = 12, 24
"""Personas from which on a comparison may be used to screen, and to decide."""
EXACT = 13
"""Personas up to which all sign flips are gone through."""
FLIPS = 9_999
"""Random sign flips beyond."""
AT_ONCE = 100
"""Studies whose signs are flipped at a time."""
EQUAL = 1e-9
"""Spread below which values count as equal: what adding floats leaves."""

Tier = Literal["look", "screen", "decide"]


def tier(personas: int, scenarios: int) -> Tier:
    """What may be concluded from so many: `look` is no verdict, `screen` sorts out, `decide` decides."""
    if personas < SCREEN:
        return "look"
    return "decide" if personas >= DECIDE and scenarios >= FEWEST_SCENARIOS else "screen"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over cells, part by part, and each cell's share in it. Leading axes, where there are any, are independent studies."""

    value: Floats
    """(…)"""
    shares: Floats
    """(…, P, S) They add up to `value`."""
    pull: Floats
    """(…, P, S) How far each cell draws `value` away from what the others say; they add up to 0."""
    present: NDArray[np.bool_]
    """(…, P, S)"""

    @property
    def personas(self) -> int:
        """Those with a value."""
        return int(self.pull.shape[-2])

    @property
    def scenarios(self) -> int:
        """Those with a value."""
        return int(self.pull.shape[-1])


def estimate(values: Floats, weights: Floats | None = None) -> Estimate | None:
    """The unweighted mean over parts of their mean over personas of their mean over scenarios.

    Args:
        values: (…, D, P, S) a value for each part, persona and scenario; NaN where there is none.
        weights: the same shape; what a scenario counts within its persona. Left out: all alike.

    Returns:
        None where there is no value at all. Personas and scenarios without any are left out.
    """
    present: NDArray[np.bool_] = ~np.isnan(values)
    personas, scenarios = present.any(axis=(*range(values.ndim - 2), -1)), present.any(axis=tuple(range(values.ndim - 1)))
    if not personas.any():
        return None
    values, present = values[..., personas, :][..., scenarios], present[..., personas, :][..., scenarios]
    within = present.astype(float) if weights is None else weights[..., personas, :][..., scenarios] * present
    mass = within.sum(axis=-1, keepdims=True)
    clusters = (mass > 0).sum(axis=-2, keepdims=True)
    parts = (clusters > 0).sum(axis=-3, keepdims=True)
    weight = within / np.maximum(mass, EQUAL) / np.maximum(clusters, 1) / parts
    filled = np.where(present, values, 0.0)
    # Level by level, so that the mean of equal values is that value and no float beside it.
    each = (within * filled).sum(axis=-1, keepdims=True) / np.where(mass > 0, mass, 1)
    means = each.sum(axis=-2, keepdims=True) / np.maximum(clusters, 1)
    value = (means.sum(axis=-3, keepdims=True) / parts)[..., 0, 0, 0]
    # Each part is freed of the degree of freedom that its own mean has taken.
    freed = np.sqrt(clusters / np.maximum(clusters - 1, 1))
    pull = weight * (filled - means) * freed
    return Estimate(value, (weight * filled).sum(axis=-3), pull.sum(axis=-3), np.asarray(present.any(axis=-3)))


def half_widths(of: Estimate) -> Floats:
    """Half of the 95 % interval of each `of.value`; NaN below three personas, 0 where all are equal."""
    variance, df = spread(of)
    from scipy.special import stdtrit  # scipy.stats takes several times as long to import

    return np.asarray(stdtrit(df, 0.975) * np.sqrt(variance))


def spread(of: Estimate) -> tuple[Floats, Floats]:
    """The variance of each `of.value` and its degrees of freedom, as the module says; NaN below three personas."""
    rows = of.pull.sum(axis=-1)
    personas = (rows**2).sum(axis=-1)
    n, k = of.personas, of.scenarios
    if n < FEWEST_FOR_INTERVAL:
        return np.full_like(personas, np.nan), np.full_like(personas, np.nan)
    if k < FEWEST_SCENARIOS:
        return personas, np.full_like(personas, n - 1)
    columns = of.pull.sum(axis=-2)
    scenarios = (columns**2).sum(axis=-1) * (n - 1) / n * k / (k - 1)
    here = of.present
    along, down = np.maximum(here.sum(axis=-1), 1), np.maximum(here.sum(axis=-2), 1)
    fitted = (rows / along)[..., None] + (columns / down)[..., None, :]
    cells = here.sum(axis=(-1, -2))
    left = np.maximum(cells - n - k + 1, 1)
    both = (np.where(here, of.pull - fitted, 0.0) ** 2).sum(axis=(-1, -2)) * (n - 1) / n * cells / left
    variance = np.maximum(personas + scenarios - both, personas)
    noise = personas**2 / (n - 1) + scenarios**2 / (k - 1) + both**2 / left
    df = np.divide(variance**2, noise, out=np.ones_like(variance), where=noise > 0)
    return variance, np.maximum(df, min(n, k) - 1)


def interval(of: Estimate) -> tuple[float, float] | None:
    """The 95 % interval of one estimate. None: fewer than three personas, or all are equal, which tells nothing of others."""
    half = float(half_widths(of))
    value = float(of.value)
    return (value - half, value + half) if half > EQUAL else None


def interval_p(of: Estimate) -> Floats:
    """P, for each `of.value`, of the level at which its interval would just touch 0; 1 where there is no interval."""
    variance, df = spread(of)
    from scipy.special import stdtr

    error = np.sqrt(variance)
    known = error > EQUAL
    return np.where(known, 2 * stdtr(np.where(known, df, 1), -np.abs(of.value) / np.where(known, error, 1)), 1.0)


def sign_flip_p(of: Estimate, *, seed: int) -> Floats:
    """P, for each `of.value`, of one at least as far from 0 were each persona's share as likely to have the other sign.

    Two-sided; exact up to 13 personas, over 9,999 seeded flips beyond, the observed one counted. It speaks of these scenarios.
    """
    shares = of.shares.sum(axis=-1)
    n = shares.shape[-1]
    if n <= EXACT:
        # Half of all patterns: each of the others is the mirror image of one, and as far from 0.
        signs = 1.0 - 2.0 * ((np.arange(2 ** (n - 1))[:, None] >> np.arange(n)) & 1)
        own = 0
    else:
        signs = np.random.default_rng([seed, n]).integers(0, 2, (FLIPS, n)) * 2.0 - 1.0
        own = 1
    observed = np.abs(of.value)
    # A hair below what was observed, so that a pattern that ties with it counts, however its sum was rounded.
    flat, bar = shares.reshape(-1, n), (observed - EQUAL).reshape(-1)
    some = [slice(i, i + AT_ONCE) for i in range(0, len(flat), AT_ONCE)]
    beyond = np.concatenate([np.count_nonzero(np.abs(signs @ flat[s].T) >= bar[s], axis=0) for s in some])
    return np.asarray((beyond + own) / (len(signs) + own)).reshape(observed.shape)


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Holm's adjusted p for one family; None stays None and belongs to no family."""
    known = sorted((value, i) for i, value in enumerate(p) if value is not None)
    adjusted: list[float | None] = [None] * len(p)
    so_far = 0.0
    for rank, (value, i) in enumerate(known):
        so_far = max(so_far, min(1.0, value * (len(known) - rank)))
        adjusted[i] = so_far
    return adjusted


# --- over plain values --------------------------------------------------------------------------------------------


def half_width(values: Sequence[float]) -> float | None:
    """Half of the 95 % t interval of the mean of `values`, df = n − 1; None below three."""
    n = len(values)
    if n < FEWEST_FOR_INTERVAL:
        return None
    from scipy.special import stdtrit

    mean = fmean(values)
    variance = fsum((v - mean) ** 2 for v in values) / (n - 1)
    return float(stdtrit(n - 1, 0.975)) * sqrt(variance / n)


def t_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % t interval of the mean of `values`; None below three."""
    half = half_width(values)
    mean = fmean(values) if values else 0.0
    return None if half is None else (mean - half, mean + half)


def proportion_interval(successes: float, n: float, *, level: float = 0.95) -> tuple[float, float]:
    """Clopper and Pearson's interval of a proportion; `n` may be an effective, fractional number.

    Raises:
        ValueError: there is nothing to take a share of.
    """
    if n <= 0:
        raise ValueError("a share of nothing")
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    low = 0.0 if successes <= 0 else float(betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes >= n else float(betaincinv(successes + 1, n - successes, 1 - tail))
    return low, high
