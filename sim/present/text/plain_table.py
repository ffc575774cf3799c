"""What all tables of the terminal share: their rules and spacing, and the plain one of names and figures."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sim.present.words import safe

NAME = 12
"""Columns that names are given at least."""


def ruled(title: str = "") -> Table:
    """An empty table with a rule below its heading, and a bold title on the left if it has one."""
    return Table(
        title=Text(title, "bold") if title else None,
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
        pad_edge=False,
    )


def plain_table(names: Sequence[str], *figures: str) -> Table:
    """A table whose first columns hold names and whose others hold figures, set to the right."""
    table = ruled()
    for heading in names:
        table.add_column(heading, overflow="fold", min_width=NAME)
    for heading in figures:
        table.add_column(heading, justify="right", overflow="fold")
    return table


def titled(title: str, table: Table) -> list[RenderableType]:
    """A blank line, the title, the table."""
    return [Text(), Text(safe(title), "bold"), table]
