"""Events on their way from the process that made them to the one that keeps them: encoded once, with the little that those who watch need of them.

Whoever keeps a batch neither validates its events again nor takes them apart: rows go into the journal as they are, and beside them stands what they
add up to. Only events of which more matters than that they happened come whole as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sim.core.event import (
    CallLost,
    Event,
    Judged,
    Key,
    Kind,
    SessionClosed,
    SessionOpened,
    TrialFailed,
    TrialFinished,
    Unscored,
    UserSpoke,
    Utterance,
    body,
    load_event,
)

IN_PROCESS = ("offline/", "callable/", "graph/")
"""Beginnings of the names of models whose calls go through no network."""
_WHOLE = (SessionOpened, SessionClosed, CallLost, TrialFailed, TrialFinished)


class EncodedEvent(NamedTuple):
    """An event as a row of the journal."""

    trial: str
    session: int
    take: int
    exchange: int
    kind: Kind
    part: str
    body: str
    """JSON, as `sim.core.event.body` writes it."""
    meta: str
    """JSON."""

    @property
    def key(self) -> Key:
        """The event's key."""
        return Key(*self[:6])


def encode(event: Event) -> EncodedEvent:
    """`event` as a row."""
    return EncodedEvent(event.trial, event.session, event.take, event.exchange, event.kind, event.part, body(event), event.meta.model_dump_json())


def decode(row: EncodedEvent) -> Event:
    """The event of a row, validated."""
    return load_event(row.key, row.body, row.meta)


class CallTotals(NamedTuple):
    """What the calls of several events add up to."""

    calls: int
    over_network: int
    """Of `calls`, those that go through a network."""
    cost: float
    """US dollars, of the calls whose cost is known."""
    unknown_cost: int
    """Calls whose cost nobody knows."""
    retries: int
    estimated: tuple[str, ...]
    """Models that do not say what their calls take."""


class EventBatch(NamedTuple):
    """Several events, in the order in which they happened."""

    rows: tuple[EncodedEvent, ...]
    whole: tuple[Event, ...]
    """Those of them that begin or end something, or tell that something went wrong."""
    totals: CallTotals
    spoken: bool
    """Whether one of them is something that the simulated user said."""


def batch_of(events: Iterable[Event]) -> EventBatch:
    """`events`, encoded and added up."""
    events = tuple(events)
    calls = [call for event in events for call in event.calls]
    totals = CallTotals(
        calls=len(calls),
        over_network=sum(call.askings for call in calls if not call.model.startswith(IN_PROCESS)),
        cost=sum(call.cost or 0.0 for call in calls),
        unknown_cost=sum(call.cost is None for call in calls),
        retries=sum(timing.retries for event in events for timing in event.meta.timings),
        estimated=tuple({call.model for call in calls if call.estimated is not None}),
    )
    spoken = any(isinstance(event, UserSpoke) and isinstance(event.said, Utterance) for event in events)
    return EventBatch(tuple(map(encode, events)), tuple(filter(_matters, events)), totals, spoken)


def _matters(event: Event) -> bool:
    broken = isinstance(event, Judged) and isinstance(event.result, Unscored) and event.result.cause == "scorer"
    return broken or isinstance(event, _WHOLE)


def rows_of(batch: EventBatch, kind: Kind) -> Sequence[EncodedEvent]:
    """The rows of one kind."""
    return [row for row in batch.rows if row.kind == kind]
