"""Two sides held against each other on the same personas and scenarios: what differs between them and not between the people they met.

A pair is persona × scenario; seeds are replicates averaged within, because after the first reply a seed pairs nothing. Each part of a measure (each
dimension) is compared where both sides have it, session by session, and then averaged: a mean over whatever happened to be scored would compare
occasions.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import nan
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.figures.estimates import EQUAL, Estimate, estimate, interval, interval_p, sign_flip_p
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.analysis.figures.estimates import Scale
    from sim.analysis.figures.table import Values

    Floats = NDArray[np.float64]

Place = tuple[str, str]
"""Persona and scenario."""
Slot = tuple[str, str, Hashable]
Slots = Mapping[Slot, float]
"""By persona, scenario and whatever else must be the same on both sides, such as the session."""


class LeftOut(Frozen):
    """What a difference is without any one persona."""

    low: float
    """The least that it is without one of them."""
    high: float
    """The most."""
    persona: str
    """The one that moves it most; the first by name of several."""
    without: float
    """What it is without that one."""


class Paired(Frozen):
    """A mean paired difference over personas."""

    difference: float | None
    """This side minus the other. None: no pair."""
    interval: tuple[float, float] | None
    """95 %, clustered by persona (`sim.analysis.figures.estimates`), within the scale; None below three personas, or where all differ by the same."""
    p: float | None
    """Two-sided, from sign flips by persona."""
    p_interval: float | None
    """Of the level at which the interval would just touch 0; 1 where there is none."""
    d_av: float | None
    """The difference over the mean of both sides' standard deviations between personas. None: fewer than two, or no spread."""
    d_z: float | None
    """The difference over the standard deviation, between personas, of their differences."""
    personas: int
    scenarios: int
    pairs: int
    """Persona × scenario pairs that enter at least one part."""
    holders: tuple[int, ...] = ()
    """By part of the measure, the personas that both sides have it of; empty: nothing in common."""
    adds: tuple[float, ...] = ()
    """By part of the measure, what it adds to the difference, which is their sum."""
    left_out: LeftOut | None = None
    """None: fewer than two personas, or none is the same with both sides."""


@dataclass(frozen=True)
class Sides:
    """Both sides over the same cells; NaN where either has nothing."""

    these: Floats
    """(D, P, S) by part, persona and scenario."""
    those: Floats
    personas: tuple[str, ...]
    scenarios: tuple[str, ...]

    @cached_property
    def difference(self) -> Estimate | None:
        """These minus those; None: nothing in common."""
        return estimate(self.these - self.those)

    @property
    def means(self) -> tuple[float | None, float | None]:
        """Of each side, over what both have."""
        sides = estimate(self.these), estimate(self.those)
        return (float(sides[0].value), float(sides[1].value)) if sides[0] and sides[1] else (None, None)

    @property
    def places(self) -> set[Place]:
        """Those that both have something of."""
        held = np.argwhere(~np.isnan(self.these).all(axis=0)).tolist()
        return {(self.personas[i], self.scenarios[j]) for i, j in held}

    @property
    def pairs(self) -> dict[Place, tuple[float, float]]:
        """Both values of each pair, over the parts that both have there."""
        found: dict[Place, tuple[float, float]] = {}
        for i, persona in enumerate(self.personas):
            for j, scenario in enumerate(self.scenarios):
                here = ~np.isnan(self.these[:, i, j])
                if here.any():
                    found[persona, scenario] = float(self.these[here, i, j].mean()), float(self.those[here, i, j].mean())
        return found


def align(these: Sequence[Slots], those: Sequence[Slots]) -> Sides:
    """Both sides of each part over the slots they share, averaged within persona × scenario."""
    shared = [[slot for slot in a if slot in b] for a, b in zip(these, those, strict=True)]
    personas = tuple(sorted({persona for slots in shared for persona, _, _ in slots}))
    scenarios = tuple(sorted({scenario for slots in shared for _, scenario, _ in slots}))
    return Sides(_filled(these, shared, personas, scenarios), _filled(those, shared, personas, scenarios), personas, scenarios)


def _filled(side: Sequence[Slots], shared: Sequence[Sequence[Slot]], personas: Sequence[str], scenarios: Sequence[str]) -> Floats:
    values = np.full((len(side), len(personas), len(scenarios)), nan)
    row, column = {p: i for i, p in enumerate(personas)}, {s: i for i, s in enumerate(scenarios)}
    for part, (slots, keys) in enumerate(zip(side, shared, strict=True)):
        cells: dict[tuple[int, int], list[float]] = {}
        for key in keys:
            cells.setdefault((row[key[0]], column[key[1]]), []).append(slots[key])
        for cell, found in cells.items():
            values[part][cell] = fmean(found)
    return values


def compare_sides(sides: Sides, *, scale: Scale | None = None, seed: int = 0) -> Paired:
    """The mean paired difference with interval, p and effects.

    Args:
        scale: the least and the most that the difference can be.
    """
    difference = sides.difference
    if difference is None:
        return Paired(difference=None, interval=None, p=None, p_interval=None, d_av=None, d_z=None, personas=0, scenarios=0, pairs=0)
    value = float(difference.value)
    between = [_deviation(e) for side in (sides.these, sides.those) if (e := estimate(side))]
    return Paired(
        difference=value,
        interval=interval(difference, scale),
        p=float(sign_flip_p(difference, seed=seed)),
        p_interval=float(interval_p(difference)),
        d_av=_ratio(value, sum(between) / 2),
        d_z=_ratio(value, _deviation(difference)),
        personas=difference.personas,
        scenarios=difference.scenarios,
        pairs=int(difference.present.sum()),
        holders=tuple(difference.holders.tolist()),
        adds=tuple(difference.parts.tolist()),
        left_out=leave_out(value, dict(zip(sides.personas, difference.without.tolist(), strict=True))),
    )


def leave_out(value: float, without: Mapping[str, float]) -> LeftOut | None:
    """The range of a difference of `value` over leaving out each persona.

    Args:
        without: what it is without each.
    """
    if len(without) < 2:
        return None
    most = min(without, key=lambda p: (-round(abs(without[p] - value), 9), p))
    return LeftOut(low=min(without.values()), high=max(without.values()), persona=most, without=without[most])


def _deviation(of: Estimate) -> float:
    """The standard deviation between personas; 0 where there is one."""
    n = of.personas
    return float(np.sqrt((of.by_persona**2).sum() * n))


def _ratio(value: float, spread: float) -> float | None:
    return value / spread if spread > EQUAL else None


def seed_means(values: Values, keys: Mapping[str, Place], *, also: Hashable = None) -> dict[Slot, float]:
    """`values` by persona, scenario and session, replicates averaged.

    Args:
        keys: persona and scenario of each trial.
        also: must be the same on both sides, beside the session.
    """
    gathered: dict[Slot, list[float]] = {}
    for trial, sessions in values.items():
        for session, value in sessions.items():
            gathered.setdefault((*keys[trial], (also, session)), []).append(value)
    return {slot: fmean(found) for slot, found in gathered.items()}
