"""Every table that the one command makes has a module to make it, and a place in the guide that names its command."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.benchmarks import quiet
from tests.benchmarks.quiet import ROOT, Table, tables

GUIDE = ROOT / "sim" / "guide"


@pytest.mark.parametrize("table", tables(), ids=lambda t: t.words[0])
def test_a_table_stands_where_it_says(table: Table) -> None:
    assert find_spec(f"tests.benchmarks.{table.words[0]}")
    page, _, heading = table.place.partition("#")
    text = (GUIDE / page).read_text(encoding="utf-8")
    assert f"tests.benchmarks.{table.words[0]}" in text
    headings = {line.lstrip("# ").lower().replace(",", "").replace(" ", "-") for line in text.splitlines() if line.startswith("#")}
    assert not heading or heading in headings


def test_one_that_fails_is_told_and_holds_nothing_up(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    both = (Table("pages.md", ("no_such_module",)), Table("pages.md", ("test_quiet",)))
    monkeypatch.setattr(quiet, "tables", lambda envs: both)
    assert quiet.main(Path("none")) == 1
    told = capfd.readouterr().out
    assert told.index("FAILED with status 1") < told.index("`python -m tests.benchmarks.test_quiet`") < told.index("-- done")
