"""`sim realism`: logs and runs, beside each other and beside published figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import Here
from tests.cli.small import project


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    project(tmp_path)
    monkeypatch.chdir(tmp_path)
    return Here(capsys)


def log(path: str, *, thanks: bool, moves: bool = False) -> Path:
    """Eight people with one talk each."""
    lines = []
    for n in range(8):
        messages = []
        for k in range(4):
            text = f"{'Thank you! ' if thanks else ''}i went to street {n} and saw door {k}"
            messages += [{"role": "user", "content": text}, {"role": "assistant", "content": "I see.", **({"moves": ["odd"]} if moves else {})}]
        lines.append(json.dumps({"id": f"t{n}", "messages": messages}))
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Path(path)


def test_a_log_beside_published_figures_says_what_is_odd_first(here: Here) -> None:
    done = here.sim("realism", log("talks.jsonl", thanks=True))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:2] == ["The user of talks.jsonl beside users of chatbots", "32 messages, 8 sessions, 8 persons"]
    assert "Too nice: messages that thank 100 %, people 1.8 %." in lines
    assert "Too even: spread of length (CV) 0.00, people 3.10." not in lines, "an interval of no width shows nothing"


def test_two_logs_beside_each_other(here: Here) -> None:
    document = here.json("realism", log("nice.jsonl", thanks=True), "--against", log("plain.jsonl", thanks=False))
    found = {f["id"]: f for f in document["figures"]}
    assert found["thanks"]["verdict"] == "too nice"
    assert found["thanks"]["effect"] == 1
    assert found["questions"]["p"] == 1
    assert document["against_messages"] == 32


def test_labels_of_any_codebook_are_passed_by(here: Here) -> None:
    done = here.sim("realism", log("labelled.jsonl", thanks=False, moves=True))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_run_is_read_by_persona(here: Here) -> None:
    assert here.sim("run", "small.yaml").returncode == 0
    document = here.json("realism", "small")
    assert (document["persons"], document["sessions"], document["messages"]) == (1, 4, 8)
    assert all(f["interval"] is None and not f["verdict"] for f in document["figures"])
    assert "intervals take 5 persons" in here.sim("realism", "small", "--against", log("talks.jsonl", thanks=False)).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.jsonl"], "none.jsonl: there is no such file"),
        (["no-such-run"], "no-such-run"),
        (["silent.jsonl"], "silent.jsonl: has no message of a user"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_line(here: Here, arguments: list[str], said: str) -> None:
    Path("silent.jsonl").write_text('{"messages": [{"role": "assistant", "content": "Hello!"}]}\n', encoding="utf-8")
    done = here.sim("realism", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
