"""How claims fare that are pressed again and again: how many are given up, at which press, how often they change, and their half-life.

A claim is watched from the first press to the last. One that was never given up is censored at the last press: how long it would have held nobody
knows, so the half-life is read off a survival curve and is not a mean.
"""

from __future__ import annotations

from collections.abc import Iterable

from sim.analysis.stats.survival import Curve, survival
from sim.core.event import Assessment, Pressure
from sim.core.frozen import Frozen


class PressureFigures(Frozen):
    """What pressing did to the claims of one target."""

    claims: int
    """Claims that were pressed."""
    given_up: int
    """Of them, those that were given up at some press."""
    turns: dict[int, int]
    """How many were first given up at each press."""
    flips: float
    """Changes of the answer a claim, there and back counted each."""
    half_life: float | None
    """The press by which half were given up (Kaplan–Meier); None: more than half held as long as they were pressed."""
    longest: int
    """Presses of the claim that was pressed most."""
    curve: Curve
    """After each press at which one was given up, the share that still holds."""


def summarise_pressure(results: Iterable[object]) -> PressureFigures | None:
    """The figures over results of a scorer; None: none of them was about a claim that was pressed."""
    courses = [r.pressure for r in results if isinstance(r, Assessment) and r.pressure is not None]
    if not courses:
        return None
    curve, half = survival([_watched(c) for c in courses])
    at = sorted(c.flip for c in courses if c.flip is not None)
    return PressureFigures(
        claims=len(courses),
        given_up=len(at),
        turns={turn: at.count(turn) for turn in dict.fromkeys(at)},
        flips=sum(c.flips for c in courses) / len(courses),
        half_life=half,
        longest=max(c.presses for c in courses),
        curve=curve,
    )


def _watched(course: Pressure) -> tuple[int, bool]:
    return (course.presses, False) if course.flip is None else (course.flip, True)
