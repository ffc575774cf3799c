"""A conversation as a test: the user's messages of a trial as a scenario that scripts every turn, so that any target can be asked the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.core.errors import InputError
from sim.core.spec import Length, Scenario, ScriptedTurn, SessionSpec

if TYPE_CHECKING:
    from sim.core.record import Session, Trial
    from sim.core.spec import FactRef, FactUpdate
    from sim.core.spec.session import Clock


def build_replay(trial: Trial, session: int, exchange: int, *, id: str) -> Scenario:
    """The scenario that says to a target what was said in `trial`, up to and including `exchange` of `session`.

    Facts and updates that no message told are left out; moods, wishes, agenda and gaps stay. It fits the persona it was cast with, and any that has
    the facts it speaks of.

    Args:
        id: the scenario's name.

    Raises:
        InputError: the trial has no such exchange, or its texts were deleted.
    """
    if trial.forgotten:
        raise InputError(f"the texts of trial '{trial.id}' were deleted", mend="choose another")
    known = trial.sessions[session - 1].exchanges if 1 <= session <= len(trial.sessions) else ()
    if not 1 <= exchange <= len(known):
        raise InputError(f"trial '{trial.id}' has no exchange {exchange} in session {session}", mend="choose one that was held")
    original = trial.cast.scenario
    held = [s for s in trial.sessions[:session] if s.exchanges]
    sessions, skipped = [], 0
    for past in trial.sessions[:session]:
        spec = original.sessions[past.index - 1]
        if not past.exchanges:
            skipped += spec.gap
            continue
        length = exchange if past is held[-1] and past.index == session else len(past.exchanges)
        sessions.append(_scripted(trial, past, spec.model_copy(update={"gap": spec.gap + skipped}), length))
        skipped = 0
    return Scenario(
        id=id,
        title=f"{original.title}, as it went with {trial.cast.persona.name}",
        about=f"Says again what {trial.cast.persona.name} said in trial {trial.id}, up to exchange {exchange} of session {session}.",
        facts=original.facts,
        history=original.history,
        sessions=tuple(sessions),
    )


def _scripted(trial: Trial, session: Session, spec: SessionSpec, length: int) -> SessionSpec:
    exchanges = session.exchanges[:length]
    told = {(d.fact, trial.cast.values_by_fact[d.fact][d.version].text) for e in exchanges for d in e.disclosed}
    cast = trial.cast.sessions[session.index - 1]
    firsts, updates = cast.core[: len(spec.disclose)], cast.core[len(spec.disclose) :]
    disclose: list[FactRef] = [ref for ref, t in zip(spec.disclose, firsts, strict=True) if (t.fact.id, t.value.text) in told]
    changed: list[FactUpdate] = [u for u, t in zip(spec.updates, updates, strict=True) if (t.fact.id, t.value.text) in told]
    return spec.model_copy(
        update={
            "disclose": tuple(disclose),
            "updates": tuple(changed),
            "noise": (),
            "scripted": tuple(ScriptedTurn(exchange=e.index, message=_untimed(e.user.message, spec.clock, e.index)) for e in exchanges),
            "exchanges": Length(min=length, max=length),
        }
    )


def _untimed(message: str, clock: Clock | None, exchange: int) -> str:
    """`message` without the time before it, which the clock puts there again."""
    return message.removeprefix(f"[{clock.at(exchange)}] ") if clock else message
