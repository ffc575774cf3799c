"""Files of ratings, by people or models: a rating a row, as CSV or JSONL, with `item, rater, dimension, score`; `system`, `group` and `scale` if any.

CSV is told apart from JSONL by its first character. Its first line names the columns, in any order and with or without capitals; commas, semicolons
and tabs are told apart by that line. Other columns and keys mean nothing. Text is UTF-8, with or without a byte order mark. Blank lines are nothing.

`system` is who made the item. `group` is the conversation that an item is a part of, empty where the item stands for itself.

**Scores** are numbers, on whatever scale. A scale may be declared, by `scale` on any row of its dimension or by whoever reads the file: `0-6`, or
names from low to high, `poor|fair|good`, which are then scores as well, from 0. `n/a` and `not applicable` say that the dimension did not apply: that
is a judgement of its own. An empty cell, `NaN`, `NA`, `None` and `null` say that there is no rating: such a row is left out and counted.

**Refused**, with file and line: a missing column; a score that is neither of these (text, beyond a million, a decimal comma), or not on its declared
scale; two scales of one dimension; an empty item, rater or dimension, and an empty system where there is a column for it; a row with too few or too
many cells; a line that is no JSON object; and a second rating by the same rater of the same item and dimension. Two systems may use one name for two
items.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NoReturn

from sim.core.errors import InputError, nearest
from sim.core.judgement import NOT_APPLICABLE, Judgement, NotApplicableMark, bare_name
from sim.core.scale import Scale
from sim.store.files import open_regular

NEEDED: Final = ("item", "rater", "dimension", "score")
OPTIONAL: Final = ("system", "group", "scale")
MOST = 1e6
"""Beyond it, on either side of 0, nothing is a score on any scale."""
EVERY: Final = ""
"""Stands for every dimension whose scale is not declared by itself."""
_NOT_APPLICABLE = frozenset(("n/a", "not applicable", "not_applicable"))
_NO_RATING = frozenset(("", "nan", "na", "none", "null"))
_EXAMPLE = '{"item": "1", "rater": "human", "dimension": "empathy", "score": 4}'


@dataclass(frozen=True, slots=True)
class RatingsFile:
    """What a file of ratings holds."""

    judgements: tuple[Judgement, ...]
    missing: int
    """Rows without a rating, which were left out."""
    lines: tuple[int, ...]
    """Where each judgement stands, from 1."""
    scales: Mapping[str, Scale]
    """By dimension, where the scale is declared."""


def load_ratings(path: Path, scales: Mapping[str, Scale] = MappingProxyType({})) -> RatingsFile:
    """All ratings of a file, in its order.

    Args:
        scales: by dimension, whatever its spelling, or `EVERY`, what is declared beside the file.

    Raises:
        InputError: the file cannot be read, holds no rating, or a row cannot be used; it names the line.
    """
    rows = list(_rows(path))
    declared = _Declared(scales)
    judgements: dict[tuple[str, str, str, str], tuple[Judgement, int]] = {}
    missing = 0
    for line, row in rows:
        try:
            declared.read(row)
        except _Fault as fault:
            raise InputError(fault.problem, mend=fault.mend, where=path, line=line) from None
    for line, row in rows:
        try:
            judgement = _judgement(row, declared)
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
    found = {j.dimension: scale for j, _ in judgements.values() if (scale := declared.of(j.dimension))}
    return RatingsFile(tuple(j for j, _ in judgements.values()), missing, tuple(line for _, line in judgements.values()), found)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with open_regular(path) as file:
            text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", mend="save it as UTF-8", where=path) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", mend="name a file of ratings, or a run", where=path) from None
    return _lines(text, path) if text.lstrip()[:1] in ("{", "[") else _table(text, path)


class _Declared:
    """The scales of dimensions, as they are declared beside a file and in it."""

    def __init__(self, beside: Mapping[str, Scale]) -> None:
        self._every = beside.get(EVERY)
        self._scales = {bare_name(d): scale for d, scale in beside.items() if d != EVERY}
        self._texts: dict[str, Scale] = {}

    def of(self, dimension: str) -> Scale | None:
        """None: none is declared."""
        return self._scales.get(bare_name(dimension), self._every)

    def read(self, row: Mapping[str, Any]) -> None:
        """Take in the scale that a row declares.

        Raises:
            _Fault: it is none, or the dimension has another one.
        """
        text = str(row.get("scale") or "").strip()
        if not text:
            return
        if text not in self._texts:
            try:
                self._texts[text] = Scale.parse(text)
            except InputError as error:
                raise _Fault(f"`scale`: {error.problem}", error.mend) from None
        scale, dimension = self._texts[text], _name(row, "dimension")
        known = self._scales.setdefault(bare_name(dimension), scale)
        if known != scale:
            raise _Fault(f"{dimension} is on the scale {scale} here, and on {known} elsewhere", "declare one scale for a dimension")


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
        raise InputError(f"is not CSV: {error}", mend="close every quote", where=path, line=reader.line_num) from None


def _columns(cells: list[str], path: Path, line: int) -> dict[str, int]:
    named = [cell.strip().lower() for cell in cells]
    for name in NEEDED:
        if name not in named:
            mend = f"the first line names the columns: {', '.join(NEEDED)}, and system and group if there are any"
            near = nearest(name, named) if name != "item" else ""
            raise InputError(f"has no column '{name}'", mend=f"{near} {mend}" if near.startswith("did") else mend, where=path, line=line)
    for name in (*NEEDED, *OPTIONAL):
        if named.count(name) > 1:
            raise InputError(f"has two columns '{name}'", mend="rename one of them", where=path, line=line)
    return {name: named.index(name) for name in (*NEEDED, *OPTIONAL) if name in named}


def _judgement(row: dict[str, Any], declared: _Declared) -> Judgement | None:
    """The row as a judgement; None where it holds no rating.

    Raises:
        _Fault: it cannot be used.
    """
    item, rater, dimension = (_name(row, key) for key in ("item", "rater", "dimension"))
    system = _name(row, "system") if row.get("system") is not None else ""
    group = _name(row, "group") if row.get("group") is not None and str(row["group"]).strip() else ""
    scale = declared.of(dimension)
    score = _score(row["score"], scale)
    if scale and isinstance(score, float) and not scale.holds(score):
        raise _Fault(f"score {score:g} on {dimension} is not on its scale {scale}", "mend the score, or declare another scale")
    return None if score is None else Judgement(item, system, rater, dimension, score, group)


def _name(row: Mapping[str, Any], key: str) -> str:
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


def _score(value: Any, scale: Scale | None) -> float | NotApplicableMark | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        _refuse(value, scale)
    if isinstance(value, str):
        plain = value.strip().lower()
        if plain in _NOT_APPLICABLE:
            return NOT_APPLICABLE
        place = scale.place(plain) if scale else None
        if place is not None:
            return place
        if plain in _NO_RATING:
            return None
        if "_" in plain:
            _refuse(value, scale)
    try:
        number = float(value)
    except (ValueError, OverflowError):
        _refuse(value, scale)
    if abs(number) > MOST:
        _refuse(value, scale)
    return None if math.isnan(number) else number


def _refuse(value: object, scale: Scale | None) -> NoReturn:
    shown = repr(str(value)[:80])
    if scale and scale.names:
        raise _Fault(f"{shown} is none of {', '.join(scale.names)}", "write one of them, n/a, or nothing")
    raise _Fault(f"{shown} is not a score", "write a number with a decimal point, n/a, or nothing; names take a scale: --scale 'poor|fair|good'")
