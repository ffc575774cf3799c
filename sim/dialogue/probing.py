"""Asking a target what it remembers, on copies of it, so that the talk itself never knows.

Each question is the first message of a new session of a copy of its own; the control question is put to a copy of the session under way. A question
that was lost is put again on resume, to a target made anew from the record as it stood when that session closed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sim.core.errors import LOST, CallFailed
from sim.core.event import Grade, Probed, Unscored
from sim.core.probes import Answered, Probe, asking_date
from sim.core.text import contains
from sim.targets.target import Answer

if TYPE_CHECKING:
    from sim.core.event import Call, Meta, Timing
    from sim.core.record import Trial
    from sim.score.scorer import Grader
    from sim.targets.target import Target

Recreate = Callable[["Trial"], Awaitable["Target"]]
"""A fresh target that is what it was when the trial it is given stood so."""


@dataclass(frozen=True)
class Probing:
    """How answers are graded, and how a target is had that the talk has left behind."""

    grader: Grader
    recreate: Recreate


@dataclass(frozen=True)
class Asked:
    """A question with what came of it."""

    probe: Probe
    answer: Answer
    grade: Grade | Unscored
    written: bool | None
    calls: tuple[Call, ...]
    timings: tuple[Timing, ...]

    def event(self, trial: Trial, session: int, meta: Meta) -> Probed:
        """As the journal keeps it."""
        probe = self.probe
        recalled = self.answer.recalled
        return Probed(
            trial=trial.id,
            session=session,
            take=trial.sessions[session - 1].take,
            part=probe.part,
            probe=probe.kind,
            fact=probe.fact,
            version=probe.version,
            question=probe.question,
            answer=self.answer.text,
            grade=self.grade,
            told=probe.told,
            delay=probe.delay,
            expected=probe.expected,
            written=self.written,
            retrieved=None if recalled is None else _holds(recalled, probe),
            calls=self.calls,
            meta=meta,
        )


async def ask(probing: Probing, source: Target, trial: Trial, session: int, probe: Probe) -> Asked:
    """Put `probe` to a copy of `source`, which stands where `session` has just closed; a control, where its last reply was heard.

    Raises:
        CallFailed: for reasons outside any model, with the calls that were paid for; what the model does wrong is an answer without a grade.
    """
    answer, held = Answer(""), None
    try:
        held = source.remembers() if probe.kind != "control" else None
        fork = await source.fork()
        if fork is None:
            raise CallFailed("infrastructure", "a target that could be copied before cannot be copied now")
        if probe.kind != "control":
            await fork.open(asking_date(trial.cast, session))
        answer = await fork.reply(probe.question, f"{trial.id}/{session}.{trial.sessions[session - 1].take}.{probe.part}")
        graded = await probing.grader.score(Answered(probe, answer.text))
    except CallFailed as failed:
        calls, timings = (*answer.calls, *failed.calls), (*answer.timings, *failed.timings)
        if failed.cause in LOST:
            raise failed.paying(calls, timings) from failed
        unscored = Unscored(cause="too_long" if failed.cause == "too_long" else "refused", reason=failed.told)
        return Asked(probe, answer, unscored, _written(held, probe), calls, timings)
    return Asked(probe, answer, graded.value, _written(held, probe), (*answer.calls, *graded.calls), (*answer.timings, *graded.timings))


def as_it_stood(trial: Trial, session: int, probe: Probe) -> Trial:
    """`trial` when `probe` was due: at the end of `session`; for a control, before memory took that session in."""
    last = trial.sessions[session - 1]
    if probe.kind == "control":
        last = replace(last, memory=(), closed=None)
    return replace(trial, sessions=(*trial.sessions[: session - 1], last))


def _written(held: tuple[str, ...] | None, probe: Probe) -> bool | None:
    return None if held is None else _holds(held, probe)


def _holds(texts: tuple[str, ...], probe: Probe) -> bool | None:
    """Whether `texts` hold what it takes to answer; None where it takes nothing, or nothing of earlier sessions."""
    if not probe.needs or probe.kind == "control":
        return None
    whole = "\n".join(texts)
    return all(any(contains(whole, a) for a in each) for each in probe.needs)
