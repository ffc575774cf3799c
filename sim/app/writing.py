"""A run held open for writing: its lock, journal, traffic and those who watch."""

from __future__ import annotations

import time
import warnings
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.batch import EventBatch, decode
from sim.core.errors import Notice
from sim.core.ports import BatchListener
from sim.core.spec import Limits
from sim.store.runs import RunFolder

if TYPE_CHECKING:
    from sim.core.batch import EncodedEvent
    from sim.core.event import Event
    from sim.core.ports import BatchSink, Listener, Sink
    from sim.engine.recipe import Recipe
    from sim.engine.staff import Parts
    from sim.llm.build import Shared
    from sim.llm.hosts import LocalOnly
    from sim.llm.traffic.passage import Traffic
    from sim.store.journal import Journal

OnStart = Callable[["Traffic", RunFolder], None]
"""Is given the traffic of a run that begins, and its folder."""


@dataclass(frozen=True)
class WritableRun:
    """A run open for writing, with what its trials need to be held in this process."""

    recipe: Recipe
    shared: Shared
    sink: BatchSink
    journal: Journal


@contextmanager
def written(folder: RunFolder, *, limits: Limits, local_only: LocalOnly | None, listeners: Sequence[Listener]) -> Iterator[WritableRun]:
    """Hold the run's lock, with the prompts it began with.

    Raises:
        RunLocked: another process is writing to it.
    """
    from sim.engine.recipe import Recipe
    from sim.engine.scorers import renew_scorers
    from sim.llm.build import Shared
    from sim.llm.guard import guarded
    from sim.llm.otel import collector
    from sim.llm.prompts import Prompts
    from sim.llm.traffic.budget import tally
    from sim.llm.traffic.passage import Traffic
    from sim.store.call_count import CallCount

    lent = Prompts(folder.header.prompts).lent  # Read before anything is touched: a damaged header leaves the run as it is.
    own, _ = renew_scorers(folder.scorers.values(), seconds=limits.seconds("judge"))
    if lent:
        problem = f"run '{folder.name}' is of an older version, which had no prompt {', '.join(lent)}: where it is needed, today's is used"
        warnings.warn(problem, Notice, stacklevel=2)
    with folder.write_journal() as journal, CallCount(folder.path) as counted, guarded(local_only):
        journal.demand_room()
        folder = folder.keep_edited()
        folder = folder.add_scorers(own, prompts={}, offline=())
        spent = tally(call for event in journal.all_events() for call in event.calls)
        shared = Shared(Traffic(limits, concurrency=folder.study.concurrency, spent=spent), local_only)
        shared.traffic.count = counted.begun
        recipe = Recipe(
            study=folder.study,
            prompts=folder.header.prompts,
            limits=limits,
            nonce=folder.header.nonce,
            codebook=folder.codebook,
            scorers=own,
            local_only=local_only,
            run=folder.name,
            collector=collector(),
        )
        yield WritableRun(recipe, shared, WatchedSink(hold(journal, shared.traffic, limits), (counted, *listeners)), journal)


def hold(journal: Journal, traffic: Traffic, limits: Limits) -> BatchSink:
    """`journal`, which waits for room on a full disk as long as the run waits for a provider."""
    from sim.engine.holding import HoldingSink
    from sim.store.journal import may_pass

    return HoldingSink(journal, traffic, may_pass=may_pass, patience=60 * limits.patience)


@dataclass(frozen=True)
class Staffed:
    """A run open for writing, with everything that trials need that a person holds in this process."""

    parts: Parts
    sink: Sink
    journal: Journal
    traffic: Traffic


@asynccontextmanager
async def staffed(folder: RunFolder, *, limits: Limits, local_only: LocalOnly | None = None) -> AsyncIterator[Staffed]:
    """Hold the run's lock and have its parts ready, with the prompts it began with.

    Raises:
        RunLocked: another process is writing to it.
    """
    from sim.engine.staff import Parts
    from sim.llm.otel import traced

    with written(folder, limits=limits, local_only=local_only, listeners=()) as run:
        parts = Parts(run.recipe, run.shared, sink=run.sink, clock=time.time)
        try:
            async with traced(folder.name):
                yield Staffed(parts, run.sink, run.journal, run.shared.traffic)
        finally:
            await parts.close()


class WatchedSink:
    """A sink that lets listeners see each event once it is safe. One that fails is told no more: what is paid for does not depend on who watches."""

    def __init__(self, sink: BatchSink, listeners: Sequence[Listener]) -> None:
        self._sink = sink
        self._listeners = list(listeners)

    async def append(self, event: Event) -> None:
        """Keep `event`, then show it."""
        await self._sink.append(event)
        for listener in tuple(self._listeners):
            self._tell(listener, event)

    async def append_batch(self, batch: EventBatch) -> None:
        """Keep `batch`, then show it: each event by itself to those who need all of it."""
        await self._sink.append_batch(batch)
        for listener in tuple(self._listeners):
            self._tell(listener, batch)

    def _tell(self, listener: Listener, what: Event | EventBatch) -> None:
        try:
            if not isinstance(what, EventBatch):
                listener.on_event(what)
            elif isinstance(listener, BatchListener):
                listener.on_batch(what)
            else:
                for row in what.rows:
                    listener.on_event(decode(row))
        except Exception as error:
            self._listeners.remove(listener)
            problem = f"listener {type(listener).__name__} failed ({type(error).__name__}) and is told no more; the run goes on"
            warnings.warn(problem, Notice, stacklevel=3)

    def events(self, trial: str) -> Sequence[Event]:
        """The trial's events."""
        return self._sink.events(trial)

    def encoded(self, trial: str) -> Sequence[EncodedEvent]:
        """The trial's events as rows."""
        return self._sink.encoded(trial)
