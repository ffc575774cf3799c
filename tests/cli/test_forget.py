"""`sim forget`: no byte of what was said is left, and every table is."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from sim.store.journal import open_journal
from tests.cli.command import sim, sim_json
from tests.cli.small import project

KEEPS, DROPS = "davi/short/keeps/1", "davi/short/drops/1"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forget")
    assert sim("run", project(folder), cwd=folder).returncode == 0
    return folder


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made / "results", tmp_path / "results")
    return tmp_path / "results" / "small"


def texts(run: Path, trial: str) -> set[bytes]:
    """What was said in `trial`, as it stands in the file."""
    found = sim_json("show", run, trial, cwd=run)
    said = {t for s in found["sessions"] for e in s["exchanges"] for t in (e["user"], e["reply"], e["occasion"]["mood"])}
    said |= {r["reason"] for s in found["sessions"] for e in s["exchanges"] for r in e["ratings"]["self"].values()}
    return {json.dumps(t, ensure_ascii=False)[1:-1].encode() for t in said if len(t) >= 12}


def standing(run: Path, said: set[bytes]) -> set[bytes]:
    stored = b"".join(p.read_bytes() for p in run.glob("run.db*"))
    return {t for t in said if t in stored}


def tables(run: Path) -> tuple[Any, Any]:
    """Everything that is shown but what only words tell: which facts were told, and which replies were said before."""
    shown = sim_json("show", run, cwd=run)
    for target in shown["targets"]:
        target["memory"] = {k: v for k, v in target["memory"].items() if k not in ("core_facts_disclosed", "elicited_facts", "profile")}
        del target["repetition"]["said_before"]
        target["likability"] = {k: v for k, v in target["likability"].items() if k not in ("scripted", "scripted_interval")}
    for axis in shown["bought"]:
        axis["arms"] = [{k: v for k, v in arm.items() if k != "brings"} for arm in axis["arms"]]
    return shown, sim_json("list", "--results", run.parent, cwd=run)


def test_no_byte_of_it_is_left_and_the_tables_are_the_same(run: Path) -> None:
    said = texts(run, KEEPS) | texts(run, DROPS)
    assert len(said) > 15
    assert standing(run, said) == said
    before = tables(run)
    done = sim("forget", run, "--yes", cwd=run)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "Forgot the texts of 2 trials of run 'small'.\n")
    assert standing(run, said) == set()
    assert tables(run) == before
    of = sim_json("show", run, cwd=run)["targets"][0]["repetition"]["said_before"]
    assert (of["replies"], of["anybody"]) == (0, None), "of texts that are gone nobody can tell"
    shown = sim("show", run, KEEPS, cwd=run).stdout
    assert "Forgotten: " in shown
    assert "ø ø ø" in shown
    assert sim("export", run, cwd=run).returncode == 0


def test_only_the_trial_that_is_named_is_forgotten(run: Path) -> None:
    keeps = texts(run, KEEPS)
    drops = texts(run, DROPS) - keeps
    assert sim("forget", run, "--trial", "drops", "--yes", cwd=run).returncode == 0
    assert standing(run, drops) == set()
    assert standing(run, keeps) == keeps
    assert sim_json("show", run, KEEPS, cwd=run)["forgotten"] is False


def test_what_a_killed_writer_left_in_helpers_is_forgotten_too(run: Path) -> None:
    said = texts(run, KEEPS)
    with sqlite3.connect(run / "run.db") as db:
        db.execute("PRAGMA journal_mode = WAL")
    writer = sqlite3.connect(run / "run.db")
    writer.execute("PRAGMA wal_autocheckpoint = 0")
    writer.execute("UPDATE event SET body = body || ' ' WHERE trial = ?", (KEEPS,))
    writer.commit()
    kept = run.parent / "killed"
    shutil.copytree(run, kept)
    writer.close()
    assert standing(kept, said) == said
    assert sim("forget", kept, "--yes", cwd=run).returncode == 0
    assert standing(kept, said) == set()


def test_it_wants_to_hear_yes(run: Path) -> None:
    before = (run / "run.db").read_bytes()
    done = sim("forget", run, cwd=run)
    assert (done.returncode, done.stderr) == (2, "sim: this deletes the texts of 2 trials of run 'small' for good; say so with --yes\n")
    assert (run / "run.db").read_bytes() == before


@pytest.mark.parametrize("arguments", [("nosuch",), ("small", "--trial", "nosuch")])
def test_what_is_not_there_is_refused_in_one_line(run: Path, arguments: tuple[str, ...]) -> None:
    done = sim("forget", *arguments, "--yes", cwd=run.parent.parent)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_a_run_that_is_being_written_is_refused(run: Path) -> None:
    with open_journal(run):
        done = sim("forget", run, "--yes", cwd=run)
    assert done.returncode == 2
    assert "is being written by process" in done.stderr


def test_a_forgotten_trial_is_not_gone_on_with(run: Path) -> None:
    with sqlite3.connect(run / "run.db") as db:
        db.execute("DELETE FROM event WHERE kind = 'trial_finished' OR (trial = ? AND session = 2)", (KEEPS,))
    assert sim("forget", run, "--trial", "keeps", "--yes", cwd=run).returncode == 0
    done = sim("resume", run, cwd=run)
    assert done.returncode == 0, done.stderr
    found = sim_json("show", run, KEEPS, cwd=run)
    assert (found["status"], found["failure"], len(found["sessions"])) == ("failed", None, 1)
    (line,) = sim_json("list", "--results", run.parent, cwd=run)["runs"]
    assert (line["status"], line["finished"], line["failed"]) == ("finished", 1, 1)
