"""How large a study would settle what this one could not: personas and scenarios at which four fresh studies in five come to a verdict.

A study settles a question when its 95 % interval leaves the bar out. What the true value is, this study has not told; it has told where it lies, and
how far personas, scenarios and cells spread. So the chance that a larger study settles it is averaged over all that is left open: over true values as
likely as this study's t distribution says, and over spreads as likely as its mean squares do. Each chance is that of noncentral t, with the degrees
of freedom that the interval will have (`sim.analysis.figures.estimates`). Below four scenarios the question is about these scenarios, and only
personas are counted up.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.figures.estimates import EQUAL, FEWEST_FOR_INTERVAL, FEWEST_SCENARIOS, Estimate, scenario_freedom, spread
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

POWER = 0.8
MOST_PERSONAS = 1_000
SCENARIOS = (4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48)
"""Numbers of scenarios that are looked at, beside as many as there are."""
DRAWS = 64
"""Of what the study leaves open."""
PRIOR, PRIOR_SHARE = 3, 0.25
"""What scenarios add is taken to be a quarter of what personas do, as sure as three scenarios more would make it: four tell little of it."""


class Needed(Frozen):
    """A study that would settle the question with 80 % power."""

    personas: int
    scenarios: int
    """As many as there are now, or more where personas alone would take longer."""
    more_scenarios: bool
    """Whether it takes more scenarios than there are now."""

    @property
    def words(self) -> str:
        """As it stands in a sentence."""
        return f"about {self.personas:,} personas" + (f" × {self.scenarios} scenarios" if self.scenarios >= FEWEST_SCENARIOS else "")


@dataclass(frozen=True, slots=True)
class _Open:
    """What the study leaves open: (DRAWS,) each."""

    gap: Floats
    """From the bar to the true value."""
    personas: Floats
    """Variance between personas."""
    scenarios: Floats
    cells: Floats


def needed(found: Estimate, gap: float) -> Needed | None:
    """The study of fewest talks that settles with 80 % power on which side of the bar the true value of `found` lies.

    Args:
        gap: from the bar to the value that was found.

    Returns:
        None where no study of up to 1,000 personas and 48 scenarios does, or where nothing is known of the spread.
    """
    if found.personas < FEWEST_FOR_INTERVAL or float(spread(found)[0]) < EQUAL:
        return None
    left = _left_open(found, gap)
    fixed = found.scenarios < FEWEST_SCENARIOS
    best: Needed | None = None
    for k in (found.scenarios,) if fixed else sorted({found.scenarios, *(s for s in SCENARIOS if s > found.scenarios)}):
        if chance_settled(left, MOST_PERSONAS, k, fixed=fixed) >= POWER:
            n = FEWEST_FOR_INTERVAL + bisect_left(range(FEWEST_FOR_INTERVAL, MOST_PERSONAS), POWER, key=partial(_at, left, k, fixed))
            if best is None or n * k < best.personas * best.scenarios:
                best = Needed(personas=n, scenarios=k, more_scenarios=k > found.scenarios)
    return best


def needed_by_error(gap: float, error: float, personas: int) -> Needed | None:
    """The same where only the standard error of a figure over so many personas is known: personas alone, of these scenarios."""
    if personas < FEWEST_FOR_INTERVAL or error < EQUAL:
        return None
    from scipy.special import chdtri, stdtrit

    u, df = spread_points(), personas - 1
    left = _Open(gap + error * stdtrit(df, u[:, 0]), error**2 * personas * df / chdtri(df, u[:, 1]), np.zeros(DRAWS), np.zeros(DRAWS))
    if chance_settled(left, MOST_PERSONAS, 1, fixed=True) < POWER:
        return None
    n = FEWEST_FOR_INTERVAL + bisect_left(range(FEWEST_FOR_INTERVAL, MOST_PERSONAS), POWER, key=partial(_at, left, 1, True))
    return Needed(personas=n, scenarios=1, more_scenarios=False)


def needed_for_share(share: float, size: float, personas: int, settled: Callable[[float, float], bool]) -> Needed | None:
    """The number of personas at which a share comes to a verdict with 80 % power.

    Args:
        share: the share that was found.
        size: how many independent observations it stands on; it grows with the number of personas.
        settled: whether a share of so many observations is on one side of the bar.
    """
    from scipy.special import betaincinv, ndtri

    u = spread_points()
    true = betaincinv(share * size + 0.5, (1 - share) * size + 0.5, u[:, 0])
    for k in range(1, 200):
        n = math.ceil(personas * 1.05**k)
        if n > MOST_PERSONAS:
            return None
        many = size * n / personas
        drawn = np.clip(np.round(many * true + np.sqrt(many * true * (1 - true)) * ndtri(u[:, 1])), 0, np.floor(many)) / many
        if np.mean([settled(found, many) for found in drawn.tolist()]) >= POWER:
            return Needed(personas=n, scenarios=1, more_scenarios=False)
    return None


def _at(left: _Open, scenarios: int, fixed: bool, personas: int) -> float:
    return chance_settled(left, personas, scenarios, fixed=fixed)


def chance_settled(left: _Open, personas: int, scenarios: int, *, fixed: bool) -> float:
    """The chance that a study of so many settles it, averaged over what is left open."""
    n = float(personas)
    if fixed:
        variance: Floats = left.personas / n
        df: Floats = np.full_like(variance, n - 1)
    else:
        both = left.cells / (n * scenarios)
        along, down = left.personas / n + both, left.scenarios / scenarios + both
        variance = along + down - both
        noise = along**2 / (n - 1) + down**2 / scenario_freedom(scenarios) + both**2 / ((n - 1) * (scenarios - 1))
        df = np.maximum(variance**2 / noise, min(n, scenarios) - 1)
    return float(power_of(np.abs(left.gap) / np.sqrt(variance), df).mean())


def power_of(distance: Floats | float, df: Floats | float, *, level: float = 0.05) -> Floats:
    """The chance that a t interval of 1 − `level` leaves out a bar so many standard errors from the true value, on that side of it."""
    from scipy.special import nctdtr, stdtrit  # scipy.stats takes several times as long to import

    return np.asarray(1 - nctdtr(df, np.minimum(distance, 37.0), stdtrit(df, 1 - level / 2)))


def _left_open(found: Estimate, gap: float) -> _Open:
    from scipy.special import chdtri, stdtrit

    u = spread_points()
    n, k = found.personas, found.scenarios
    variance, df = spread(found)
    gaps = gap + np.sqrt(float(variance)) * stdtrit(float(df), u[:, 0])
    along = float((found.by_persona**2).sum()) * n * (n - 1) / chdtri(n - 1, u[:, 1])
    if k < FEWEST_SCENARIOS:
        return _Open(gaps, along, np.zeros(DRAWS), np.zeros(DRAWS))
    cells = float(found.interaction) * n * k
    personas = np.maximum(along - cells / k, along / 10)
    scenarios = max(float((found.by_scenario**2).sum()) * k - cells / n, 0.0)
    mean = max(float((found.by_persona**2).sum()) * n - cells / k, 0.0)
    pooled = (k - 1) * scenarios + PRIOR * PRIOR_SHARE * mean
    return _Open(gaps, personas, pooled / chdtri(k - 1 + PRIOR, u[:, 2]), np.full(DRAWS, cells))


@lru_cache(maxsize=1)
def spread_points() -> Floats:
    """(DRAWS, 3) Points spread evenly over the unit cube (Roberts' sequence), the same each time."""
    step = 1 / 1.2207440846057596 ** np.arange(1, 4)
    return np.asarray((0.5 + np.outer(np.arange(DRAWS), step)) % 1)
