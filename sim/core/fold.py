"""State is a fold over events. The same function carries the graph's state, resume, tables and exports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import fsum
from typing import TYPE_CHECKING

from sim.core.address import Address, piece_of
from sim.core.codebook import DIMENSIONS
from sim.core.errors import InputError
from sim.core.event import (
    Assessment,
    BaseEvent,
    Call,
    CallLost,
    Departure,
    Event,
    FormAnswered,
    Judged,
    Labelled,
    MemoryWritten,
    NotApplicable,
    ProbeAnswered,
    Probed,
    Role,
    SessionClosed,
    SessionOpened,
    SheetAnswered,
    Silence,
    Tags,
    TargetReplied,
    TrialFailed,
    TrialFinished,
    TrialForgotten,
    Truths,
    Unscored,
    UserSpoke,
    Utterance,
)
from sim.core.ledger import scan
from sim.core.record import Exchange, Reply, RoleSpending, Session, Trial, changed, thought_of
from sim.core.written import GRADES

if TYPE_CHECKING:
    from sim.core.event import Assessed
    from sim.core.record import Ratings


def fold(trial: Trial, events: Iterable[Event]) -> Trial:
    """`trial` after `events`, given in the order in which they were appended.

    Events of a superseded take change nothing but the costs.

    Raises:
        InputError: an event answers a message that is not there.
    """
    for event in events:
        trial = _apply(trial, event)
    return trial


def damaged(kind: str, trial: str, session: int, exchange: int) -> InputError:
    """The complaint that an event of `kind` answers a message that is not there, or is not what its kind holds."""
    problem = f"the journal run.db is damaged: '{kind}' at {trial}, session {session}, exchange {exchange} answers no message"
    return InputError(problem, mend="restore it from a copy")


def _apply(trial: Trial, event: Event) -> Trial:
    spent = _spend(trial.spent, event.calls) if event.calls else trial.spent
    # By type and not by pattern: pydantic answers `isinstance` slowly, and a run consists of these.
    if not event.session or type(event) not in _SAID:
        match event:
            case TrialFinished():
                return changed(trial, finished=True, spent=spent)
            case TrialForgotten():
                return changed(trial, forgotten=True, spent=spent)
            case TrialFailed():
                return changed(trial, failed=event, spent=spent)
            case FormAnswered():
                return changed(trial, forms=(*trial.forms, event), spent=spent)
            case CallLost():
                return changed(trial, lost=(*trial.lost, event), spent=spent)
            case SessionOpened():
                begun = Session(event.session, event.take, event.date, given=event.meta.given, conversation=event.conversation, person=event.person)
                again = trial.started_over + event.meta.again
                return changed(trial, sessions=opened(trial.sessions, begun), started_over=again, spent=spent)
            case Judged(session=0, result=Assessment() | NotApplicable() | Unscored() as found):
                return changed(trial, scores=with_score(trial.scores, trial, event.part, found), spent=spent)
    session = _session(trial, event)
    if session is None:
        return changed(trial, spent=spent)
    after, i = _in_session(trial, session, event), session.index
    return changed(trial, sessions=(*trial.sessions[: i - 1], after, *trial.sessions[i:]), spent=spent)


_SAID = frozenset({UserSpoke, TargetReplied, Judged})
"""What happens in an exchange."""


def opened(sessions: tuple[Session, ...], begun: Session) -> tuple[Session, ...]:
    """`sessions` after one began: those that were held after it before are superseded, and so is the new one where its take is."""
    if len(sessions) >= begun.index and sessions[begun.index - 1].take >= begun.take:
        return sessions
    return (*sessions[: begun.index - 1], begun)


def _session(trial: Trial, event: BaseEvent) -> Session | None:
    """The session that `event` belongs to, or None when its take is superseded."""
    if not 1 <= event.session <= len(trial.sessions):
        return None
    session = trial.sessions[event.session - 1]
    return session if session.take == event.take else None


def _in_session(trial: Trial, session: Session, event: Event) -> Session:
    if event.exchange > len(session.exchanges) and event.kind != "user_spoke":
        raise damaged(event.kind, trial.id, session.index, event.exchange)
    match event:
        case Judged():
            return _judged(trial, session, event)
        case TargetReplied():
            seconds = fsum(t.latency for t in event.meta.timings) if event.meta.timings else None
            reply = Reply(event.reply, event.finish, event.meta.resent, event.dropped, seconds, thought=thought_of(event.calls), tools=event.tools)
            return _at(session, event.exchange, reply=reply)
        case UserSpoke(said=Utterance() as said):
            told = scan(said.message, trial.cast, session=session.index)
            spoken = Exchange(
                event.exchange,
                said,
                scripted=event.scripted,
                disclosed=told,
                flags=event.flags,
                thought=thought_of(event.calls),
                rejected=event.rejected,
                disturbance=event.disturbance,
            )
            return changed(session, exchanges=(*session.exchanges, spoken))
        case UserSpoke(said=Departure() | Silence() as gone):
            return changed(session, gone=gone, flags=event.flags, rejected=event.rejected)
        case Labelled():
            labels = session.exchanges[event.exchange - 1].labels
            return _at(session, event.exchange, labels=(*labels, event))
        case MemoryWritten():
            return changed(session, memory=(*session.memory, event))
        case Probed():
            left = {part: answer for part, answer in session.answers.items() if part != event.part}
            return changed(session, probes={**session.probes, event.part: event}, answers=left)
        case SheetAnswered():
            return changed(session, sheets={**session.sheets, event.part: event})
        case ProbeAnswered():
            return changed(session, answers={**session.answers, event.part: event})
        case SessionClosed():
            return changed(session, closed=event.ending, forks=event.forks)
    raise AssertionError(f"no such event: {event.kind}")


def _judged(trial: Trial, session: Session, event: Judged) -> Session:
    exchange = session.exchanges[event.exchange - 1] if event.exchange else None
    match event.kind, event.result, exchange:
        case "rated", dict() as ratings, None:
            return changed(session, criterion={**session.criterion, event.part: ratings})
        case "rated", dict() as ratings, Exchange():
            return _at(session, event.exchange, **with_ratings(exchange.ratings, exchange.alone, event.part, ratings))
        case "tagged", (Tags() | Unscored()) as tagging, Exchange():
            return _at(session, event.exchange, tags={**exchange.tags, event.part: tagging})
        case "scored", (Truths() | Unscored()) as truths, None if event.part == GRADES:
            return changed(session, scored={**session.scored, event.part: truths})
        case "scored", (Assessment() | NotApplicable() | Unscored()) as found, None:
            return changed(session, scores=with_score(session.scores, trial, event.part, found))
        case "scored", (Assessment() | NotApplicable() | Unscored()) as found, Exchange():
            return _at(session, event.exchange, scores=with_score(exchange.scores, trial, event.part, found))
    raise damaged(event.kind, trial.id, session.index, event.exchange)


def with_ratings(known: Mapping[str, Ratings], alone: Mapping[str, Ratings], part: str, found: Ratings) -> dict[str, Mapping[str, Ratings]]:
    """The fields `ratings` and `alone` of an exchange, which were `known` and `alone`, after what `part` found."""
    of = piece_of(part)
    if not of:
        return {"ratings": {**known, part: found}, "alone": alone}
    so_far = {**alone.get(of, {}), **found}
    others = {control: ratings for control, ratings in alone.items() if control != of}
    if len(so_far) < len(DIMENSIONS):
        return {"ratings": known, "alone": {**others, of: so_far}}
    return {"ratings": {**known, of: {d: so_far[d] for d in DIMENSIONS}}, "alone": others}


def with_score(known: Mapping[str, Assessed], trial: Trial, part: str, found: Assessed) -> Mapping[str, Assessed]:
    """`known` with what `part` found, unless another version of that scorer is shown."""
    scorer = Address.parse("scored", part)
    shown = trial.versions.get(scorer.who, scorer.edition) == scorer.edition
    return {**known, scorer.who: found} if shown else known


def _at(session: Session, exchange: int, **change: object) -> Session:
    after = changed(session.exchanges[exchange - 1], **change)
    return changed(session, exchanges=(*session.exchanges[: exchange - 1], after, *session.exchanges[exchange:]))


def _spend(spent: Mapping[Role, RoleSpending], calls: tuple[Call, ...]) -> dict[Role, RoleSpending]:
    after = dict(spent)
    for call in calls:
        s = after.get(call.role, _NOTHING)
        after[call.role] = RoleSpending(
            calls=s.calls + 1,
            input=s.input + (call.usage.input if call.usage else 0),
            output=s.output + (call.usage.output if call.usage else 0),
            cost=s.cost + (call.cost or 0.0),
            unknown_cost=s.unknown_cost + (call.cost is None),
            unknown_usage=s.unknown_usage + (call.usage is None),
            reasoning=s.reasoning + (call.usage.reasoning if call.usage else 0),
            cached=s.cached + (call.usage.cached if call.usage else 0),
            cache_write=s.cache_write + (call.usage.cache_write if call.usage else 0),
        )
    return after


_NOTHING = RoleSpending()
