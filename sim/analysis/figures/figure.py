"""A measure's figure: its value with its 95 % interval and what it is taken from, the one that every table, chart, gate and export shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sim.analysis.figures.estimates import EQUAL, FEWEST_FOR_INTERVAL, Estimate, clip, interval, proportion_interval, spread
from sim.analysis.stats.proportions import narrower

if TYPE_CHECKING:
    from sim.analysis.figures.measures import Measure
    from sim.analysis.figures.pooled import Pooled
    from sim.analysis.figures.table import MeasureTable

Bounds = tuple[float, float]


@dataclass(frozen=True)
class Figure:
    """One measure of one target, or of some of its trials."""

    measure: Measure
    value: float
    personas: int
    """With a value."""
    estimate: Estimate | None
    """None: it is no mean of values by session, but pooled by a definition of its own."""
    pooled: Pooled | None = None

    @cached_property
    def interval(self) -> Bounds | None:
        """95 %, as far as the scale reaches. None: too few personas, or all are equal, which tells nothing of others."""
        if self.estimate is None:
            return self._clipped(self.pooled.bounds()) if self.pooled else None
        if self.measure.proportion:
            return share_bounds(self.estimate) if self.personas >= FEWEST_FOR_INTERVAL else None
        return self._clipped(interval(self.estimate))

    def _clipped(self, bounds: Bounds | None) -> Bounds | None:
        return None if bounds is None else clip(bounds, self.value, self.measure.scale)


def figure(measure: Measure, table: MeasureTable, trials: Sequence[str], *, session: int | None = None) -> Figure | None:
    """The figure of `measure` over some trials of one target; None where there is nothing to take it from, or the measure is of two sides alone.

    Args:
        trials: ids.
        session: of this session alone; left out: of all.
    """
    if measure.of_two:
        return None
    if measure.pooled is not None and session is None:
        pooled = measure.pooled(table, trials)
        return None if pooled is None else Figure(measure, pooled.value, pooled.personas, None, pooled)
    found = table.estimate(measure.parts, trials, session=session)
    return None if found is None else figure_of(measure, found)


def figure_of(measure: Measure, found: Estimate) -> Figure:
    """The figure that an estimate makes."""
    return Figure(measure, float(found.value), found.personas, found)


def share_bounds(found: Estimate) -> Bounds:
    """The interval of a mean of shares: as many observations as the spread between personas tells of, at least one a persona."""
    value, n = min(max(float(found.value), 0.0), 1.0), found.personas
    variance = float(spread(found)[0])
    known = value * (1 - value) / variance if variance > EQUAL else 0.0
    size = max(known * narrower(known, n) if known else 0.0, float(n))
    return proportion_interval(value * size, size)
