"""What `sim score RUN --rater` tells: how each rater that was asked rates each target, the run's primary rater beside them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from sim.core.frozen import Frozen
from sim.present.text.tables import RATER, figure_table
from sim.present.words import DIAGNOSTIC, number

if TYPE_CHECKING:
    from sim.analysis.figures.run_summary import RunSummary


class RaterFigures(Frozen):
    """One rater on one target, aggregated like likability."""

    rater: str
    mean: float | None
    fixed_set: float | None
    n: int
    """Exchanges with a score."""


class RatingFigures(Frozen):
    """By target, the primary rater first where there is one."""

    primary: str
    targets: dict[str, tuple[RaterFigures, ...]]


def rating_figures(summary: RunSummary, raters: Iterable[str]) -> RatingFigures:
    """What `raters` say in `summary`."""
    wanted = tuple(raters)
    targets: dict[str, tuple[RaterFigures, ...]] = {}
    for target in summary.targets:
        of = target.likability
        # In talks that were read from a log nobody played the user, who would be the run's own rater.
        own = () if summary.played_by == "log" else (RaterFigures(rater=target.rater, mean=of.mean, fixed_set=of.fixed_set, n=of.n),)
        others = [(r, of.observers[r]) for r in wanted if r in of.observers]
        targets[target.target] = (*own, *(RaterFigures(rater=r, mean=o.mean, fixed_set=o.fixed_set, n=o.n) for r, o in others))
    primary = "" if summary.played_by == "log" else next((t.rater for t in summary.targets), "")
    return RatingFigures(primary=primary, targets=targets)


def render_ratings(summary: RunSummary, figures: RatingFigures) -> RenderableType:
    """As a table, for any width."""
    head = Text.assemble((summary.run, "bold"))
    if summary.offline_note:
        head.append(f"\n{summary.offline_note}", "yellow")
    head.append(f"\n{DIAGNOSTIC}", "italic")
    table = figure_table("Simulated likability, 1 to 5", ("target", "rater"), ("fixed set", "all seven", "n"), name=RATER)
    if figures.primary:
        table.caption = Text(f"{figures.primary}: the run's own rater", "dim")
    for target, raters in figures.targets.items():
        for i, of in enumerate(raters):
            table.add_row(Text(target if i == 0 else ""), Text(of.rater), number(of.fixed_set), number(of.mean), f"{of.n:,}")
    return Group(head, Text(), table, Text())
