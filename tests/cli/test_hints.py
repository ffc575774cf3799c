"""A command that a command prints as the next step works when it is pasted."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from sim.cli.app import run_app
from tests.cli.small import project

HINT = re.compile(r"(?:^ +|`)(sim (?:compare|report|show|resume|check|run|score|gate|plan|export) [^`#\n]+)", re.MULTILINE)


@pytest.fixture(autouse=True)
def _in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path)
    monkeypatch.chdir(tmp_path)


def paste(capsys: pytest.CaptureFixture[str], *commands: list[str]) -> set[str]:
    """Run `commands` and then each hint that they print; the kinds of command that they hint at."""
    said = ""
    for command in commands:
        assert run_app(command) == 0
        said += capsys.readouterr().out
    hints = dict.fromkeys(hint.strip() for hint in HINT.findall(said))
    refused = {hint: capsys.readouterr().err for hint in hints if run_app(shlex.split(hint)[1:]) not in (0, 1, 3, 4)}
    assert refused == {}, list(hints)
    return {hint.split()[1] for hint in hints}


@pytest.mark.parametrize("results", [[], ["--results", "else where"]], ids=["usual", "named"])
def test_every_hint_about_a_run_works_when_it_is_pasted(results: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    commands = (["run", "small.yaml", *results], ["show", "small", *results], ["compare", "small", *results])
    assert paste(capsys, *commands) >= {"show", "compare", "report"}


def test_every_hint_about_what_is_new_works_when_it_is_pasted(capsys: pytest.CaptureFixture[str]) -> None:
    assert paste(capsys, ["new", "persona"], ["new", "scenario"]) >= {"check", "run"}


def test_a_hint_leaves_out_the_folder_that_commands_look_in_anyway(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.rapport]\nresults = "kept"\n', encoding="utf-8")
    assert run_app(["run", "small.yaml"]) == 0
    assert "\n  sim compare small  #" in capsys.readouterr().out
    assert run_app(["run", "small.yaml", "--results", "results"]) == 0
    assert "\n  sim compare small --results results  #" in capsys.readouterr().out
