"""The figures of one trial and of its sessions: the average of a target, taken of this trial alone. All that shows a trial reads them here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.analysis.figures.measures import BY_ID
from sim.analysis.figures.table import MeasureTable, Viewpoint
from sim.core.codebook import DIMENSIONS, Dimension

if TYPE_CHECKING:
    from sim.core.record import Trial


@dataclass(frozen=True)
class Liked:
    """How a trial, or one session of it, was liked by one rater; None: nothing was scored."""

    likability: float | None
    fixed_set: float | None


@dataclass(frozen=True)
class TrialFigures:
    """One trial as one rater saw it."""

    whole: Liked
    sessions: dict[int, Liked]
    dimensions: dict[Dimension, float]
    """Those that were scored."""


def summarise_trial(trial: Trial, *, rater: str) -> TrialFigures:
    """The figures of `trial`."""
    table = MeasureTable([trial], Viewpoint(rater))
    each = {d: table.mean(BY_ID[d].parts, [trial.id]) for d in DIMENSIONS}
    return TrialFigures(
        whole=_liked(table, trial.id, None),
        sessions={s.index: _liked(table, trial.id, s.index) for s in trial.sessions},
        dimensions={d: mean for d, mean in each.items() if mean is not None},
    )


def _liked(table: MeasureTable, trial: str, session: int | None) -> Liked:
    likability, fixed_set = (table.mean(BY_ID[m].parts, [trial], session=session) for m in ("likability", "fixed_set"))
    return Liked(likability, fixed_set)
