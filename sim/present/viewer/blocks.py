"""What commands print, taken apart for a page: lines stay lines and tables become tables, so that a page says nothing that the terminal does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sim.core.frozen import Frozen


class PageBlock(Frozen):
    """One part: either lines of text or a table."""

    role: str = ""
    """What it is for, where the page has a place for it."""
    lines: tuple[str, ...] = ()
    title: str = ""
    headings: tuple[str, ...] = ()
    figures: tuple[bool, ...] = ()
    """Of each heading: whether numbers stand below it."""
    rows: tuple[tuple[str, ...], ...] = ()
    caption: str = ""


def blocks_of(parts: Iterable[RenderableType], role: str = "") -> Iterator[PageBlock]:
    """`parts`, one by one."""
    for part in parts:
        if isinstance(part, Group):
            yield from blocks_of(part.renderables, role)
        elif isinstance(part, Table):
            yield _table(part, role)
        elif lines := tuple(line for line in _plain(part).split("\n") if line):
            yield PageBlock(role=role, lines=lines)


def _table(table: Table, role: str) -> PageBlock:
    columns = [[_plain(cell) for cell in column.cells] for column in table.columns]
    return PageBlock(
        role=role,
        title=_plain(table.title or ""),
        headings=tuple(_plain(column.header).replace("\n", " ") for column in table.columns),
        figures=tuple(column.justify == "right" for column in table.columns),
        rows=tuple(zip(*columns, strict=True)),
        caption=_plain(table.caption or ""),
    )


def _plain(part: RenderableType) -> str:
    if isinstance(part, Text):
        return part.plain
    if isinstance(part, str):
        return Text.from_markup(part).plain
    raise TypeError(f"what is printed has no {type(part).__name__}")
