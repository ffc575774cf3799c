"""A log becomes a run: every message, in order, under ids that can be read, and nothing is left where it does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.core.codebook import Codebook
from sim.core.errors import InputError
from sim.core.event import TaggedSentence, Tags
from sim.core.fold import fold
from sim.core.record import Trial
from sim.core.spec import ModelSpec
from sim.llm.prompts import load_texts
from sim.present.data.plans import plans_of
from sim.store.library import load_codebook
from sim.store.log_run import LogIntake, find_log_run
from sim.store.logs import Log, PassedOver
from sim.store.runs import RunFolder

TAGGER = ModelSpec(model="offline/tagger")
TAGS = Tags(sentences=(TaggedSentence(text="So.", moves=("advice",), confidences=(0.9,)),))


@pytest.fixture(scope="module")
def book() -> Codebook:
    return load_codebook()


def talk(id: str, *said: str, **keys: object) -> dict[str, object]:
    roles = ("user", "assistant")
    return {"id": id, **keys, "messages": [{"role": roles[i % 2], "content": text} for i, text in enumerate(said)]}


def take_in(folder: Path, talks: list[dict[str, object]], book: Codebook, *, by: str | None = None, name: str | None = None) -> RunFolder:
    path = folder / "My Chats.jsonl"
    path.write_text("\n".join(map(json.dumps, talks)), encoding="utf-8")
    with LogIntake(folder / "results", path, by=by) as intake:
        for found in Log(path, moves=tuple(m.id for m in book.tagged), by=by).read():
            assert not isinstance(found, PassedOver), found
            intake.add(found, [TAGS if "tag" in r.text else None for r in found.replies])
        return intake.keep(name, tagger=TAGGER, codebook=book, persona=None, prompts=load_texts())


def trials(run: RunFolder) -> list[Trial]:
    with run.read_journal() as journal:
        return [fold(p.blank(), journal.events(p.id)) for p in plans_of(run)]


def said(trial: Trial) -> list[list[tuple[str, str]]]:
    return [[(e.user.message, e.reply.text) for e in s.exchanges if e.reply] for s in trial.sessions]


def test_each_conversation_is_a_trial_of_a_person_of_its_own(tmp_path: Path, book: Codebook) -> None:
    run = take_in(tmp_path, [talk("A b/C", "Hi.", "Hello."), talk("2", "Ho.", "Yes.", "So?", "tag this")], book)
    first, second = trials(run)
    assert (run.name, run.study.played_by, [t.id for t in run.study.targets]) == ("my-chats", "log", ["my-chats"])
    assert [t.id for t in (first, second)] == ["a-b-c/logged/my-chats/1", "2/logged/my-chats/1"]
    assert said(second) == [[("Ho.", "Yes."), ("So?", "tag this")]]
    assert [dict(e.tags) for e in second.exchanges] == [{}, {"offline": TAGS}]
    assert {t.status for t in (first, second)} == {"finished"}
    assert {t.cast.persona.id for t in (first, second)} == {"a-b-c", "2"}
    assert not first.dated
    assert run.header.trials == 2
    assert run.header.offline == ()


def test_a_persons_sessions_stand_in_their_order_wherever_the_log_has_them(tmp_path: Path, book: Codebook) -> None:
    run = take_in(
        tmp_path,
        [
            talk("p", "three", "3", session=7),
            talk("q", "alone", "0", session=1),
            talk("p", "one", "1", session=1),
            talk("p", "two", "2", session=4),
            talk("x1", "first of Ann", "a", session="Ann"),
            talk("x2", "second of Ann", "b", session="Ann"),
        ],
        book,
    )
    by_person = {t.cast.persona.id: t for t in trials(run)}
    assert list(by_person) == ["p", "q", "ann"]
    assert said(by_person["p"]) == [[("one", "1")], [("two", "2")], [("three", "3")]]
    assert said(by_person["ann"]) == [[("first of Ann", "a")], [("second of Ann", "b")]]
    assert [s.date.day for s in by_person["p"].sessions] == [5, 6, 7]
    assert len(by_person["p"].cast.sessions) == 3


def test_one_person_with_two_systems_is_two_trials_of_one_persona(tmp_path: Path, book: Codebook) -> None:
    talks = [
        talk("1", "Hi.", "old", session="Ann", meta={"model": "Old Bot"}),
        talk("2", "Hi.", "new", session="Ann", meta={"model": "new"}),
        talk("3", "Hi.", "?", session="Bo"),
    ]
    run = take_in(tmp_path, talks, book, by="meta.model", name="two")
    assert [(t.id, t.group) for t in run.study.targets] == [("old-bot", "Old Bot"), ("new", "new"), ("none", "none")]  # type: ignore[union-attr]
    assert [t.id for t in trials(run)] == ["ann/logged/old-bot/1", "ann/logged/new/1", "bo/logged/none/1"]


def test_names_that_would_be_one_id_stay_apart(tmp_path: Path, book: Codebook) -> None:
    long = "x" * 90
    run = take_in(tmp_path, [talk(i, "Hi.", "Ho.") for i in ("Ann", "ann", "ann", "?!", long, long + "y", "ann-2")], book)
    ids = [t.cast.persona.id for t in trials(run)]
    assert ids[:4] == ["ann", "ann-2", "ann-3", "x"]
    assert len(set(ids)) == 7
    assert max(map(len, ids)) <= 64


def test_what_is_not_kept_leaves_nothing(tmp_path: Path, book: Codebook) -> None:
    take_in(tmp_path, [talk("1", "Hi.", "Ho.")], book, name="here")
    with pytest.raises(InputError, match="there is a run 'here' already"):
        take_in(tmp_path, [talk("2", "Hi.", "Ho.")], book, name="here")
    with pytest.raises(RuntimeError), LogIntake(tmp_path / "results", tmp_path / "My Chats.jsonl", by=None):
        raise RuntimeError
    assert [p.name for p in (tmp_path / "results").iterdir()] == ["here"]


def test_the_run_of_a_log_is_found_by_what_is_in_it(tmp_path: Path, book: Codebook) -> None:
    run = take_in(tmp_path, [talk("1", "Hi.", "Ho.")], book)
    path, results = tmp_path / "My Chats.jsonl", tmp_path / "results"
    assert find_log_run(results, None, path, by=None) == run
    assert find_log_run(results, "my-chats", path, by=None) == run
    assert find_log_run(results, None, path, by="model") is None
    assert find_log_run(results, "other", path, by=None) is None
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert find_log_run(results, None, path, by=None) is None


def test_a_log_target_cannot_be_written_into_a_study() -> None:
    from pydantic import ValidationError

    from tests.examples import study

    with pytest.raises(ValidationError, match="target 'x' is in a log, and nobody can talk with it; `sim score LOG` makes a run of it"):
        study(targets=[{"id": "x", "log": "chats.jsonl"}])
