"""A study with people is checked before anybody is asked, and its keys can be looked up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import sim

GOOD = "name: readers\ntitle: Readers\nread: first-look\npeople: 2\nconsent: You may stop at any time.\n"


def test_a_study_with_people_is_checked(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text(GOOD, encoding="utf-8")
    done = sim("check", "people.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "1 study with people good\n")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("people: 2", "people: 1"), "2 raters an item cannot be had of 1 people"),
        (("read: first-look\n", ""), "exactly one of the keys read and chat"),
        (("people: 2", "people: 2\nafter: [{id: a, ask: Why?}]"), "exactly one of the keys scale, choices and text"),
    ],
)
def test_what_is_wrong_in_it_is_said_in_a_line_with_its_place(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    (tmp_path / "people.yaml").write_text(GOOD.replace(*change), encoding="utf-8")
    for command in (("check", "people.yaml"), ("view", ".", "--study", "people.yaml")):
        done = sim(*command, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("sim: people.yaml")
        assert said in done.stderr
        assert done.stderr.count("\n") == 1


def test_its_keys_are_told(tmp_path: Path) -> None:
    schema = json.loads(sim("check", "--schema", "people", cwd=tmp_path).stdout)
    assert {"read", "chat", "people", "each", "raters", "checks", "consent", "before", "after", "seed"} <= set(schema["properties"])
