"""The plain table of names and figures that several reports use."""

from __future__ import annotations

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sim.present.words import safe

NAME = 12
"""Columns that names are given at least."""


def plain_table(name: str, *figures: str) -> Table:
    """A table whose first column holds names and whose others hold figures, set to the right."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False)
    table.add_column(name, overflow="fold", min_width=NAME)
    for heading in figures:
        table.add_column(heading, justify="right", overflow="fold")
    return table


def titled(title: str, table: Table) -> list[RenderableType]:
    """A blank line, the title, the table."""
    return [Text(), Text(safe(title), "bold"), table]
