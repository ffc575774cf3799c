"""A real chatbot under offline models: what they say of it decides nothing and is marked; a reply that was cut off is marked wherever it is shown."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import sim, sim_json
from tests.cli.small import SCENARIO

BOT = """\
def reply(messages):
    cut = len(messages) > 1
    return {"role": "assistant", "content": "It was a long day, and then" if cut else "Tell me more.", "finish_reason": "length" if cut else "stop"}
"""
STUDY = """\
name: own
targets:
  - {id: my-bot, callable: "bot:reply"}
user: {model: offline/user}
personas: [chebet, davi, ebrima, gulten, nadim, tore]
scenarios: [short]
concurrency: 4
"""
NOTE = "offline models play the user and the rater: scores of my-bot check the instrument and say nothing of a real chatbot"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "short.yaml").write_text(SCENARIO.replace("[persona.pet]", "[]"))
    (folder / "bot.py").write_text(BOT)
    (folder / "own.yaml").write_text(STUDY)
    assert sim("run", "own.yaml", cwd=folder).returncode == 0
    return folder


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_gate_cannot_tell_by_a_stub_and_decides_what_is_counted(folder: Path) -> None:
    done = sim("gate", "own", "--require", "likability >= 1", "--require", "words <= 50", "--require", "failed == 0", cwd=folder)
    assert done.returncode == 4
    document = sim_json("gate", "own", "--require", "likability >= 1", "--require", "words <= 50", "--require", "failed == 0", cwd=folder, status=4)
    assert [c["verdict"] for c in document["checks"]] == ["inconclusive", "passed", "passed"]
    assert "the rater is an offline model" in words(done.stdout)
    assert NOTE in words(done.stdout)
    assert sim("gate", "own", "--require", "words <= 50", "--require", "failed == 0", cwd=folder).returncode == 0


def test_the_gate_decides_by_a_stub_where_that_is_allowed_and_says_so(folder: Path) -> None:
    done = sim("gate", "own", "--require", "likability >= 1", "--allow-offline", cwd=folder)
    assert done.returncode == 0
    assert "--allow-offline: what an offline model says of a real chatbot was let decide" in words(done.stdout)


def test_every_page_says_who_was_offline_and_what_that_leaves(folder: Path) -> None:
    assert NOTE in words(sim("show", "own", cwd=folder).stdout)
    assert "rated by self, an offline model" in words(sim("show", "own", cwd=folder).stdout)
    shown = sim_json("show", "own", cwd=folder)
    assert (shown["stub_rated"], shown["offline_note"].startswith(NOTE)) == (["my-bot"], True)
    assert NOTE in words(sim("compare", "own", "--by", "scenario", cwd=folder).stdout + sim("show", "own", "davi", cwd=folder).stdout)
    report = json.loads(sim("report", "own", "--json", cwd=folder).stdout)
    assert report["headline"]["verdict"] == "No verdict on my-bot: the rater is an offline model, which cannot judge a real chatbot."
    assert report["offline_note"].startswith(NOTE)
    assert sim("report", "own", cwd=folder).returncode == 0
    assert NOTE in (folder / "results" / "own" / "report.html").read_text()


def test_a_reply_that_was_cut_off_is_marked_wherever_it_is_shown(folder: Path) -> None:
    assert "Cut off for length: 12 of 24 replies of my-bot" in sim("show", "own", cwd=folder).stdout
    assert sim_json("show", "own", cwd=folder)["targets"][0]["cut"] == 12
    talk = sim("show", "own", "davi", cwd=folder).stdout
    assert words(talk).count("cut off the reply reached its limit of length and stops there") == 2
    exchanges = [e for s in sim_json("show", "own", "davi", cwd=folder)["sessions"] for e in s["exchanges"]]
    assert [(e["finish"], e["cut"]) for e in exchanges] == [("stop", False), ("length", True)] * 2
    rows = list(csv.DictReader(io.StringIO(sim("export", "own", "--format", "csv", cwd=folder).stdout)))
    assert [r["cut"] for r in rows[:2]] == ["false", "true"]
    assert {r["stub_rated"] for r in rows} == {"true"}
    named = sim("export", "own", "--format", "inspect", "--out", "logs", cwd=folder).stdout.split()
    log = json.loads((folder / named[0]).read_text())
    sample: dict[str, Any] = log["samples"][0]
    assert sample["metadata"]["replies_cut_off"] == 2
    assert sample["output"]["choices"][0]["stop_reason"] == "max_tokens"
    assert [m.get("metadata") for m in sample["messages"] if m["role"] == "assistant"] == [None, {"finish": "length", "cut_off": True}] * 2
    page = (folder / "results" / "own" / "report.html").read_text() if sim("report", "own", cwd=folder).returncode == 0 else ""
    assert "Cut off: the reply reached its limit of length" in page
