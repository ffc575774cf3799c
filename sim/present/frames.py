"""A run's exchanges as a data frame or a parquet file: the columns of the CSV export, with their types and with what each holds."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from sim.core.codebook import DIMENSIONS
from sim.core.errors import InputError
from sim.present.exports import COLUMNS, Events, export_values

if TYPE_CHECKING:
    from sim.core.codebook import Codebook
    from sim.core.record import Trial
    from sim.core.spec import Study

Library = Literal["polars", "pandas"]

TRUTHS = frozenset({"offline", "scripted", "leave"})
NUMBERS = frozenset({"seed", "session", "exchange", "user_words", "reply_words", *DIMENSIONS})
FIGURES = frozenset({"likability", "fixed_set", "jaccard", "novelty", "repertoire"})
"""Columns that hold truth values, whole numbers and other numbers; the others hold text, but for `date`."""


def exchanges_frame(
    trials: Iterable[Trial],
    library: Library,
    *,
    study: Study,
    run: str,
    offline: tuple[str, ...],
    codebook: Codebook,
    events: Events | None = None,
) -> Any:
    """A row an exchange, ordered by trial, session and exchange; null where the CSV has an empty cell.

    Raises:
        InputError: the library is not installed.
    """
    rows = list(export_values(trials, study=study, run=run, offline=offline, codebook=codebook, events=events))
    columns = {name: [row[i] for row in rows] for i, name in enumerate(COLUMNS)}
    columns["date"] = [dt.date.fromisoformat(str(d)) for d in columns["date"]]
    made = _library(library)
    if library == "polars":
        return made.DataFrame(columns, schema={name: _polars_type(name, made) for name in COLUMNS})
    return made.DataFrame({name: made.Series(values, dtype=_pandas_type(name)) for name, values in columns.items()})


def render_parquet(frame: Any) -> bytes:
    """A polars frame as a parquet file that says in its metadata what each column holds."""
    file = io.BytesIO()
    frame.write_parquet(file, metadata=COLUMNS)
    return file.getvalue()


def _polars_type(column: str, polars: Any) -> Any:
    if column in TRUTHS:
        return polars.Boolean
    if column in NUMBERS:
        return polars.Int64
    return polars.Float64 if column in FIGURES else polars.Date if column == "date" else polars.String


def _pandas_type(column: str) -> str:
    if column in TRUTHS:
        return "bool"
    if column in NUMBERS:
        return "Int64"
    return "Float64" if column in FIGURES else "datetime64[s]" if column == "date" else "object"


def _library(name: Library) -> Any:
    try:
        return import_module(name)
    except ImportError:
        mend = "pip install 'rapport-sim[export]'" if name == "polars" else "pip install pandas"
        raise InputError(f"this needs {name}, which is not installed", mend=mend) from None
