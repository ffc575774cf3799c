"""`sim export --rows` and `sim compare --out`: the rows that frames have, in files."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import polars
import pytest

import sim
from sim.cli.comparing import compare
from sim.cli.exporting import export
from tests.cli.small import project


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> sim.Run:
    folder = tmp_path_factory.mktemp("rows")
    return sim.run(project(folder), results=folder / "results", progress=False)


@pytest.mark.parametrize("rows", ["sessions", "trials"])
def test_csv_and_parquet_hold_the_rows_of_the_frame(run: sim.Run, rows: str, tmp_path: Path) -> None:
    results, frame = run.folder.path.parent, run.frame(rows)  # type: ignore[arg-type]
    for form in ("csv", "parquet"):
        assert export("small", format=form, out=tmp_path / f"rows.{form}", results=results, rows=rows) == 0  # type: ignore[arg-type]
    assert polars.read_parquet(tmp_path / "rows.parquet").equals(frame)
    text = (tmp_path / "rows.csv").read_text(encoding="utf-8")
    found = list(csv.DictReader(io.StringIO(text)))
    assert list(found[0]) == frame.columns
    assert [r["trial"] for r in found] == frame["trial"].to_list()
    assert [float(r["likability"]) if r["likability"] else None for r in found] == frame["likability"].to_list()
    with pytest.raises(sim.InputError, match=f"jsonl has no rows of {rows}"):
        export("small", format="jsonl", out=None, results=results, rows=rows)  # type: ignore[arg-type]


def test_pairs_are_written_beside_what_is_printed(run: sim.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = run.folder.path.parent
    frame = sim.compare(run).frame()
    for name in ("pairs.csv", "pairs.parquet"):
        assert compare(["small"], by="target", results=results, out=tmp_path / name, as_json=False) == 0
        assert "small" in capsys.readouterr().out
    assert polars.read_parquet(tmp_path / "pairs.parquet").equals(frame)
    found = list(csv.DictReader(io.StringIO((tmp_path / "pairs.csv").read_text(encoding="utf-8"))))
    assert [float(r["difference"]) if r["difference"] else None for r in found] == frame["difference"].to_list()
    with pytest.raises(sim.InputError, match=r"neither \.csv nor \.parquet"):
        compare(["small"], by="target", results=results, out=tmp_path / "pairs.xlsx", as_json=False)
