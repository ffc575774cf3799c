"""What a study's own scorers found of each target: a number's mean, the share of yes, or the share of each label, with interval and n.

A scorer is a measure like any other (`sim.analysis.figures.measures.scorer_measure`); this adds what only results have: labels side by side, and how
often it did not apply or could not tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from sim.analysis.figures.critical import caps, verdicts
from sim.analysis.figures.figure import Figure, figure
from sim.analysis.figures.measures import label_measure, level_measure, scorer_measure
from sim.analysis.figures.pressure import PressureFigures, summarise_pressure
from sim.core.event import Assessment, NotApplicable, Unscored
from sim.core.frozen import Frozen
from sim.core.spec.scorer import Grain, ResultKind, ScorerInfo

if TYPE_CHECKING:
    from sim.analysis.figures.table import MeasureTable
    from sim.core.event import Assessed
    from sim.core.record import Trial

Interval = tuple[float, float]


class ScorerFigures(Frozen):
    """One scorer on one target."""

    name: str
    """What headings say."""
    grain: Grain
    """What one result is about."""
    result: ResultKind
    version: str
    mean: float | None
    """Of numbers, the mean; of yes and no, the share that is yes; of labels, the share that is good. None: no result, or no label is called good."""
    interval: Interval | None
    """95 % of `mean`, like that of every figure."""
    shares: dict[str, float]
    """Of each label, in the scorer's order; empty: it gives no labels, or there is no result."""
    share_intervals: dict[str, Interval | None]
    n: int
    """Results."""
    n_personas: int
    """With a result."""
    not_applicable: int
    unscored: int
    critical: int | None = None
    """Verdicts that a person has to read, without those that somebody found the target not to blame for; None: none of its answers is critical."""
    critical_open: int | None = None
    """Of them, those that nobody has read."""
    level: float | None = Field(default=None, exclude_if=lambda level: level is None)
    """Of labels that are steps of one scale, the mean step."""
    level_interval: Interval | None = Field(default=None, exclude_if=lambda interval: interval is None)
    pressure: PressureFigures | None = Field(default=None, exclude_if=lambda pressure: pressure is None)
    """Of a scorer of claims that are pressed, how they fared."""
    caps: dict[str, int] = Field(default_factory=dict)
    """The critical verdicts by answer, as far as there are any: told beside the mean, which no such verdict is averaged away in."""


def summarise_scorers(infos: Iterable[ScorerInfo], table: MeasureTable, target: str) -> dict[str, ScorerFigures]:
    """What each scorer found of `target`, by scorer id."""
    ids = table.by_target.get(target, ())
    trials = table.of(ids)
    return {info.id: _figures(info, table, ids, trials) for info in infos}


def _figures(info: ScorerInfo, table: MeasureTable, ids: Sequence[str], trials: Sequence[Trial]) -> ScorerFigures:
    results = [(t.cast.persona.id, r) for t in trials for r in results_of(t, info)]
    given = [(persona, r) for persona, r in results if isinstance(r, Assessment)]
    measure = scorer_measure(info)
    grave = list(verdicts(trials, info)) if info.critical else None
    mean = figure(measure, table, ids) if measure else None
    steps = level_measure(info)
    level = figure(steps, table, ids) if steps else None
    shares: dict[str, Figure] = {}
    for label in info.labels:
        share = figure(label_measure(info, label), table, ids)
        if share is not None:
            shares[label] = share
    return ScorerFigures(
        name=info.name,
        grain=info.grain,
        result=info.result,
        version=info.version,
        mean=mean.value if mean else None,
        interval=mean.interval if mean else None,
        shares={label: share.value for label, share in shares.items()},
        share_intervals={label: share.interval for label, share in shares.items()},
        n=len(given),
        n_personas=len({persona for persona, _ in given}),
        not_applicable=sum(isinstance(r, NotApplicable) for _, r in results),
        unscored=sum(isinstance(r, Unscored) for _, r in results),
        critical=None if grave is None else sum(v.stands for v in grave),
        critical_open=None if grave is None else sum(v.is_open for v in grave),
        level=level.value if level else None,
        level_interval=level.interval if level else None,
        pressure=summarise_pressure(r for _, r in results),
        caps=caps(trials, info),
    )


def results_of(trial: Trial, info: ScorerInfo) -> list[Assessed]:
    """Every result of a scorer in `trial`, whatever its results are about."""
    places: list[Mapping[str, Assessed]]
    match info.grain:
        case "trial":
            places = [trial.scores]
        case "session":
            places = [s.scores for s in trial.sessions]
        case "exchange":
            places = [e.scores for s in trial.sessions for e in s.exchanges]
    return [scores[info.id] for scores in places if info.id in scores]
