"""A run is whole in its folder: it is shown, resumed and exported after personas, scenarios, study and prompts have gone or changed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import ROOT, Done, environment, first_look, sim
from tests.cli.small import SCENARIO
from tests.server import Remote, serve

REWORDED = "Wholly different words."


def prompts(server: Remote, role: str) -> set[str]:
    """The system prompts that were sent for `role`."""
    return {r["body"]["messages"][0]["content"] for r in server.requests() if r["role"] == role}


def later_version(folder: Path) -> Path:
    """The package with other prompts and nothing built in."""
    package = folder / "later"
    shutil.copytree(ROOT / "sim", package / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    for prompt in (package / "sim" / "prompts").glob("*.txt"):
        prompt.write_text(f"{REWORDED}\n" + prompt.read_text(encoding="utf-8"), encoding="utf-8")
    return package


ONE_BY_ONE = """\
import contextlib, io, json, sys
from sim.cli.app import run_app

for command in json.loads(sys.argv[1]):
    out, errors = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        status = run_app(command)
    out.seek(0), errors.seek(0)
    print(json.dumps([status, out.read(), errors.read()]))
"""


def in_later_version(folder: Path, *commands: list[str]) -> list[Done]:
    """What `sim` of that version says to each command, all of them in one process, for starting takes longer than they do."""
    words = [sys.executable, "-c", ONE_BY_ONE, json.dumps(commands)]
    done = subprocess.run(words, cwd=folder, env=environment(PYTHONPATH=str(later_version(folder))), capture_output=True, text=True, check=True)
    return [Done(*json.loads(line)) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("stopped", ["by a fault", "by the budget"])
def test_a_stopped_run_goes_on_with_what_it_began_with(stopped: str, tmp_path: Path) -> None:
    with serve() as server:
        study = first_look(
            tmp_path, server.url, personas="[personas/davi.yaml]", scenarios="[scenarios/short.yaml]", seeds="1", limits="{retries: 0}"
        )
        for kind in ("personas", "scenarios"):
            (tmp_path / kind).mkdir()
        shutil.copy(ROOT / "personas" / "davi.yaml", tmp_path / "personas")
        (tmp_path / "scenarios" / "short.yaml").write_text(SCENARIO)

        sim("run", study, "--name", "whole", cwd=tmp_path)
        users, raters = prompts(server, "user"), prompts(server, "rater")
        server.reset()

        flags: list[str]
        more: list[str]
        if stopped == "by a fault":
            server.fault("error500", role="target", start=4)
            flags, more = [], []
        else:
            flags, more = ["--max-tokens", "12000"], ["--max-tokens", "1000000"]
        first = sim("run", study, "--name", "old", *flags, cwd=tmp_path)
        assert first.returncode == 3, first.stderr
        server.clear()
        server.reset()

        for gone in ("personas", "scenarios"):
            shutil.rmtree(tmp_path / gone)
        study.unlink()
        before, resumed, shown, exported, fresh = in_later_version(
            tmp_path,
            ["show", "old", "--json"],
            ["resume", "old", "--json", *more],
            ["show", "old", "davi/remembers"],
            ["export", "old"],
            ["run", "old.yaml"],
        )
        assert json.loads(before.stdout)["status"] == "incomplete"
        assert resumed.returncode == 0, resumed.stderr
        assert json.loads(resumed.stdout)["trials"]["finished"] == 2
        assert prompts(server, "user") <= users
        assert prompts(server, "rater") <= raters
        assert prompts(server, "user")
        assert REWORDED not in json.dumps(server.requests())

        assert (shown.returncode, "Davi" in shown.stdout) == (0, True)
        exports = (exported, sim("export", "whole", cwd=tmp_path))
        rows: list[Any] = [[{k: v for k, v in json.loads(line).items() if k != "meta"} for line in done.stdout.splitlines()] for done in exports]
        assert rows[0] == rows[1]
        assert fresh.returncode == 2
