"""A paper's table as Markdown, for a pull request or a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.present.report.document import Table


def render_markdown(table: Table) -> str:
    """`table` as a Markdown table between its title and its notes."""
    head = [c.heading for c in table.columns]
    rule = ["---" if c.kind == "name" else "--:" for c in table.columns]
    lines = [_piped(row) for row in (head, rule, *([c.text for c in row] for row in table.rows))]
    return "\n".join([f"**{table.title}**", "", *lines, "", *table.notes]) + "\n"


def _piped(cells: Sequence[str]) -> str:
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"
