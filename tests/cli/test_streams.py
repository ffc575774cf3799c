"""Output that goes nowhere: a run goes on and exits by its own status; a command that only prints complains, unless its reader left."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import sim as rapport
from sim.core.errors import Notice
from sim.core.event import Event
from tests.cli.command import ROOT, environment, sim, sim_json
from tests.cli.small import project

LINE = "sim: standard output cannot be written: No space left on device\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose run has something to say on standard error before its first call: that a local persona hides a built-in one."""
    project(tmp_path)
    (tmp_path / "personas").mkdir()
    shutil.copy(ROOT / "personas" / "davi.yaml", tmp_path / "personas")
    return tmp_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one finished run."""
    folder = tmp_path_factory.mktemp("finished")
    assert sim("run", project(folder), cwd=folder).returncode == 0
    return folder


def shell(command: str, *, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`command` in bash, where SIM is the program; the status is that of the first part of a pipeline."""
    text = f"{command}; exit ${{PIPESTATUS[0]}}"
    env = environment(SIM=f"{sys.executable} -m sim")
    return subprocess.run(["bash", "-c", text], cwd=cwd, env=env, capture_output=True, text=True, timeout=180, encoding="utf-8", check=False)


@pytest.mark.parametrize("gone", ["2>&1 >/dev/null | true", "<&- >&- 2>&-", "2>&-", ">/dev/full", ">/dev/full 2>&1", "| head -1"])
def test_a_run_whose_output_is_gone_finishes_and_exits_by_its_own_status(gone: str, folder: Path) -> None:
    done = shell(f"$SIM run small.yaml {gone}", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert sim_json("show", "small", cwd=folder)["trials"]["finished"] == 2
    if gone == ">/dev/full":
        assert done.stderr.endswith(LINE)


def test_an_incomplete_run_whose_output_is_gone_says_so_by_its_status(folder: Path) -> None:
    assert shell("$SIM run small.yaml --max-minutes 0.00001 >&- 2>&-", cwd=folder).returncode == 3
    assert shell("$SIM resume small --max-minutes 0.00001 | true", cwd=folder).returncode == 3
    assert shell("$SIM resume small --max-minutes 5 >/dev/full", cwd=folder).returncode == 0


@pytest.mark.parametrize("command", ["export small", "show small", "--help"])
def test_a_command_that_only_prints_ends_quietly_with_its_reader_and_complains_of_a_full_disk(command: str, finished: Path) -> None:
    read = shell(f"$SIM {command} | head -1", cwd=finished)
    assert (read.returncode, read.stderr) == (0, "")
    assert read.stdout
    full = shell(f"$SIM {command} >/dev/full", cwd=finished)
    assert (full.returncode, full.stderr) == (2, LINE)
    assert shell(f"$SIM {command} >&-", cwd=finished).returncode == 0


def test_a_closed_stream_leaves_no_number_for_a_journal_to_take(folder: Path) -> None:
    code = "from sim.cli.streams import prepare_streams; prepare_streams(); import os; print(open('small.yaml').fileno(), flush=True)"
    done = subprocess.run(
        ["bash", "-c", f'{sys.executable} -c "{code}" <&- 2>&-'], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    assert int(done.stdout) > 2


class Fails:
    """Watches one event, and fails at it."""

    def __init__(self) -> None:
        self.seen = 0

    def on_event(self, event: Event) -> None:
        self.seen += 1
        raise OSError("nobody listens")


class Counts:
    """Watches all."""

    def __init__(self) -> None:
        self.seen = 0

    def on_event(self, event: Event) -> None:
        self.seen += 1


def test_a_listener_that_fails_is_told_no_more_and_the_run_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    fails, counts = Fails(), Counts()
    with pytest.warns(Notice, match=r"listener Fails failed \(OSError\) and is told no more") as warned:
        run = asyncio.run(rapport.run_study("small.yaml", listeners=(fails, counts)))
    assert (run.status, fails.seen, len(warned)) == ("finished", 1, 1)
    assert counts.seen > 10


def test_an_interrupt_before_any_command_began_leaves_no_traceback(folder: Path) -> None:
    """The interrupt comes while the commands are being imported, which takes most of the first tenth of a second."""
    script = folder / "early.py"
    script.write_text(
        textwrap.dedent(
            """
            import builtins, os, signal, sys

            # A shell that starts the tests in the background has it ignored.
            signal.signal(signal.SIGINT, signal.default_int_handler)

            real = builtins.__import__

            def interrupted(name, *rest, **more):
                if name == "sim.cli.app":
                    os.kill(os.getpid(), signal.SIGINT)
                return real(name, *rest, **more)

            builtins.__import__ = interrupted
            sys.argv = ["sim", "list"]
            from sim.cli import main

            main()
            """
        )
    )
    process = subprocess.run([sys.executable, script], cwd=folder, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert (process.returncode, process.stdout, process.stderr) == (130, "", "")
