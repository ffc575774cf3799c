"""What the list of runs says of a run beyond its counts: how each target is liked, session by session, and why it stopped.

The figures are those of `sim show`, by the same functions; only the one measure is taken that the study calls its primary outcome, so that a list of
many runs is soon there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.analysis.figures.by_persona import summarise_sessions
from sim.analysis.figures.figure import figure
from sim.analysis.figures.outages import find_budget_stops, find_outages
from sim.analysis.verdicts.arms import RunSource
from sim.core.frozen import Frozen
from sim.present.colours import colours_of
from sim.present.text.outages import outage_line
from sim.present.text.stops import stop_lines
from sim.present.words import HEADINGS, many
from sim.store.call_count import read_unaccounted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.core.record import Trial
    from sim.engine.plan import TrialPlan
    from sim.store.runs import RunFolder


class TargetLine(Frozen):
    """One target of a run."""

    target: str
    colour: int
    """The place of its colour."""
    value: float | None
    """The study's primary outcome; None: nothing was scored."""
    interval: tuple[float, float] | None
    personas: int
    """With a value."""
    sessions: tuple[float | None, ...]
    """The fixed set, session by session."""


class RunFigures(Frozen):
    """One run."""

    measure: str
    """What the values are of."""
    targets: tuple[TargetLine, ...]
    """In the order of the study."""
    lost: str
    """How many trials did not reach their end, where the run goes on no more; empty: none."""
    why: tuple[str, ...]
    """What stopped it, and who never answered."""


def run_figures(folder: RunFolder, plans: Sequence[TrialPlan]) -> RunFigures:
    """The figures of the run in `folder`, read from its journal.

    Raises:
        InputError: it cannot be read.
    """
    running, study = folder.is_being_written(), folder.study
    trials = folder.read_lean(plan.blank() for plan in plans)
    source = RunSource(folder.name, study, folder.codebook, trials, status="finished", offline=folder.header.offline)
    open_trials = 0 if running else sum(not t.finished for t in trials)
    return RunFigures(
        measure=HEADINGS[study.primary],
        targets=tuple(_line(source, target, colour) for target, colour in colours_of(study.targets).items()),
        lost=f"{many(open_trials, 'trial')} lost" if open_trials else "",
        why=() if running else tuple(_why(folder, trials)),
    )


def _line(source: RunSource, target: str, colour: int) -> TargetLine:
    table = source.table
    found = figure(source.primary, table, table.by_target.get(target, ()))
    return TargetLine(
        target=target,
        colour=colour,
        value=found.value if found else None,
        interval=found.interval if found else None,
        personas=found.personas if found else 0,
        sessions=tuple(point.fixed_set for point in summarise_sessions(table, target)),
    )


def _why(folder: RunFolder, trials: Sequence[Trial]) -> list[str]:
    lost = ((t.lost[-1].cause, t.lost[-1].message) for t in trials if t.lost and not t.finished and not t.failed)
    stops = stop_lines(find_budget_stops(lost), read_unaccounted(folder.path, running=False))
    return [*stops, *map(outage_line, find_outages(trials))]
