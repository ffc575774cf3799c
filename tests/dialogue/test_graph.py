"""The state machine on a bare stage."""

from __future__ import annotations

import asyncio

import pytest

from sim.core.due import next_step
from sim.core.errors import CallFailed
from sim.core.event import CallLost, Judged, TargetReplied, TrialFailed, TrialFinished, UserSpoke, body, key
from sim.core.fold import fold
from sim.core.record import Trial
from sim.core.view import RaterView
from sim.dialogue.graph import run_graph
from sim.llm.client import Completion, Request
from tests.dialogue.scorers import scorer
from tests.dialogue.stage import Stage, replies, says, talks
from tests.waiting import CEILING


async def play(stage: Stage) -> Trial:
    plan = stage.plan()
    trial = fold(plan.blank(), stage.sink.events(plan.id))
    context = stage.context(trial)
    await context.target.restore(trial)
    return await run_graph(trial, context)


async def test_a_trial_goes_through_all_sessions_and_is_judged_whole() -> None:
    stage = Stage()
    trial = await play(stage)
    assert [s.closed for s in trial.sessions] == ["maximum"] * len(trial.cast.sessions)
    assert all(len(s.exchanges) == c.spec.exchanges.max for s, c in zip(trial.sessions, trial.cast.sessions, strict=True))
    assert all(set(e.ratings) == {"self"} and set(e.tags) == {"words@1"} for e in trial.exchanges)
    assert all(set(s.criterion) == {"self"} for s in trial.sessions)
    assert stage.context(trial).panel.is_whole(trial)


async def test_the_record_is_the_fold_of_the_events() -> None:
    stage = Stage()
    trial = await play(stage)
    assert fold(stage.plan().blank(), stage.sink.events(trial.id)) == trial


async def test_the_user_goes_on_while_the_exchange_is_rated() -> None:
    stage = Stage()
    rating_may_end = asyncio.Event()
    order: list[str] = []

    def user(request: Request) -> Completion:
        order.append(f"user {request.inputs.exchange}")  # type: ignore[attr-defined]
        if request.inputs.exchange == 2:  # type: ignore[attr-defined]
            rating_may_end.set()
        return talks(request)

    stage.user = user
    plan = stage.plan()
    context = stage.context(plan.blank())
    rater = context.judges.by_node["rate_likability"]["self"]
    rate = rater.score

    async def slow(view):  # type: ignore[no-untyped-def]
        if view.grain == "exchange" and view.exchange == 1 and view.card.session.index == 1:
            await asyncio.wait_for(rating_may_end.wait(), CEILING)
            order.append("rated 1")
        return await rate(view)

    rater.score = slow  # type: ignore[method-assign]
    await context.target.restore(plan.blank())
    await run_graph(plan.blank(), context)
    assert order.index("rated 1") > order.index("user 2")


async def test_a_farewell_is_answered_and_rated_and_then_the_session_closes() -> None:
    stage = Stage()
    least = stage.plan().cast.sessions[0].spec.exchanges.min

    def user(request: Request) -> Completion:
        return says("I must go now, goodbye.", leave=True, why="supper") if request.inputs.exchange == least else talks(request)  # type: ignore[attr-defined]

    stage.user = user
    trial = await play(stage)
    assert {s.closed for s in trial.sessions} == {"farewell"}
    assert all(s.exchanges[-1].reply and s.exchanges[-1].ratings for s in trial.sessions)


async def test_leaving_without_a_word_closes_at_once_and_makes_no_exchange() -> None:
    stage = Stage()
    spec = stage.plan().cast.sessions[0].spec.exchanges

    def user(request: Request) -> Completion:
        return says("", leave=True, why="had enough") if request.inputs.exchange == spec.min + 1 else talks(request)  # type: ignore[attr-defined]

    stage.user = user
    trial = await play(stage)
    assert trial.sessions[0].closed == "left"
    assert len(trial.sessions[0].exchanges) == spec.min


async def test_leaving_below_the_minimum_is_ignored_and_flagged() -> None:
    stage = Stage()
    stage.user = lambda r: says("Bye already.", leave=True, why="bored") if r.inputs.exchange == 1 else talks(r)  # type: ignore[attr-defined]
    trial = await play(stage)
    assert "left_too_early" in [f.kind for f in trial.sessions[0].exchanges[0].flags]
    assert len(trial.sessions[0].exchanges) > 1


async def test_at_the_maximum_no_further_user_call_is_made() -> None:
    stage = Stage()
    trial = await play(stage)
    assert len(stage.user_client.requests) == len(trial.exchanges)


async def test_a_user_with_nothing_to_send_closes_the_session_as_simulator_failed() -> None:
    stage = Stage()
    stage.user = lambda r: says("")
    trial = await play(stage)
    assert {s.closed for s in trial.sessions} == {"simulator_failed"}
    assert trial.exchanges == ()
    assert stage.target_client.requests == []


@pytest.mark.parametrize("cause", ["infrastructure", "budget", "interrupted"])
@pytest.mark.parametrize("part", ["user", "target", "rater"])
async def test_a_lost_call_leaves_its_event_absent_and_a_second_run_buys_exactly_that(part: str, cause: str) -> None:
    undisturbed = Stage()
    whole = await play(undisturbed)
    stage = Stage()
    calls = 0
    good = getattr(stage, part)

    def fails_third(request: Request) -> Completion | Exception:
        nonlocal calls
        calls += 1
        return CallFailed(cause, "the server is away") if calls == 3 else good(request)  # type: ignore[arg-type]

    setattr(stage, part, fails_third)
    trial = await play(stage)
    assert [e.cause for e in trial.lost] == [cause]
    assert not stage.context(trial).panel.is_whole(trial)
    if part == "rater":
        assert next_step(trial) is None, "the conversation goes on without a rating"
        assert len(stage.context(trial).panel.due(trial)) == 1
    resumed = await play(stage)
    assert stage.context(resumed).panel.is_whole(resumed)
    made = len(stage.user_client.requests) + len(stage.target_client.requests) + len(stage.rater_client.requests)
    needed = len(undisturbed.user_client.requests) + len(undisturbed.target_client.requests) + len(undisturbed.rater_client.requests)
    assert made == needed + 1, "only the lost call was made twice"
    kept = {key(e): body(e) for e in stage.sink.events(trial.id) if not isinstance(e, CallLost)}
    assert kept == {key(e): body(e) for e in undisturbed.sink.events(whole.id)}


async def test_a_target_that_refuses_for_good_fails_the_trial() -> None:
    stage = Stage()
    stage.target = lambda r: CallFailed("too_long", "8192 tokens at most") if len(r.messages) > 2 else replies(r)
    trial = await play(stage)
    assert trial.status == "failed"
    assert [type(e) for e in stage.sink.events(trial.id) if isinstance(e, TrialFailed | TrialFinished)] == [TrialFailed]
    assert len(trial.exchanges) == 1


async def test_each_judgement_sees_nothing_after_its_exchange() -> None:
    stage = Stage()
    await play(stage)
    said = "\n".join(m.content for r in stage.target_client.requests for m in r.messages)
    kept_back = 0
    for request in stage.rater_client.requests:
        view = request.inputs
        prompt = "\n".join(m.content for m in request.messages)
        later = f"This is message {view.exchange + 1} of session {view.card.session.index}."  # type: ignore[attr-defined]
        assert later not in prompt
        kept_back += later in said
    assert kept_back > 3, "most exchanges have one after them, that somebody was told"


async def test_a_resumed_rating_is_asked_with_the_same_words() -> None:
    stage = Stage()
    await play(stage)
    asked = {r.messages for r in stage.rater_client.requests}
    again = Stage()
    again.rater = lambda r: CallFailed("infrastructure", "away")
    await play(again)
    again.rater = Stage().rater
    again.rater_client.requests.clear()
    await play(again)
    assert {r.messages for r in again.rater_client.requests} == asked


async def test_memory_none_forgets_and_full_remembers() -> None:
    for memory, remembers in (("none", False), ("full", True)):
        stage = Stage(memory=memory)
        await play(stage)
        last = stage.target_client.requests[-1].messages
        assert any("message 1 of session 1" in m.content for m in last) is remembers


async def test_events_come_in_order_of_the_talk() -> None:
    stage = Stage()
    trial = await play(stage)
    places: dict[tuple[int, int], list[str]] = {}
    for event in stage.sink.events(trial.id):
        if isinstance(event, UserSpoke | TargetReplied) or (isinstance(event, Judged) and event.kind == "rated" and event.exchange):
            places.setdefault((event.session, event.exchange), []).append(event.kind)
    assert list(places.values()) == [["user_spoke", "target_replied", "rated"]] * len(trial.exchanges)


async def test_a_reply_that_was_cut_off_all_thought_is_no_score_and_asks_no_judge() -> None:
    def target(request: Request) -> Completion:
        whole = replies(request)
        return whole if len(stage.target_client.requests) > 1 else Completion(text="", finish="length", thought="Let me think. " * 40)

    stage = Stage(target=target, one_by_one=1, repeat=1, scorers=(scorer("short"),))
    trial = await play(stage)
    cut, *others = trial.exchanges
    assert cut.reply is not None
    assert (cut.reply.text, cut.reply.finish) == ("", "length")
    assert set(cut.ratings) >= {"self", "self:repeat"}
    verdicts = [*(r for of in cut.ratings.values() for r in of.values()), *cut.tags.values(), *cut.scores.values()]
    assert {(v.kind, getattr(v, "cause", "")) for v in verdicts} == {("unscored", "too_long")}
    assert all(r.kind != "unscored" for e in others for of in e.ratings.values() for r in of.values())
    assert not any((view.exchange, view.session) == (1, 1) for view in (r.inputs for r in stage.rater_client.requests) if isinstance(view, RaterView))
    assert stage.context(trial).panel.is_whole(trial)
