"""`sim --help`, `--version`, completion and the guide in the terminal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from sim.cli.app import app, run_app
from sim.cli.help import GROUPS
from sim.present.guide import OTHERS, PAGES, topics


def test_the_groups_hold_every_command_once() -> None:
    grouped = [name for commands in GROUPS.values() for name in commands]
    assert sorted(grouped) == sorted(vars(get_command(app))["commands"])


def test_help_has_a_line_for_each_command_and_nothing_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["--help"]) == 0
    printed = capsys.readouterr().out
    assert "…" not in printed
    assert "..." not in printed.replace("[ARGS]...", "")
    for name, what in ((n, w) for commands in GROUPS.values() for n, w in commands.items()):
        assert re.search(rf"^  {name} +{re.escape(what.split()[0])}", printed, re.MULTILINE), name


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["--version"]) == 0
    assert re.fullmatch(r"rapport \d+\.\d+\.\d+\n", capsys.readouterr().out)


def test_the_guide_lists_its_pages_and_prints_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["guide"]) == 0
    listed = capsys.readouterr().out
    assert all(re.search(rf"^  {name} ", listed, re.MULTILINE) for name in topics())
    assert OTHERS not in listed, "every page has its group"
    assert set(topics()) == {p.stem for p in PAGES.glob("*.md")}
    for name in ("quickstart", "words.md"):
        assert run_app(["guide", name]) == 0
        assert capsys.readouterr().out == Path(PAGES / f"{name.removesuffix('.md')}.md").read_text(encoding="utf-8")
    assert run_app(["guide", "strss"]) == 2
    assert capsys.readouterr().err == "sim: the guide has no page 'strss'; did you mean 'stress'?\n"
