"""A trial is the fold of its events, however they come in."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.errors import CallFailed
from sim.core.event import Call, CallLost, Event, FormAnswered, Labelled, SessionOpened, TargetReplied, Usage, UserSpoke, body, key, load_event
from sim.core.fold import fold
from sim.core.record import Trial
from sim.dialogue.graph import run_graph
from sim.llm.client import Completion, Request
from tests.dialogue.stage import Stage, rates

CALL = Call(role="target", model="m", prompt="0" * 16, usage=Usage(input=10, output=5), cost=0.25)


@lru_cache(maxsize=1)
def story() -> tuple[Trial, tuple[Event, ...]]:
    """A trial that was stopped by a lost rating and gone on with: blank, and its events."""
    stage = Stage()
    seen: list[Request] = []

    def fails_second(request: Request) -> Completion | Exception:
        seen.append(request)
        return CallFailed("infrastructure", "away", calls=(CALL,)) if len(seen) == 2 else rates(request)

    stage.rater = fails_second
    plan = stage.plan()

    async def play() -> None:
        for _ in range(2):
            trial = fold(plan.blank(), stage.sink.events(plan.id))
            context = stage.context(trial)
            await context.target.restore(trial)
            await run_graph(trial, context)

    asyncio.run(play())
    return plan.blank(), tuple(stage.sink.events(plan.id))


def again(event: Event, *, take: int) -> Event:
    return event.model_copy(update={"take": take}) if event.take else event


def calls_of(events: tuple[Event, ...]) -> int:
    return sum(len(e.calls) for e in events)


def spent(trial: Trial) -> int:
    return sum(s.calls for s in trial.spent.values())


@given(st.data())
def test_it_does_not_matter_in_how_many_pieces_events_are_folded(data: st.DataObject) -> None:
    blank, events = story()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(events)), max_size=6)))
    trial = blank
    for start, end in zip([0, *cuts], [*cuts, len(events)], strict=True):
        trial = fold(trial, events[start:end])
    assert trial == fold(blank, events)
    assert any(isinstance(e, CallLost) for e in events)


@given(st.integers(0, 2**32))
def test_the_order_of_verdicts_on_different_exchanges_does_not_matter(seed: int) -> None:
    blank, events = story()
    talk = [e for e in events if e.kind not in ("rated", "tagged")]
    verdicts = [e for e in events if e.kind in ("rated", "tagged")]
    random.Random(seed).shuffle(verdicts)
    assert fold(blank, [*talk, *verdicts]) == fold(blank, events)


@given(cut=st.integers(0, 200), late=st.booleans())
def test_a_superseded_take_changes_only_the_costs(cut: int, late: bool) -> None:
    """The last session is started over after `cut` of its events; what belongs to the first take may come late."""
    blank, events = story()
    last = max(e.session for e in events)
    before = tuple(e for e in events if e.session < last)
    session = tuple(e for e in events if e.session == last)
    first = tuple(e.model_copy(update={"calls": (CALL,)}) for e in session[:cut] if not isinstance(e, CallLost))
    second = tuple(again(e, take=2) for e in session)
    tale = (*before, *second, *first) if late else (*before, *first, *second)
    one, both = fold(blank, (*before, *second)), fold(blank, tale)
    assert replace(both, spent=one.spent) == one
    assert spent(both) == spent(one) + calls_of(first)
    assert {s.take for s in both.sessions} == ({1, 2} if before else {2})


def test_costs_of_every_attempt_are_counted_by_role_and_unknown_is_not_zero() -> None:
    blank, events = story()
    opened, spoke, replied = (next(e for e in events if isinstance(e, kind)) for kind in (SessionOpened, UserSpoke, TargetReplied))
    bare = CALL.model_copy(update={"cost": None, "usage": None})
    trial = fold(blank, [opened, spoke.model_copy(update={"calls": ()}), replied.model_copy(update={"calls": (CALL, bare, CALL)})])
    assert set(trial.spent) == {"target"}
    target = trial.spent["target"]
    assert (target.calls, target.input, target.output, target.cost, target.unknown_cost, target.unknown_usage) == (3, 20, 10, 0.5, 1, 1)


def test_what_a_lost_call_paid_on_its_way_counts() -> None:
    blank, events = story()
    lost = [e for e in events if isinstance(e, CallLost)]
    assert [e.calls for e in lost] == [(CALL,)]
    assert fold(blank, events).spent["target"].calls == 1 + sum(c.role == "target" for e in events if not isinstance(e, CallLost) for c in e.calls)


def test_folding_leaves_the_trial_it_began_with_as_it_was() -> None:
    blank, events = story()
    half = fold(blank, events[:9])
    copy = fold(blank, events[:9])
    fold(half, events[9:])
    assert half == copy


@pytest.mark.parametrize("number", range(12))
def test_an_event_comes_back_from_its_key_body_and_meta(number: int) -> None:
    _, events = story()
    event = events[number]
    assert load_event(key(event), body(event), event.meta.model_dump_json()) == event


def test_labels_stand_with_their_exchange_and_forms_with_their_trial() -> None:
    blank, events = story()
    first = Labelled(trial=blank.id, session=1, take=1, exchange=1, part="human:p1#1", label="target_bug", note="made it up")
    second = first.model_copy(update={"part": "human:p1#2", "label": "fine"})
    form = FormAnswered(trial=blank.id, part="human:p1:before", answers={"age": "40 to 49"})
    trial = fold(blank, (*events, first, second, form))
    assert [e.label for e in trial.sessions[0].exchanges[0].labels] == ["target_bug", "fine"]
    assert trial.forms == (form,)
    assert replace(trial.sessions[0].exchanges[0], labels=()) == fold(blank, events).sessions[0].exchanges[0]
