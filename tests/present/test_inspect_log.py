from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import run_app
from tests.cli.small import project

INSPECT_LISTS = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}[:-]\d{2}[:-]\d{2}[^_]*_([^_]+)_([^_]+)_([A-Za-z0-9]+)\.json$")
"""What `inspect_ai.log._recorders.file.is_log_file` asks of a file's name, with the task, the model and the id that it reads from it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two targets, exported twice into a folder that was not there."""
    folder = tmp_path_factory.mktemp("small")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run_app(["run", str(project(folder))]) == 0
        for _ in range(2):
            assert run_app(["export", "small", "--format", "inspect", "--out", "logs/inspect"]) == 0
    return folder / "logs" / "inspect"


@pytest.fixture(scope="module")
def logs(folder: Path) -> dict[str, Any]:
    """By target."""
    read = [json.loads(file.read_text(encoding="utf-8")) for file in folder.iterdir()]
    return {log["eval"]["model"]: log for log in read}


def test_each_target_has_a_log_that_inspect_lists(folder: Path) -> None:
    names = [INSPECT_LISTS.match(file.name) for file in folder.iterdir()]
    assert sorted(found.groups()[:2] for found in names if found) == [("small", "drops"), ("small", "keeps")]
    assert len({found[3] for found in names if found}) == len(names) == 2


def test_a_log_has_a_sample_a_trial_with_its_sessions_in_order(logs: dict[str, Any]) -> None:
    samples = logs["keeps"]["samples"]
    assert [s["id"] for s in samples] == ["davi/short"]
    assert [m["role"] for m in samples[0]["messages"]] == ["user", *["user", "assistant"] * 2] * 2
    assert "three days later" in samples[0]["messages"][5]["content"].lower()
    assert "offline models" in logs["keeps"]["eval"]["metadata"]["offline"]


def test_a_sample_says_how_long_it_took_and_which_tokens(logs: dict[str, Any]) -> None:
    (sample,) = logs["keeps"]["samples"]
    assert sample["total_time"] > 0
    assert sample["started_at"] < sample["completed_at"]
    assert set(sample["role_usage"]) >= {"user", "target"}
    for counts in sample["role_usage"].values():
        assert counts["total_tokens"] == counts["input_tokens"] + counts["output_tokens"] > 0
    by_model, by_role = (sum(c["total_tokens"] for c in sample[kind].values()) for kind in ("model_usage", "role_usage"))
    assert by_model == by_role == sum(c["total_tokens"] for c in logs["keeps"]["stats"]["model_usage"].values())


def test_scores_have_the_decimals_of_tables_and_the_reply_that_was_liked_least(logs: dict[str, Any]) -> None:
    (sample,) = logs["keeps"]["samples"]
    replies = [m["content"] for m in sample["messages"] if m["role"] == "assistant"]
    assert sample["scores"]["likability"]["answer"] == replies[-1]
    assert sample["scores"]["length_fit"]["answer"] in replies
    figures = [s["value"] for s in sample["scores"].values()]
    figures += [m["value"] for s in logs["keeps"]["results"]["scores"] for m in s["metrics"].values()]
    assert [f for f in figures if round(f, 3) != f] == []
    assert {s["name"] for s in logs["keeps"]["results"]["scores"]} >= {"likability", "callback"}


@pytest.mark.parametrize(
    ("out", "problem"),
    [
        ([], "name one with --out DIR"),
        (["--out", "small.yaml"], "is not a folder; name a folder with --out"),
        (["--out", "results/small"], "is a run's own folder; choose another one with --out"),
    ],
)
def test_logs_go_into_a_folder_of_their_own(
    folder: Path, out: list[str], problem: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder.parents[1])
    Path("small.yaml").touch()
    before = sorted(Path("results/small").iterdir())
    assert run_app(["export", "small", "--format", "inspect", *out]) == 2
    told = capsys.readouterr().err
    assert problem in told
    assert told.count("\n") == 1
    assert sorted(Path("results/small").iterdir()) == before
