"""Judging what was said once more: other raters and taggers on the replies of a run, without one call to its user or target.

Each verdict is an event like those the run made, under the judge's own part. Only what is absent is bought, so that a scoring that was killed goes on
where it stopped, and one that is whole makes no call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sim.core.errors import InputError, nearest
from sim.core.event import CallLost, Judged
from sim.core.logged import LoggedReply, LoggedTalk
from sim.dialogue.judging import ask_judge, lost_at, place_of
from sim.engine.marking import Lost, Marked
from sim.engine.pool import GivenUp, work_through
from sim.llm.telemetry import within
from sim.score.moves.price import CallTally

if TYPE_CHECKING:
    from sim.core.event import Call, Event
    from sim.core.panel import Assignment
    from sim.core.ports import Clock, Sink
    from sim.core.record import Trial
    from sim.dialogue.judging import Judges
    from sim.engine.judges import Judging
    from sim.llm.batch.desk import BatchDesk
    from sim.llm.traffic.passage import Traffic

GROUPS: Final = ("target", "persona", "scenario", "seed")
"""What the sessions of a run can be told apart by."""


def find_due(trials: Iterable[Trial], judging: Judging) -> Iterator[Assignment]:
    """The verdicts that are absent, in order; none on a trial whose texts are gone. Trials are taken as they are needed."""
    panel = judging.panel
    for trial in trials:
        yield from panel.due(trial)


@dataclass(frozen=True)
class Bench:
    """The judges, ready to be asked, and what bounds them."""

    judges: Judges
    traffic: Traffic
    """Once it is used up or stopped, nothing more is begun."""
    concurrency: int
    desk: BatchDesk | None = None
    """Where requests are gathered into batches; None: each is asked at once."""


async def rescore(due: Iterable[Assignment], bench: Bench, sink: Sink, *, clock: Clock, on_verdict: Callable[[], None] = lambda: None) -> None:
    """Buy what is due, as far as judges and budget let it.

    A judge whose calls have failed from the start as often as there are calls at once is not asked again.

    Args:
        due: taken as it is needed, those of one trial together, so that no more trials are in memory than are worked on.
        on_verdict: called after each attempt.
    """
    lost: Counter[tuple[object, ...]] = Counter()
    given_up: dict[str, GivenUp] = {}
    desk = bench.desk

    async def ask(one: Assignment) -> None:
        patience = given_up.setdefault(one.part, GivenUp(bench.concurrency))
        if patience.why:
            return
        (sent,) = bench.judges.give((one,))
        at = (*place_of(one).values(), lost_at(one, 0))
        ids = within("session", trial=one.trial.id, session=one.session, exchange=one.exchange)
        with ids, desk.working(" ".join(map(str, at))) if desk else nullcontext():
            for event in await ask_judge(sent, bench.judges, clock, attempt=1 + lost[at]):
                if isinstance(event, CallLost):
                    if desk and event.cause == "interrupted" and not event.calls:
                        continue  # It waits in a batch, which goes on without us, or was never sent.
                    lost[at] += 1
                    patience.note(event.message)
                else:
                    patience.alive = True
                await sink.append(event)
        on_verdict()

    def over() -> bool:
        return bench.traffic.stopped or bench.traffic.exhausted() is not None

    await work_through(_counting(due, lost), ask, at_once=bench.concurrency, until=over)


def _counting(due: Iterable[Assignment], lost: Counter[tuple[object, ...]]) -> Iterator[Assignment]:
    """`due`, with the calls that came to nothing in each trial counted in `lost` before anything of it is asked again."""
    trial: Trial | None = None
    for one in due:
        if one.trial is not trial:
            trial = one.trial
            lost.update(_place(e) for e in trial.lost)
        yield one


def _place(event: CallLost) -> tuple[object, ...]:
    return event.trial, event.session, event.take, event.exchange, replace(event.address, count=0)


# --- what was found -----------------------------------------------------------------------------------------------


def calls_of(events: Iterable[Event], parts: frozenset[str]) -> Iterator[Call]:
    """Every call ever made for verdicts of `parts`, those that came to nothing included."""
    for event in events:
        match event:
            case Judged() if event.part in parts:
                yield from event.calls
            case CallLost() if not parts.isdisjoint(event.address.what.split("+")):
                yield from event.calls


def taken_by_tagger(events: Iterable[Event], part: str) -> CallTally:
    """What the tags kept under `part` have taken."""
    taken = CallTally()
    for event in events:
        match event:
            case Judged(kind="tagged") if event.part == part:
                taken.add(event.calls)
            case CallLost() if (event.address.who, event.address.what) == ("tag_moves", part):
                taken.add(event.calls, replies=0)
    return taken


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
