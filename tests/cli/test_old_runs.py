"""A run is whole in its folder: it is shown, resumed and exported after personas, scenarios, study and prompts have gone or changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import ROOT, first_look, sim
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
        later = str(later_version(tmp_path))
        before: dict[str, Any] = json.loads(sim("show", "old", "--json", cwd=tmp_path, PYTHONPATH=later).stdout)
        assert before["status"] == "incomplete"

        resumed = sim("resume", "old", "--json", *more, cwd=tmp_path, PYTHONPATH=later)
        assert resumed.returncode == 0, resumed.stderr
        assert json.loads(resumed.stdout)["trials"]["finished"] == 2
        assert prompts(server, "user") <= users
        assert prompts(server, "rater") <= raters
        assert prompts(server, "user")
        assert REWORDED not in json.dumps(server.requests())

        shown = sim("show", "old", "davi/remembers", cwd=tmp_path, PYTHONPATH=later)
        assert (shown.returncode, "Davi" in shown.stdout) == (0, True)
        exports = [sim("export", name, cwd=tmp_path, PYTHONPATH=later).stdout.splitlines() for name in ("old", "whole")]
        rows = [[{k: v for k, v in json.loads(line).items() if k != "meta"} for line in lines] for lines in exports]
        assert rows[0] == rows[1]
        fresh = sim("run", "old.yaml", cwd=tmp_path, PYTHONPATH=later)
        assert fresh.returncode == 2
