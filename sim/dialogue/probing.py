"""Asking a target what it remembers, on copies of it, so that the talk itself never knows.

Each question is the first message of a new session of a copy of its own; the control question is put to a copy of the session under way. A question
that was lost is put again on resume, to a target made anew from the record as it stood when that session closed. Where only its grade was lost, the
judge alone is asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sim.core.errors import LOST, CallFailed
from sim.core.event import ProbeAnswered, Probed, Unscored
from sim.core.probes import Answered, Probe, asking_date
from sim.core.record import was_cut
from sim.core.text import contains
from sim.dialogue.judging import UNSAID

if TYPE_CHECKING:
    from sim.core.event import Call, Grade, Meta, Timing
    from sim.core.record import Trial
    from sim.llm.prompts import Prompts
    from sim.score.memory.probe_grade import ProbeGrader
    from sim.targets.target import Target

Recreate = Callable[["Trial"], Awaitable["Target"]]
"""A fresh target that is what it was when the trial it is given stood so."""


@dataclass(frozen=True)
class Probing:
    """How a target is asked beside the talk: how answers are graded, and how a target is had that the talk has left behind."""

    grader: ProbeGrader
    recreate: Recreate
    prompts: Prompts
    """Word the sheets of questionnaires."""


@dataclass(frozen=True)
class AskedProbe:
    """A question with the target's answer."""

    probe: Probe
    answer: str
    written: bool | None
    retrieved: bool | None
    grade: Grade | Unscored | None
    """As far as it took no call; None: a judge has to be asked."""
    calls: tuple[Call, ...] = ()
    timings: tuple[Timing, ...] = ()

    def answered(self, trial: Trial, session: int, meta: Meta) -> ProbeAnswered:
        """As the journal keeps it until it is graded."""
        kept = {"answer": self.answer, "written": self.written, "retrieved": self.retrieved, "calls": self.calls, "meta": meta}
        return ProbeAnswered(**_place(trial, session, self.probe), **kept)

    def graded(self, trial: Trial, session: int, grade: Grade | Unscored, *, calls: tuple[Call, ...], meta: Meta) -> Probed:
        """As the journal keeps it in the end.

        Args:
            calls: those that are not kept yet.
        """
        probe = self.probe
        return Probed(
            **_place(trial, session, probe),
            probe=probe.kind,
            fact=probe.fact,
            version=probe.version,
            question=probe.question,
            answer=self.answer,
            grade=grade,
            told=probe.told,
            delay=probe.delay,
            expected=probe.expected,
            written=self.written,
            retrieved=self.retrieved,
            calls=calls,
            meta=meta,
        )


async def ask(probing: Probing, source: Target, trial: Trial, session: int, probe: Probe) -> AskedProbe:
    """Put `probe` to a copy of `source`, which stands where `session` has just closed; a control, where its last reply was heard.

    Raises:
        CallFailed: for reasons outside any model, with the calls that were paid for; what the target does wrong is an answer without a grade.
    """
    held = None
    try:
        held = source.remembers() if probe.kind != "control" else None
        fork = await source.fork()
        if fork is None:
            raise CallFailed("infrastructure", "a target that could be copied before cannot be copied now")
        if probe.kind != "control":
            await fork.open(asking_date(trial.cast, session))
        answer = await fork.reply(probe.question, f"{trial.id}/{session}.{trial.sessions[session - 1].take}.{probe.part}")
    except CallFailed as failed:
        return AskedProbe(probe, "", _written(held, probe), None, unscored(failed), failed.calls, failed.timings)
    unsaid = was_cut(answer.finish) and not answer.text.strip()
    grade = UNSAID if unsaid else probing.grader.at_once(Answered(probe, answer.text))
    retrieved = None if answer.recalled is None else _holds(answer.recalled, probe)
    return AskedProbe(probe, answer.text, _written(held, probe), retrieved, grade, answer.calls, answer.timings)


def remembered(probe: Probe, kept: ProbeAnswered) -> AskedProbe:
    """An answer that the journal holds, to a question whose grade it does not."""
    return AskedProbe(probe, kept.answer, kept.written, kept.retrieved, None)


def unscored(failed: CallFailed) -> Unscored:
    """Why there is no grade, where that is a model's own doing.

    Raises:
        CallFailed: it is not; `failed` itself.
    """
    if failed.cause in LOST:
        raise failed
    return Unscored(cause="too_long" if failed.cause == "too_long" else "refused", reason=failed.told)


def _place(trial: Trial, session: int, probe: Probe) -> dict[str, Any]:
    return {"trial": trial.id, "session": session, "take": trial.sessions[session - 1].take, "part": probe.part}


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
