"""The command line, run as a user runs it: a process of its own in a folder of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from sim.app import prepare_study
from sim.cli.app import run_app
from tests.cli.forks import FORKS, Process

ROOT = Path(__file__).parents[2]

Running = Process | subprocess.Popen[str]
"""A command that was begun."""

FIRST_LOOK = """\
name: first-look
targets:
  - {id: remembers, model: openai/any, api_base: "http://127.0.0.1:9152/v1", memory: full}
  - {id: forgets,   model: openai/any, api_base: "http://127.0.0.1:9152/v1", memory: none}
user:   {model: openai/user,  api_base: "http://127.0.0.1:9152/v1"}
rater:  {model: openai/rater, api_base: "http://127.0.0.1:9152/v1"}
tagger: {model: offline/tagger}
personas: ["*"]          # ids, globs or paths; "*" is everything there is
scenarios: [new-in-town]
seeds: 2
concurrency: 50
"""
"""The study that every client must be able to run as it stands, but for the port."""


READ_AT_START = ("PYTHON", "LITELLM", "LANGCHAIN", "LANGSMITH", "HTTP", "http", "ALL_PROXY")
"""What an interpreter or a library reads while it starts begins with one of these."""


@dataclass
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


def environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.endswith("_API_KEY") and k not in ("COLUMNS", "SIM_LOG")}
    return {**kept, "PYTHONPATH": str(ROOT), "LITELLM_LOCAL_MODEL_COST_MAP": "True", **more}


def sim(*arguments: str | Path, cwd: Path, timeout: float = 180, stdin: IO[str] | None = None, **env: str) -> Done:
    """Run `sim` to its end."""
    process = start(*arguments, cwd=cwd, stdin=stdin, **env)
    try:
        out, errors = process.communicate(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Done(process.returncode, out, errors)


def start(*arguments: str | Path, cwd: Path, stdin: IO[str] | None = None, **env: str) -> Running:
    """Begin `sim`; the caller ends it."""
    words = [*map(str, arguments)]
    if FORKS and not any(name.startswith(READ_AT_START) for name in env):
        return Process(words, cwd=cwd, env=environment(**env), stdin=stdin)
    return launch(*words, cwd=cwd, stdin=stdin, **env)


def launch(*arguments: str | Path, cwd: Path, stdin: IO[str] | None = None, **env: str) -> subprocess.Popen[str]:
    """Begin `sim` in an interpreter of its own, which imports everything anew."""
    command = [sys.executable, "-m", "sim", *map(str, arguments)]
    streams: Any = {"stdin": stdin or subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=cwd, env=environment(**env), text=True, encoding="utf-8", **streams)


def sim_json(*arguments: str | Path, cwd: Path, status: int = 0) -> Any:
    """The one JSON document that `sim … --json` prints."""
    done = sim(*arguments, "--json", cwd=cwd)
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def forecast(study: Path, folder: Path) -> Any:
    """Calls and trials that the study at `study` takes, as `sim plan` counts them, without its statistics."""
    with contextlib.chdir(folder):
        return prepare_study(study).forecast.model_dump(mode="json")


def first_look(folder: Path, url: str, **changes: str) -> Path:
    """The study above against the server at `url`; changes replace whole lines by their key."""
    text = FIRST_LOOK.replace("http://127.0.0.1:9152/v1", url)
    lines = [f"{line.split(':')[0]}: {changes.pop(line.split(':')[0])}" if line.split(":")[0] in changes else line for line in text.splitlines()]
    path = folder / "first-look.yaml"
    path.write_text("\n".join([*lines, *(f"{k}: {v}" for k, v in changes.items())]) + "\n", encoding="utf-8")
    return path


class Here:
    """`sim` in this process, where a process of its own would only take time."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def sim(self, *arguments: str | Path) -> Done:
        os.environ.pop("COLUMNS", None)  # Another test's tools may have set it in this process.
        status = run_app([*map(str, arguments)])
        return Done(status, *self._capsys.readouterr())

    def json(self, *arguments: str | Path) -> Any:
        done = self.sim(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
