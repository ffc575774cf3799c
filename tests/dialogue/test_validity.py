"""What a simulated user must not send is discarded whole, asked for again, and kept with its flag; what is sent is never altered."""

from __future__ import annotations

import json

import pytest

from sim.core.event import Silence, UserSpoke, body, key, load_event
from sim.core.fold import fold
from sim.core.forget import forget_text
from sim.core.lean_fold import Digest
from sim.llm.client import Completion, Request
from tests.dialogue.stage import Stage, says, talks
from tests.dialogue.test_graph import play

FLIP = "I’m here to help you with whatever you need."
SOUND = "No, it is about the job. They moved my desk again."


def answering(*drafts: str) -> Stage:
    """A stage on which the second message of the first talk is drafted so, one after the other, and all others are sound."""
    stage = Stage()
    left = list(drafts)

    def user(request: Request) -> Completion:
        view = request.inputs
        if view.card.session.index == 1 and view.exchange == 2 and left:  # type: ignore[attr-defined]
            return says(left.pop(0))
        return talks(request)

    stage.user = user
    return stage


async def spoken(stage: Stage) -> UserSpoke:
    """What became of that message."""
    trial = await play(stage)
    return next(e for e in stage.sink.events(trial.id) if isinstance(e, UserSpoke) and (e.session, e.exchange) == (1, 2))


async def test_a_draft_with_a_critical_flag_is_discarded_whole_and_kept_beside_what_is_sent() -> None:
    event = await spoken(answering(f"{FLIP} Anyway, {SOUND}", SOUND))
    assert event.said.kind == "utterance"
    assert event.said.message.startswith(SOUND)
    assert [d.message for d in event.rejected] == [f"{FLIP} Anyway, {SOUND}"]
    assert [f.kind for d in event.rejected for f in d.flags] == ["role_flip"]
    assert "critical" not in [f.severity for f in event.flags]
    assert [c.step for c in event.calls] == ["first", "regeneration"], "what was discarded is paid for and counted"


async def test_nothing_is_cut_out_of_a_message() -> None:
    leaked = "<think>I should complain.</think> They moved my desk again."
    event = await spoken(answering(leaked, SOUND))
    assert [d.message for d in event.rejected] == [leaked]
    assert event.said.kind == "utterance"
    assert event.said.message.startswith(SOUND)


@pytest.mark.parametrize("raw", [f"```\n{SOUND}\n```", f'"{SOUND}"', f"“{SOUND}”", f"Message: {SOUND}", f'**User:** "{SOUND}"'])
async def test_what_is_wrapped_round_the_whole_is_taken_off_and_flagged(raw: str) -> None:
    event = await spoken(answering(raw))
    assert event.said.kind == "utterance"
    assert event.said.message.startswith(SOUND)
    assert event.rejected == ()
    assert [(f.severity, f.evidence) for f in event.flags if f.kind == "unwrapped"] == [("note", raw)]


async def test_a_role_flip_that_comes_back_a_third_time_is_sent_flagged() -> None:
    event = await spoken(answering(FLIP, FLIP, FLIP))
    assert event.said.kind == "utterance"
    assert event.said.message.startswith(FLIP)
    assert [f.kind for f in event.flags if f.severity == "critical"] == ["role_flip"]
    assert len(event.rejected) == 2


@pytest.mark.parametrize(
    ("draft", "kind"),
    [
        ("I’m sorry, but I can’t assist with that request.", "refusal"),
        ("As the persona I would complain here.", "fourth_wall"),
        ('{"mood": "cross", "message": "Hello"}', "leak"),
        ("Understood, I will not speak as an assistant again. They moved my desk.", "repair_answered"),
        ("Error code: 429 - rate limit reached for requests", "error_text"),
        (" \n ", "empty_message"),
        ("word " * 700, "message_too_long"),
    ],
)
async def test_whatever_else_is_critical_ends_the_session_and_is_never_sent(draft: str, kind: str) -> None:
    stage = answering(draft, draft, draft)
    event = await spoken(stage)
    assert isinstance(event.said, Silence)
    assert [[f.kind for f in d.flags if f.severity == "critical"] for d in event.rejected] == [[kind]] * 3
    assert [f.kind for f in event.flags if f.severity == "critical"] == [kind]
    trial = await play(stage)
    assert trial.sessions[0].closed == "simulator_failed"
    assert not any(draft.strip() and draft.strip() in m.content for r in stage.target_client.requests for m in r.messages)


async def test_discarded_drafts_stand_in_the_record_and_lose_their_words_with_the_others() -> None:
    stage = answering(FLIP, SOUND)
    trial = await play(stage)
    assert trial.sessions[0].exchanges[1].rejected[0].flags[0].kind == "role_flip"
    bare = fold(stage.plan().blank(), map(forget_text, stage.sink.events(trial.id)))
    left = bare.sessions[0].exchanges[1].rejected[0]
    assert left.flags[0].kind == "role_flip"
    assert "help" not in left.message + left.flags[0].evidence


async def test_an_event_written_before_there_were_drafts_reads_as_one_without(stage_event: UserSpoke) -> None:
    old = stage_event.model_dump(exclude={"rejected"})
    assert UserSpoke.model_validate(old) == stage_event


async def test_of_a_draft_that_an_earlier_version_did_not_keep_it_is_known_that_there_was_one() -> None:
    """Both ways of reading a journal say so."""
    stage = answering(FLIP, SOUND)
    trial = await play(stage)
    written = [(n, key(e), json.loads(body(e)), e.meta.model_dump_json()) for n, e in enumerate(stage.sink.events(trial.id), 1)]
    rows = [(n, k, json.dumps({name: v for name, v in text.items() if name != "rejected"}), meta) for n, k, text, meta in written]
    blank = stage.plan().blank()
    plainly = fold(blank, [load_event(k, text, meta) for _, k, text, meta in rows])
    leanly = Digest().trial(blank, [(n, k.session, k.take, k.exchange, k.kind, k.part, text, meta) for n, k, text, meta in rows])
    for found in (plainly, leanly):
        assert [len(e.rejected) for e in found.sessions[0].exchanges] == [0, 1, *[0] * (len(found.sessions[0].exchanges) - 2)]
        assert found.sessions[0].exchanges[1].rejected[0].flags == ()


@pytest.fixture
async def stage_event() -> UserSpoke:
    """A message that was sound at once."""
    return await spoken(answering(SOUND))
