"""`sim compare RUN RUN… --pool-users`, from what runs have on disk."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import sim, sim_json
from tests.cli.small import STUDY, project


def study(user: str, *, personas: str = "davi, chebet, danylo") -> str:
    return (
        STUDY.replace("[davi]", f"[{personas}]").replace("user: {model: offline/user}", f"user: {{model: {user}}}")
        + "rater: {model: offline/rater}\n"
    )


def test_runs_of_two_users_are_pooled_and_what_else_differs_is_refused_by_name(tmp_path: Path) -> None:
    for name, user in (("one", "offline/friendly"), ("two", "offline/guarded")):
        assert sim("run", project(tmp_path, study=study(user)), "--name", name, cwd=tmp_path).returncode == 0
    found = sim_json("compare", "one", "two", "--pool-users", cwd=tmp_path)
    assert found["runs"] == {"offline/friendly": "one", "offline/guarded": "two"}
    assert (found["primary"], found["offline"], found["answer"]) == ("fixed_set", True, "too few personas")
    (pair,) = found["measures"]["fixed_set"]["pairs"]
    each = [of["difference"] for of in pair["by_user"].values()]
    assert abs(pair["pooled"]["difference"] - sum(each) / 2) < 1e-12
    for run, difference in zip(("one", "two"), each, strict=True):
        (alone,) = sim_json("compare", run, cwd=tmp_path)["measures"]["fixed_set"]["comparisons"]
        assert alone["difference"] == difference
    told = " ".join(sim("compare", "one", "two", "--pool-users", cwd=tmp_path).stdout.split())
    assert found["answer_sentence"] in told
    assert found["sentences"][0] in told

    other = project(tmp_path, study=study("offline/hostile", personas="davi, chebet"))
    assert sim("run", other, "--seeds", "2", "--name", "four", cwd=tmp_path).returncode == 0
    for words, said in (
        (["one", "four"], "runs 'one' and 'four' differ in more than the user's model: personas, seeds; run one study again with another `user:`"),
        (["one"], "one model plays the user, offline/friendly"),
        (["one", "two", "--crossed"], "--crossed compares targets in a way of its own; leave out --pool-users and --by"),
    ):
        refused = sim("compare", *words, "--pool-users", cwd=tmp_path)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert said in " ".join(refused.stderr.split())
        assert len(refused.stderr.splitlines()) == 1
