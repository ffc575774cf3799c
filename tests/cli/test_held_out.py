"""A scenario that is held out: the record and the report name it by the hash of its file and hold none of its text."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from sim.app import load_run
from sim.cli.app import run_app
from sim.core.spec.held_out import UNTOLD
from sim.present.report.talks import talk_data
from tests.cli.small import SCENARIO

WORDS = ("You have just come home", "teal", "It rains on the door", "A short talk", "Is the door", "It is never said")
STRESS = """\
held_out: true
stress:
  asks: Is the door remembered?
  fails: It is never said.
  source: "Ours."
sessions:
"""
STUDY = """\
name: kept
targets: [{id: bot, model: offline/uses}]
user: {model: offline/user}
personas: [davi]
scenarios: [FILE]
"""


@pytest.fixture
def variant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    outside = tmp_path / "elsewhere" / "short.yaml"
    outside.parent.mkdir()
    outside.write_text(SCENARIO.replace("sessions:\n", STRESS, 1), encoding="utf-8")
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    Path("kept.yaml").write_text(STUDY.replace("FILE", str(outside)), encoding="utf-8")
    assert run_app(["run", "kept.yaml"]) == 0
    return outside


def test_the_record_has_its_id_and_hash_and_none_of_its_words(variant: Path) -> None:
    sha256 = hashlib.sha256(variant.read_bytes()).hexdigest()
    written = "".join(Path("results/kept", f).read_text(encoding="utf-8") for f in ("study.yaml", "header.json"))
    assert sha256 in written
    assert not any(word in written for word in WORDS)


def test_show_and_report_name_it_by_its_hash(variant: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sha256 = hashlib.sha256(variant.read_bytes()).hexdigest()
    capsys.readouterr()
    assert run_app(["show", "kept", "davi/short/bot/1", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["scenario_title"] == f"held out, sha256 {sha256}"
    assert "tested" not in shown
    assert shown["sessions"][0]["exchanges"][0]["disclosed"], "its facts are still traced while its file is there"
    run = load_run("kept")
    packed = talk_data(run.trials[0], run.study)
    assert (packed["title"], packed["tested"]) == (shown["scenario_title"], None)
    for session in packed["sessions"]:
        assert (session["situation"], session["event"], session["feels"]) == (UNTOLD, None, None)
        assert {(e["user"], "told" in e) for e in session["exchanges"]} == {(UNTOLD, False)}


@pytest.mark.parametrize("what", ["gone", "changed"])
def test_without_its_file_a_run_is_read_and_not_gone_on_with(variant: Path, capsys: pytest.CaptureFixture[str], what: str) -> None:
    sha256 = hashlib.sha256(variant.read_bytes()).hexdigest()
    if what == "gone":
        variant.unlink()
    else:
        variant.write_text(variant.read_text(encoding="utf-8") + "# another\n", encoding="utf-8")
    capsys.readouterr()
    assert run_app(["show", "kept", "davi/short/bot/1"]) == 0
    said = capsys.readouterr()
    assert sha256 in " ".join(said.out.split())
    assert "held out" in said.err
    for command in (["resume", "kept"], ["score", "kept", "--scorer", "false-memory"]):
        assert run_app(command) == 2
        assert f"put back the file with sha256 {sha256}" in " ".join(capsys.readouterr().err.split())
