"""The rubrics of support are named on the page of scorers, and a study can ask them by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.cli.app import run_app
from sim.score.registry import built_in_rubrics
from sim.store.rubrics import load_rubrics
from tests.cli.small import STUDY, project

GUIDE = Path(__file__).parents[2] / "sim" / "guide" / "scorers.md"
SUPPORT = (
    *("relevant", "empathic", "persona-kept", "safe-reply", "fluent", "guiding"),
    *("informative", "helpful", "understanding", "emotion-recognised", "alliance", "counselling"),
)


@pytest.mark.parametrize("name", SUPPORT)
def test_each_stands_in_the_guide_with_what_it_reads(name: str) -> None:
    (rubric,) = load_rubrics(built_in_rubrics()[name])
    reads = {"exchange": "reply", "session": "session"}[rubric.reads]
    assert f"| `{name}` | {reads} |" in GUIDE.read_text(encoding="utf-8")
    assert all(len(meaning) > 20 for meaning in rubric.meanings.values()), "every answer has an anchor"


def test_a_study_asks_them_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    project(tmp_path, study=STUDY + f"scorers: [{', '.join(SUPPORT)}]\n")
    assert run_app(["run", "small.yaml"]) == 0
    capsys.readouterr()
    assert run_app(["show", "small", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    for target in summary["targets"]:
        assert set(target["scorers"]) == set(SUPPORT)
        assert all(s["unscored"] == 0 for s in target["scorers"].values())
