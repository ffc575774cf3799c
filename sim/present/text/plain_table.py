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
WIDE_NAME = 28
"""Columns that a name may take before it is folded, where there are few."""


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


def titled(title: str, *tables: Table) -> list[RenderableType]:
    """A blank line, the title, the table, or what it was divided into."""
    return [Text(), Text(safe(title), "bold"), *tables]


Cell = str | Text
Column = tuple[str, Sequence[Cell]]
"""A heading, and the cells below it."""


def columns_of(headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[Column]:
    """Rows of figures as columns."""
    return [(heading, [row[i] for row in rows]) for i, heading in enumerate(headings)]


def fitted_table(
    title: str, names: Mapping[str, Sequence[Cell]], figures: Sequence[Column], *, spare: Sequence[str], width: int | None, name: int = WIDE_NAME
) -> Table:
    """A table of names and figures in which none is broken; below it, in its caption, the figures that there is no room for.

    Args:
        spare: headings that are left out where there is no room, in this order.
        width: columns there are; None: as many as it takes.
        name: columns that a name may take before it is folded.
    """
    kept = headings_within(width, _read(names), dict(figures), spare=spare, name=name)
    table = _filled(title, names, [(heading, cells) for heading, cells in figures if heading in kept], width, name)
    left = [heading for heading, _ in figures if heading not in kept]
    table.caption = f"no room here for {', '.join(left)}: a wider window shows them, and `--json` has them" if left else None
    return table


def tables_within(title: str, names: Mapping[str, Sequence[Cell]], figures: Sequence[Column], *, width: int | None, name: int) -> list[Table]:
    """As many tables of names and figures as it takes for each to keep within `width`."""
    taken = sum(GAP + longest_word(words, name) for words in _read(names)) - GAP
    room = None if width is None else width - taken
    return [_filled("continued" if i else title, names, some, width, name) for i, some in enumerate(_packed(figures, room))]


def _filled(title: str, names: Mapping[str, Sequence[Cell]], figures: Sequence[Column], width: int | None, name: int) -> Table:
    table = ruled(title)
    taken = sum(columns_needed(*column) for column in figures) + GAP * (len(names) - 1)
    for heading, wide in zip(names, _name_widths(_read(names), None if width is None else width - taken, name), strict=True):
        table.add_column(heading, overflow="fold", min_width=wide, max_width=wide)
    for heading, _ in figures:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in zip(*names.values(), *(cells for _, cells in figures), strict=True):
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return table


def _read(names: Mapping[str, Sequence[Cell]]) -> list[list[str]]:
    """All that a column of names has, its heading too."""
    return [[heading, *map(str, cells)] for heading, cells in names.items()]


def _name_widths(names: Sequence[Sequence[str]], room: int | None, most: int) -> list[int]:
    """Columns for each column of names, `room` together: as many as their longest word takes, and of what is left as many as they can use."""
    found = [longest_word(cells, most) for cells in names]
    for i, cells in enumerate(names):
        whole = min(most, max(map(len, cells)))
        found[i] = max(found[i], whole if room is None else min(whole, found[i] + room - sum(found)))
    return found


def _packed(columns: Sequence[Column], room: int | None) -> list[list[Column]]:
    packed: list[list[Column]] = [[]]
    left = room
    for heading, cells in columns:
        needs = columns_needed(heading, cells)
        if left is not None and room is not None:
            if needs > left and packed[-1]:
                packed.append([])
                left = room
            left -= needs
        packed[-1].append((heading, cells))
    return packed


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
