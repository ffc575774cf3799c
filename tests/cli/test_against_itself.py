"""`sim compare RUN --against-itself`, from what a run has on disk."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import sim, sim_json
from tests.cli.small import STUDY, project


def test_halves_of_the_seeds_are_compared_and_what_cannot_be_is_refused_with_its_mend(tmp_path: Path) -> None:
    study = STUDY.replace("[davi]", "[davi, chebet, danylo]")
    path = project(tmp_path, study=study)
    assert sim("run", path, "--seeds", "3", "--name", "three", cwd=tmp_path).returncode == 0
    found = sim_json("compare", "three", "--against-itself", cwd=tmp_path)
    assert [(of["target"], of["splits"], of["judged"], of["personas"]) for of in found["targets"]] == [("keeps", 3, 0, 3), ("drops", 3, 0, 3)]
    assert (found["measure"], found["offline"], found["whole"]["splits"], found["whole"]["share"]) == ("fixed_set", True, 6, None)
    told = sim("compare", "three", "--against-itself", cwd=tmp_path).stdout
    assert found["sentence"] in " ".join(told.split())

    assert sim("run", path, "--name", "one", cwd=tmp_path).returncode == 0
    for words, said in (
        (["one", "--against-itself"], "run 'one' has one seed, and halves of the seeds are compared; run the study again with `seeds: 2` or more"),
        (["three", "one", "--against-itself"], "compares one run with itself; name one run: sim compare three --against-itself"),
        (["three", "--against-itself", "--by", "scenario"], "--against-itself compares targets in a way of its own; leave out --by"),
    ):
        refused = sim("compare", *words, cwd=tmp_path)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert said in " ".join(refused.stderr.split())
        assert len(refused.stderr.splitlines()) == 1
