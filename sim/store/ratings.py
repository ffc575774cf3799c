"""Files of ratings, by people or models: one rating a row, as CSV or JSONL, with `item, rater, dimension, score` and, if there are any, `system`.

CSV is told apart from JSONL by its first character. Its first line names the columns, in any order and with or without capitals; commas, semicolons
and tabs are told apart by that line. Other columns and keys mean nothing. Text is UTF-8, with or without a byte order mark. Blank lines are nothing.

**Scores** are numbers, whatever the scale; those outside 1 to 5 are kept, and whoever shows figures counts them. `n/a` and `not applicable` say that
the dimension did not apply, which is a judgement of its own. An empty cell, `NaN`, `NA`, `None` and `null` say that there is no rating: such a row is
left out and counted.

**Refused**, with file and line: a missing column, a score that is neither of these (text, beyond a million, a decimal comma), an empty item, rater or
dimension, an empty system where there is a column for it, a row with too few or too many cells, a line that is no JSON object, and a second rating by
the same rater of the same item and dimension. Two systems may use one name for an item: they are two items.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from sim.core.errors import InputError, nearest
from sim.core.judgement import NOT_APPLICABLE, Judgement, NotApplicableMark
from sim.store.files import open_regular

NEEDED = ("item", "rater", "dimension", "score")
MOST = 1e6
"""Beyond it, on either side of 0, nothing is a score on any scale."""
_NOT_APPLICABLE = frozenset(("n/a", "not applicable", "not_applicable"))
_NO_RATING = frozenset(("", "nan", "na", "none", "null"))
_EXAMPLE = '{"item": "1", "rater": "human", "dimension": "empathy", "score": 4}'


@dataclass(frozen=True, slots=True)
class RatingsFile:
    """What a file of ratings holds."""

    judgements: tuple[Judgement, ...]
    missing: int
    """Rows without a rating, which were left out."""


def load_ratings(path: Path) -> RatingsFile:
    """All ratings of a file, in its order.

    Raises:
        InputError: the file cannot be read, holds no rating, or a row cannot be used; it names the line.
    """
    try:
        with open_regular(path) as file:
            text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", mend="save it as UTF-8", where=path) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", mend="name a file of ratings, or a run", where=path) from None
    rows = _lines(text, path) if text.lstrip()[:1] in ("{", "[") else _table(text, path)
    judgements: dict[tuple[str, str, str, str], tuple[Judgement, int]] = {}
    missing = 0
    for line, row in rows:
        try:
            judgement = _judgement(row)
        except _Fault as fault:
            raise InputError(fault.problem, mend=fault.mend, where=path, line=line) from None
        if judgement is None:
            missing += 1
            continue
        first = judgements.setdefault(judgement[:4], (judgement, line))
        if first[1] != line:
            raise InputError(
                f"'{judgement.rater}' rates '{judgement.item}' on {judgement.dimension} a second time, first on line {first[1]}",
                mend="keep one of them, or give the second its own rater",
                where=path,
                line=line,
            )
    if not judgements:
        raise InputError("holds no rating", mend=f"write a line for each, such as {_EXAMPLE}", where=path)
    return RatingsFile(tuple(j for j, _ in judgements.values()), missing)


class _Fault(Exception):
    """What is wrong with one row."""

    def __init__(self, problem: str, mend: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.mend = mend


def _lines(text: str, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row: Any = json.loads(line)
        except (ValueError, RecursionError):
            raise InputError("is not JSON", mend=f"write one object on a line, such as {_EXAMPLE}", where=path, line=number) from None
        if not isinstance(row, dict):
            raise InputError("is not an object", mend=f"write one object on a line, such as {_EXAMPLE}", where=path, line=number)
        for key in NEEDED:
            if key not in row:
                raise InputError(f"has no `{key}`", mend=f"write {', '.join(NEEDED)} on every line", where=path, line=number)
        yield number, row


def _table(text: str, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    head = text.lstrip().partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True)
    columns: dict[str, int] = {}
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = _columns(cells, path, reader.line_num)
                width = len(cells)
                continue
            if len(cells) != width:
                problem = f"has {len(cells)} cells, and the first line {width}"
                raise InputError(problem, mend='put quotes (") around cells with a separator', where=path, line=reader.line_num)
            yield reader.line_num, {name: cells[i] for name, i in columns.items()}
    except csv.Error as error:
        raise InputError(f"is no CSV: {error}", mend="close every quote", where=path, line=reader.line_num) from None


def _columns(cells: list[str], path: Path, line: int) -> dict[str, int]:
    named = [cell.strip().lower() for cell in cells]
    for name in NEEDED:
        if name not in named:
            mend = f"the first line names the columns: {', '.join(NEEDED)}, and system if there is one"
            near = nearest(name, named) if name != "item" else ""
            raise InputError(f"has no column '{name}'", mend=f"{near} {mend}" if near.startswith("did") else mend, where=path, line=line)
    for name in (*NEEDED, "system"):
        if named.count(name) > 1:
            raise InputError(f"has two columns '{name}'", mend="rename one of them", where=path, line=line)
    return {name: named.index(name) for name in (*NEEDED, "system") if name in named}


def _judgement(row: dict[str, Any]) -> Judgement | None:
    """The row as a judgement; None where it holds no rating.

    Raises:
        _Fault: it cannot be used.
    """
    item, rater, dimension = (_name(row, key) for key in ("item", "rater", "dimension"))
    system = _name(row, "system") if row.get("system") is not None else ""
    score = _score(row["score"])
    return None if score is None else Judgement(item, system, rater, dimension, score)


def _name(row: dict[str, Any], key: str) -> str:
    value = row[key]
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise _Fault(f"`{key}` is not text", "write a name")
    if "\0" in value or (not value.isascii() and any(0xD800 <= ord(c) < 0xE000 for c in value)):
        raise _Fault(f"`{key}` holds a NUL or half a character", "take it out")
    if not value.strip():
        raise _Fault(f"`{key}` is empty", "leave the column out where there are no systems" if key == "system" else "give it a name")
    return value.strip()


def _score(value: Any) -> float | NotApplicableMark | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        _refuse(value)
    if isinstance(value, str):
        plain = value.strip().lower()
        if plain in _NOT_APPLICABLE:
            return NOT_APPLICABLE
        if plain in _NO_RATING:
            return None
        if "_" in plain:
            _refuse(value)
    try:
        number = float(value)
    except (ValueError, OverflowError):
        _refuse(value)
    if abs(number) > MOST:
        _refuse(value)
    return None if math.isnan(number) else number


def _refuse(value: object) -> NoReturn:
    raise _Fault(f"{str(value)[:80]!r} is no score", "write a number with a decimal point, n/a, or nothing")
