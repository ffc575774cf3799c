"""Files of rubrics: what is written in short is written out, and every complaint keeps its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.core.errors import InputError
from sim.core.scale import HIGHEST, LOWEST
from sim.core.spec.rubric import Rubric
from sim.score.registry import built_in_rubrics
from sim.store.rubrics import load_rubrics

SEVERAL = """\
reads: talk
sees: [talk]
scale: 0-6
evidence: none
questions:
  understood: Did it understand?
  tone:
    question: How did it talk?
    scale: [cold, civil, warm]
  step:
    reads: reply
    sees: [message, reply]
    question: Does it name a step?
    yes: It does.
    no: It does not.
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "ask.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_questions_share_what_is_written_once_and_may_have_their_own(tmp_path: Path) -> None:
    understood, tone, step = load_rubrics(written(tmp_path, SEVERAL))
    shared = {"reads": "session", "sees": ["talk"], "evidence": "none"}
    assert understood == Rubric.model_validate({"id": "understood", "question": "Did it understand?", "levels": {0: LOWEST, 6: HIGHEST}, **shared})
    assert tone == Rubric.model_validate(
        {"id": "tone", "question": "How did it talk?", "labels": {n: n for n in ("cold", "civil", "warm")}, **shared}
    )
    assert (step.id, step.reads, step.result, step.evidence, step.levels) == ("step", "exchange", "yes_no", (), {})


def test_one_rubric_alone_is_read_as_ever(tmp_path: Path) -> None:
    for id, path in built_in_rubrics().items():
        (rubric,) = load_rubrics(path)
        assert rubric.id == id
    (one,) = load_rubrics(written(tmp_path, "id: one\nquestion: Well?\nscale: 1 to 7\nreads: person\n"))
    assert (one.answers, one.reads) == ((1, 2, 3, 4, 5, 6, 7), "trial")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SEVERAL.replace("0-6", "6-0"), "ask.yaml:3: scale: '6-0' does not rise"),
        (SEVERAL.replace("0-6", "0.5-6"), "ask.yaml:3: scale: '0.5-6' has ends that are not whole"),
        (SEVERAL.replace("0-6", "0-100"), "ask.yaml:3: levels: from 0 to 100 are more than 11 levels"),
        (SEVERAL.replace("[cold, civil, warm]", "[cold]"), "ask.yaml:9: scale: names fewer than two answers"),
        (SEVERAL.replace("question: How", "asks: How"), "ask.yaml:7: 'question' is missing"),
        (SEVERAL.replace("sees: [talk]", "sees: [talks]"), "ask.yaml:2: sees 1: 'talks' is not a choice"),
        (SEVERAL.replace("  tone:", "  Tone Of It:"), "ask.yaml:7: id: must be lower-case letters, digits, - and _, such as mia-2, not 'Tone Of It'"),
        (SEVERAL.replace("  understood:", "  likability:"), "ask.yaml:6: id: 'likability' has a meaning of its own"),
        (SEVERAL.replace("scale: 0-6\n", ""), "a rubric has levels:, labels:, or yes: and no:"),
        ("id: x\n" + SEVERAL, "ask.yaml:1: 'id' is beside questions:"),
        ("question: x\n" + SEVERAL, "ask.yaml:1: 'question' is beside questions:"),
        ("scale: 0-6\nquestions: {}\n", "ask.yaml:2: questions: holds no question"),
        ("scale: 0-6\nquestions: [a, b]\n", "ask.yaml:2: questions: holds no question"),
        ("id: x\nquestion: Well?\nscale: 0-6\nlevels: {0: a, 6: b}\n", "ask.yaml:3: scale: and levels: both say what the answers are"),
        ("questions:\n  answers: Does it answer?\nscale: 0-6\n", "rubric 'answers' comes with the package and says something else there"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        load_rubrics(written(tmp_path, text))
    assert said in str(caught.value)


def test_what_all_questions_share_is_wrong_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_rubrics(written(tmp_path, SEVERAL.replace("evidence: none", "evidense: none")))
    assert str(caught.value).count("unknown key 'evidense'") == 1
