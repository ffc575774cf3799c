"""What `sim score --scorer` tells: what each scorer found of each target, and how much of it there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from sim.core.event import Assessment, NotApplicable, Unscored
from sim.core.frozen import Frozen
from sim.present.tables import figure_table
from sim.present.words import OFFLINE_MARK, number

if TYPE_CHECKING:
    from sim.core.event import Assessed
    from sim.core.record import Trial
    from sim.core.spec import ScorerInfo

Figures = dict[str, dict[str, "ScorerFigure"]]
"""By target, and by scorer id."""


class ScorerFigure(Frozen):
    """One scorer on one target."""

    mean: float | None
    """Over personas, of the means of their trials, of those of their sessions; of yes and no, and of labels, the share that is yes or good.
    None: there is no result, or no label is better than another."""
    shares: dict[str, float]
    """Of each label, among the results."""
    n: int
    """Results."""
    n_personas: int
    """With a result."""
    not_applicable: int
    unscored: int


def scorer_figures(trials: Iterable[Trial], infos: Iterable[ScorerInfo]) -> Figures:
    """What each scorer found of each target."""
    listed, found = tuple(infos), {}
    by_target: dict[str, list[Trial]] = {}
    for trial in trials:
        by_target.setdefault(trial.target, []).append(trial)
    for target, of in by_target.items():
        found[target] = {info.id: _figure(of, info) for info in listed}
    return found


def _figure(trials: Iterable[Trial], info: ScorerInfo) -> ScorerFigure:
    personas: dict[str, list[float]] = {}
    every: list[Assessed] = []
    for trial in trials:
        sessions = [[r] for r in _results((trial.scores,), info)]
        sessions += [list(_results((s.scores, *(e.scores for e in s.exchanges)), info)) for s in trial.sessions]
        every += (r for results in sessions for r in results)
        means = [fmean(values) for results in sessions if (values := [v for r in results if (v := _value(r, info)) is not None])]
        if means:
            personas.setdefault(trial.cast.persona.id, []).append(fmean(means))
    results = [r.value for r in every if isinstance(r, Assessment)]
    return ScorerFigure(
        mean=fmean(map(fmean, personas.values())) if personas else None,
        shares={label: results.count(label) / len(results) for label in info.labels} if results else {},
        n=len(results),
        n_personas=len(personas),
        not_applicable=sum(isinstance(r, NotApplicable) for r in every),
        unscored=sum(isinstance(r, Unscored) for r in every),
    )


def _results(places: Iterable[Mapping[str, Assessed]], info: ScorerInfo) -> Iterable[Assessed]:
    return (scores[info.id] for scores in places if info.id in scores)


def _value(result: Assessed, info: ScorerInfo) -> float | None:
    """What goes into the mean; None: nothing does."""
    if not isinstance(result, Assessment):
        return None
    if isinstance(result.value, str):
        return float(result.value in info.good) if info.good else None
    return float(result.value)


def render_scorers(name: str, figures: Figures, infos: Iterable[ScorerInfo], *, offline: bool) -> RenderableType:
    """As a table, for any width.

    Args:
        name: of the run.
        offline: whether offline models took part.
    """
    head = Text.assemble((name, "bold"))
    if offline:
        head.append(f"\n{OFFLINE_MARK}", "yellow")
    table = figure_table("What the scorers found", ("scorer", "target"), ("mean", "n", "personas", "n.a.", "unscored"))
    for info in infos:
        for i, (target, found) in enumerate(figures.items()):
            of = found[info.id]
            shown = number(of.mean) if of.mean is not None or not of.shares else Text(", ".join(f"{k} {v:.0%}" for k, v in of.shares.items()))
            counts = (f"{n:,}" for n in (of.n, of.n_personas, of.not_applicable, of.unscored))
            table.add_row(Text(info.name if i == 0 else ""), Text(target), shown, *counts)
    table.caption = Text("mean over personas; of yes and no and of labels, the share that is yes or good", "dim")
    return Group(head, Text(), table, Text())
