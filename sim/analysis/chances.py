"""What a gate will say, before anything is spent: the chance that a requirement passes, fails or cannot be told (guide/methods.md#power).

A simulated run is what `sim.analysis.estimates` sees of a real one: a mean, or a paired difference between two versions, made of what personas,
scenarios, their interaction and seeds add to a true value. It is judged as `sim gate` judges it: by whether the whole interval is on one side of the
bar.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.estimates import estimate, half_widths
from sim.analysis.gate import FEWEST
from sim.analysis.power import REPLICATES, simulate
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from sim.analysis.power import Design, Spreads

AWAY = (-0.4, -0.2, -0.1, 0.0, 0.1, 0.2, 0.4)
"""True values that are looked at, in points on the good side of the bar."""
PARTS = (0.0, 0.5, 1.0)
"""Of the margin by which a new version may truly be worse."""


class Chance(Frozen):
    """What becomes of a requirement at one true value."""

    away: float
    """How far the true value is on the good side of the bar, in points; of non-inferiority, of the old version less the margin."""
    passes: float
    fails: float
    cannot_tell: float


def chance(design: Design, spreads: Spreads, away: float, *, replicates: int = REPLICATES, seed: int = 0) -> Chance:
    """The shares of simulated runs that pass, fail, and leave it open."""
    if design.personas < FEWEST:
        return Chance(away=away, passes=0.0, fails=0.0, cannot_tell=1.0)
    found = estimate(simulate(design, spreads, replicates=replicates, seed=seed).noise + away)
    assert found is not None, "a simulated run has values"
    half = half_widths(found)
    passes, fails = float((found.value - half > 0).mean()), float((found.value + half < 0).mean())
    return Chance(away=away, passes=passes, fails=fails, cannot_tell=max(0.0, 1 - passes - fails))


def requirement_chances(design: Design, levels: Spreads, *, replicates: int = REPLICATES) -> tuple[Chance, ...]:
    """Of a mean against a bar, at several true values around it."""
    return tuple(chance(design, levels, away, replicates=replicates) for away in AWAY)


def margin_chances(design: Design, differences: Spreads, margin: float, *, replicates: int = REPLICATES) -> tuple[Chance, ...]:
    """Of a new version that is as good as the old, worse by half the margin, and by all of it."""
    return tuple(chance(design, differences, margin * (1 - part), replicates=replicates) for part in PARTS)


def level_spreads(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], *, source: str) -> Spreads | None:
    """The spreads of a pilot's own means.

    Args:
        values: (P, S) a target's mean by persona and scenario; NaN where there is none.
    """
    from sim.analysis.power import Spreads, components

    found = components(values)
    if found is None:
        return None
    personas, scenarios, cells = (math.sqrt(max(v, 0.0)) for v in found)
    return Spreads(personas=personas, scenarios=scenarios, cells=cells, seeds=0.0, source=source, seen=(values.shape[0], values.shape[1]))
