"""The seams through which a trial reaches what lies outside it: where events go, who watches, what time it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from sim.core.batch import EncodedEvent, EventBatch
from sim.core.event import Event

Clock = Callable[[], float]
"""Unix time in seconds."""


class Sink(Protocol):
    """Where events go. The journal is one; a list in memory is another."""

    async def append(self, event: Event) -> None:
        """Keep `event`; returns once it is safe. The same event again is a no-op, a different one under its key raises `JournalConflict`."""

    def events(self, trial: str) -> Sequence[Event]:
        """The trial's events, in the order in which they were appended."""


class BatchSink(Sink, Protocol):
    """A sink that takes events as they come from other processes."""

    async def append_batch(self, batch: EventBatch) -> None:
        """Keep all of `batch`, or nothing; returns once it is safe. Otherwise as `append`."""

    def encoded(self, trial: str) -> Sequence[EncodedEvent]:
        """The trial's events as rows, in the order in which they were appended."""


class Listener(Protocol):
    """Watches a run; must not change it."""

    def on_event(self, event: Event) -> None:
        """Called after `event` is safe."""


@runtime_checkable
class BatchListener(Protocol):
    """A listener that can do without most events: of those that come in a batch it is told of the batch, and any other listener of each event."""

    def on_batch(self, batch: EventBatch) -> None:
        """Called after all of `batch` is safe."""


class MemorySink:
    """A sink without a disk, for trials in a worker or a test."""

    def __init__(self) -> None:
        self._events: dict[str, dict[tuple[object, ...], Event]] = {}

    async def append(self, event: Event) -> None:
        """Keep `event` in memory."""
        from sim.core.errors import JournalConflict
        from sim.core.event import body, key

        known = self._events.setdefault(event.trial, {}).setdefault(key(event), event)
        if known is not event and body(known) != body(event):
            raise JournalConflict(f"two different events under {key(event)}")

    async def append_batch(self, batch: EventBatch) -> None:
        """Keep its events in memory."""
        from sim.core.batch import decode

        for row in batch.rows:
            await self.append(decode(row))

    def events(self, trial: str) -> Sequence[Event]:
        """The trial's events."""
        return tuple(self._events.get(trial, {}).values())

    def encoded(self, trial: str) -> Sequence[EncodedEvent]:
        """The trial's events as rows."""
        from sim.core.batch import encode

        return tuple(map(encode, self.events(trial)))
