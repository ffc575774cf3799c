"""Rows as a data frame or a parquet file, with the types of their columns and with what each holds; the exchanges of a run among them."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from sim.core.codebook import DIMENSIONS
from sim.core.errors import InputError
from sim.present.data.exports import Events, columns_of, export_values

if TYPE_CHECKING:
    from sim.core.codebook import Codebook
    from sim.core.record import Trial
    from sim.core.spec import Study
    from sim.core.spec.scorer import ResultKind, ScorerInfo

Library = Literal["polars", "pandas"]
ColumnKind = Literal["truth", "maybe", "whole", "figure", "date", "text"]
"""`maybe`: a truth value or nothing."""

TRUTHS = frozenset({"offline", "scripted", "leave", "cut", "stub_rated", "critical"})
MAYBE = frozenset({"said_before"})
NUMBERS = frozenset({"seed", "session", "exchange", "user_words", "reply_words", "discarded", *DIMENSIONS})
FIGURES = frozenset({"likability", "fixed_set", "jaccard", "novelty", "repertoire"})
"""Columns that hold truth values, truth values or nothing, whole numbers and other numbers; the others hold text, but for `date`."""


def exchanges_frame(
    trials: Iterable[Trial],
    library: Library,
    *,
    study: Study,
    run: str,
    offline: tuple[str, ...],
    codebook: Codebook,
    events: Events | None = None,
    scorers: Sequence[ScorerInfo] = (),
) -> Any:
    """A row an exchange, ordered by trial, session and exchange; null where the CSV has an empty cell.

    Raises:
        InputError: the library is not installed.
    """
    rows = export_values(trials, study=study, run=run, offline=offline, codebook=codebook, events=events, scorers=scorers)
    return build_frame(rows, column_kinds(scorers), library)


def build_frame(rows: Iterable[Sequence[object]], kinds: Mapping[str, ColumnKind], library: Library) -> Any:
    """`rows` as a frame with the columns of `kinds`, in their order; dates are dates or text in ISO 8601.

    Raises:
        InputError: the library is not installed.
    """
    listed = list(rows)
    columns: dict[str, list[Any]] = {name: [row[i] for row in listed] for i, name in enumerate(kinds)}
    for name in (n for n, kind in kinds.items() if kind == "date"):
        columns[name] = [dt.date.fromisoformat(d) if isinstance(d, str) else d for d in columns[name]]
    made = _library(library)
    if library == "polars":
        return made.DataFrame(columns, schema={name: getattr(made, POLARS[kind]) for name, kind in kinds.items()})
    return made.DataFrame({name: made.Series(values, dtype=PANDAS[kinds[name]]) for name, values in columns.items()})


def render_parquet(frame: Any, meanings: Mapping[str, str]) -> bytes:
    """A polars frame as a parquet file that says in its metadata what each column holds.

    Args:
        meanings: by column, as `columns_of` has them of a run's exchanges.
    """
    file = io.BytesIO()
    frame.write_parquet(file, metadata=dict(meanings))
    return file.getvalue()


POLARS: dict[ColumnKind, str] = {"truth": "Boolean", "maybe": "Boolean", "whole": "Int64", "figure": "Float64", "date": "Date", "text": "String"}
PANDAS: dict[ColumnKind, str] = {
    "truth": "bool",
    "maybe": "boolean",
    "whole": "Int64",
    "figure": "Float64",
    "date": "datetime64[s]",
    "text": "object",
}
_RESULTS: dict[ResultKind, ColumnKind] = {"yes_no": "maybe", "number": "figure", "label": "text"}


def column_kinds(scorers: Sequence[ScorerInfo] = ()) -> dict[str, ColumnKind]:
    """What each column holds, in order."""
    own = {f"scorer_{info.id}": _RESULTS[info.result] for info in scorers}
    return {name: own[name] if name in own else _kind(name) for name in columns_of(scorers)}


def _kind(column: str) -> ColumnKind:
    if column in TRUTHS:
        return "truth"
    if column in MAYBE:
        return "maybe"
    if column in NUMBERS:
        return "whole"
    return "figure" if column in FIGURES else "date" if column == "date" else "text"


def _library(name: Library) -> Any:
    try:
        return import_module(name)
    except ImportError:
        mend = "pip install 'rapport-sim[export]'" if name == "polars" else "pip install pandas"
        raise InputError(f"this needs {name}, which is not installed", mend=mend) from None
