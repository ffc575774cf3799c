"""Judging what was said once more: other raters and taggers on the replies of a run, without one call to its user or target.

Each verdict is an event like those the run made, under the judge's own part. Only what is absent is bought, so that a scoring that was killed goes on
where it stopped, and one that is whole makes no call.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sim.core.errors import CallFailed, InputError, nearest
from sim.core.event import CallLost, Meta, Rated, Tagged
from sim.core.logged import LoggedReply, LoggedTalk
from sim.core.view import Turn, rater_view
from sim.run.marking import GivenUp, Lost, Marked
from sim.score.taken import Taken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.core.event import Call, Event
    from sim.core.ports import Clock, Sink
    from sim.core.record import Exchange, Trial
    from sim.core.spec import Study
    from sim.llm.budget import Budget
    from sim.run.judges import Judging
    from sim.score.scorer import Rater, Tagger

GROUPS: Final = ("target", "persona", "scenario", "seed")
"""What the sessions of a run can be told apart by."""


@dataclass(frozen=True, slots=True)
class Due:
    """One verdict that a run does not hold."""

    trial: Trial
    session: int
    exchange: int
    part: str
    tags: bool


def find_due(trials: Iterable[Trial], judging: Judging) -> tuple[Due, ...]:
    """The verdicts that are absent, in order: on answered exchanges alone, and none on a trial whose texts are gone."""
    return tuple(
        Due(trial, session.index, exchange.index, part, tags)
        for trial in trials
        if not trial.forgotten
        for session in trial.sessions
        for exchange in session.exchanges
        if exchange.reply is not None
        for part, tags in _absent(exchange, judging)
    )


def _absent(exchange: Exchange, judging: Judging) -> Iterator[tuple[str, bool]]:
    yield from ((r, False) for r in judging.raters if r not in exchange.ratings)
    if judging.tagger and judging.tagger_part not in exchange.tags:
        yield judging.tagger_part, True


@dataclass(frozen=True)
class Bench:
    """The judges, ready to be asked, and what bounds them."""

    raters: Mapping[str, Rater]
    """By part."""
    tagger: Tagger | None
    budget: Budget
    """Once it is used up or stopped, nothing more is begun."""
    concurrency: int


async def rescore(due: Iterable[Due], bench: Bench, sink: Sink, *, study: Study, clock: Clock, on_verdict: Callable[[], None] = lambda: None) -> None:
    """Buy what is due, as far as judges and budget let it.

    A judge whose calls have failed from the start as often as there are calls at once is not asked again.

    Args:
        on_verdict: called after each attempt.
    """
    waiting = deque(due)
    lost: Counter[tuple[object, ...]] = Counter(
        (e.trial, e.session, e.take, e.exchange, e.part.partition("#")[0]) for t in {id(d.trial): d.trial for d in waiting}.values() for e in t.lost
    )
    given_up: dict[str, GivenUp] = {}

    async def work() -> None:
        while waiting and not bench.budget.stopped and not bench.budget.exhausted():
            one = waiting.popleft()
            patience = given_up.setdefault(one.part, GivenUp(bench.concurrency))
            if patience.why:
                continue
            event = await _judge(one, bench, study, clock, lost)
            if isinstance(event, CallLost):
                patience.note(event.message)
            else:
                patience.alive = True
            await sink.append(event)
            on_verdict()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(bench.concurrency, len(waiting))):
                group.create_task(work())
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None


async def _judge(one: Due, bench: Bench, study: Study, clock: Clock, lost: Counter[tuple[object, ...]]) -> Event:
    session = one.trial.sessions[one.session - 1]
    place = {"trial": one.trial.id, "session": one.session, "take": session.take, "exchange": one.exchange}
    try:
        if one.tags:
            said = session.exchanges[one.exchange - 1]
            assert bench.tagger is not None
            assert said.reply is not None
            tagged = await bench.tagger.tag(Turn(said.user.message, said.reply.text))
            meta = Meta(at=clock(), timings=tagged.timings)
            return Tagged(**place, part=one.part, tagging=tagged.value, calls=tagged.calls, meta=meta)
        view = rater_view(one.trial, one.session, one.exchange, study_seed=study.seed, history_tokens=study.history_tokens)
        rated = await bench.raters[one.part].score(view)
        meta = Meta(at=clock(), timings=rated.timings)
        ratings = dict(rated.value)
        return Rated(**place, part=one.part, ratings=ratings, history_cut=view.past.cut, calls=rated.calls, meta=meta)
    except CallFailed as failed:
        node = f"{_node(one.tags)}:{one.part}"
        key = (*place.values(), node)
        lost[key] += 1
        meta = Meta(at=clock(), timings=failed.timings)
        part = f"{node}#{lost[key]}"
        return CallLost(**place, part=part, cause=failed.cause, message=failed.message, calls=failed.calls, meta=meta)


def _node(tags: bool) -> str:
    """The node whose work a verdict is; calls that come to nothing are kept under its name."""
    return "tag_moves" if tags else "rate_likability"


# --- what was found -----------------------------------------------------------------------------------------------


def calls_of(events: Iterable[Event], parts: frozenset[str]) -> Iterator[Call]:
    """Every call ever made for verdicts of `parts`, those that came to nothing included."""
    for event in events:
        match event:
            case Rated() | Tagged() if event.part in parts:
                yield from event.calls
            case CallLost() if _judge_of(event) in parts:
                yield from event.calls


def taken_by_tagger(events: Iterable[Event], part: str) -> Taken:
    """What the tags kept under `part` have taken."""
    taken = Taken()
    for event in events:
        match event:
            case Tagged() if event.part == part:
                taken.add(event.calls)
            case CallLost() if event.part.startswith("tag_moves:") and _judge_of(event) == part:
                taken.add(event.calls, replies=0)
    return taken


def _judge_of(lost: CallLost) -> str:
    return lost.part.partition(":")[2].rpartition("#")[0]


def retell(trials: Iterable[Trial], tagger: str, *, by: str | None = None) -> Iterator[Marked]:
    """Every session with a reply as a conversation, marked by the tags kept under `tagger`.

    Args:
        by: one of `GROUPS`.

    Raises:
        InputError: `by` is none of them.
    """
    if by is not None and by not in GROUPS:
        raise InputError(f"the sessions of a run have no '{by}'", mend=nearest(by, GROUPS), where="--by")
    for trial in trials:
        group = None if by is None else {"persona": trial.cast.persona.id, "scenario": trial.cast.scenario.id}.get(by) or str(getattr(trial, by))
        for session in trial.sessions:
            said = [e for e in session.exchanges if e.reply is not None]
            replies = tuple(LoggedReply(2 * e.index - 1, e.user.message, e.reply.text) for e in said if e.reply)
            if replies:
                talk = LoggedTalk(f"{trial.id}/{session.index}", replies, 0, trial.id, session.index, group, trial.cast.persona.id)
                yield Marked(talk, tuple(e.tags.get(tagger, Lost("not tagged")) for e in said))
