"""What all tables of the terminal share: their rules and spacing, and the plain one of names and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sim.present.words import safe

GAP = 2
"""Columns between two columns."""
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


def headings_within(
    width: int | None, names: Sequence[Sequence[str]], figures: Mapping[str, Sequence[str | Text]], *, spare: Sequence[str], name: int
) -> tuple[str, ...]:
    """The headings of `figures` that have room beside columns of names none of whose words is broken.

    Args:
        width: columns there are; None: as many as it takes.
        names: the cells of each column of names.
        figures: the cells below each heading, which are never broken.
        spare: headings that are left out where there is no room, in this order.
        name: columns that names are given at most.
    """
    kept = list(figures)
    if width is None:
        return tuple(kept)
    room = width + 1 - sum(GAP + longest_word(cells, name) for cells in names)
    for heading in spare:
        if sum(columns_needed(h, figures[h]) for h in kept) <= room:
            break
        if heading in kept:
            kept.remove(heading)
    return tuple(kept)


def longest_word(cells: Sequence[str], most: int) -> int:
    """Columns that the longest word of `cells` takes, and no more than `most`."""
    return min(most, max((len(word) for cell in cells for word in cell.split()), default=0))


def columns_needed(heading: str, cells: Sequence[str | Text]) -> int:
    """Columns that a column of figures takes."""
    return GAP + max(map(len, (*heading.splitlines(), *cells)))
