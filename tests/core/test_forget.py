from __future__ import annotations

import datetime as dt

import pytest
from pydantic import JsonValue

from sim.core.event import (
    Absence,
    Assessment,
    Call,
    CallLost,
    CountedEvidence,
    Event,
    Flag,
    Judged,
    Key,
    MemoryWritten,
    NotApplicable,
    Quote,
    Score,
    SessionOpened,
    TaggedSentence,
    Tags,
    TargetReplied,
    TrialFailed,
    Unscored,
    UserSpoke,
    Utterance,
    body,
    key,
    load_event,
)
from sim.core.forget import forget_text
from sim.core.text import words

SAID = "Leila's canary, 你好 – sang!"
CALL = Call(role="user", model="openai/x", prompt="0123456789abcdef", cost=0.5)
EVENTS: tuple[Event, ...] = (
    SessionOpened(trial="t", session=1, take=1, date=dt.date(2026, 1, 5)),
    UserSpoke(
        trial="t",
        said=Utterance(message=SAID, mood=SAID, allusion=SAID, humour_bid=SAID, facts_used=("leila",), signalled=("callback",), why=SAID),
        flags=(Flag(kind="echo", severity="critical", evidence=SAID),),
        calls=(CALL,),
    ),
    TargetReplied(trial="t", reply=SAID, calls=(CALL,)),
    Judged(
        kind="rated",
        trial="t",
        part="self",
        ratings={
            "callback": Score(reason=SAID, evidence=Quote(text=SAID, found=True), score=4, false_memory=False),
            "humor_fit": NotApplicable(reason=SAID),
            "length_fit": Unscored(cause="refused", reason=SAID),
        },
    ),
    Judged(kind="tagged", trial="t", part="offline", result=Tags(sentences=(TaggedSentence(text=SAID, moves=("advice", "questioning")),))),
    Judged(
        kind="scored",
        trial="t",
        part="answers@1",
        result=Assessment(value="partly", reason=SAID, evidence=(Quote(text=SAID, found=True), Absence(text=SAID, found=False))),
    ),
    Judged(kind="scored", trial="t", part="mine@1", result=Unscored(cause="scorer", reason=SAID)),
    MemoryWritten(trial="t", part="summary", content=SAID),
    CallLost(trial="t", part="user_speaks#1", cause="infrastructure", message=SAID),
    TrialFailed(trial="t", cause="refused", message=SAID),
)


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: e.kind)
def test_no_text_is_left_and_all_else_is(event: Event) -> None:
    bare = forget_text(event)
    stored = body(bare)
    assert not any(said in stored for said in ("canary", "Leila", "leila", "sang", "你", "0123456789abcdef"))
    assert load_event(Key(*key(event)), stored, bare.meta.model_dump_json()) == bare
    assert forget_text(bare) == bare
    assert (key(bare), [c.cost for c in bare.calls]) == (key(event), [c.cost for c in event.calls])


def test_words_moves_scores_and_kinds_are_counted_as_before() -> None:
    _, spoke, replied, rated, tagged, scored, failed, *_ = map(forget_text, EVENTS)
    assert isinstance(spoke, UserSpoke)
    assert isinstance(spoke.said, Utterance)
    assert isinstance(replied, TargetReplied)
    assert len(words(spoke.said.message)) == len(words(replied.reply)) == len(words(SAID))
    assert (spoke.flags[0].kind, spoke.said.signalled) == ("echo", ("callback",))
    assert isinstance(rated, Judged)
    assert isinstance(rated.result, dict)
    assert isinstance(rated.result["callback"], Score)
    assert rated.result["callback"].score == 4
    assert isinstance(tagged, Judged)
    assert isinstance(tagged.result, Tags)
    assert tagged.result.moves == {"advice", "questioning"}
    assert isinstance(scored, Judged)
    assert isinstance(scored.result, Assessment)
    assert (scored.result.value, [e.found for e in scored.result.evidence if not isinstance(e, CountedEvidence)]) == ("partly", [True, False])
    assert isinstance(failed, Judged)
    assert isinstance(failed.result, Unscored)
    assert failed.result.cause == "scorer"


def test_a_text_in_a_kind_of_event_nobody_knew_goes_too() -> None:
    class Asked(MemoryWritten):
        question: str | None = "the canary"
        answers: tuple[str, ...] = ("the canary",)
        raw: dict[str, JsonValue]

    asked = Asked(trial="t", content="", raw={"deep": {"er": ["the canary"]}})
    assert "canary" not in forget_text(asked).model_dump_json()
