"""`sim compare RUN RUN --crossed`, from what two runs have on disk."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import sim, sim_json
from tests.cli.small import STUDY, project

OTHER = "observers: [{id: other, model: offline/user}]\n"


def crossed(user: str, *, others: str = OTHER, personas: str = "davi, chebet, danylo") -> str:
    study = STUDY.replace("[davi]", f"[{personas}]").replace("user: {model: offline/user}", f"user: {{model: {user}}}")
    return study + "rater: {model: offline/rater}\n" + others


def test_runs_of_two_users_are_crossed_with_their_raters_and_what_is_missing_is_told_with_its_mend(tmp_path: Path) -> None:
    for name, user in (("one", "offline/friendly"), ("two", "offline/guarded")):
        path = project(tmp_path, study=crossed(user))
        assert sim("run", path, "--name", name, cwd=tmp_path).returncode == 0
    found = sim_json("compare", "one", "two", "--crossed", cwd=tmp_path)
    assert (found["users"], found["raters"]) == (["offline/friendly", "offline/guarded"], ["offline/rater", "offline/user"])
    (pair,) = found["measures"]["likability"]["pairs"]
    assert (len(pair["cells"]), pair["personas"], list(pair["components"])[:3]) == (4, 3, ["user", "rater", "user × rater"])
    assert pair["kept"] <= 4
    told = sim("compare", "one", "two", "--crossed", cwd=tmp_path).stdout
    assert pair["sentence"] in " ".join(told.split())

    both = sim("compare", "one", "two", "--crossed", "--raters", cwd=tmp_path)
    assert (both.returncode, "leave out --raters and --by" in both.stderr) == (2, True)
    alone = sim("compare", "one", "--crossed", cwd=tmp_path)
    assert (alone.returncode, alone.stdout) == (2, "")
    assert "one model plays the user, offline/friendly" in alone.stderr

    assert sim("run", project(tmp_path, study=crossed("offline/hostile", others="")), "--name", "three", cwd=tmp_path).returncode == 0
    refused = sim("compare", "one", "three", "--crossed", cwd=tmp_path)
    assert refused.returncode == 2
    assert "cells are missing: user offline/hostile × rater offline/user; sim score three --rater offline/user" in " ".join(refused.stderr.split())
    assert sim("score", "three", "--rater", "offline/user", cwd=tmp_path).returncode == 0
    assert sim_json("compare", "one", "three", "--crossed", cwd=tmp_path)["users"] == ["offline/friendly", "offline/hostile"]

    other = project(tmp_path, study=crossed("offline/hostile", personas="davi, chebet"))
    assert sim("run", other, "--name", "four", cwd=tmp_path).returncode == 0
    differs = sim("compare", "one", "four", "--crossed", cwd=tmp_path)
    assert (differs.returncode, "differ in more than user and rater: personas" in " ".join(differs.stderr.split())) == (2, True)
