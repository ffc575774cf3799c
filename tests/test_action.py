"""The Action's steps, run without GitHub: its scripts with the variables that the file gives them, and a `gh` that keeps what it is told."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.command import environment
from tests.cli.small import SCENARIO, STUDY, project
from tests.cli.test_conclusions import SIX

ROOT = Path(__file__).parents[1]
HERE = ROOT / ".github" / "actions" / "rapport"
ACTION: dict[str, Any] = yaml.safe_load((HERE / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]

pytestmark = pytest.mark.whole


class Job:
    """One job of a workflow: a folder, a PATH with `sim` and `gh`, and the files that steps write to."""

    def __init__(self, folder: Path, **inputs: str) -> None:
        self.folder = folder
        self.inputs = {name: str(of.get("default", "")) for name, of in ACTION["inputs"].items()} | inputs
        programs = folder / "programs"
        programs.mkdir()
        self._program(programs / "sim", f'exec "{sys.executable}" -m sim "$@"')
        self._program(programs / "gh", 'printf "%s\\n" "$@" > said; cp rapport.md commented.md')
        self.env = environment(
            PATH=f"{programs}:{os.environ['PATH']}",
            GITHUB_ACTION_PATH=str(HERE),
            GITHUB_STEP_SUMMARY=str(folder / "summary.md"),
            GITHUB_OUTPUT=str(folder / "output"),
        )

    @staticmethod
    def _program(path: Path, line: str) -> None:
        path.write_text(f"#!/usr/bin/env bash\n{line}\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def step(self, of: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        """Run one step with what its `env` says."""
        env = self.env | {name: self._fill(value) for name, value in of.get("env", {}).items()}
        return subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", of["run"]], cwd=self.folder, env=env, capture_output=True, text=True, timeout=180
        )

    def _fill(self, value: str) -> str:
        known = {f"inputs.{name}": text for name, text in self.inputs.items()} | {"github.token": "t", "github.event.pull_request.number": "7"}
        return re.sub(r"\$\{\{ ([\w.]+) \}\}", lambda found: known[found[1]], value)


def steps_of(words: str) -> dict[str, Any]:
    (step,) = [s for s in STEPS if words in s.get("run", "")]
    return step


def test_every_input_is_used_and_no_expression_stands_in_a_script() -> None:
    text = (HERE / "action.yml").read_text(encoding="utf-8")
    for name in ACTION["inputs"]:
        assert f"inputs.{name} " in text or f"inputs.{name}}}" in text, name
    assert not any("${{" in s.get("run", "") for s in STEPS), "what somebody puts into a pull request must not become part of a script"


def test_a_release_is_decided_commented_and_gone_on_with(tmp_path: Path) -> None:
    study = project(tmp_path, study=SIX, scenario=SCENARIO.replace("persona.pet", "persona.work"))
    job = Job(tmp_path, study=str(study), require="likability >= 1.5\n\n  failed == 0\n", options="--concurrency 3")
    ran = job.step(steps_of("run.sh"))
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "rapport-results" / "ci" / "report.html").is_file()
    gated = job.step(steps_of("gate.sh"))
    assert gated.returncode == 0, gated.stderr
    assert (tmp_path / "output").read_text(encoding="utf-8") == "verdict=passed\n"
    told = (tmp_path / "rapport.md").read_text(encoding="utf-8")
    assert told.startswith("### ✅ Gate passed")
    assert 1 <= told.count("  - bot: ") <= 3, "the worst exchanges"
    assert (tmp_path / "summary.md").read_text(encoding="utf-8") == told
    assert (tmp_path / "rapport.xml").is_file()
    commented = job.step(steps_of("gh pr comment"))
    assert commented.returncode == 0, commented.stderr
    assert (tmp_path / "said").read_text(encoding="utf-8").split()[:3] == ["pr", "comment", "7"]
    assert (tmp_path / "commented.md").read_text(encoding="utf-8") == told
    # A job that begins again finds the run of the one before and pays for nothing twice.
    again = job.step(steps_of("run.sh"))
    assert again.returncode == 0, again.stderr
    assert [p.name for p in (tmp_path / "rapport-results").iterdir()] == ["ci"]

    for require, inconclusive, status, verdict in (
        ("likability >= 4.9", "fail", 1, "failed"),
        ("share(exchange<=2) <= 0.01", "fail", 4, "inconclusive"),
        ("share(exchange<=2) <= 0.01", "warn", 0, "inconclusive"),
    ):
        (tmp_path / "output").unlink()
        job.inputs |= {"require": require, "inconclusive": inconclusive}
        gated = job.step(steps_of("gate.sh"))
        assert gated.returncode == status, gated.stderr
        assert (tmp_path / "output").read_text(encoding="utf-8") == f"verdict={verdict}\n"


@pytest.mark.parametrize("status", [0, 1, 4])
def test_another_ci_runs_the_gate_without_the_variables_of_github(tmp_path: Path, status: int) -> None:
    (tmp_path / "sim").write_text(f"#!/usr/bin/env bash\necho '### Gate' > rapport.md\nexit {status}\n", encoding="utf-8")
    (tmp_path / "sim").chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "REQUIRE": "failed == 0"}
    gated = subprocess.run(["bash", str(HERE / "gate.sh")], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert (gated.returncode, gated.stderr) == (status, "")


def test_a_study_that_cannot_be_run_fails_the_job_with_its_line(tmp_path: Path) -> None:
    study = project(tmp_path, study=STUDY.replace("offline/uses", "offline/usess"))
    ran = Job(tmp_path, study=str(study)).step(steps_of("run.sh"))
    assert ran.returncode == 2
    assert "usess" in ran.stderr
