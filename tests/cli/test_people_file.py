"""A study with people is checked before anybody is asked, and its keys can be looked up."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pytest

from sim.cli.app import run_app
from sim.store.journal import open_journal
from tests.cli.command import sim, start
from tests.cli.small import project

GOOD = "name: readers\ntitle: Readers\nread: first-look\npeople: 2\nconsent: You may stop at any time.\n"


def test_a_study_with_people_is_checked(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text(GOOD, encoding="utf-8")
    done = sim("check", "people.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "1 study with people good\n")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("people: 2", "people: 1"), "2 raters an item cannot be had of 1 people"),
        (("read: first-look\n", ""), "exactly one of the keys read and chat"),
        (("people: 2", "people: 2\nafter: [{id: a, ask: Why?}]"), "exactly one of the keys scale, choices and text"),
    ],
)
def test_what_is_wrong_in_it_is_said_in_a_line_with_its_place(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    (tmp_path / "people.yaml").write_text(GOOD.replace(*change), encoding="utf-8")
    for command in (("check", "people.yaml"), ("view", ".", "--study", "people.yaml")):
        done = sim(*command, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("sim: people.yaml")
        assert said in done.stderr
        assert done.stderr.count("\n") == 1


def test_its_keys_are_told(tmp_path: Path) -> None:
    schema = json.loads(sim("check", "--schema", "people", cwd=tmp_path).stdout)
    assert {"read", "chat", "people", "each", "raters", "checks", "consent", "before", "after", "seed"} <= set(schema["properties"])


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a finished run, `small`."""
    folder = tmp_path_factory.mktemp("told")
    done = sim("run", project(folder), cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def viewed(study: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The line with which the viewer refuses a study, before it has told any address."""
    Path("people.yaml").write_text(study, encoding="utf-8")
    capsys.readouterr()
    assert run_app(["view", "results", "--study", "people.yaml"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1, said.err
    return said.err


def test_a_viewer_that_cannot_seat_its_people_says_why_and_tells_no_address(
    told: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(told, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    good = GOOD.replace("first-look", "small")
    chat = GOOD.replace("read: first-look", "chat: chat.yaml")
    assert "there is no run 'first-look' in results" in viewed(GOOD, capsys)
    Path("results/folder").mkdir()
    assert "folder: is not a run's folder" in viewed(GOOD.replace("first-look", "folder"), capsys)
    assert "chat.yaml: no such file" in viewed(chat, capsys)
    Path("chat.yaml").write_text(GOOD, encoding="utf-8")
    assert "chat.yaml:1: 'targets' is missing" in viewed(chat, capsys)
    assert "leaves none for 1 of 3 people; write people: 2" in viewed(good.replace("people: 2", "people: 3\neach: 1"), capsys)
    with open_journal(Path("results/small")):
        assert "run 'small' is being written by process" in viewed(good, capsys)
    Path("results/small/run.db").write_bytes(b"nothing")
    assert "run.db: is not a journal" in viewed(good, capsys)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name)
def test_a_viewer_gives_its_run_back_when_it_is_ended(ending: signal.Signals, told: Path, tmp_path: Path) -> None:
    shutil.copytree(told, tmp_path, dirs_exist_ok=True)
    (tmp_path / "people.yaml").write_text(GOOD.replace("first-look", "small"), encoding="utf-8")
    process = start("view", "results", "--study", "people.yaml", cwd=tmp_path)
    assert process.stdout is not None
    assert "/?token=" in process.stdout.readline()
    assert process.stdout.readline().startswith("for people: http://127.0.0.1:")
    again = sim("view", "results", "--study", "people.yaml", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == f"sim: run 'small' is being written by process {process.pid}; wait until it is done, or end it\n"
    process.send_signal(ending)
    assert process.communicate(timeout=30)[1] == "Ctrl-C ends it\n"
    assert process.returncode == 0
    assert not (tmp_path / "results" / "small" / "run.db-wal").exists()
