"""Contexts to judge: a talk of two sessions, with the last reply said by the test."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sim.core.cast import build_cast
from sim.core.event import SessionClosed, SessionOpened, TargetReplied, TrialFinished, UserSpoke, Utterance
from sim.core.fold import fold
from sim.core.record import Trial
from sim.core.spec import Scenario, ScriptedTurn
from sim.core.spec.plants import Plants
from sim.core.tools import ToolUse
from sim.core.view import ScoringContext, criterion_view, rater_view, trial_view
from tests.examples import persona, scenario

MONDAY = dt.date(2026, 1, 5)
FIXED = {"study_seed": 0, "history_tokens": 8_000}


Said = tuple[tuple[str, str], ...]
"""Messages, each with the reply to it."""


def held(
    message: str,
    reply: str,
    *,
    before: Said = (("I am moving.", "Where to?"),),
    earlier: Said = (("Evening. My cat Biscuit is asleep.", "Good evening, Nora. How is the cat?"),),
    tools: tuple[ToolUse, ...] = (),
    plants: Mapping[str, Any] | None = None,
    by: Mapping[tuple[int, int], str] | None = None,
    **who: Any,
) -> Trial:
    """A trial of two sessions whose last exchange is `message` and `reply`.

    Args:
        before: what was said in the same session until then.
        earlier: what was said in the session before it.
        tools: what was used for the last reply.
        plants: what the scenario plants.
        by: who wrote a message, by session and exchange, where it was not the persona.
        who: what is different about the persona.
    """
    name = "nora/moving-house/bot/1"
    events: list[object] = []
    sessions = (earlier, [*before, (message, reply)])
    for session, talk in enumerate(sessions, 1):
        place = {"trial": name, "session": session, "take": 1}
        events.append(SessionOpened(**place, date=MONDAY + dt.timedelta(days=9 * (session - 1))))
        for exchange, (said, answered) in enumerate(talk, 1):
            events.append(UserSpoke(**place, exchange=exchange, said=Utterance(message=said)))
            events.append(TargetReplied(**place, exchange=exchange, reply=answered, tools=tools if answered is reply else ()))
        events.append(SessionClosed(**place, ending="maximum"))
    blank = Trial(name, "bot", 1, build_cast(persona(**who), _planted(plants, by or {}), start_date=MONDAY))
    return fold(blank, [*events, TrialFinished(trial=name)])  # type: ignore[list-item]


def _planted(plants: Mapping[str, Any] | None, by: Mapping[tuple[int, int], str]) -> Scenario:
    """The scenario of every test, with `plants` in it and messages that somebody else writes."""
    plain = scenario()
    sessions = tuple(
        spec.model_copy(update={"scripted": tuple(ScriptedTurn(exchange=e, message="…", by=who) for (s, e), who in by.items() if s == index)})
        if any(s == index for s, _ in by)
        else spec
        for index, spec in enumerate(plain.sessions, 1)
    )
    return plain.model_copy(update={"sessions": sessions, "plants": Plants.model_validate(plants) if plants else None})


def context(message: str, reply: str, *, grain: str = "exchange", wanted: tuple[str, ...] = (), **more: Any) -> ScoringContext:
    """What a judge of the last exchange, of its session or of the whole trial is given."""
    trial = held(message, reply, **more)
    last = len(trial.sessions[-1].exchanges)
    view: ScoringContext
    if grain == "exchange":
        view = rater_view(trial, 2, last, **FIXED)
    else:
        view = criterion_view(trial, 2, **FIXED) if grain == "session" else trial_view(trial, **FIXED)
    return replace(view, wanted=wanted)
