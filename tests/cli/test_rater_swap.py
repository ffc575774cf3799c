"""`sim compare RUN… --raters`, from what two runs have on disk."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import sim, sim_json
from tests.cli.small import STUDY, project


def test_runs_are_held_against_each_other_and_diagnosed(tmp_path: Path) -> None:
    study = STUDY + "observers: [{id: second, model: offline/rater}]\n"
    for name, user in (("one", "offline/user"), ("two", "offline/guarded")):
        path = project(tmp_path, study=study.replace("offline/user", user))
        assert sim("run", path, "--name", name, cwd=tmp_path).returncode == 0
    found = sim_json("compare", "one", "two", "--raters", cwd=tmp_path)
    assert list(found["raters"]) == ["one", "two"]
    assert list(found["raters"]["one"]["others"]) == ["observer:second"]
    (users,) = found["users"]
    assert (users["other_user"], users["swap"]["cells"], users["swap"]["order"]["systems"]) == ("offline/guarded", 2, 2)
    assert "Run one, rated by self" in sim("compare", "one", "--raters", cwd=tmp_path).stdout
    diagnosis = sim_json("compare", "one", cwd=tmp_path)["diagnosis"]
    assert (diagnosis["components"]["trials"], len(diagnosis["items"]["items"])) == (2, 1)
    assert "Noise floor" in sim("compare", "one", cwd=tmp_path).stdout
