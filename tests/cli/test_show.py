"""`sim show RUN`: the answer first, the rest by section."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import sim
from tests.cli.small import STUDY, project


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_answer_comes_first_and_every_section_that_it_names_can_be_had(tmp_path: Path) -> None:
    path = project(tmp_path, study=STUDY.replace("[davi]", "[davi, chebet, danylo]"))
    ran = sim("run", path, cwd=tmp_path)
    shown = sim("show", "small", cwd=tmp_path).stdout
    assert shown in ran.stdout, "a run ends with what show says"
    compared = words(sim("compare", "small", cwd=tmp_path).stdout)
    (sentence,) = [p for p in shown.split("\n\n") if "keeps and drops cannot be told apart" in p or "is liked" in p]
    assert words(sentence) in compared
    (more,) = [p for p in shown.split("\n\n") if p.startswith("More: ")]
    named = words(more).partition(" of ")[2].partition("; or --all")[0].split(", ")
    everything = words(sim("show", "small", "--all", cwd=tmp_path).stdout)
    for name in named:
        section = sim("show", "small", "--section", name, cwd=tmp_path)
        assert section.returncode == 0
        assert words(section.stdout.split("\n\n", 1)[1]) in everything, name

    for command, said in (
        (["--section", "memry"], "there is no section 'memry'; did you mean 'memory'?"),
        (["--section", "memory", "--all"], "leave out --section, or --all"),
        (["--all", "--json"], "leave out --all, or --json"),
        (["davi/short/keeps/1", "--section", "memory"], "leave out --section, or a trial"),
    ):
        refused = sim("show", "small", *command, cwd=tmp_path)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert said in words(refused.stderr)
        assert len(refused.stderr.splitlines()) == 1
