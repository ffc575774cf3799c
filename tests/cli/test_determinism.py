"""Same study, same seed, offline models: the same bytes, whatever the order of trials and whatever the prompts say."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from sim.cli.app import run_app
from sim.llm.prompts import load_texts
from tests.cli.command import sim
from tests.cli.small import STUDY, project

Row = dict[str, Any]

TWINS = """\
name: twins
targets:
  - {id: first, model: offline/uses, memory: full}
  - {id: second, model: offline/uses, memory: full}
  - {id: other, model: offline/cold, memory: none}
user: {model: offline/user}
personas: [davi, nasreen]
scenarios: [short]
controls: {one_by_one: 0.5, repeat: 0.5}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    project(tmp_path, study=TWINS)
    return tmp_path


def run(name: str, *flags: str) -> None:
    assert run_app(["run", "small.yaml", "--name", name, *flags]) == 0


def exported(name: str, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """The run as JSON Lines and CSV, byte for byte but for `meta`."""
    capsys.readouterr()
    texts = []
    for form in ("jsonl", "csv"):
        path = Path(f"{name}.{form}")
        assert run_app(["export", name, "--format", form, "--out", str(path)]) == 0
        texts.append(path.read_text(encoding="utf-8"))
    lines = []
    for line in texts[0].splitlines():
        row = json.loads(line)
        assert row.pop("meta")["run"] == name
        lines.append(json.dumps(row, ensure_ascii=False))
    cells = list(csv.reader(io.StringIO(texts[1], newline="")))
    meta = cells[0].index("meta")
    return "\n".join(lines), "\n".join(str(row[:meta] + row[meta + 1 :]) for row in cells)


def rows(name: str, capsys: pytest.CaptureFixture[str]) -> list[Row]:
    return [json.loads(line) for line in exported(name, capsys)[0].splitlines()]


def messages(found: list[Row], target: str) -> dict[tuple[str, int, int, int], str]:
    return {(r["persona"], r["seed"], r["session"], r["exchange"]): r["user"] for r in found if r["record"] == "exchange" and r["target"] == target}


def test_two_executions_export_the_same_bytes_whatever_the_concurrency(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("one", "--concurrency", "1")
    run("many", "--concurrency", "50")
    first = exported("one", capsys)
    assert first == exported("many", capsys)
    assert len(first[0].splitlines()) == 3 * 2 * (2 + 4)
    done = sim("run", "small.yaml", "--name", "elsewhere", cwd=folder, PYTHONHASHSEED="7")
    assert done.returncode == 0, done.stderr
    assert exported("elsewhere", capsys) == first


def test_targets_that_reply_alike_hear_the_same_messages(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("one")
    found = rows("one", capsys)
    first, second, other = (messages(found, t) for t in ("first", "second", "other"))
    assert first == second
    assert first.keys() == other.keys()
    assert first != other
    ratings = {t: [r["ratings"] for r in found if r["record"] == "exchange" and r["target"] == t] for t in ("first", "second")}
    assert ratings["first"] == ratings["second"]


def test_the_first_message_does_not_depend_on_the_target(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("one")
    found = rows("one", capsys)
    opened = {t: [m for (*_, s, e), m in messages(found, t).items() if (s, e) == (1, 1)] for t in ("first", "other")}
    assert opened["first"] == opened["other"]


def test_another_seed_says_something_else(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("one", "--seeds", "2", "--persona", "davi", "--target", "first")
    found = messages(rows("one", capsys), "first")
    assert {k[1] for k in found} == {1, 2}
    assert [m for (_, seed, *_), m in found.items() if seed == 1] != [m for (_, seed, *_), m in found.items() if seed == 2]
    Path("small.yaml").write_text(TWINS + "seed: 9\n")
    run("nine", "--seeds", "2", "--persona", "davi", "--target", "first")
    assert messages(rows("nine", capsys), "first") != found


def test_another_target_beside_it_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("all")
    run("alone", "--target", "other", "--persona", "nasreen")
    alone = rows("alone", capsys)
    assert alone
    assert alone == [r for r in rows("all", capsys) if r["target"] == "other" and r["persona"] == "nasreen"]


def reworded(text: str) -> str:
    """`text` with every word outside {{ }} and {% %} replaced; the names of JSON keys are words too."""
    parts = re.split(r"(\{\{.*?\}\}|\{%.*?%\})", text, flags=re.DOTALL)
    return "".join(p if p.startswith(("{{", "{%")) else re.sub(r"\w+", "zzz", p) for p in parts)


def test_the_words_of_the_prompts_change_no_offline_result(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    run("plain")
    texts = load_texts()
    # What stands before the target's first message of a session is said to the target, and so is not an instruction of ours.
    changed = {name: text if name == "target_session" else reworded(text) for name, text in texts.items()}
    assert all(changed[n] != t for n, t in texts.items() if n != "target_session")
    monkeypatch.setattr("sim.llm.prompts.load_texts", lambda: changed)
    run("reworded")
    assert exported("plain", capsys) == exported("reworded", capsys)
    plain, other = (json.loads(Path(f"results/{name}/header.json").read_text()) for name in ("plain", "reworded"))
    assert {n for n in texts if plain["prompt_hashes"][n] == other["prompt_hashes"][n]} == {"target_session"}
    assert other["prompts"] == changed


def test_a_run_names_every_part_that_an_offline_model_played(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("small.yaml").write_text(STUDY)
    assert run_app(["run", "small.yaml", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["offline"] is True
    header = json.loads(Path("results/small/header.json").read_text())
    assert header["offline"] == ["user", "self", "target keeps", "target drops"]
