"""The short form of the benchmarks beside this file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.journal_growth import measure
from tests.cli.command import environment, sim
from tests.cli.small import project

PROBE = """\
import json, sys
from sim.cli.app import run_app
assert run_app(sys.argv[1:]) == 0
print(json.dumps([m for m in ("langgraph", "litellm", "scipy", "aiohttp", "openai") if m in sys.modules]), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("startup")
    assert sim("run", project(folder), cwd=folder).returncode == 0
    return folder


def test_a_journal_grows_by_the_same_for_each_exchange() -> None:
    # A journal grows by pages of 4 kB, so that fewer exchanges would measure pages.
    short, middle, long = measure(50), measure(100), measure(250)
    assert long.further(middle)[0] == pytest.approx(middle.further(short)[0], rel=0.1)


@pytest.mark.parametrize(
    "command", ["--help", "list", "show small", "show small keeps", "show small --json", "check", "check small.yaml", "export small"]
)
def test_a_reading_command_imports_neither_state_machine_nor_model_library(command: str, folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", PROBE, *command.split()], cwd=folder, env=environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stderr.splitlines()[-1]))
    assert not loaded & {"langgraph", "litellm", "openai", "aiohttp"}
    assert "scipy" not in loaded or command.startswith("show small")
