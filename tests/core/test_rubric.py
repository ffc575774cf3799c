"""What a rubric may say, and what is wrong with one, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.core.errors import InputError
from sim.core.spec.rubric import Rubric
from sim.store.yaml_file import load_yaml

HEAD = "id: kind\nquestion: Is it kind?\n"


def read(text: str, folder: Path) -> Rubric:
    path = folder / "kind.yaml"
    path.write_text(text, encoding="utf-8")
    return load_yaml(path, Rubric)


@pytest.mark.parametrize(
    ("written", "result", "answers", "scale"),
    [
        ("yes: It is.\nno: It is not.\n", "yes_no", ("yes", "no"), (None, None)),
        ("levels: {1: Cold., 3: Even., 5: Warm.}\n", "number", (1, 2, 3, 4, 5), (1, 5)),
        ("levels: {2: Some., -2: None., 0: A bit.}\n", "number", (-2, -1, 0, 1, 2), (-2, 2)),
        ("labels: {warm: Kind words., yes: 'Just yes.', 1: One.}\ngood: [warm]\n", "label", ("warm", "yes", "1"), (None, None)),
    ],
)
def test_three_kinds_of_answers(tmp_path: Path, written: str, result: str, answers: tuple[object, ...], scale: tuple[object, object]) -> None:
    rubric = read(HEAD + "version: 2\n" + written, tmp_path)
    info = rubric.info()
    assert (rubric.result, rubric.answers, (info.low, info.high)) == (result, answers, scale)
    assert (info.id, info.version, info.grain, info.labels, info.good) == ("kind", "2", "exchange", tuple(rubric.labels), rubric.good)


@pytest.mark.parametrize(
    ("reads", "sees", "shown"),
    [
        ("exchange", None, ("reply", "message", "talk")),
        ("exchange", "[persona]", ("reply", "persona")),
        ("session", None, ("talk",)),
        ("session", "[past, told]", ("talk", "past", "told")),
        ("trial", "[scenario]", ("talk", "scenario")),
    ],
)
def test_what_is_judged_is_always_shown(tmp_path: Path, reads: str, sees: str | None, shown: tuple[str, ...]) -> None:
    text = f"{HEAD}yes: It is.\nno: It is not.\nreads: {reads}\n" + (f"sees: {sees}\n" if sees else "")
    assert read(text, tmp_path).shown == shown


@pytest.mark.parametrize(("written", "kinds"), [("quote", ("quote",)), ("none", ()), ("[quote, absence]", ("quote", "absence"))])
def test_evidence_is_one_kind_several_or_none(tmp_path: Path, written: str, kinds: tuple[str, ...]) -> None:
    assert read(f"{HEAD}yes: It is.\nno: It is not.\nevidence: {written}\n", tmp_path).evidence == kinds


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("", "kind.yaml:1: a rubric has levels:, labels:, or yes: and no:, and exactly one of them; found: none"),
        ("yes: It is.\n", "kind.yaml:1: yes: and no: go together; say when the answer is no"),
        (
            "yes: a\nno: b\nlevels: {1: a, 2: b}\n",
            "kind.yaml:1: a rubric has levels:, labels:, or yes: and no:, and exactly one of them; found: levels and yes and no",
        ),
        ("levels: {1: a}\n", "kind.yaml:3: levels: one level leaves nothing to choose; say what the lowest and the highest mean"),
        ("levels: {0: a, 100: b}\n", "kind.yaml:3: levels: from 0 to 100 are more than 11 levels, which nobody tells apart"),
        ("levels: {low: a, high: b}\n", "kind.yaml:3: levels: 'low' is not a whole number; write labels: for answers with names"),
        ("levels: [a, b]\n", "kind.yaml:3: levels: must hold keys and values, not a list"),
        ("labels: {warm: a, cold: b}\ngood: [wram]\n", "kind.yaml:4: good: 'wram' is not one of the labels; did you mean 'warm'?"),
        ("yes: a\nno: b\ngood: [a]\n", "kind.yaml:5: good: chooses among labels:, and there are none"),
        (
            "yes: a\nno: b\nreads: session\nsees: [reply]\n",
            "kind.yaml:6: sees: 'reply' is not there for a judge that reads a session; there are talk, past, persona, scenario, told",
        ),
        ("yes: a\nno: b\nsees: [rely]\n", "kind.yaml:5: sees 1: 'rely' is not a choice here; did you mean 'reply'?"),
        ("yes: a\nno: b\nevidence: quotes\n", "kind.yaml:5: evidence: 'quotes' is not a choice here; did you mean 'quote'?"),
        ("yes: a\nno: b\nmodel: gpt\n", "kind.yaml:5: model: must hold keys and values, not 'gpt'; write it as `key: value` lines"),
        ("yes: a\nno: b\nquestoin: c\n", "kind.yaml:5: unknown key 'questoin'; did you mean 'question'?"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, written: str, complaint: str) -> None:
    with pytest.raises(InputError) as refused:
        read(HEAD + written, tmp_path)
    assert str(refused.value).removeprefix(f"{tmp_path}/").startswith(complaint)


def test_a_rubric_means_the_same_when_a_run_has_kept_it(tmp_path: Path) -> None:
    from sim.store.runs import dump_yaml

    fields: dict[str, Any] = {
        "id": "kind",
        "question": "Is it: kind?",
        "levels": {1: "No.", 2: "Yes: it is."},
        "evidence": "none",
        "applies": "it can",
    }
    rubric = Rubric.model_validate(fields)
    (tmp_path / "kept.yaml").write_text(dump_yaml(rubric), encoding="utf-8")
    assert load_yaml(tmp_path / "kept.yaml", Rubric) == rubric


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ("reads: session", "judges: message goes with reads: exchange"),
        ("sees: [message, reply]", "a judge of the message does not see the reply"),
        ("evidence: absence", "absence is of a reply"),
    ],
)
def test_a_judge_of_the_message_sees_nothing_that_came_after_it(more: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=complaint):
        read(f"id: own\nquestion: Is it?\nyes: a\nno: b\njudges: message\n{more}\n", tmp_path)
    assert read("id: own\nquestion: Is it?\nyes: a\nno: b\njudges: message\n", tmp_path).shown == ("message", "talk")


def test_no_rubric_is_called_like_a_measure(tmp_path: Path) -> None:
    from sim.analysis.figures.measures import MEASURES
    from sim.analysis.verdicts.requirements import THINGS
    from sim.core.spec.scorer import TAKEN

    assert [thing for thing in THINGS if thing not in TAKEN] == []
    assert [m.id for m in MEASURES if m.id not in TAKEN and "." not in m.id] == []
    with pytest.raises(InputError) as refused:
        read("id: callback\nquestion: Is it?\nyes: a\nno: b\n", tmp_path)
    complaint = "kind.yaml:1: id: 'callback' has a meaning of its own among the measures; give the scorer another id"
    assert str(refused.value).removeprefix(f"{tmp_path}/") == complaint
