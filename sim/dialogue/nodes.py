"""The nodes: adapters from state to what other rooms do, and from their outcome to an event.

A node never raises for what is foreign: LangGraph cancels the siblings of a raising node, and with them calls that are paid for. A call that
failed for reasons outside any model is kept as `CallLost` and leaves the node's own event absent; a target that refuses for good fails the trial.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

from langgraph.runtime import Runtime

from sim.core.absent import Panel, absent_grades, absent_probes, answered
from sim.core.controls import NOTHING, Draw
from sim.core.errors import LOST, CallFailed
from sim.core.event import (
    CallLost,
    Departure,
    Ending,
    Event,
    MemoryScored,
    MemoryWritten,
    Meta,
    Rated,
    SessionClosed,
    SessionOpened,
    Silence,
    Tagged,
    TargetReplied,
    Timing,
    TrialFailed,
    UserSpoke,
)
from sim.core.fold import fold
from sim.core.record import Session, Trial
from sim.core.view import RaterView, criterion_view, rater_view, user_view
from sim.core.written import GRADES, last_written
from sim.dialogue.probing import Probing, as_it_stood, ask
from sim.score.profile_judge import Held
from sim.score.written import said_by

if TYPE_CHECKING:
    from sim.core.ports import Clock, Sink
    from sim.core.probes import Probe
    from sim.core.record import Ratings
    from sim.dialogue.graph import State
    from sim.dialogue.users import User
    from sim.score.profile_judge import ProfileJudge
    from sim.score.scorer import Rater, Scorer, Tagger
    from sim.targets.target import Target


@dataclass(frozen=True)
class Context:
    """What nodes work with; never part of the state."""

    user: User
    target: Target
    raters: Mapping[str, Rater]
    """By id, the primary one first."""
    tagger: Tagger
    sink: Sink
    clock: Clock
    study_seed: int
    history_tokens: int
    pending: tuple[int, int] | None = None
    """Session and exchange whose message may have been sent before this process began."""
    take: int = 1
    """Take of the sessions that are opened from now on."""
    controls: Mapping[str, Scorer[Ratings]] = field(default_factory=dict)
    """The primary rater's, by part."""
    draw: Draw = NOTHING
    """Which exchanges they rate."""
    probing: Probing | None = None
    """What is asked of the target's memory."""
    memory_judge: ProfileJudge | None = None
    """Grades what the target's memory has written in the end; None: words do."""

    @property
    def panel(self) -> Panel:
        """Who judges."""
        return Panel(tuple(self.raters), self.tagger.id, self.draw, self.probing.asking if self.probing else None, self.memory_judge is not None)

    def judge(self, part: str) -> Scorer[Ratings]:
        """The rater or control called `part`."""
        return self.controls[part] if part in self.controls else self.raters[part]

    def view(self, trial: Trial, session: int, exchange: int) -> RaterView:
        """What the judges of `exchange` see: the same whether it is judged at once or after a resume."""
        return rater_view(trial, session, exchange, study_seed=self.study_seed, history_tokens=self.history_tokens)

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


@dataclass(frozen=True, slots=True)
class Sent:
    """One exchange to be judged by one judge, or one question of memory to be put. Exchange 0 is the session as a whole."""

    trial: Trial
    session: int
    exchange: int
    part: str
    view: RaterView | None
    """The exchange as its judges see it, cut there; None for a whole session."""


async def open_session(state: State, runtime: Runtime[Context]) -> Update:
    """Begin the next session on its date."""
    context, trial = runtime.context, state["trial"]
    session = trial.cast.sessions[len(trial.sessions)]
    try:
        await context.target.open(session.date)
    except CallFailed as failed:
        return await _failed(context, trial, failed, "open_session", session=session.index, take=context.take)
    opened = SessionOpened(trial=trial.id, session=session.index, take=context.take, date=session.date, meta=context.meta())
    return await context.keep(opened)


async def user_speaks(state: State, runtime: Runtime[Context]) -> Update:
    """The user's next message, departure or silence."""
    context, trial = runtime.context, state["trial"]
    session = trial.sessions[-1]
    view = user_view(trial, study_seed=context.study_seed, history_tokens=context.history_tokens)
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
            history_cut=view.past.cut,
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
    resent = context.target.stateful and context.pending == (session.index, exchange.index)
    return await context.keep(
        TargetReplied(
            trial=trial.id,
            session=session.index,
            take=session.take,
            exchange=exchange.index,
            reply=answer.text,
            finish=answer.finish,
            dropped=answer.dropped,
            calls=answer.calls,
            meta=context.meta(answer.timings, resent=resent),
        )
    )


async def rate_likability(sent: Sent, runtime: Runtime[Context]) -> Update:
    """Rate one exchange, seeing nothing after it; the user's next message is written meanwhile."""
    if sent.exchange == 0:
        return await _look_back(sent.trial, sent.trial.sessions[sent.session - 1], sent.part, runtime.context)
    context, trial, view = runtime.context, sent.trial, sent.view
    assert view is not None
    take = trial.sessions[sent.session - 1].take
    try:
        scored = await context.judge(sent.part).score(view)
    except CallFailed as failed:
        return await _lost(context, trial, failed, f"rate_likability:{sent.part}", session=sent.session, take=take, exchange=sent.exchange)
    return await context.keep(
        Rated(
            trial=trial.id,
            session=sent.session,
            take=take,
            exchange=sent.exchange,
            part=sent.part,
            ratings=dict(scored.value),
            history_cut=view.past.cut,
            calls=scored.calls,
            meta=context.meta(scored.timings),
        )
    )


async def tag_moves(sent: Sent, runtime: Runtime[Context]) -> Update:
    """Tag the discourse moves of one reply."""
    context, trial, view = runtime.context, sent.trial, sent.view
    assert view is not None
    take = trial.sessions[sent.session - 1].take
    try:
        scored = await context.tagger.tag(view.talk[-1])
    except CallFailed as failed:
        return await _lost(context, trial, failed, f"tag_moves:{sent.part}", session=sent.session, take=take, exchange=sent.exchange)
    return await context.keep(
        Tagged(
            trial=trial.id,
            session=sent.session,
            take=take,
            exchange=sent.exchange,
            part=sent.part,
            tagging=scored.value,
            calls=scored.calls,
            meta=context.meta(scored.timings),
        )
    )


async def probe_memory(sent: Sent, runtime: Runtime[Context]) -> Update:
    """Put one lost question of a session that is over to a target made anew from the record as it stood then."""
    context, trial, session = runtime.context, sent.trial, sent.trial.sessions[sent.session - 1]
    probe = next(p for p in absent_probes(trial, session, context.panel.asking) if p.part == sent.part)
    return await _ask(trial, session, probe, context, None)


async def close_session(state: State, runtime: Runtime[Context]) -> Update:
    """Let memory consolidate while the user looks back, ask copies of the target what it remembers, then close.

    What the journal already holds of this is not done again.
    """
    context, trial = runtime.context, state["trial"]
    session = trial.sessions[-1]
    open_still = await context.target.fork()
    forks = open_still is not None
    probes = absent_probes(trial, session, context.panel.asking) if forks else ()
    # Of a session whose memory has begun to consolidate, the open session is had from the record alone.
    still = None if session.memory else open_still
    controls = [_ask(trial, session, p, context, still) for p in probes if p.kind == "control"]
    looked_back, remembered, *asked = await asyncio.gather(
        _look_back(trial, session, context.panel.primary, context),
        _remember(trial, session, [p for p in probes if p.kind != "control"], context),
        *controls,
    )
    events = tuple(e for update in (remembered, looked_back, *asked) for e in update["trial"])
    if any(isinstance(e, TrialFailed) or (isinstance(e, CallLost) and e.part.startswith("close_session#")) for e in remembered["trial"]):
        return {"trial": events}
    ended = SessionClosed(trial=trial.id, session=session.index, take=session.take, ending=_ending(trial, session), forks=forks, meta=context.meta())
    closed = (*events, *(await context.keep(ended))["trial"])
    after = fold(trial, closed)
    graded = [await _grade_memory(after, v.session, context) for v in absent_grades(after, context.panel)]
    return {"trial": (*closed, *(e for update in graded for e in update["trial"]))}


async def score_memory(sent: Sent, runtime: Runtime[Context]) -> Update:
    """Have the judge grade the memory that was written last, where that was lost when the last session closed."""
    return await _grade_memory(sent.trial, sent.session, runtime.context)


async def _grade_memory(trial: Trial, session: int, context: Context) -> Update:
    written, take = last_written(trial), trial.sessions[session - 1].take
    assert context.memory_judge is not None
    assert written is not None
    try:
        scored = await context.memory_judge.judge(Held(written.content, said_by(trial, session)))
    except CallFailed as failed:
        return await _lost(context, trial, failed, "score_memory", session=session, take=take)
    return await context.keep(
        MemoryScored(
            trial=trial.id,
            session=session,
            take=take,
            part=GRADES,
            truths=scored.value,
            calls=scored.calls,
            meta=context.meta(scored.timings),
        )
    )


async def _remember(trial: Trial, session: Session, probes: Sequence[Probe], context: Context) -> Update:
    """Consolidate, and then ask."""
    consolidated = (await _consolidate(trial, session, context))["trial"]
    if any(isinstance(e, CallLost | TrialFailed) for e in consolidated):
        return {"trial": consolidated}
    asked = await asyncio.gather(*(_ask(trial, session, p, context, context.target) for p in probes))
    return {"trial": (*consolidated, *(e for update in asked for e in update["trial"]))}


async def _ask(trial: Trial, session: Session, probe: Probe, context: Context, source: Target | None) -> Update:
    """Put one question to a copy of `source`; None: to a target made anew."""
    assert context.probing is not None
    try:
        source = source or await context.probing.recreate(as_it_stood(trial, session.index, probe))
        asked = await ask(context.probing, source, trial, session.index, probe)
    except CallFailed as failed:
        return await _lost(context, trial, failed, f"probe_memory:{probe.part}", session=session.index, take=session.take)
    return await context.keep(asked.event(trial, session.index, context.meta(asked.timings)))


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


async def _look_back(trial: Trial, session: Session, rater: str, context: Context) -> Update:
    if rater in session.criterion or not answered(session):
        return {"trial": ()}
    view = criterion_view(trial, session.index, study_seed=context.study_seed, history_tokens=context.history_tokens)
    try:
        scored = await context.raters[rater].look_back(view)
    except CallFailed as failed:
        return await _lost(context, trial, failed, f"rate_likability:{rater}", session=session.index, take=session.take)
    return await context.keep(
        Rated(
            trial=trial.id,
            session=session.index,
            take=session.take,
            part=rater,
            ratings=dict(scored.value),
            history_cut=view.past.cut,
            calls=scored.calls,
            meta=context.meta(scored.timings),
        )
    )


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
        TrialFailed(trial=trial.id, cause=failed.cause, message=failed.message, calls=failed.calls, meta=context.meta(failed.timings))
    )


async def _lost(context: Context, trial: Trial, failed: CallFailed, node: str, *, session: int, take: int, exchange: int = 0) -> Update:
    attempt = 1 + sum((e.session, e.take, e.exchange, e.part.partition("#")[0]) == (session, take, exchange, node) for e in trial.lost)
    return await context.keep(
        CallLost(
            trial=trial.id,
            session=session,
            take=take,
            exchange=exchange,
            part=f"{node}#{attempt}",
            cause=failed.cause,
            message=failed.message,
            calls=failed.calls,
            meta=context.meta(failed.timings),
        )
    )
