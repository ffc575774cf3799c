"""One trial, from wherever its journal left off to as far as it goes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from sim.core.address import Address
from sim.core.errors import LOST, CallFailed
from sim.core.event import CallLost, Meta, TrialFinished
from sim.core.fold import fold
from sim.dialogue.graph import run_graph
from sim.llm.telemetry import within

if TYPE_CHECKING:
    from sim.core.ports import Sink
    from sim.core.record import Trial
    from sim.dialogue.nodes import Context
    from sim.engine.plan import TrialPlan


class Staff(Protocol):
    """Who takes part in trials: `Parts`, or the same with a person among them."""

    def context(self, plan: TrialPlan, trial: Trial) -> Context:
        """What the nodes of one trial work with."""

    @property
    def stopped(self) -> bool:
        """Whether the run is being stopped; no trial is begun then."""


async def run_trial(plan: TrialPlan, parts: Staff, sink: Sink) -> Trial:
    """Fold what the journal holds, enter the state machine there, and finish the trial when nothing is absent.

    A trial whose target has lost its memory starts over, or its last session does: it is opened anew under a higher take. The earlier takes stay in
    the journal and count as spent.

    Returns:
        The trial's record. Its `status` is `stopped` when calls failed for reasons outside any model; running it again runs only what is missing.
    """
    with within("trial", trial=plan.id):
        return await _run_trial(plan, parts, sink)


async def _run_trial(plan: TrialPlan, parts: Staff, sink: Sink) -> Trial:
    trial = fold(plan.blank(), sink.events(plan.id))
    if trial.failed or trial.finished or trial.forgotten or (parts.stopped and not trial.sessions):
        return trial
    context = parts.context(plan, trial)
    try:
        survived = await context.target.restore(trial)
    except CallFailed as failed:
        part = str(Address("restore", count=1 + len(trial.lost)))
        lost = CallLost(trial=trial.id, part=part, cause=failed.cause, message=failed.message, quote=failed.quote, calls=failed.calls)
        if failed.cause not in LOST:
            raise AssertionError("restoring asks no model") from failed
        await sink.append(lost)
        return fold(trial, (lost,))
    take = trial.sessions[-1].take if trial.sessions else 1
    context = replace(context, take=take)
    if survived != "all":
        held = trial.sessions[:-1] if survived == "memory" else ()
        context = replace(context, take=take + 1, again=len(held) + 1, pending=None)
        trial = replace(trial, sessions=held)
    trial = await run_graph(trial, context)
    if context.panel.is_whole(trial) and not trial.failed:
        finished = TrialFinished(trial=trial.id, meta=Meta(at=context.clock()))
        await sink.append(finished)
        trial = fold(trial, (finished,))
    return trial
