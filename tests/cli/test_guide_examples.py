"""The files that the guide shows on the pages of extending, designing and CI are right as they are printed."""

from __future__ import annotations

import csv
import io
import re
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import yaml

from sim.app import prepare_study
from sim.app.reporting import load_material
from sim.cli.app import run_app
from sim.present.guide import read_topic
from sim.present.report import added
from sim.present.report.added import added_sections
from sim.present.report.document import Prose

ACTION = Path(__file__).parents[2] / ".github" / "actions" / "rapport" / "action.yml"


def files_of(page: str, folder: Path) -> list[Path]:
    """Write every file that `page` shows."""
    written = []
    for name, text in re.findall(r"^```\w+ file=(\S+)\n(.*?)^```$", read_topic(page), re.MULTILINE | re.DOTALL):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


def test_what_extends_rapport_works_as_it_is_printed(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    files_of("extending", folder)
    assert run_app(["run", "extended.yaml"]) == 0
    capsys.readouterr()
    assert run_app(["export", "extended", "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["target"] for row in rows} == {"mine", "model-last-words"}
    polite = [row for row in rows if row["target"] == "mine"]
    assert {row["scorer_questions"] for row in polite} == {"1.0"}
    assert polite[-1]["reply"].endswith(f"(our talk number {polite[-1]['session']})")
    assert run_app(["gate", "extended", "--require", "questions <= 1"]) in (0, 1, 4)

    sys.path.insert(0, str(folder))
    good, bad = (EntryPoint(name, value, added.GROUP) for name, value in (("longest", "longest:longest"), ("worst", "longest:nothing")))
    monkeypatch.setattr(added, "entry_points", lambda *, group: [bad, good] if group == added.GROUP else [])
    section, failed = added_sections(load_material("extended"))
    (prose,) = section.blocks
    assert isinstance(prose, Prose)
    assert re.fullmatch(r"mine: \d\d characters", prose.lines[0])
    assert failed.absent is not None
    assert failed.absent.startswith("longest:nothing failed: AttributeError")


@pytest.mark.parametrize(("page", "file"), [("suites", "mine.yaml"), ("ci", "my-bot.yaml"), ("designing", "memory-study.yaml")])
def test_what_a_page_shows_is_good_as_it_is_printed(
    page: str, file: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "any")
    files_of(page, folder)
    assert run_app(["check", file]) == 0, capsys.readouterr().err


def test_the_studies_and_files_for_ci_and_of_a_design_are_good(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files_of("ci", folder)
    files_of("designing", folder)
    for study in ("my-bot.yaml", "memory-study.yaml"):
        assert prepare_study(folder / study).forecast.trials > 0
    workflow = yaml.safe_load((folder / ".github" / "workflows" / "rapport.yml").read_text(encoding="utf-8"))
    (step,) = (s for s in workflow["jobs"]["rapport"]["steps"] if "rapport" in s.get("uses", ""))
    assert set(step["with"]) <= set(yaml.safe_load(ACTION.read_text(encoding="utf-8"))["inputs"])
    assert run_app(["list"]) == 0, "the defaults can be read"
