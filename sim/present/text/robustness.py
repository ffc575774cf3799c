"""Robustness curves as a table for `sim show RUN`: a row a point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from sim.analysis.figures.measures import BY_ID
from sim.present.text.plain_table import ruled
from sim.present.words import NONE, half_width, number, signed

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sim.analysis.figures.robustness import RobustnessPoint
    from sim.analysis.figures.run_summary import RunSummary

NOTES = (
    "less undisturbed: minus the same target whose user is not disturbed, paired within personas and scenarios, ± half of the 95 %; n: personas",
    "more: sim compare RUN --by stress",
)


def render_robustness(summary: RunSummary) -> list[RenderableType]:
    """Every curve of the run; nothing where nobody was disturbed."""
    if not summary.robustness:
        return []
    label = BY_ID[summary.robustness[0].measure].label
    table = ruled(f"Robustness: {label} as the user is disturbed more")
    for heading in ("target", "disturbed by"):
        table.add_column(heading, overflow="fold", max_width=28)
    for heading in ("strength", label, "less undisturbed", "n"):
        table.add_column(heading, justify="right", no_wrap=True)
    for curve in summary.robustness:
        for point in curve.points:
            table.add_row(Text(curve.target), curve.name, *_figures(point))
    return [table, Text("\n".join(NOTES), "dim")]


def spoken_strength(point: RobustnessPoint) -> str:
    """The strength, or of several that rise together each."""
    return " / ".join(f"{s:.2f}" for s in point.stress.values()) or "0"


def _figures(point: RobustnessPoint) -> tuple[str, str, str, str]:
    value = number(point.value) + half_width(point.interval, point.value)
    if point.less is None:
        return spoken_strength(point), value, "", ""
    less = point.less
    return spoken_strength(point), value, signed(less.difference) + half_width(less.interval, less.difference), f"{less.personas}" or NONE
