"""What `sim compare` says of runs, for a page: the very lines and tables that it prints, taken apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from sim.core.frozen import Frozen
from sim.present.text.comparison import render_comparison

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sim.analysis.verdicts.compare import CompareDocument


class Block(Frozen):
    """One part: either lines of text or a table."""

    lines: tuple[str, ...] = ()
    title: str = ""
    headings: tuple[str, ...] = ()
    figures: tuple[bool, ...] = ()
    """Of each heading: whether numbers stand below it."""
    rows: tuple[tuple[str, ...], ...] = ()
    caption: str = ""


class ComparedDocument(Frozen):
    """A comparison as the page shows it."""

    runs: tuple[str, ...]
    blocks: tuple[Block, ...]


def compared(document: CompareDocument) -> ComparedDocument:
    """`document`, part by part."""
    return ComparedDocument(runs=document.runs, blocks=tuple(_blocks([render_comparison(document)])))


def _blocks(parts: Iterable[RenderableType]) -> Iterable[Block]:
    for part in parts:
        if isinstance(part, Group):
            yield from _blocks(part.renderables)
        elif isinstance(part, Table):
            yield _table(part)
        elif lines := tuple(line for line in _plain(part).split("\n") if line):
            yield Block(lines=lines)


def _table(table: Table) -> Block:
    columns = [[_plain(cell) for cell in column.cells] for column in table.columns]
    return Block(
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
    raise TypeError(f"a comparison has no {type(part).__name__}")
