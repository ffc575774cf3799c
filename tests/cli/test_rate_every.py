"""A study that rates every n-th exchange is whole when these are rated, and says the same of itself everywhere."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.cli.command import Here, forecast

STUDY = """\
name: seldom
targets: [{id: bot, model: offline/uses}]
user: {model: offline/user}
personas: [davi]
scenarios: [new-in-town]
rate_every: 3
controls: {one_by_one: 0, repeat: 0}
"""


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    monkeypatch.chdir(tmp_path)
    return Here(capsys)


def test_what_is_not_to_be_rated_is_not_absent(here: Here, tmp_path: Path) -> None:
    (tmp_path / "seldom.yaml").write_text(STUDY)
    plan = forecast(Path("seldom.yaml"), Path())
    done = here.sim("run", "seldom.yaml")
    assert done.returncode == 0, done.stderr
    shown = here.json("show", "seldom")
    assert shown["status"] == "finished"
    assert "Absent" not in here.sim("show", "seldom").stdout
    rows = list(csv.DictReader(io.StringIO(here.sim("export", "seldom", "--format", "csv").stdout)))
    rated = [int(row["exchange"]) for row in rows if row["likability"]]
    assert rated == [int(row["exchange"]) for row in rows if int(row["exchange"]) % 3 == 1]
    assert len(rated) < len(rows)
    sessions = len({row["session"] for row in rows})
    assert plan["by_role"]["rater"]["min"] <= len(rated) + sessions <= plan["by_role"]["rater"]["max"]
    again = here.json("score", "seldom", "--rater", "offline/rater")
    assert again["absent"] == 0
    assert here.sim("report", "seldom").returncode == 0
    assert "of the first exchange of each session and every 3 after it" in (tmp_path / "results" / "seldom" / "report.html").read_text()
