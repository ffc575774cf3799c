from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from sim.core.errors import InputError
from sim.present.data.exports import COLUMNS, export_rows
from sim.present.data.frames import Library, exchanges_frame, render_parquet
from tests import examples
from tests.analysis.stories import CODEBOOK, whole_run


def frame(library: Library = "polars") -> Any:
    pytest.importorskip(library, reason=f"{library} is not installed")
    return exchanges_frame(whole_run(), library, study=examples.study(), run="first-look", offline=("user",), codebook=CODEBOOK)


def rows_of_the_csv() -> list[dict[str, str]]:
    lines = export_rows(whole_run(), "csv", study=examples.study(), run="first-look", offline=("user",), codebook=CODEBOOK)
    return list(csv.DictReader(io.StringIO("".join(lines), newline="")))


def test_a_frame_says_what_the_csv_says() -> None:
    written, found = rows_of_the_csv(), frame().to_dicts()
    assert len(written) == len(found) > 0
    read: dict[type, Callable[[Any], str]] = {bool: lambda v: str(v).lower(), type(None): lambda _: ""}
    for row, expected in zip(found, written, strict=True):
        assert {k: read.get(type(v), str)(v) for k, v in row.items()} == expected


def test_both_libraries_hold_the_same() -> None:
    one, other = frame("polars"), frame("pandas")
    assert list(other.columns) == one.columns == list(COLUMNS)
    assert other["callback"].dropna().tolist() == one["callback"].drop_nulls().to_list()
    assert other["callback"].isna().sum() == one["callback"].null_count() > 0
    assert other["reply"].tolist() == one["reply"].to_list()


def test_a_parquet_file_comes_back_with_types_and_with_what_its_columns_hold() -> None:
    polars = pytest.importorskip("polars", reason="polars is not installed")
    whole = frame()
    file = io.BytesIO(render_parquet(whole, COLUMNS))
    assert polars.read_parquet(file).equals(whole)
    file.seek(0)
    kept = polars.read_parquet_metadata(file)
    assert {name: kept[name] for name in COLUMNS} == COLUMNS


def test_an_absent_library_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "polars", None)
    with pytest.raises(InputError, match="polars, which is not installed"):
        exchanges_frame([], "polars", study=examples.study(), run="r", offline=(), codebook=CODEBOOK)
