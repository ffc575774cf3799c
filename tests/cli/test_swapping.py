"""`sim compare RUN… --raters`, from what two runs have on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.cli.swapping import compare_raters_of
from tests.cli.command import sim
from tests.cli.small import STUDY, project


def test_two_runs_with_other_users_are_held_against_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = STUDY + "observers: [{id: second, model: offline/rater}]\n"
    for name, user in (("one", "offline/user"), ("two", "offline/guarded")):
        path = project(tmp_path, study=study.replace("offline/user", user))
        assert sim("run", path, "--name", name, cwd=tmp_path).returncode == 0
    results = tmp_path / "results"
    assert compare_raters_of(["one", "two"], results=results, as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["raters"]) == ["one", "two"]
    assert list(found["raters"]["one"]["others"]) == ["observer:second"]
    (users,) = found["users"]
    assert (users["other_user"], users["swap"]["cells"], users["swap"]["order"]["systems"]) == ("offline/guarded", 2, 2)
    compare_raters_of(["one"], results=results, as_json=False)
    assert "Run one, rated by self" in capsys.readouterr().out
