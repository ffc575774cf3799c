"""What `sim score --scorer` prints: what each scorer found of each target, and how much of it there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from sim.present.text.scorer_tables import critical_lines, pressure_lines, rows_of
from sim.present.text.tables import figure_table

if TYPE_CHECKING:
    from sim.analysis.figures.scorers import ScorerFigures


def render_scorers(name: str, found: Mapping[str, Mapping[str, ScorerFigures]], *, note: str) -> RenderableType:
    """As a table, for any width.

    Args:
        name: of the run.
        found: by target, and by scorer id.
        note: who was played by an offline model; empty: nobody was.
    """
    head = Text.assemble((name, "bold"))
    if note:
        head.append(f"\n{note}", "yellow")
    table = figure_table("What the scorers found", ("scorer", "target"), ("found", "95 % interval", "n", "personas", "n.a.", "unscored"))
    before = ""
    for row in rows_of(found):
        of = row.found
        counts = (f"{n:,}" for n in (of.n, of.n_personas, of.not_applicable, of.unscored))
        table.add_row(Text(row.what if row.what != before else ""), Text(row.target), row.text, row.between, *counts)
        before = row.what
    table.caption = Text("found: the mean over personas; of yes and no and of labels, the share that is yes, good or so labelled", "dim")
    return Group(head, Text(), table, *(Text(line) for line in (*critical_lines(found), *pressure_lines(found))), Text())
