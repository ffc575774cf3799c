"""Conversations as a table: a row a message, the rows of one conversation together and in order."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from sim.core.errors import InputError
from sim.store.logs.pieces import MAX_CONVERSATION, TOO_LONG, Json, PassedOver, Piece, Source

_COLUMNS: Final = {
    "conversation": ("conversation", "conversation_id", "id"),
    "role": ("role", "from", "speaker"),
    "text": ("text", "content", "message", "value"),
}
"""Names that each column may have, the best first."""


def read_rows(source: Source, path: Path) -> Iterator[Piece | PassedOver]:
    """The conversations of a table. A row that cannot be told to belong to any costs both between which it stands."""
    csv.field_size_limit(MAX_CONVERSATION)
    lines = _Lines(_csv_lines(source))
    delimiter, columns, names = columns_of(next(lines)) or _refuse_header(path)
    seen: set[int] = set()
    open_key: tuple[str, str] | None = None
    piece, number, torn = _Rows(), 0, False
    for row, line in _numbered(csv.reader(lines, delimiter=delimiter), lines):
        if isinstance(row, list) and not any(cell.strip() for cell in row):
            continue
        keys = dict(zip(names, row, strict=False)) if isinstance(row, list) else {}
        key = keys.get(names[columns["conversation"]], "").strip(), keys.get("session", "").strip()
        if not key[0]:
            piece.fault(row if isinstance(row, str) else "has no conversation", line)
            torn = True
            continue
        if key != open_key:
            if piece:
                yield piece.close(number)
            number += 1
            open_key, piece = key, _Rows(keys | {"id": key[0]}, line)
            if hash(key) in seen:
                piece.fault(f"the rows of conversation '{key[0][:80]}' are in two places", line, "sort the rows by conversation")
            if torn:
                piece.fault(f"the first rows of conversation '{key[0][:80]}' may be lost", line, "mend the row before it")
            seen.add(hash(key))
        torn = False
        if len(row) != len(names):
            piece.fault(f"has {len(row)} cells where the first line has {len(names)}", line, "put texts with separators in quotes")
        else:
            piece.add({"role": row[columns["role"]], "content": row[columns["text"]]}, line)
    if piece:
        yield piece.close(number)


def _csv_lines(source: Source) -> Iterator[str]:
    first = True
    while raw := source.line(MAX_CONVERSATION):
        yield (raw.removeprefix(codecs.BOM_UTF8) if first else raw).decode("utf-8", "surrogateescape")
        first = False


class _Rows:
    """The rows of one conversation so far."""

    def __init__(self, keys: Mapping[str, str] | None = None, line: int = 0) -> None:
        self._keys = keys or {}
        self._line = line
        self._messages: list[Json] = []
        self._lines: list[int] = []
        self._size = 0
        self._wrong: PassedOver | None = None

    def __bool__(self) -> bool:
        return bool(self._keys) or self._wrong is not None

    def add(self, message: dict[str, Json], line: int) -> None:
        self._size += sum(len(v) for v in message.values() if isinstance(v, str))
        if self._size > MAX_CONVERSATION:
            self.fault(TOO_LONG, line)
        if not self._wrong:
            self._messages.append(message)
            self._lines.append(line)

    def fault(self, problem: str, line: int, mend: str = "") -> None:
        """The first one is told; what follows may be its consequence."""
        self._wrong = self._wrong or PassedOver(line, problem, mend)
        self._messages.clear()

    def close(self, number: int) -> Piece | PassedOver:
        return self._wrong or Piece({**self._keys, "messages": self._messages}, self._line, number, tuple(self._lines))


class _Lines(Iterator[str]):
    """The lines of a table; tells when there are no more."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.ended = False

    def __next__(self) -> str:
        try:
            return next(self._lines)
        except StopIteration:
            self.ended = True
            raise


def columns_of(header: str) -> tuple[str, dict[str, int], list[str]] | None:
    """Delimiter, the place of each column, and all names; None where the line names no columns."""
    for delimiter in (",", ";", "\t"):
        try:
            names = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
        except csv.Error:
            return None
        places = {column: next((names.index(a) for a in also if a in names), None) for column, also in _COLUMNS.items()}
        found = {column: place for column, place in places.items() if place is not None}
        if len(found) == len(_COLUMNS):
            return delimiter, found, names
    return None


def _refuse_header(path: Path) -> tuple[str, dict[str, int], list[str]]:
    raise InputError("the first line does not name the columns", mend="begin with conversation,role,text", where=path, line=1)


def _numbered(rows: Iterator[list[str]], lines: _Lines) -> Iterator[tuple[list[str] | str, int]]:
    """Each row of `lines`, or what is wrong with it, and the line it begins at; the header is line 1."""
    line_num: Callable[[], int] = lambda: rows.line_num  # type: ignore[attr-defined]  # noqa: E731
    while True:
        line = line_num() + 2
        try:
            row = next(rows)
            # A row is whole at the end of its line; one for which more lines were wanted than there are has a quote that stays open.
            yield "has a quote that is never closed" if lines.ended else row, line
        except StopIteration:
            return
        except csv.Error as error:
            yield f"is not CSV: {error}", line
