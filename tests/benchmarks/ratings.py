"""Studies with known properties, exchange by exchange and dimension by dimension: the material of what is said about intervals, gates and plans.

A score is what persona, persona × target, scenario, scenario × target, cell, session and exchange add up to, rounded and clipped to 1 to 5. Half of
what an exchange adds is shared by its dimensions. Reference understanding, humour and callback apply by occasion, drawn for each exchange of each
target; callback from the second session on. Targets are equal but for the effect that is planted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import erf, sqrt
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ALWAYS, DIMENSIONS = 4, 7
AT_ONCE = 3_000_000
"""Scores of one dimension held at a time."""
Rates = tuple[float, float, float]
DEMONSTRATION: Rates = (0.08, 0.06, 0.73)
"""Of the built-in demonstration: allusions, bids for humour, and from the second session on occasions for a callback."""
Behaviour = Literal["plain", "occasions follow liking", "leaving follows disliking"]


@dataclass(frozen=True)
class World:
    """What studies are drawn from; standard deviations in points of the 1 to 5 scale."""

    personas: int
    scenarios: int
    rates: Rates = (0.45, 0.45, 0.45)
    targets: int = 2
    effect: float = 0.0
    """What the last target is liked more than the others, before rounding."""
    mean: float = 3.3
    sessions: int = 4
    exchanges: int = 6
    persona: float = 0.5
    persona_target: float = 0.35
    uneven: float = 0.0
    """Standard deviation of the logarithm of a persona's own `persona_target`."""
    scenario: float = 0.25
    scenario_target: float = 0.15
    cell: float = 0.3
    session: float = 0.3
    exchange: float = 0.7
    behaviour: Behaviour = "plain"
    fixed: bool = False
    """The scenarios are all there are: what they do is no noise, and is left out."""

    @property
    def truth(self) -> float:
        """The true difference of the last target and another in the mean over all personas, as rounding and the ends of the scale leave it."""
        if not self.effect:
            return 0.0
        assert not self.uneven, "known in closed form for even spreads"
        return _expected(self.mean + self.effect, self._total) - _expected(self.mean, self._total)

    @property
    def level(self) -> float:
        """The true mean score of a target without the effect."""
        return _expected(self.mean, self._total)

    @property
    def spreads(self) -> tuple[float, float, float]:
        """Standard deviations of a target's own likability between personas, scenarios and cells, occasions always, before rounding."""
        half = self.exchange**2 / 2
        within = self.session**2 / self.sessions + half * (1 + 1 / DIMENSIONS) / (self.sessions * self.exchanges)
        scenes = 0.0 if self.fixed else sqrt(self.scenario**2 + self.scenario_target**2)
        return sqrt(self.persona**2 + self.persona_target**2), scenes, sqrt(self.cell**2 + within)

    def cells(self, rng: np.random.Generator, truth: float) -> Floats:
        """(1, P, S) What one target is liked by persona and scenario in one study, drawn as a whole: as large a study as is asked for in no time."""
        personas, scenes, cells = self.spreads
        p, s = self.personas, self.scenarios
        return (truth + rng.normal(0, personas, (p, 1)) + rng.normal(0, scenes, (1, s)) + rng.normal(0, cells, (p, s)))[None]

    @property
    def _total(self) -> float:
        scenes = 0.0 if self.fixed else self.scenario**2 + self.scenario_target**2
        return sqrt(self.persona**2 + self.persona_target**2 + scenes + self.cell**2 + self.session**2 + self.exchange**2)

    def draw(self, rng: np.random.Generator, studies: int) -> Iterator[Floats]:
        """(some, targets, P, S, sessions, 7) session means of so many studies in all, some at a time; NaN where a session had no occasion."""
        each = self.targets * self.personas * self.scenarios * self.sessions * self.exchanges
        some = max(1, AT_ONCE // each)
        for done in range(0, studies, some):
            yield self._draw(rng, min(some, studies - done))

    def _draw(self, rng: np.random.Generator, n: int) -> Floats:
        t, p, s, k = self.targets, self.personas, self.scenarios, self.sessions

        def noise(sd: float, *shape: int) -> Floats:
            return sd * rng.standard_normal(shape)

        spread = np.exp(noise(self.uneven, n, 1, p, 1, 1)) * self.persona_target
        level = self.mean + noise(self.persona, n, 1, p, 1, 1) + spread * noise(1, n, t, p, 1, 1)
        level = level + noise(self.cell, n, t, p, s, 1) + noise(self.session, n, t, p, s, k)
        if not self.fixed:
            level = level + noise(self.scenario, n, 1, 1, s, 1) + noise(self.scenario_target, n, t, 1, s, 1)
        level[:, -1] += self.effect
        return self._rated(rng, level)

    def _rated(self, rng: np.random.Generator, level: Floats) -> Floats:
        """Session means of what is rated at these levels, (n, t, p, s, k)."""
        shape, half = (*level.shape, self.exchanges), np.float32(self.exchange * sqrt(0.5))
        shared = half * rng.standard_normal(shape, dtype=np.float32) + level.astype(np.float32)[..., None]
        stays = self._stays(rng, shared)
        found = np.full((*level.shape, DIMENSIONS), np.nan)
        scores = np.empty(shape, dtype=np.float32)
        for d in range(DIMENSIONS):
            rng.standard_normal(dtype=np.float32, out=scores)
            scores *= half
            scores += shared
            np.clip(np.rint(scores, out=scores), 1, 5, out=scores)
            had = stays if d < ALWAYS else self._occasions(rng, d - ALWAYS, shared) & (True if stays is None else stays)
            if had is None:
                found[..., d] = scores.mean(axis=-1)
                continue
            scores *= had
            times = np.count_nonzero(had, axis=-1)
            np.divide(scores.sum(axis=-1), times, out=found[..., d], where=times > 0)
        return found

    def _stays(self, rng: np.random.Generator, shared: NDArray[np.float32]) -> NDArray[np.bool_] | None:
        """Whether the user is still there; None: always. At every exchange but a session's first, who likes it less is the more probably gone."""
        if self.behaviour != "leaving follows disliking":
            return None
        stays = rng.random(shared.shape, dtype=np.float32) < 1 / (1 + np.exp(-(shared - 1.5) * 2))
        stays[..., 0] = True
        return np.logical_and.accumulate(stays, axis=-1)

    def _occasions(self, rng: np.random.Generator, which: int, shared: NDArray[np.float32]) -> NDArray[np.bool_]:
        rate: float | NDArray[np.float32] = self.rates[which]
        if self.behaviour == "occasions follow liking":
            rate = np.clip(rate * np.exp((shared - self.mean) * 0.7), 0, 1)
        had = rng.random(shared.shape, dtype=np.float32) < rate
        if which == 2:
            had[..., 0, :] = False
        return had


def _expected(mean: float, sd: float) -> float:
    """The mean of a normal score rounded and clipped to 1 to 5."""
    return 1 + sum(0.5 * (1 + erf((mean - edge) / sd / sqrt(2))) for edge in (1.5, 2.5, 3.5, 4.5))


def paired(these: Floats, those: Floats) -> Floats:
    """(n, 7, P, S) Differences of session means over the sessions that both sides have, as `sim.analysis.verdicts.pairs` averages them."""
    return averaged(these - those)


def averaged(values: Floats) -> Floats:
    """(n, 7, P, S) from (n, P, S, sessions, 7): the mean over sessions; NaN where there is none."""
    there = ~np.isnan(values)
    times = there.sum(axis=-2)
    means = np.where(times > 0, np.where(there, values, 0.0).sum(axis=-2) / np.maximum(times, 1), np.nan)
    return np.moveaxis(means, -1, 1)
