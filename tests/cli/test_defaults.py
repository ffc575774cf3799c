"""Defaults from pyproject.toml and the environment: a flag goes before a variable, a variable before the file; mistakes are one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.main import get_command

from sim.cli.app import app, run_app
from sim.cli.defaults import SETTABLE, default_map, read_defaults
from tests.cli.small import project


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a study, to work in."""
    project(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text(f'[project]\nname = "shop"\n\n{text}', encoding="utf-8")


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run_app(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    return line


def test_a_flag_goes_before_a_variable_and_a_variable_before_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, '[tool.rapport]\nresults = "by-file"\n')
    below = folder / "deep" / "er"
    below.mkdir(parents=True)

    def told(*more: str) -> str:
        assert run_app(["list", *more]) == 0
        return capsys.readouterr().out.split(". ")[0]

    assert told() == "No runs in by-file"
    monkeypatch.chdir(below)
    assert told() == f"No runs in {folder / 'by-file'}", "paths of the file start at its folder"
    monkeypatch.setenv("RAPPORT_RESULTS", "by-variable")
    assert told() == "No runs in by-variable"
    assert told("--results", "by-flag") == "No runs in by-flag"


def test_the_nearest_file_with_a_table_counts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, '[tool.rapport]\nresults = "outer"\n')
    inner = folder / "inner"
    inner.mkdir()
    write(inner, "[tool.other]\n")
    monkeypatch.chdir(inner)
    assert [d.value for d in read_defaults(inner, {})] == ["outer"]
    write(inner, "[tool.rapport]\nretries = 1\n")
    assert [(d.key, d.value) for d in read_defaults(inner, {})] == [("retries", 1)]


def test_each_command_gets_what_it_has_a_flag_for(folder: Path) -> None:
    write(
        folder,
        '[tool.rapport]\npatience = 2\nmax-cost = [5, "rater=2"]\nlocal-only = true\ninconclusive = "warn"\n\n'
        "[tool.rapport.gate]\nrequire = 'failed == 0'\n",
    )
    program = get_command(app)
    found = default_map(program, read_defaults(folder, {"RAPPORT_ALLOW_HOST": "a.example, b.example"}), ["run"])
    assert found["run"] == {"patience": "2", "max_cost": ["5", "rater=2"], "local_only": True, "allow_host": ["a.example", "b.example"]}
    assert found["gate"] == {"inconclusive": "warn", "require": ["failed == 0"]}
    assert found["show"] == {}
    assert found["personas"]["new"]["max_cost"] == ["5", "rater=2"]
    suited = default_map(program, read_defaults(folder, {}), ["run", "--suite", "quick"])
    assert suited["run"]["inconclusive"] == "warn"


def test_every_settable_name_is_a_flag_of_some_command() -> None:
    flags: set[str] = set()

    def walk(command: object) -> None:
        flags.update(p.name for p in getattr(command, "params", ()))
        for below in getattr(command, "commands", {}).values():
            walk(below)

    walk(get_command(app))
    assert [name for name in SETTABLE if name not in flags] == []


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ('[tool.rapport]\npatience = 1\nresult = "x"\n', "sim: pyproject.toml:6: there is no default 'result'; did you mean 'results'?"),
        ('[tool.rapport]\npatience = "long"\n', "sim: pyproject.toml:5: 'long' is not a value of --patience; see `sim run --help`"),
        ("[tool.rapport]\nlocal-only = 3\n", "sim: pyproject.toml:5: 3 is not a value of --local-only; see `sim run --help`"),
        ("[tool.rapport]\npatience = [1, 2]\n", "sim: pyproject.toml:5: 'patience' is one value; write one"),
        ("[tool.rapport.gates]\nmargin = 1\n", "sim: pyproject.toml:5: there is no command 'gates'; did you mean 'gate'?"),
        ("[tool.rapport.gate]\nretries = 1\n", "sim: pyproject.toml:5: 'sim gate' has no flag --retries"),
    ],
)
def test_a_mistake_in_the_file_is_one_line_with_its_place(folder: Path, capsys: pytest.CaptureFixture[str], table: str, line: str) -> None:
    write(folder, table)
    assert refused(capsys, "run", "small.yaml").startswith(line)


def test_a_file_that_is_not_toml_is_one_line_and_help_still_works(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "[tool.rapport]\nresults = \n")
    assert refused(capsys, "list").startswith("sim: pyproject.toml:5: is not TOML")
    assert run_app(["--help"]) == 0


def test_a_variable_with_a_slip_in_its_name_is_told_of(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("RAPPORT_RESULT", "x")
    monkeypatch.setenv("RAPPORT_TOKEN_OF_MY_BOT", "a name of somebody else's")
    assert run_app(["list"]) == 0
    assert capsys.readouterr().err == "sim: RAPPORT_RESULT sets nothing; did you mean RAPPORT_RESULTS?\n"


def test_check_says_which_defaults_are_in_force(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, '[tool.rapport]\nresults = "kept"\npatience = 2\n')
    monkeypatch.setenv("RAPPORT_PATIENCE", "3")
    assert run_app(["check", "small.yaml"]) == 0
    printed = capsys.readouterr().out
    assert "default --results kept (pyproject.toml:5)" in printed
    assert "default --patience 3 (RAPPORT_PATIENCE)" in printed
    assert "--patience 2" not in printed
    assert run_app(["check", "small.yaml", "--json"]) == 0
    defaults = json.loads(capsys.readouterr().out)["defaults"]
    assert {"key": "patience", "value": "3", "where": "RAPPORT_PATIENCE", "line": None, "command": None} in defaults
