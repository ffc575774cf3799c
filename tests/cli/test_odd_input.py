"""What an attack on the command line once got past it: each is one line, status 2."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from sim.cli.app import run_app
from sim.core.errors import InputError
from sim.core.spec import ModelSpec
from sim.store.yaml_file import read_yaml
from sim.targets.first_contact.curl import parse_curl
from tests.cli.command import sim
from tests.cli.small import STUDY, project

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    project(tmp_path)
    return tmp_path


def refusal(capsys: Captured, *arguments: str | Path) -> str:
    capsys.readouterr()
    status = run_app([str(a) for a in arguments])
    said = capsys.readouterr()
    assert (status, said.out) == (2, ""), said
    assert len(said.err.splitlines()) == 1, said.err
    return said.err


# --- hosts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", [".example", "a..b", f"{'x' * 64}.example", ".".join(["x" * 60] * 5), "..", "1.2.3.4."[:-1] + "..5"])
def test_a_host_that_cannot_be_looked_up_is_refused_before_the_run(host: str, folder: Path, capsys: Captured) -> None:
    path = project(folder, study=STUDY.replace("offline/user", f"openai/any, api_base: 'http://{host}/v1'"))
    for command in (["check", path], ["run", path]):
        assert "small.yaml:5" in refusal(capsys, *command)
    own = STUDY.replace("{id: drops, model: offline/uses, memory: none}", f"{{id: drops, http: {{url: 'http://{host}/chat'}}}}")
    assert "small.yaml:4" in refusal(capsys, "check", project(folder, study=own))
    assert "--curl" in refusal(capsys, "try", "--curl", f'curl http://{host}/chat -d \'{{"message": "hi", "user": "u"}}\'')


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1:9", "[::1]:8000", "my_bot", "example.com.", "bücher.example", "a" * 63])
def test_a_host_that_may_exist_is_taken(host: str, folder: Path) -> None:
    assert ModelSpec(model="openai/any", api_base=f"http://{host}/v1").api_base == f"http://{host}/v1"
    own = STUDY.replace("{id: drops, model: offline/uses, memory: none}", f"{{id: drops, http: {{url: 'http://{host}/chat'}}}}")
    assert run_app(["check", str(project(folder, study=own))]) == 0


def test_a_url_whose_host_is_a_variable_is_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT", "http://127.0.0.1:1")
    for url in ("${BOT}/chat", "http://${BOT}/chat", "http://{user_id}.example/chat"):
        own = STUDY.replace("{id: drops, model: offline/uses, memory: none}", f"{{id: drops, http: {{url: '{url}'}}}}")
        assert run_app(["check", str(project(folder, study=own))]) == 0


# --- numbers and names ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        ("1:30", "base 60"),
        ("[1:30]", "base 60"),
        ("010", "base 8"),
        ("1:30.5", "base 60"),
        (str(10**400), "seeds"),
        ("[9223372036854775808]", "9223372036854775808"),
    ],
)
def test_a_number_that_nobody_means_is_refused(seeds: str, said: str, folder: Path, capsys: Captured) -> None:
    path = project(folder, study=STUDY.replace("seeds: 1", f"seeds: {seeds}"))
    line = refusal(capsys, "run", path, "--dry-run")
    assert "small.yaml:8" in line
    assert said in line


def test_what_looks_like_a_clock_or_octal_and_is_text_stays_text(folder: Path) -> None:
    Path("x.yaml").write_text("a: '1:30'\nb: 0o10\nc: 1_000\nd: 0x10\ne: 0\nf: 08:15 is when it rang\n")
    assert read_yaml(Path("x.yaml")).root.value == {"a": "1:30", "b": "0o10", "c": 1000, "d": 16, "e": 0, "f": "08:15 is when it rang"}


def test_two_equal_choices_of_a_form_are_refused(folder: Path, capsys: Captured) -> None:
    text = "name: r\ntitle: R\nread: small\npeople: 2\nconsent: Yes.\nbefore: [{id: a, ask: Well?, choices: ['no', 'yes', 'no']}]\n"
    Path("people.yaml").write_text(text)
    assert "people.yaml:6: before 1, choices: choice 'no' stands twice" in refusal(capsys, "check", "people.yaml")


LOG = '{"id": 1, "system": "a", "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello, that sounds hard."}]}\n'


@pytest.mark.parametrize("by", ["", " "])
def test_an_empty_key_to_group_by_is_refused(by: str, folder: Path, capsys: Captured) -> None:
    Path("log.jsonl").write_text(LOG)
    assert "--by: names no key" in refusal(capsys, "score", "log.jsonl", "--by", by)


def test_figures_of_other_scripts_are_no_percentile(folder: Path, capsys: Captured) -> None:
    assert sim("run", "small.yaml", cwd=folder).returncode == 0
    assert "p٩(session)" in refusal(capsys, "gate", "small", "--require", "p٩(session) >= 1")


@pytest.mark.parametrize("name", ["a\\u0000b", "\\ud800"])
@pytest.mark.parametrize("key", ["item", "rater", "dimension", "system"])
def test_a_name_in_ratings_that_no_file_can_hold_is_refused(key: str, name: str, folder: Path, capsys: Captured) -> None:
    row = {"item": "1", "rater": "human", "dimension": "empathy", "score": 4, "system": "x"}
    Path("r.jsonl").write_text(json.dumps(row).replace(f'"{key}": "{row[key]}"', f'"{key}": "{name}"') + "\n")
    assert f"r.jsonl:1: `{key}` holds a NUL or half a character" in refusal(capsys, "calibrate", "r.jsonl")


# --- tables ---------------------------------------------------------------------------------------------------------

TABLE = "conversation,role,text\n1,user,Hi\n1,assistant,Hello there.\n2,user,Well?\n2,assistant,So it is.\n"


def test_a_table_with_line_ends_of_old_macs_is_refused_in_a_line(folder: Path, capsys: Captured) -> None:
    Path("log.csv").write_bytes(TABLE.replace("\n", "\r").encode())
    assert "log.csv: its lines end with a carriage return alone" in refusal(capsys, "score", "log.csv")
    Path("log.csv").write_bytes(TABLE.replace("\n", "\r\n").encode())
    assert run_app(["score", "log.csv"]) == 0
    Path("log.csv").write_bytes(b"conversation\rrole,text\n1,user\n")
    assert "log.csv" in refusal(capsys, "score", "log.csv")


def test_a_quote_that_is_never_closed_costs_its_conversation_and_is_told(folder: Path, capsys: Captured) -> None:
    Path("log.csv").write_text(TABLE + '3,user,Hm\n3,assistant,"It began well\n4,user,Hi\n4,assistant,Hello.\n')
    assert run_app(["score", "log.csv", "--json"]) == 0
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert (document["conversations"], document["passed_over"]) == (2, 1)
    assert "log.csv:7" in said.err
    assert "has a quote that is never closed" in said.err
    Path("log.csv").write_text(TABLE + '3,assistant,"Two\nlines"\n')
    assert run_app(["score", "log.csv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["passed_over"] == 0


# --- curl -----------------------------------------------------------------------------------------------------------


def test_a_character_that_does_not_exist_is_one_line() -> None:
    with pytest.raises(InputError, match="the body is not JSON"):
        parse_curl('curl http://127.0.0.1:1/x -d $\'{"message": "\\UFFFFFFFF"}\'')
    assert parse_curl('curl http://127.0.0.1:1/x -d $\'{"message": "\\u00e9\\U0001F600"}\'').body == {"message": "é😀"}


@pytest.mark.parametrize("depth", [60, 900, 20_000])
def test_a_body_nested_beyond_measure_is_refused(depth: int) -> None:
    with pytest.raises(InputError, match="the body is nested more than 50 deep"):
        parse_curl("curl http://127.0.0.1:1/x -d '" + "[" * depth + '"hi"' + "]" * depth + "'")


def test_a_command_of_megabytes_is_refused_at_once() -> None:
    began = time.process_time()
    with pytest.raises(InputError, match="is longer than 100 kB"):
        parse_curl(f"curl http://127.0.0.1:1/x -d '{'x' * 3_000_000}'")
    assert time.process_time() - began < 1


# --- folders --------------------------------------------------------------------------------------------------------


def test_results_too_deep_for_a_journal_are_refused_in_a_line(folder: Path, capsys: Captured) -> None:
    deep = Path(*["x" * 200] * 16)
    assert run_app(["run", "small.yaml", "--results", str(deep)]) == 2
    assert "too long for SQLite" in capsys.readouterr().err.splitlines()[-1], "below the line that says which study is run"
    assert list(folder.rglob("run.db")) == []


@pytest.mark.parametrize(
    "command", [["run", "small.yaml"], ["run"], ["check"], ["check", "small.yaml"], ["list"], ["show", "small"], ["try", "offline/uses"]]
)
def test_a_working_folder_that_was_deleted_is_told(command: list[str], folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = folder / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    shutil.rmtree(gone)
    try:
        capsys.readouterr()
        status = run_app(command)
        said = capsys.readouterr()
    finally:
        os.chdir(folder)
    assert len(said.err.splitlines()) <= 1, said.err
    assert status == 2 or command == ["list"], said
    assert "Traceback" not in said.err
