from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import sim
from tests.cli.small import project


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    assert sim("run", project(folder), cwd=folder).returncode == 0
    done = sim("export", "small", "--format", "inspect", "--out", "small.json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "small.json"


def test_a_log_has_a_sample_a_trial_with_its_sessions_in_order(log: Path) -> None:
    found = json.loads(log.read_text(encoding="utf-8"))
    assert [s["id"] for s in found["samples"]] == ["davi/short/drops", "davi/short/keeps"]
    roles = [m["role"] for m in found["samples"][0]["messages"]]
    assert roles == ["user", *["user", "assistant"] * 2] * 2
    assert "three days later" in found["samples"][0]["messages"][5]["content"].lower()
    assert "offline models" in found["eval"]["metadata"]["offline"]
    assert {s["name"] for s in found["results"]["scores"]} >= {"likability", "callback"}
