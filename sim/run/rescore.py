"""Judging what was said once more: other raters and taggers on the replies of a run that is over, without one call to its user or target.

Each verdict is an event like those the run made, under the judge's own part. Only what is absent is bought, so that a scoring that was killed goes on
where it stopped, and one that is whole makes no call.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.errors import CallFailed
from sim.core.event import CallLost, Meta, Rated, Tagged
from sim.core.moves import MarkedReply, MarkedTalk
from sim.core.text import words
from sim.core.view import Turn, rater_view

if TYPE_CHECKING:
    from sim.core.event import Event
    from sim.core.ports import Clock, Sink
    from sim.core.record import Exchange, Session, Trial
    from sim.core.spec import Study
    from sim.llm.budget import Budget
    from sim.score.scorer import Rater, Tagger


@dataclass(frozen=True)
class Judges:
    """Who judges."""

    raters: Mapping[str, Rater]
    """By part."""
    tagger: Tagger | None
    tagger_part: str = ""
    """The part under which the tags are kept."""

    @property
    def parts(self) -> frozenset[str]:
        """The parts of all their verdicts."""
        return frozenset((*self.raters, *((self.tagger_part,) if self.tagger else ())))


@dataclass(frozen=True, slots=True)
class Due:
    """One verdict that a run does not hold."""

    trial: Trial
    session: int
    exchange: int
    part: str
    tags: bool


def due(trials: Iterable[Trial], raters: Iterable[str], tagger: str | None) -> tuple[Due, ...]:
    """The verdicts that are absent, in order: on answered exchanges alone, and none on a trial whose texts are gone."""
    raters = tuple(raters)
    return tuple(
        Due(trial, session.index, exchange.index, part, tags)
        for trial in trials
        if not trial.forgotten
        for session in trial.sessions
        for exchange in session.exchanges
        if exchange.reply is not None
        for part, tags in _absent(exchange, raters, tagger)
    )


def _absent(exchange: Exchange, raters: Sequence[str], tagger: str | None) -> Iterator[tuple[str, bool]]:
    yield from ((r, False) for r in raters if r not in exchange.ratings)
    if tagger is not None and tagger not in exchange.tags:
        yield tagger, True


async def rescore(
    trials: Sequence[Trial],
    judges: Judges,
    sink: Sink,
    *,
    study: Study,
    budget: Budget,
    clock: Clock,
    on_verdict: Callable[[int, int], None] = lambda done, of: None,
) -> int:
    """Buy what is absent.

    Args:
        trials: as the journal tells them.
        budget: once it is used up or stopped, nothing more is begun.
        on_verdict: told after each attempt how many were made, of how many.

    Returns:
        The number of verdicts that are absent still.
    """
    owed = due(trials, judges.raters, judges.tagger_part if judges.tagger else None)
    lost = Counter((e.trial, e.session, e.take, e.exchange, e.part.partition("#")[0]) for t in trials for e in t.lost)
    waiting = iter(owed)
    kept = done = 0

    async def work() -> None:
        nonlocal kept, done
        for one in waiting:
            if budget.stopped or budget.exhausted():
                return
            event = await _judge(one, judges, study, clock, lost)
            await sink.append(event)
            kept += not isinstance(event, CallLost)
            done += 1
            on_verdict(done, len(owed))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(study.concurrency, len(owed))):
                group.create_task(work())
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
    return len(owed) - kept


async def _judge(one: Due, judges: Judges, study: Study, clock: Clock, lost: Counter[tuple[object, ...]]) -> Event:
    trial, session = one.trial, one.trial.sessions[one.session - 1]
    place = {"trial": trial.id, "session": one.session, "take": session.take, "exchange": one.exchange}
    try:
        if one.tags:
            assert judges.tagger is not None
            tagged = await judges.tagger.tag(_turn(session, one.exchange))
            meta = Meta(at=clock(), timings=tagged.timings)
            return Tagged(**place, part=one.part, tagging=tagged.value, calls=tagged.calls, meta=meta)  # type: ignore[arg-type]
        view = rater_view(trial, one.session, one.exchange, study_seed=study.seed, history_tokens=study.history_tokens)
        rated = await judges.raters[one.part].score(view)
        meta = Meta(at=clock(), timings=rated.timings)
        ratings = dict(rated.value)
        return Rated(**place, part=one.part, ratings=ratings, history_cut=view.past.cut, calls=rated.calls, meta=meta)  # type: ignore[arg-type]
    except CallFailed as failed:
        node = f"{'tag_moves' if one.tags else 'rate_likability'}:{one.part}"
        key = (*place.values(), node)
        lost[key] += 1
        meta = Meta(at=clock(), timings=failed.timings)
        part = f"{node}#{lost[key]}"
        return CallLost(**place, part=part, cause=failed.cause, message=failed.message, calls=failed.calls, meta=meta)  # type: ignore[arg-type]


def _turn(session: Session, exchange: int) -> Turn:
    said = session.exchanges[exchange - 1]
    assert said.reply is not None
    return Turn(said.user.message, said.reply.text)


def marked_talks(trials: Iterable[Trial], tagger: str) -> tuple[MarkedTalk, ...]:
    """Every session of `trials` as what its replies do by the tags kept under `tagger`, for measures of repetition.

    Sessions follow each other within a trial. A reply without tags, or with an unscored one, has no move set.
    """
    return tuple(
        MarkedTalk(
            id=f"{trial.id}/{session.index}",
            replies=tuple(_marked(e, tagger) for e in session.exchanges if e.reply is not None),
            person=trial.id,
            session=session.index,
        )
        for trial in trials
        for session in trial.sessions
    )


def _marked(exchange: Exchange, tagger: str) -> MarkedReply:
    tagging = exchange.tags.get(tagger)
    length = len(words(exchange.reply.text)) if exchange.reply else 0
    if tagging is None or tagging.kind != "tags":
        return MarkedReply(None, words=length)
    return MarkedReply(tagging.moves, tuple(s.moves for s in tagging.sentences), length)
