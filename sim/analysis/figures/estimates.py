"""Means over personas and scenarios, and how far they can be trusted: the one interval of all tables, chosen by measured coverage
(guide/methods.md#intervals).

A figure is a mean over parts (the dimensions), of each part's mean over the personas that have it. Parts need not have the same personas: where an
occasion is rare, one persona may hold a part alone and move the figure by itself. So personas are left out one at a time, and the interval is made of
how far the figure moves (jackknife). Below four scenarios it is Student's t over personas and speaks of these scenarios only; from four on,
scenarios count as drawn too:

    variance = persona part + scenario part − interaction part, at least half the persona part     (mean squares, as in two-way ANOVA)
    df       = Satterthwaite's, at least min(personas, scenarios) − 1

Satterthwaite's formula squares estimates as if they were the true parts, which promises too many degrees of freedom where the few scenarios carry
most of the variance. So the scenario part counts with (k − 1)² / k of them, and not with k − 1.

The persona part's own degrees of freedom are √((n − 1)(m − 1)), with m the number of personas that would carry the figure were their weights equal:
n where everybody has every part, and less where a few hold a rare one.

`python -m tests.benchmarks.coverage` measures how often this and its rivals cover the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from math import fsum, sqrt
from statistics import fmean
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]

FEWEST_FOR_INTERVAL = 3
"""Personas below which no interval is given."""
FEWEST_SCENARIOS = 4
"""Scenarios from which on they count as drawn, and not as these."""
SCREEN, DECIDE = 12, 24
"""Personas from which on a comparison may be used to screen, and to decide."""
DECIDE_SCENARIOS = 6
"""Scenarios from which on a comparison may decide: four tell what scenarios do with three degrees of freedom."""
FEW = 5
"""Personas that share a part, below which it is named beside the figure that it enters."""
EXACT = 13
"""Personas up to which all sign flips are gone through."""
FLIPS = 9_999
"""Random sign flips beyond."""
AT_ONCE = 100
"""Studies whose signs are flipped at a time."""
PRODUCTS = 200_000
"""Products in one call of numpy: from 262,144 on it shares them out to threads, which takes several times as long as they do."""
EQUAL = 1e-9
"""Spread below which values count as equal: what adding floats leaves."""

Tier = Literal["look", "screen", "decide"]
Scale = tuple[float, float]
"""The least and the most that a figure can be."""


def tier(personas: int, scenarios: int) -> Tier:
    """What may be concluded from so many: `look` is not a verdict, `screen` sorts out, `decide` decides."""
    if personas < SCREEN:
        return "look"
    return "decide" if personas >= DECIDE and scenarios >= DECIDE_SCENARIOS else "screen"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over cells, part by part, and how far it hangs on each persona and scenario.

    Leading axes, where there are any, are independent studies.
    """

    value: Floats
    """(…)"""
    shares: Floats
    """(…, P) What each persona adds; they add up to `value`."""
    by_persona: Floats
    """(…, P) How far each persona draws `value` away from what it is without it; the squares add up to the persona part of its variance."""
    by_scenario: Floats
    """(…, S) The same of scenarios; 0 where there is one."""
    interaction: Floats
    """(…) The part of its variance that cells have beyond personas and scenarios."""
    without: Floats
    """(…, P) What `value` is without each persona; 0 where nothing is left."""
    parts: Floats
    """(…, D) What each part adds; they add up to `value`."""
    carriers: Floats
    """(…) The number of personas that would carry `value` were their weights equal."""
    present: NDArray[np.bool_]
    """(…, P, S) Whether a cell enters any part."""
    holders: Counts
    """(…, D) Personas that have each part."""

    @property
    def personas(self) -> int:
        """Those with a value."""
        return int(self.present.shape[-2])

    @property
    def scenarios(self) -> int:
        """Those with a value."""
        return int(self.present.shape[-1])

    @property
    def each(self) -> Floats:
        """(…, P) Each persona's pseudo-value: where all have every part, its own mean."""
        n = self.personas
        return np.asarray(self.value[..., None] + self.by_persona * np.sqrt(n * max(n - 1, 1)))

    def some(self, studies: NDArray[np.bool_]) -> Estimate:
        """The studies that are chosen."""
        return Estimate(*(getattr(self, f.name)[studies] for f in fields(self)))


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
    filled = np.where(present, values, 0.0)
    mass, has = within.sum(axis=-1), np.asarray(present.any(axis=-1))
    means = _over((within * filled).sum(axis=-1), mass)
    clusters = has.sum(axis=-1)
    parts = (clusters > 0).sum(axis=-1)
    of_parts = _over(means.sum(axis=-1), clusters)
    value = _over(of_parts.sum(axis=-1), parts)
    without = _without_each(means, has)
    weight = has / np.maximum(clusters, 1)[..., None] / parts[..., None, None]
    each = (weight.sum(axis=-2) ** 2 + (weight**2).sum(axis=-2)) / 2
    here = np.asarray(present.any(axis=-3))
    # What each cell adds beyond its part's mean, the part freed of the degree of freedom that its own mean has taken.
    beyond = np.where(present, values - _over(means.sum(axis=-1), clusters)[..., None, None], 0.0)
    freed = np.sqrt(clusters / np.maximum(clusters - 1, 1))[..., None] * weight
    cells = ((freed / np.where(has, mass, 1))[..., None] * within * beyond).sum(axis=-3)
    return Estimate(
        value=value,
        shares=(weight * means).sum(axis=-2),
        by_persona=_by_persona(without),
        by_scenario=_by_scenario(cells),
        interaction=_interaction(cells, here),
        without=without,
        parts=_over(of_parts, np.asarray(parts)[..., None]),
        carriers=each.sum(axis=-1) ** 2 / (each**2).sum(axis=-1),
        present=here,
        holders=clusters,
    )


def _over(a: Floats, b: Floats | Counts) -> Floats:
    """a / b, 0 where there is nothing."""
    found: Floats = a / np.where(b > 0, b, 1)
    return found


def _without_each(means: Floats, has: NDArray[np.bool_]) -> Floats:
    """(…, P) From each persona's mean by part: what the figure is without each; a part that nobody else holds goes too."""
    others = has.sum(axis=-1)[..., None] - has
    of_parts = _over(means.sum(axis=-1)[..., None] - means, others)
    return _over(of_parts.sum(axis=-2), (others > 0).sum(axis=-2))


def _by_persona(without: Floats) -> Floats:
    """(…, P) What leaving each persona out changes, as signed roots of variance."""
    n = without.shape[-1]
    return np.asarray((without.mean(axis=-1, keepdims=True) - without) * np.sqrt((n - 1) / n))


def _by_scenario(cells: Floats) -> Floats:
    """(…, S) What scenarios add, as signed roots of variance."""
    n, k = cells.shape[-2:]
    return np.asarray(cells.sum(axis=-2) * np.sqrt((n - 1) / n * k / max(k - 1, 1)))


def _interaction(cells: Floats, here: NDArray[np.bool_]) -> Floats:
    """(…) The mean square of what cells add beyond their persona and their scenario, in the figure's variance."""
    along, down, n = here.sum(axis=-1), here.sum(axis=-2), here.shape[-2]
    fitted = _over(cells.sum(axis=-1), along)[..., None] + _over(cells.sum(axis=-2), down)[..., None, :]
    squares = (np.where(here, cells - fitted, 0.0) ** 2).sum(axis=(-1, -2))
    return np.asarray(squares * (n - 1) / n * here.sum(axis=(-1, -2)) / _free(here))


def _free(here: NDArray[np.bool_]) -> Counts:
    """Degrees of freedom of the interaction."""
    n, k = here.shape[-2:]
    return np.asarray(np.maximum(here.sum(axis=(-1, -2)) - n - k + 1, 1))


def half_widths(of: Estimate) -> Floats:
    """Half of the 95 % interval of each `of.value`; NaN below three personas, 0 where all are equal."""
    variance, df = spread(of)
    from scipy.special import stdtrit  # scipy.stats takes several times as long to import

    return np.asarray(stdtrit(df, 0.975) * np.sqrt(variance))


def spread(of: Estimate) -> tuple[Floats, Floats]:
    """The variance of each `of.value` and its degrees of freedom, as the module says; NaN below three personas."""
    personas = (of.by_persona**2).sum(axis=-1)
    n, k = of.personas, of.scenarios
    if n < FEWEST_FOR_INTERVAL:
        return np.full_like(personas, np.nan), np.full_like(personas, np.nan)
    free = np.sqrt(np.clip(of.carriers - 1, 1, n - 1) * (n - 1))
    if k < FEWEST_SCENARIOS:
        return personas, free
    scenarios, both = (of.by_scenario**2).sum(axis=-1), of.interaction
    variance = np.maximum(personas + scenarios - both, personas / 2)
    noise = personas**2 / free + scenarios**2 / scenario_freedom(k) + both**2 / _free(of.present)
    df = np.divide(variance**2, noise, out=np.ones_like(variance), where=noise > 0)
    return variance, np.maximum(df, min(n, k) - 1)


def scenario_freedom(scenarios: int) -> float:
    """The degrees of freedom with which the scenario part counts, as the module says."""
    return (scenarios - 1) ** 2 / scenarios


def interval(of: Estimate, scale: Scale | None = None) -> tuple[float, float] | None:
    """The 95 % interval of one estimate. None: fewer than three personas, or all are equal, which tells nothing of others.

    Args:
        scale: the least and the most that the figure can be; the interval ends there.
    """
    half = float(half_widths(of))
    value = float(of.value)
    return clip((value - half, value + half), value, scale) if half > EQUAL else None


def clip(bounds: tuple[float, float], value: float, scale: Scale | None) -> tuple[float, float]:
    """`bounds` as far as the scale reaches, with `value` in them: a mean of what lies on a scale can be nowhere else."""
    low, high = bounds if scale is None else (max(bounds[0], scale[0]), min(bounds[1], scale[1]))
    return min(low, value), max(high, value)


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
    shares = of.shares
    n = shares.shape[-1]
    if n <= EXACT:
        signs = _patterns(n)
        own = 0
    else:
        signs = _flips(seed, n)
        own = 1
    observed = np.abs(of.value)
    # A hair below what was observed, so that a pattern that ties with it counts, however its sum was rounded.
    flat, bar = shares.reshape(-1, n), (observed - EQUAL).reshape(-1)
    some = [slice(i, i + AT_ONCE) for i in range(0, len(flat), AT_ONCE)]
    beyond = np.concatenate([_reach(signs, flat[s], bar[s]) for s in some])
    return np.asarray((beyond + own) / (len(signs) + own)).reshape(observed.shape)


def _reach(signs: Floats, shares: Floats, bar: Floats) -> Counts:
    """For each row of `shares`, how many of `signs` carry it as far as its `bar`."""
    rows = max(1, PRODUCTS // shares.size)
    return np.asarray(sum(np.count_nonzero(np.abs(signs[i : i + rows] @ shares.T) >= bar, axis=0) for i in range(0, len(signs), rows)))


def least_flip_p(personas: int) -> float:
    """The smallest p that `sign_flip_p` can give over so many: that of shares of one sign."""
    return 2.0 ** (1 - personas) if personas <= EXACT else 1 / (FLIPS + 1)


@cache
def _patterns(n: int) -> Floats:
    """(patterns, n) Signs: half of all there are, for each of the others is the mirror image of one, and as far from 0."""
    return np.asarray(1.0 - 2.0 * ((np.arange(2 ** (n - 1))[:, None] >> np.arange(n)) & 1), dtype=np.float64)


@lru_cache(maxsize=4)
def _flips(seed: int, n: int) -> Floats:
    """(flips, n) Signs: the same for all differences of a comparison, which are tested one after the other."""
    return np.asarray(np.random.default_rng([seed, n]).integers(0, 2, (FLIPS, n)) * 2.0 - 1.0, dtype=np.float64)


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


def t_interval(values: Sequence[float], scale: Scale | None = None) -> tuple[float, float] | None:
    """The 95 % t interval of the mean of `values`, df = n − 1; None below three.

    Args:
        scale: the least and the most that they can be; the interval ends there. Where all are equal it says how many others may be otherwise, and
            without a scale there is none.
    """
    n = len(values)
    if n < FEWEST_FOR_INTERVAL:
        return None
    from scipy.special import stdtrit

    mean = fmean(values)
    variance = fsum((v - mean) ** 2 for v in values) / (n - 1)
    half = float(stdtrit(n - 1, 0.975)) * sqrt(variance / n)
    if half > EQUAL:
        return clip((mean - half, mean + half), mean, scale)
    return clip(equal_interval(mean, n, scale), mean, scale) if scale else None


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


def different(n: int, *, level: float = 0.95) -> float:
    """The share of a population that may be otherwise where all of `n` drawn from it are alike: "0 of 24" has this upper limit."""
    return proportion_interval(0, n, level=level)[1]


def equal_interval(value: float, n: int, scale: Scale) -> tuple[float, float]:
    """Where the mean of a population lies when all `n` drawn from it have the same `value`.

    The share that may be otherwise (`different`) can be anywhere on the scale.
    """
    other = different(n)
    return value - other * (value - scale[0]), value + other * (scale[1] - value)
