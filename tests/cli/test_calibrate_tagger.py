"""`sim calibrate --tagger FILE`: how far the tagger agrees with people, and what is wrong with a file of labels."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import sim, sim_json

ROWS = [
    {"sentence": "I am so sorry to hear that.", "moves": ["emotional_expression"], "reply": "one"},
    {"sentence": "What happened then?", "moves": ["questioning"], "reply": "one"},
    {"sentence": "You could write it down tonight.", "moves": ["advice"], "reply": "two"},
    {"sentence": "The table is green.", "moves": [], "reply": "two"},
]


def written(folder: Path, *lines: str) -> Path:
    path = folder / "labels.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_every_move_has_its_positives_and_rare_ones_decide_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, *map(json.dumps, ROWS * 15))
    found = sim_json("calibrate", "--tagger", path, cwd=tmp_path)
    moves = found["agreement"]["moves"]
    assert moves["questioning"]["positives"] == 15
    assert moves["questioning"]["recall"] == 1
    table = sim("calibrate", "--tagger", path, cwd=tmp_path).stdout
    assert "too few" in table
    assert "3 moves with 15" in table


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "labels.jsonl:2"),
        ('{"sentence": "Well."}', "labels.jsonl:2"),
        ('{"sentence": "Well.", "moves": ["hugging"]}', "hugging"),
        ('{"sentence": 3, "moves": []}', "labels.jsonl:2"),
        ("[]", "labels.jsonl:2"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    done = sim("calibrate", "--tagger", written(tmp_path, json.dumps(ROWS[0]), line), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_empty_or_missing_file_is_one_line(tmp_path: Path) -> None:
    for path in (written(tmp_path, ""), tmp_path / "none.jsonl"):
        done = sim("calibrate", "--tagger", path, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
