"""The nodes: adapters from state to what other rooms do, and from their outcome to an event.

A node never raises for what is foreign: LangGraph cancels the siblings of a raising node, and with them calls that are paid for. A call that
failed for reasons outside any model is kept as `CallLost` and leaves the node's own event absent; a target that refuses for good fails the trial.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict

from langgraph.runtime import Runtime

from sim.core.address import Address
from sim.core.errors import LOST, CallFailed
from sim.core.event import (
    CallLost,
    Departure,
    Ending,
    Event,
    MemoryWritten,
    Meta,
    OpeningMeta,
    SessionClosed,
    SessionOpened,
    Silence,
    TargetReplied,
    Timing,
    TrialFailed,
    UserSpoke,
)
from sim.core.probes import Answered
from sim.core.record import Session, Trial
from sim.core.spec.keylike import key_like
from sim.core.view import user_view
from sim.dialogue.interview import put_sheet
from sim.dialogue.judging import Judges, Sent, ask_judge, lost_at, place_of
from sim.dialogue.probing import AskedProbe, Probing, as_it_stood, ask, remembered, unscored
from sim.score.scorer import Scored

if TYPE_CHECKING:
    from sim.core.panel import Panel
    from sim.core.ports import Clock, Sink
    from sim.core.probes import Probe
    from sim.dialogue.graph import State
    from sim.dialogue.users import User
    from sim.targets.target import Target


@dataclass(frozen=True)
class Context:
    """What nodes work with; never part of the state."""

    user: User
    target: Target
    panel: Panel
    """Who judges what."""
    judges: Judges
    sink: Sink
    clock: Clock
    pending: tuple[int, int] | None = None
    """Session and exchange whose message may have been sent before this process began."""
    take: int = 1
    """Take of the sessions that are opened from now on."""
    again: int = 0
    """Session that starts over because what was said in it is lost; 0: none."""
    probing: Probing | None = None
    """How the target is asked what it remembers."""

    async def keep(self, *events: Event) -> Update:
        """Append `events`; the graph goes on only when they are safe."""
        for event in events:
            await self.sink.append(event)
        return {"trial": events}

    def meta(self, timings: tuple[Timing, ...] = (), *, resent: bool = False) -> Meta:
        """The event's circumstances."""
        return Meta(at=self.clock(), timings=timings, resent=resent)


class Update(TypedDict):
    """What a node adds to the state."""

    trial: tuple[Event, ...]


async def open_session(state: State, runtime: Runtime[Context]) -> Update:
    """Begin the next session on its date."""
    context, trial = runtime.context, state["trial"]
    session = trial.cast.sessions[len(trial.sessions)]
    try:
        await context.target.open(session.date)
    except CallFailed as failed:
        return await _failed(context, trial, failed, "open_session", session=session.index, take=context.take)
    given = "" if key_like(context.target.given) else context.target.given
    meta = OpeningMeta(at=context.clock(), given=given, again=context.again == session.index)
    return await context.keep(SessionOpened(trial=trial.id, session=session.index, take=context.take, date=session.date, meta=meta))


async def user_speaks(state: State, runtime: Runtime[Context]) -> Update:
    """The user's next message, departure or silence."""
    context, trial = runtime.context, state["trial"]
    session = trial.sessions[-1]
    view = user_view(trial, study_seed=context.judges.study_seed, history_tokens=context.judges.history_tokens)
    try:
        said = await context.user.speak(view)
    except CallFailed as failed:
        return await _lost(context, trial, failed, "user_speaks", session=session.index, take=session.take, exchange=view.exchange)
    return await context.keep(
        UserSpoke(
            trial=trial.id,
            session=session.index,
            take=session.take,
            exchange=view.exchange,
            said=said.what,
            scripted=said.scripted,
            flags=said.flags,
            rejected=said.rejected,
            history_cut=view.past.cut,
            disturbance=said.disturbance,
            calls=said.calls,
            meta=context.meta(said.timings),
        )
    )


async def target_replies(state: State, runtime: Runtime[Context]) -> Update:
    """The target's reply to the last message."""
    context, trial = runtime.context, state["trial"]
    session = trial.sessions[-1]
    exchange = session.exchanges[-1]
    key = f"{trial.id}/{session.index}.{session.take}.{exchange.index}"
    try:
        answer = await context.target.reply(exchange.user.message, key)
    except CallFailed as failed:
        return await _failed(context, trial, failed, "target_replies", session=session.index, take=session.take, exchange=exchange.index)
    resent = context.target.stateful and (answer.resent or context.pending == (session.index, exchange.index))
    return await context.keep(
        TargetReplied(
            trial=trial.id,
            session=session.index,
            take=session.take,
            exchange=exchange.index,
            reply=answer.text,
            finish=answer.finish,
            dropped=answer.dropped,
            tools=answer.tools,
            calls=answer.calls,
            meta=context.meta(answer.timings, resent=resent),
        )
    )


async def rate_likability(sent: Sent, runtime: Runtime[Context]) -> Update:
    """Rate one exchange, seeing nothing after it; the user's next message is written meanwhile. Or look back on a session that is over."""
    return await _judge(sent, runtime.context)


async def tag_moves(sent: Sent, runtime: Runtime[Context]) -> Update:
    """Tag the discourse moves of one reply."""
    return await _judge(sent, runtime.context)


async def score_memory(sent: Sent, runtime: Runtime[Context]) -> Update:
    """Grade the memory that was written last, once the talks are over."""
    return await _judge(sent, runtime.context)


async def judge(sent: Sent, runtime: Runtime[Context]) -> Update:
    """Ask a scorer of the study's own about an exchange, a session or the trial."""
    return await _judge(sent, runtime.context)


async def probe_memory(sent: Sent, runtime: Runtime[Context]) -> Update:
    """Put one lost question of a session that is over to a target made anew from the record as it stood then."""
    one, context = sent.assignment, runtime.context
    session = one.trial.sessions[one.session - 1]
    probe = next(p for p in context.panel.probes_after(one.trial, session) if p.part == one.part)
    return await _ask(one.trial, session, probe, context, None)


async def put_questionnaire(sent: Sent, runtime: Runtime[Context]) -> Update:
    """Give the sheets of a session that is over, which are lacking, to copies of a target made anew from the record as it stood then."""
    one, context = sent.assignment, runtime.context
    session = one.trial.sessions[one.session - 1]
    return await _put_sheets(one.trial, session, context, None)


async def _put_sheets(trial: Trial, session: Session, context: Context, source: Target | None) -> Update:
    """One sheet after the other, each kept before the next, so that a process that ends loses no more than one call; up to the first that is lost.

    Args:
        source: is copied; None: a target made anew.
    """
    kept: list[Event] = []
    for sheet in context.panel.sheets_after(trial, session):
        probing = context.probing
        assert probing is not None
        try:
            source = source or await probing.recreate(replace(trial, sessions=trial.sessions[: session.index]))
            filled = await put_sheet(source, trial, session, sheet, probing.prompts)
        except CallFailed as failed:
            lost = await _lost(context, trial, failed, f"put_questionnaire:{sheet.part}", session=session.index, take=session.take)
            return {"trial": (*kept, *lost["trial"])}
        kept += (await context.keep(filled.event(trial, session, context.meta(filled.timings))))["trial"]
    return {"trial": tuple(kept)}


async def close_session(state: State, runtime: Runtime[Context]) -> Update:
    """Let memory consolidate while the user looks back, ask copies of the target what it remembers, then close.

    What the journal already holds of this is not done again.
    """
    context, trial = runtime.context, state["trial"]
    session = trial.sessions[-1]
    open_still = await context.target.fork()
    forks = open_still is not None
    probes = context.panel.probes_after(trial, session) if forks else ()
    # Of a session whose memory has begun to consolidate, the open session is had from the record alone.
    still = None if session.memory else open_still
    controls = [_ask(trial, session, p, context, still) for p in probes if p.kind == "control"]
    looked_back = [_judge(sent, context) for sent in context.judges.give(context.panel.due_after(trial, session))]
    remembered, *others = await asyncio.gather(
        _remember(trial, session, [p for p in probes if p.kind != "control"], context, forks=forks), *looked_back, *controls
    )
    events = tuple(e for update in (remembered, *others) for e in update["trial"])
    if any(isinstance(e, TrialFailed) or (isinstance(e, CallLost) and e.address.who == "close_session") for e in remembered["trial"]):
        return {"trial": events}
    ended = SessionClosed(trial=trial.id, session=session.index, take=session.take, ending=_ending(trial, session), forks=forks, meta=context.meta())
    return {"trial": (*events, *(await context.keep(ended))["trial"])}


async def _judge(sent: Sent, context: Context) -> Update:
    """Have a judge asked, and keep what it says; what is asked in several calls is kept call by call."""
    calls = sent.apart()
    if len(calls) == 1:
        return await _ask_judge(calls[0], context)
    updates = await asyncio.gather(*(_ask_judge(call, context) for call in calls))
    return {"trial": tuple(e for update in updates for e in update["trial"])}


async def _ask_judge(sent: Sent, context: Context) -> Update:
    one = sent.assignment
    attempt = 1
    if one.trial.lost:
        place = place_of(one)
        attempt = _attempt(one.trial, str(lost_at(one, 0)), place["session"], place["take"], place["exchange"])
    return await context.keep(*await ask_judge(sent, context.judges, context.clock, attempt=attempt))


async def _remember(trial: Trial, session: Session, probes: Sequence[Probe], context: Context, *, forks: bool) -> Update:
    """Consolidate, and then ask, and give the questionnaire to whoever can be copied."""
    consolidated = (await _consolidate(trial, session, context))["trial"]
    if any(isinstance(e, CallLost | TrialFailed) for e in consolidated):
        return {"trial": consolidated}
    sheets = [_put_sheets(trial, session, context, context.target)] if forks else []
    asked = await asyncio.gather(*(_ask(trial, session, p, context, context.target) for p in probes), *sheets)
    return {"trial": (*consolidated, *(e for update in asked for e in update["trial"]))}


async def _ask(trial: Trial, session: Session, probe: Probe, context: Context, source: Target | None) -> Update:
    """Put one question to a copy of `source`; None: to a target made anew. An answer that the journal holds is only graded."""
    probing = context.probing
    assert probing is not None
    if known := session.answers.get(probe.part):
        return await _grade(trial, session, remembered(probe, known), probing, context)
    try:
        source = source or await probing.recreate(as_it_stood(trial, session.index, probe))
        asked = await ask(probing, source, trial, session.index, probe)
    except CallFailed as failed:
        return await _lost(context, trial, failed, f"probe_memory:{probe.part}", session=session.index, take=session.take)
    meta = context.meta(asked.timings)
    if asked.grade is not None:
        return await context.keep(asked.graded(trial, session.index, asked.grade, calls=asked.calls, meta=meta))
    answered = await context.keep(asked.answered(trial, session.index, meta))
    graded = await _grade(trial, session, asked, probing, context)
    return {"trial": (*answered["trial"], *graded["trial"])}


async def _grade(trial: Trial, session: Session, asked: AskedProbe, probing: Probing, context: Context) -> Update:
    """Have the judge asked about an answer."""
    try:
        found = await probing.grader.score(Answered(asked.probe, asked.answer))
    except CallFailed as failed:
        if failed.cause in LOST:
            return await _lost(context, trial, failed, f"probe_memory:{asked.probe.part}", session=session.index, take=session.take)
        found = Scored(unscored(failed), failed.calls, failed.timings)
    return await context.keep(asked.graded(trial, session.index, found.value, calls=found.calls, meta=context.meta(found.timings)))


async def _consolidate(trial: Trial, session: Session, context: Context) -> Update:
    if session.memory:
        return {"trial": ()}
    try:
        steps = await context.target.close_session()
    except CallFailed as failed:
        return await _failed(context, trial, failed, "close_session", session=session.index, take=session.take)
    written = [
        MemoryWritten(
            trial=trial.id,
            session=session.index,
            take=session.take,
            part=step.name,
            content=step.content,
            kept=step.kept,
            dropped=step.dropped,
            calls=step.calls,
            meta=context.meta(step.timings),
        )
        for step in steps
    ]
    return await context.keep(*written)


def _ending(trial: Trial, session: Session) -> Ending:
    match session.gone:
        case Departure():
            return "left"
        case Silence():
            return "simulator_failed"
    return "farewell" if session.exchanges[-1].user.leave else "maximum"


async def _failed(context: Context, trial: Trial, failed: CallFailed, node: str, *, session: int, take: int, exchange: int = 0) -> Update:
    """The target came to nothing: for now, or for good when it is the model's own doing."""
    if failed.cause in LOST:
        return await _lost(context, trial, failed, node, session=session, take=take, exchange=exchange)
    return await context.keep(
        TrialFailed(
            trial=trial.id, cause=failed.cause, message=failed.message, quote=failed.quote, calls=failed.calls, meta=context.meta(failed.timings)
        )
    )


async def _lost(context: Context, trial: Trial, failed: CallFailed, node: str, *, session: int, take: int, exchange: int = 0) -> Update:
    attempt = _attempt(trial, node, session, take, exchange)
    return await context.keep(
        CallLost(
            trial=trial.id,
            session=session,
            take=take,
            exchange=exchange,
            part=str(Address(node, count=attempt)),
            cause=failed.cause,
            message=failed.message,
            quote=failed.quote,
            calls=failed.calls,
            meta=context.meta(failed.timings),
        )
    )


def _attempt(trial: Trial, what: str, *place: int) -> int:
    """Which attempt at `what` is next, from 1, where others came to nothing; `place` is session, take and exchange."""
    return 1 + sum((e.session, e.take, e.exchange) == place and str(replace(e.address, count=0)) == what for e in trial.lost)
