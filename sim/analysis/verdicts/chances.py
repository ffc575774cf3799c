"""What a gate will say, before anything is spent: the chance that a requirement passes, fails or cannot be told (guide/methods.md#power).

A simulated run is what `sim.analysis.figures.estimates` sees of a real one: a mean, or a paired difference between two versions, made of what
personas, scenarios, their interaction and seeds add to a true value. It is judged as `sim gate` judges it: by whether the whole interval is on one
side of the bar.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from sim.analysis.figures.estimates import estimate, half_widths
from sim.analysis.figures.measures import BY_ID, RATED
from sim.analysis.verdicts.gate_checks import FEWEST
from sim.analysis.verdicts.pairs import align
from sim.analysis.verdicts.power import REPLICATES, Spreads, assumed_scenarios, components, simulate
from sim.analysis.verdicts.requirements import Mean
from sim.core.errors import InputError
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.analysis.figures.measures import Measure
    from sim.analysis.verdicts.arms import Arm
    from sim.analysis.verdicts.power import Design
    from sim.analysis.verdicts.requirements import Requirement

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


class Foreseen(Frozen):
    """One requirement or margin of a study that has not been run."""

    text: str
    """As it is asked for."""
    bar: float
    """What the true value is held against; of a margin, how much worse the new version may be."""
    better: Literal["higher", "lower"]
    source: str
    """Where the spreads come from, in words."""
    chances: tuple[Chance, ...]
    """By true value."""


def chance(design: Design, spreads: Spreads, away: float, *, replicates: int = REPLICATES, seed: int = 0) -> Chance:
    """The shares of simulated runs that pass, fail, and leave it open."""
    if design.personas < FEWEST:
        return Chance(away=away, passes=0.0, fails=0.0, cannot_tell=1.0)
    found = estimate(simulate(design, spreads, replicates=replicates, seed=seed).noise + away)
    assert found is not None, "a simulated run has values"
    half = half_widths(found)
    passes, fails = float((found.value - half > 0).mean()), float((found.value + half < 0).mean())
    return Chance(away=away, passes=passes, fails=fails, cannot_tell=max(0.0, 1 - passes - fails))


def required_measure(asked: Requirement) -> Measure:
    """The measure whose mean a requirement is about.

    Raises:
        InputError: it is not about a mean on the scale of ratings, whose spreads are known beforehand.
    """
    measure = BY_ID.get(asked.figure.measure) if isinstance(asked.figure, Mean) else None
    if measure is None or measure.scale != RATED:
        problem = f"plan foresees means on the scale of 1 to 5, which '{asked.text}' is not about"
        raise InputError(problem, mend="ask for one such as 'likability >= 3.5', and gate the others after the run")
    return measure


def margin_measure(measure: str) -> Measure:
    """The measure that a margin is about.

    Raises:
        InputError: the measure is not on the scale of ratings.
    """
    known = BY_ID.get(measure)
    if known is None or known.scale != RATED:
        raise InputError(f"plan foresees margins on the scale of 1 to 5, which {measure} is not on", mend="ask for one such as likability=0.2")
    return known


def foresee(asked: Requirement, design: Design, levels: Spreads, *, replicates: int = REPLICATES) -> Foreseen:
    """The chances of a mean against a bar, at several true values around it."""
    better: Literal["higher", "lower"] = "higher" if asked.operator in (">=", ">") else "lower"
    chances = tuple(chance(design, levels, away, replicates=replicates) for away in AWAY)
    return Foreseen(text=asked.text, bar=asked.bar, better=better, source=levels.source, chances=chances)


def foresee_margin(measure: Measure, margin: float, design: Design, differences: Spreads, *, replicates: int = REPLICATES) -> Foreseen:
    """The chances of a new version that is as good as the old, worse by half the margin, and by all of it."""
    chances = tuple(chance(design, differences, margin * (1 - part), replicates=replicates) for part in PARTS)
    return Foreseen(text=f"{measure.id} not worse by {margin:g}", bar=margin, better="higher", source=differences.source, chances=chances)


def level_spreads(arms: Sequence[Arm], *, run: str, measure: Measure) -> Spreads | None:
    """The spreads of a pilot's own means, mean squares over its targets. None: none has three personas, or none varies.

    Seeds are averaged within, so that what they add stands under cells.
    """
    found, seen = [], (0, 0)
    for arm in arms:
        slots = arm.slots(measure.parts)
        values = align(slots, slots).these
        squares = components(np.nanmean(values, axis=0)) if values.size else None
        if squares is not None:
            found.append(squares)
            seen = values.shape[1], values.shape[2]
    if not any(any(of) for of in found):
        return None
    personas, scenarios, cells = (math.sqrt(max(float(np.mean([f[i] for f in found])), 0.0)) for i in range(3))
    scenarios, assumed = (scenarios, "") if seen[1] > 1 else assumed_scenarios(personas)
    return Spreads(personas=personas, scenarios=scenarios, cells=cells, seeds=0.0, source=f"pilot '{run}'{assumed}", seen=seen)
