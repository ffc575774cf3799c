"""Robustness: what becomes of liking as the user is disturbed more and more (guide/stress.md).

A curve is one target under one perturbation, or under several that rise together. Each of its points is held against the same target undisturbed,
paired within personas and scenarios as every comparison is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.analysis.figures.figure import figure
from sim.analysis.figures.measures import BY_ID
from sim.analysis.verdicts.policies import InCommon, hold
from sim.core.frozen import Frozen
from sim.core.perturbation import PerturbationKind
from sim.core.spec.stress import stress_arms

if TYPE_CHECKING:
    from sim.analysis.figures.table import MeasureTable
    from sim.core.spec import Study, TargetSpec


class RobustnessPoint(Frozen):
    """A target at one strength."""

    target: str
    """The arm's id."""
    stress: dict[PerturbationKind, float]
    """Strength by perturbation; empty: undisturbed."""
    value: float | None
    """The primary outcome, over all that the arm was rated on."""
    interval: tuple[float, float] | None
    less: InCommon | None
    """The primary outcome minus the undisturbed target's, over what both have in common; None for that target itself."""

    @property
    def strength(self) -> float:
        """Of the perturbations that rise together, the strongest; 0: undisturbed."""
        return max(self.stress.values(), default=0.0)


class RobustnessCurve(Frozen):
    """A target under one perturbation, or several that rise together, from strength 0 upwards."""

    target: str
    """The undisturbed one."""
    kinds: tuple[PerturbationKind, ...]
    measure: str
    points: tuple[RobustnessPoint, ...]

    @property
    def name(self) -> str:
        """What disturbs the user, in words."""
        return " and ".join(kind.replace("_", " ") for kind in self.kinds)


def summarise_robustness(study: Study, table: MeasureTable) -> tuple[RobustnessCurve, ...]:
    """Every curve of a study, in the order in which it names them."""
    return tuple(
        RobustnessCurve(
            target=base.id,
            kinds=kinds,
            measure=study.primary,
            points=tuple(_point(t, base, table) for t in (base, *sorted((t for t in arms if tuple(t.stress) == kinds), key=_total))),
        )
        for base, arms in stress_arms(study.targets)
        for kinds in dict.fromkeys(tuple(t.stress) for t in arms)
    )


def _total(target: TargetSpec) -> float:
    return sum(target.stress.values())


def _point(target: TargetSpec, base: TargetSpec, table: MeasureTable) -> RobustnessPoint:
    measure = BY_ID[table.view.primary]
    mine, theirs = (table.by_target.get(t.id, ()) for t in (target, base))
    found = figure(measure, table, mine)
    return RobustnessPoint(
        target=target.id,
        stress=target.stress,
        value=found.value if found else None,
        interval=found.interval if found else None,
        less=None if target.id == base.id else hold(measure, table, mine, theirs),
    )
