"""What is read first, and what a conversation becomes when it is kept as a test."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sim.analysis.verdicts.triage import TriageItem, grouped, queue, speaks_against
from sim.core.cast import build_cast
from sim.core.errors import InputError
from sim.core.event import Flag, Labelled, Score, Utterance
from sim.core.fold import fold
from sim.core.record import Exchange, Trial
from sim.core.replay import build_replay
from sim.core.spec.scorer import ScorerInfo
from tests import examples
from tests.analysis.judged import ANSWERS, ARC, SCORERS, TONE, WARMTH, judged
from tests.analysis.stories import told_in_full
from tests.analysis.trials import Diary, planned

STUDY = examples.study()


def items(*trials: Trial) -> tuple[TriageItem, ...]:
    """Of trials whose replies are all different: that one repeats itself is a reason of its own."""
    return queue(STUDY, [unlike(t) for t in trials])


def unlike(trial: Trial) -> Trial:
    def other(exchange: Exchange, session: int) -> Exchange:
        reply = exchange.reply
        return replace(exchange, reply=replace(reply, text=f"{reply.text} That was {session}.{exchange.index}.") if reply else None)

    return replace(trial, sessions=tuple(replace(s, exchanges=tuple(other(e, s.index) for e in s.exchanges)) for s in trial.sessions))


def kinds(item: TriageItem) -> list[str]:
    return [r.kind for r in item.reasons]


def test_nothing_is_to_be_read_where_nothing_speaks_against_a_reply() -> None:
    assert items(Diary(planned()).open().exchange(4).exchange(3).close().finish()) == ()


def test_the_worst_comes_first_with_every_reason() -> None:
    flag = Flag(kind="role_flip", severity="critical", evidence="How can I help?")
    diary = Diary(planned()).open().exchange(5).exchange(1, flags=(flag,)).exchange(2, user=Utterance(message="Bye.", leave=True, why="it is cold"))
    first, second = items(diary.close(ending="farewell").finish())
    assert (first.exchange, second.exchange) == (2, 3)
    assert kinds(first) == ["sharp_drop", "low_score", "critical_flag"]
    assert kinds(second) == ["leaving", "low_score"]
    assert first.weight > second.weight


def test_who_leaves_without_a_word_is_counted_against_the_last_reply() -> None:
    (item,) = items(Diary(planned()).open().exchange(4).exchange(4).close(left="it never listens", ending="left").finish())
    assert (item.exchange, kinds(item)) == (2, ["leaving"])
    assert "it never listens" in item.reasons[0].said


def test_a_reply_that_repeats_word_for_word_what_the_same_person_was_told_is_read() -> None:
    told = Diary(planned()).open().exchange(4).exchange(4, reply="OK.").exchange(4, reply="Sure.").close().open().exchange(4).close().finish()
    (item,) = queue(STUDY, [told])
    assert (item.session, item.exchange, kinds(item), item.reasons[0].said) == (2, 1, ["said_before"], "repeats itself word for word")


def test_what_a_scorer_finds_bad_is_read_where_its_grain_ends() -> None:
    told = unlike(Diary(planned()).open().exchange(4).exchange(4).close().open().exchange(4).close().finish())
    bad = judged(
        told, answers=lambda t, s, e: (s, e) != (1, 1), warmth=lambda t, s, e: 1.0 if s == 1 else 9.0, arc=lambda *_: "falls", tone=lambda *_: "dry"
    )
    found = {(i.session, i.exchange): [(r.scorer, r.said) for r in i.reasons] for i in queue(STUDY, [bad], SCORERS)}
    assert found == {
        (1, 1): [("answers", "answers what was asked: no: So it was.")],
        (1, 2): [("warmth", "warmth: 1: So it was.")],
        (2, 1): [("arc", "arc: falls: So it was.")],
    }


@pytest.mark.parametrize(
    ("info", "value", "against"),
    [(ANSWERS, False, True), (ANSWERS, True, False), (WARMTH, 2.5, True), (WARMTH, 2.6, False), (ARC, "falls", True), (TONE, "cloying", False)],
)
def test_only_what_is_called_bad_speaks_against_a_reply(info: ScorerInfo, value: bool | float | str, against: bool) -> None:
    assert speaks_against(info, value) is against


def test_a_false_memory_outweighs_a_low_score() -> None:
    false = Diary(planned()).open().exchange(4).close().finish()
    rated = dict(false.sessions[0].exchanges[0].ratings["self"])
    rated["callback"] = Score(reason="I never had a dog.", score=2, false_memory=True)
    event = Diary(planned("x/nora/moving-house/2")).open().exchange(4)
    changed = [e.model_copy(update={"result": rated}) if e.kind == "rated" else e for e in event.events]
    lied = fold(event.trial, changed)
    low = Diary(planned("y/nora/moving-house/3")).open().exchange(2).close().finish()
    assert [kinds(i)[0] for i in items(low, lied)] == ["false_memory", "low_score"]


def test_raters_far_apart_are_to_be_read_and_near_ones_are_not() -> None:
    apart = Diary(planned()).open().exchange(4, others={"observer:strict": 2}).exchange(4, others={"observer:strict": 3}).close().finish()
    (item,) = items(apart)
    assert (item.exchange, kinds(item)) == (1, ["rater_disagreement"])


def test_the_controls_of_a_rater_are_no_other_rater() -> None:
    assert items(Diary(planned()).open().exchange(4, others={"self:repeat": 1}).close().finish()) == ()


def test_what_was_labelled_goes_behind_what_was_not() -> None:
    trial = Diary(planned()).open().exchange(1).exchange(2).close().finish()
    labelled = Labelled(trial=trial.id, session=1, take=1, exchange=1, part="human:p1#1", label="target_bug", note="curt")
    first, second = items(fold(trial, [labelled]))
    assert (first.exchange, second.exchange) == (2, 1)
    assert (second.label, second.note) == ("target_bug", "curt")


def test_what_looks_alike_stands_in_one_group() -> None:
    found = items(*(Diary(planned(f"p{n}/moving-house/remembers/1", persona=f"p{n}")).open().exchange(1).close().finish() for n in range(3)))
    assert list(grouped(found).values()) == [3]


def test_a_replay_says_the_same_messages_and_nothing_more() -> None:
    trial = told_in_full().finish()
    replay = build_replay(trial, 2, 1, id="kept-1")
    assert [[s.message for s in session.scripted] for session in replay.sessions] == [
        [e.user.message for e in session.exchanges] for session in trial.sessions
    ]
    assert [(s.exchanges.min, s.exchanges.max) for s in replay.sessions] == [(3, 3), (1, 1)]
    cast = build_cast(trial.cast.persona, replay, start_date=trial.cast.start_date)
    assert [s.date for s in cast.sessions] == [s.date for s in trial.cast.sessions]
    told = {(d.fact, d.version) for s in trial.sessions for e in s.exchanges for d in e.disclosed if d.core}
    assert {t.fact.id for s in cast.sessions for t in s.core} == {fact for fact, _ in told}


def test_a_replay_ends_where_it_was_cut() -> None:
    replay = build_replay(told_in_full().finish(), 1, 2, id="kept-2")
    assert [len(s.scripted) for s in replay.sessions] == [2]


@pytest.mark.parametrize(("session", "exchange"), [(0, 1), (3, 1), (1, 4), (1, 0), (2, 9)])
def test_what_was_never_held_cannot_be_kept(session: int, exchange: int) -> None:
    with pytest.raises(InputError, match="has no exchange"):
        build_replay(told_in_full().finish(), session, exchange, id="kept-3")
