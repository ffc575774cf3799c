"""Two targets held against each other on the same personas and scenarios: what differs between them and not between the people they met.

A pair is persona × scenario; seeds are replicates averaged within, because after the first reply a seed pairs nothing. Differences are taken
dimension by dimension, on pairs in which both sides had an occasion, and then averaged: a mean over whatever happened to be scored would compare
occasions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from sim.analysis.estimates import t_interval
from sim.core.codebook import DIMENSIONS, Dimension
from sim.core.event import Score
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from sim.core.record import Trial

WITHOUT_CALLBACK: tuple[Dimension, ...] = tuple(d for d in DIMENSIONS if d != "callback")
"""Callback is memory by definition, so what memory buys is looked for in the other six."""

Place = tuple[str, str]
"""Persona and scenario."""


class Paired(Frozen):
    """A mean paired difference over personas."""

    difference: float | None
    """This side minus the other. None: no pair."""
    interval: tuple[float, float] | None
    """95 %, t over personas; None below three. Provisional, as in the summary."""
    personas: int
    pairs: int
    """Persona × scenario pairs that enter at least one dimension."""


def pair_likability(these: Sequence[Trial], those: Sequence[Trial], *, rater: str, over: Iterable[Dimension] = WITHOUT_CALLBACK) -> Paired:
    """How much more `these` trials are liked than `those`, in points of the 1 to 5 scale, as the primary rater saw it."""
    dimensions = [pair_values(_cells(these, rater, d), _cells(those, rater, d)) for d in over]
    personas: dict[str, list[float]] = {}
    for differences in dimensions:
        for persona, difference in _by_persona(differences).items():
            personas.setdefault(persona, []).append(difference)
    means = [fmean(_by_persona(differences).values()) for differences in dimensions if differences]
    places = {place for differences in dimensions for place in differences}
    return Paired(
        difference=fmean(means) if means else None,
        interval=t_interval([fmean(values) for values in personas.values()]),
        personas=len(personas),
        pairs=len(places),
    )


def pair_figures(these: Mapping[Place, float], those: Mapping[Place, float]) -> Paired:
    """The mean paired difference of one figure that each side has for a persona and scenario."""
    differences = pair_values(these, those)
    values = list(_by_persona(differences).values())
    return Paired(difference=fmean(values) if values else None, interval=t_interval(values), personas=len(values), pairs=len(differences))


def pair_values(these: Mapping[Place, float], those: Mapping[Place, float]) -> dict[Place, float]:
    """The difference wherever both sides have a value."""
    return {place: value - those[place] for place, value in these.items() if place in those}


def _by_persona(differences: Mapping[Place, float]) -> dict[str, float]:
    """Each persona's mean over its scenarios."""
    personas: dict[str, list[float]] = {}
    for (persona, _), difference in differences.items():
        personas.setdefault(persona, []).append(difference)
    return {persona: fmean(values) for persona, values in personas.items()}


def _cells(trials: Sequence[Trial], rater: str, dimension: Dimension) -> dict[Place, float]:
    """By persona and scenario: the mean over trials of their mean over sessions of their mean over scored exchanges."""
    found: dict[Place, list[float]] = {}
    for trial in trials:
        sessions = []
        for session in trial.sessions:
            ratings = (e.ratings.get(rater, {}).get(dimension) for e in session.exchanges)
            scores = [r.score for r in ratings if isinstance(r, Score)]
            sessions += [fmean(scores)] if scores else []
        if sessions:
            found.setdefault((trial.cast.persona.id, trial.cast.scenario.id), []).append(fmean(sessions))
    return {place: fmean(means) for place, means in found.items()}
