"""A study's own scorers on a bare stage: of exchanges, sessions and trials, alone and together, lost, killed, failing and renewed."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.errors import CallFailed, InputError
from sim.core.event import Assessment, CallLost, Event, Judged, Key, NotApplicable, Unscored, body, key
from sim.core.fold import fold
from sim.core.panel import Panel
from sim.core.record import Trial
from sim.core.view import CriterionView, RaterView, ScoringContext, TrialView, WrongGrain
from sim.dialogue.graph import run_graph
from sim.llm.client import Request
from tests import examples
from tests.dialogue.scorers import CALL, Double, infos_of, rubrics, scorer
from tests.dialogue.stage import Stage, rates
from tests.effort import tries

YES = Assessment(value=True)


async def play(stage: Stage) -> Trial:
    plan = stage.plan(scorers=infos_of(stage.scorers))
    trial = fold(plan.blank(), stage.sink.events(plan.id))
    context = stage.context(trial)
    await context.target.restore(trial)
    return await run_graph(trial, context)


def of_each_grain() -> tuple[Double, Double, Double]:
    talk = scorer("talk", "session", "number", answer=lambda context: len(context.talk))
    return scorer("reply"), talk, scorer("all", "trial", "label", labels=("a", "b"), answer=lambda context: "b")


def kept(events: Iterable[Event]) -> dict[Key, str]:
    """What happened; of a scorer's results without the calls, which are another when a group is asked for its second result alone."""
    return {key(e): body(e.model_copy(update={"calls": ()}) if e.kind == "scored" else e) for e in events if not isinstance(e, CallLost)}


async def test_each_grain_is_scored_once_and_stands_where_it_belongs() -> None:
    reply, talk, whole = of_each_grain()
    stage = Stage(scorers=(reply, talk, whole))
    trial = await play(stage)
    assert [len(s.seen) for s in (reply, talk, whole)] == [len(trial.exchanges), len(trial.sessions), 1]
    assert all(e.scores == {"reply": YES} for e in trial.exchanges)
    assert [s.scores for s in trial.sessions] == [{"talk": Assessment(value=float(len(s.exchanges)))} for s in trial.sessions]
    assert trial.scores == {"all": Assessment(value="b")}
    assert stage.context(trial).panel.is_whole(trial)
    scored = [e for e in stage.sink.events(trial.id) if e.kind == "scored"]
    places = {(e.part, e.session > 0, e.exchange > 0) for e in scored}
    assert places == {("reply@1", True, True), ("talk@1", True, False), ("all@1", False, False)}
    assert fold(stage.plan(scorers=infos_of(stage.scorers)).blank(), stage.sink.events(trial.id)) == trial


async def test_what_a_scorer_is_given_ends_where_it_judges_and_names_no_target() -> None:
    reply, talk, whole = of_each_grain()
    trial = await play(Stage(scorers=(reply, talk, whole)))
    for context in reply.seen:
        at = trial.sessions[context.session - 1].exchanges[: context.exchange]
        assert (context.message, context.reply) == (at[-1].user.message, at[-1].reply.text)  # type: ignore[union-attr]
        assert [t.user for t in context.talk] == [e.user.message for e in at]
        assert context.talks[-1].turns == context.talk
    for context in talk.seen:
        session = trial.sessions[context.session - 1]
        assert (len(context.talk), context.date) == (len(session.exchanges), session.date)
        assert len(context.past.talks) == len(context.talks) - 1 == context.session - 1
    (context,) = whole.seen
    assert [len(t.turns) for t in context.talks] == [len(s.exchanges) for s in trial.sessions]
    assert context.past.talks == context.talks
    for context in (*reply.seen, *talk.seen, *whole.seen):
        assert not {trial.id, "offline/uses"} & set(re.split(r"[^\w/-]+", repr(context))), "the target's names"
        assert context.persona.id == "nora"
        assert context.scenario.id == "moving-house"


async def test_what_is_not_there_at_a_grain_says_what_is() -> None:
    reply, talk, whole = of_each_grain()
    await play(Stage(scorers=(reply, talk, whole)))
    assert [type(s.seen[0]) for s in (reply, talk, whole)] == [RaterView, CriterionView, TrialView]
    for context, offer in ((talk.seen[0], "`talk`"), (whole.seen[0], "`talks`")):
        for name in ("message", "reply"):
            with pytest.raises(WrongGrain, match=offer):
                getattr(context, name)


async def test_a_scorer_may_be_a_coroutine_and_may_say_that_its_question_has_no_meaning() -> None:
    async def answer(context: ScoringContext) -> NotApplicable | Assessment:
        return NotApplicable(reason="Nothing was asked.") if context.exchange == 1 else Assessment(value=False, reason="It was not.")

    trial = await play(Stage(scorers=(scorer("answers", answer=answer),)))
    found = [e.scores["answers"] for e in trial.exchanges if e.index <= 2]
    assert found == [NotApplicable(reason="Nothing was asked."), Assessment(value=False, reason="It was not.")] * len(trial.sessions)


# --- several in one call --------------------------------------------------------------------------------------------


async def test_a_group_is_asked_once_and_kept_and_paid_for_apart() -> None:
    group = rubrics("answers", "natural")
    stage = Stage(scorers=(group,))
    trial = await play(stage)
    assert len(group.seen) == len(trial.exchanges) == trial.spent["judge"].calls
    assert all(c.wanted == ("answers", "natural") for c in group.seen)
    assert all({i: s.reason for i, s in e.scores.items()} == {"answers": "By answers.", "natural": "By natural."} for e in trial.exchanges)  # type: ignore[union-attr]
    scored = [e for e in stage.sink.events(trial.id) if isinstance(e, Judged) and e.kind == "scored"]
    assert [(e.part, e.calls) for e in scored[:2]] == [("answers@1", (CALL,)), ("natural@1", ())]


async def test_killed_between_the_events_of_a_group_only_the_absent_is_asked() -> None:
    stage = Stage(scorers=(rubrics("answers", "natural"),))
    whole = await play(stage)
    events = stage.sink.events(whole.id)
    cut = next(i for i, e in enumerate(events) if e.part == "natural@1")
    group = rubrics("answers", "natural")
    killed = Stage(scorers=(group,))
    for event in events[:cut]:
        await killed.sink.append(event)
    resumed = await play(killed)
    assert group.seen[0].wanted == ("natural",)
    assert all(c.wanted == ("answers", "natural") for c in group.seen[1:])
    assert {e.index: set(e.scores) for e in resumed.exchanges} == {e.index: {"answers", "natural"} for e in whole.exchanges}


async def test_scorers_of_other_groups_and_grains_are_asked_apart() -> None:
    one, two, three = rubrics("answers", "natural"), rubrics("warm"), rubrics("closes", grain="session")
    two = replace(two, infos=tuple(i.model_copy(update={"group": "other"}) for i in two.infos))
    trial = await play(Stage(scorers=(one, two, three)))
    assert [len(g.seen) for g in (one, two, three)] == [len(trial.exchanges), len(trial.exchanges), len(trial.sessions)]


# --- lost, killed, resumed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grain", ["exchange", "session", "trial"])
async def test_a_lost_call_is_all_that_is_asked_on_resume(grain: Any) -> None:
    undisturbed = await play(Stage(scorers=(rubrics("answers", "natural", grain=grain),)))
    group = rubrics("answers", "natural", grain=grain, lose=1)
    stage = Stage(scorers=(group,))
    trial = await play(stage)
    assert [(e.part, e.calls) for e in trial.lost] == [("judge:answers@1+natural@1#1", (CALL,))]
    assert not stage.context(trial).panel.is_whole(trial)
    (due,) = stage.context(trial).panel.due(trial)
    assert (due.node, due.parts) == ("judge", ("answers@1", "natural@1"))
    asked = len(group.seen)
    resumed = await play(stage)
    assert (len(group.seen), len(stage.user_client.requests)) == (asked + 1, len(resumed.exchanges))
    assert replace(resumed, lost=(), spent={}) == replace(undisturbed, spent={})
    assert resumed.spent["judge"].calls == undisturbed.spent["judge"].calls + 1


async def test_attempts_that_came_to_nothing_are_counted_up() -> None:
    group = rubrics("answers", grain="trial", lose=2)
    stage = Stage(scorers=(group,))
    for _ in range(2):
        trial = await play(stage)
    assert [e.part for e in trial.lost] == ["judge:answers@1#1", "judge:answers@1#2"]
    assert (await play(stage)).scores == {"answers": Assessment(value=True, reason="By answers.")}


@tries(25)
@given(st.data())
def test_killed_after_any_event_it_ends_as_if_undisturbed_and_asks_only_what_is_absent(data: st.DataObject) -> None:
    whole, events = undisturbed()
    cut = data.draw(st.integers(0, len(events)))
    stage = Stage(scorers=(rubrics("answers", "natural"), *of_each_grain()))

    async def go_on() -> Trial:
        for event in events[:cut]:
            await stage.sink.append(event)
        return await play(stage)

    resumed = asyncio.run(go_on())
    assert kept(stage.sink.events(whole.id)) == kept(events)
    assert replace(resumed, spent={}) == replace(whole, spent={})
    absent = Counter(e.part for e in events[cut:])
    asked = [len(s.seen) for s in stage.scorers]  # type: ignore[union-attr]
    assert asked == [absent[p] for p in ("natural@1", "reply@1", "talk@1", "all@1")], "the group's second result is never there without its first"


@lru_cache(maxsize=1)
def undisturbed() -> tuple[Trial, tuple[Event, ...]]:
    stage = Stage(scorers=(rubrics("answers", "natural"), *of_each_grain()))
    trial = asyncio.run(play(stage))
    return trial, tuple(stage.sink.events(trial.id))


async def test_where_the_target_fails_for_good_nobody_judges_the_trial() -> None:
    reply, talk, whole = of_each_grain()
    stage = Stage(scorers=(reply, talk, whole), target=lambda r: CallFailed("refused", "no"))
    trial = await play(stage)
    assert (trial.status, talk.seen, whole.seen) == ("failed", [], [])


async def test_a_lost_rating_holds_no_scorer_up() -> None:
    asked: list[Request] = []

    def loses_first(request: Request) -> Any:
        asked.append(request)
        return CallFailed("infrastructure", "away") if len(asked) == 1 else rates(request)

    stage = Stage(scorers=of_each_grain(), rater=loses_first)
    trial = await play(stage)
    assert trial.scores
    assert [d.node for d in stage.context(trial).panel.due(trial)] == ["rate_likability"]


# --- scorers that fail ----------------------------------------------------------------------------------------------


def broken(context: ScoringContext) -> Any:
    raise ValueError("it has\nno sense")


@pytest.mark.parametrize(
    ("answer", "more", "reason"),
    [
        (broken, {}, r"scorer 'mine' raised ValueError at test_scorers.py:\d+: it has no sense"),
        (lambda c: c.left, {}, r"scorer 'mine' raised AttributeError.*"),
        (lambda c: None, {}, "scorer 'mine' gave back what is not a result: None"),
        (lambda c: 1, {}, r"scorer 'mine' gave back what is not yes or no \(a bool\): 1"),
        (lambda c: True, {"result": "number"}, "scorer 'mine' gave back what is not a number: True"),
        (lambda c: float("nan"), {"result": "number"}, "scorer 'mine' gave back what is not a number: nan"),
        (lambda c: 7, {"result": "number", "low": 1, "high": 5}, "scorer 'mine' gave back what is outside its scale: 7"),
        (lambda c: "c", {"result": "label", "labels": ("a", "b")}, "scorer 'mine' gave back what is not one of its labels: 'c'"),
        (lambda c: {"mine": True}, {}, r"scorer 'mine' gave back what is not a result: \{'mine': True\}"),
        (lambda c: Assessment(value="yes"), {}, r"scorer 'mine' gave back what is not yes or no \(a bool\): 'yes'"),
    ],
)
async def test_whatever_goes_wrong_in_a_scorer_is_unscored_and_the_run_goes_on(answer: Any, more: Any, reason: str) -> None:
    good = scorer("good")
    stage = Stage(scorers=(scorer("mine", answer=answer, **more), good))
    trial = await play(stage)
    found = {e.scores["mine"] for e in trial.exchanges}
    assert {f.cause for f in found if isinstance(f, Unscored)} == {"scorer"}
    assert all(re.fullmatch(reason, f.reason) for f in found if isinstance(f, Unscored))
    assert len(good.seen) == len(trial.exchanges)
    assert stage.context(trial).panel.is_whole(trial), "it is final"


async def test_a_group_that_leaves_one_out_has_it_unscored() -> None:
    group = rubrics("answers", "natural")
    group.score = lambda context: {"answers": True}  # type: ignore[assignment, method-assign, return-value]
    trial = await play(Stage(scorers=(group,)))
    assert trial.exchanges[0].scores == {"answers": YES, "natural": Unscored(cause="scorer", reason="scorer 'natural' gave back no result")}


async def test_a_refusal_of_its_model_is_a_value_and_paid_for() -> None:
    def refuses(context: ScoringContext) -> Any:
        raise CallFailed("refused", "I will not.", calls=(CALL,))

    trial = await play(Stage(scorers=(scorer("mine", answer=refuses),)))
    assert trial.exchanges[0].scores == {"mine": Unscored(cause="refused", reason="I will not.")}
    assert (trial.spent["judge"].calls, trial.lost) == (len(trial.exchanges), ())


# --- versions -------------------------------------------------------------------------------------------------------


async def test_a_new_version_is_asked_anew_and_the_old_results_stay_in_the_journal() -> None:
    stage = Stage(scorers=(scorer("mine", answer=lambda c: False), scorer("other")))
    before = await play(stage)
    assert {e.scores["mine"] for e in before.exchanges} == {Assessment(value=False)}
    renewed, other = scorer("mine", version="2"), scorer("other")
    stage.scorers = (renewed, other)
    blank = stage.plan(scorers=infos_of(stage.scorers)).blank()
    assert {tuple(e.scores) for e in fold(blank, stage.sink.events(before.id)).exchanges} == {("other",)}, "results of two versions never meet"
    after = await play(stage)
    assert {e.scores["mine"] for e in after.exchanges} == {YES}
    assert (len(renewed.seen), len(other.seen)) == (len(after.exchanges), 0)
    assert Counter(e.part for e in stage.sink.events(after.id) if e.kind == "scored") == dict.fromkeys(
        ("mine@1", "mine@2", "other@1"), len(after.exchanges)
    )
    assert fold(stage.plan().blank(), stage.sink.events(after.id)).exchanges[0].scores["mine"] == YES, "where none is asked for, the newest"


@pytest.mark.parametrize("ids", [("mine", "mine"), ("profile",)])
def test_an_id_is_taken_once(ids: tuple[str, ...]) -> None:
    with pytest.raises((InputError, ValueError), match=r"called|has a meaning of its own"):
        Panel.of(examples.study(), [scorer(i, version=str(n)).info for n, i in enumerate(ids)])
