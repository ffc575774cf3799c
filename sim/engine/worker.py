"""A process that holds trials of a run whose journal is elsewhere: tasks come in, events go out, and a trial goes on once its event is safe there.

Driver and worker take turns in one exchange at a time. The driver says which events are safe and hands out further trials; the worker answers with
what has happened since, or after a while with nothing, by which the driver knows that it is alive. So many trials of one worker share each exchange,
and no call of a model makes one.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.batch import batch_of, decode
from sim.core.errors import InputError
from sim.engine.collector import rare_collection
from sim.engine.staff import Parts
from sim.engine.trial import run_trial
from sim.llm.build import Shared
from sim.llm.guard import guarded
from sim.llm.otel import collector, open_tracer
from sim.llm.telemetry import received_by, within
from sim.llm.traffic.leased import LeasedTraffic
from sim.llm.traffic.leasing import NO_TERMS, LeaseStatement, LeaseTerms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.core.batch import EncodedEvent, EventBatch
    from sim.core.event import Event, Role
    from sim.core.ports import Clock
    from sim.engine.plan import TrialPlan
    from sim.engine.recipe import Recipe
    from sim.llm.otel import OtelTracer

HEARTBEAT = 0.5
"""Seconds after which a worker answers that has nothing to say,"""
PRESSING = 0.05
"""or that has asked for something that was not to be had then."""


@dataclass(frozen=True, slots=True)
class Task:
    """A trial to go on with."""

    plan: TrialPlan
    lease: int
    rows: tuple[EncodedEvent, ...]
    """What the journal holds of it."""


@dataclass(frozen=True, slots=True)
class DriverOrder:
    """What the driver says."""

    kept: int
    """How many of the worker's events are safe, in the order in which they were sent."""
    tasks: tuple[Task, ...] = ()
    stop: bool = False
    """The run is being stopped."""
    over: str = ""
    """Why no further call is to be made; empty: they may be."""
    terms: LeaseTerms = NO_TERMS
    """What its calls may use from now on."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the worker says."""

    batch: EventBatch
    """What has happened since its last report."""
    leases: tuple[int, ...]
    """The lease of each event's trial."""
    ended: tuple[str, ...]
    """Trials that it holds no more: finished, failed or stopped."""
    statement: LeaseStatement
    """What its calls use and wait for."""
    closed: frozenset[Role]
    """Roles that cannot be asked any more from there."""
    said: tuple[str, ...]
    """Lines for whoever watches the run."""
    refused: str = ""
    """What in the study cannot be had there."""
    bug: str = ""
    """The traceback of an error of our own, which ends the run."""


class Worker:
    """Holds the trials that it is given, all in one event loop."""

    def __init__(self, recipe: Recipe, *, clock: Clock = time.time) -> None:
        self._recipe = recipe
        self._clock = clock
        self._outbox = _Outbox()
        self._traffic = LeasedTraffic(recipe.limits, asks=self._outbox.hasten)
        self._traffic.say = self._say
        self._parts: Parts | None = None
        self._tracer: OtelTracer | None = None
        self._opened = ExitStack()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: list[str] = []
        self._said: list[str] = []
        self._bug = self._refused = ""

    async def exchange(self, order: DriverOrder) -> Report:
        """Do as `order` says, and tell what has happened once something has."""
        self._outbox.settle(order.kept)
        if order.stop and not self._traffic.stopped:
            self._traffic.stop()
        if order.over:
            self._traffic.end(order.over)
        self._traffic.heed(order.terms)
        try:
            self._begin()
        except InputError as error:
            self._refused = str(error)
        else:
            for task in order.tasks:
                self._hold(task)
        await self._outbox.news(PRESSING if self._traffic.pressing else HEARTBEAT)
        return self._report()

    async def close(self) -> None:
        """Give up what is under way, and give back every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._parts:
            await self._parts.close()
        if self._tracer:
            await self._tracer.close()
        self._opened.close()

    def _begin(self) -> None:
        if self._parts is not None:
            return
        shared = Shared(self._traffic, self._recipe.local_only)
        self._parts = Parts(self._recipe, shared, sink=self._outbox, clock=self._clock)
        self._opened.enter_context(guarded(self._recipe.local_only))
        self._opened.enter_context(rare_collection())
        # To nowhere that was not announced, whatever the environment of this process says.
        self._tracer = open_tracer(beneath=self._recipe.trace) if self._recipe.collector == collector() else None

    def _hold(self, task: Task) -> None:
        self._outbox.open(task)
        running = asyncio.create_task(self._run(task.plan))
        self._tasks.add(running)
        running.add_done_callback(self._tasks.discard)

    async def _run(self, plan: TrialPlan) -> None:
        assert self._parts is not None
        try:
            with received_by(self._tracer), within("worker", run=self._recipe.run):
                await run_trial(plan, self._parts, self._outbox)
        except InputError as error:
            self._refused = str(error)
        except Exception:
            self._bug = traceback.format_exc()
        self._outbox.close(plan.id)
        self._ended.append(plan.id)

    def _say(self, line: str) -> None:
        self._said.append(line)

    def _report(self) -> Report:
        ended, said = tuple(self._ended), tuple(self._said)
        self._ended.clear()
        self._said.clear()
        events, leases = self._outbox.take()
        return Report(
            batch=batch_of(events),
            leases=leases,
            ended=ended,
            statement=self._traffic.state(),
            closed=self._traffic.closed,
            said=said,
            refused=self._refused,
            bug=self._bug,
        )


class _Outbox:
    """A sink whose events are safe once the driver says so."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[EncodedEvent, ...]] = {}
        self._leases: dict[str, int] = {}
        self._new: list[Event] = []
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._settled = 0
        self._news = asyncio.Event()

    def open(self, task: Task) -> None:
        """A trial is held from now on."""
        self._known[task.plan.id] = task.rows
        self._leases[task.plan.id] = task.lease

    def close(self, trial: str) -> None:
        """It is held no more, which is news."""
        self._known.pop(trial, None)
        self._news.set()

    def events(self, trial: str) -> Sequence[Event]:
        """What the journal held of it when it was handed out."""
        return tuple(map(decode, self._known[trial]))

    async def append(self, event: Event) -> None:
        """Send `event`; returns when it is safe."""
        safe = asyncio.get_running_loop().create_future()
        self._new.append(event)
        self._waiting.append(safe)
        self._news.set()
        await safe

    def hasten(self) -> None:
        """Something is to be told that is no event."""
        self._news.set()

    def settle(self, kept: int) -> None:
        """The first `kept` of all events are safe."""
        while self._settled < kept:
            self._settled += 1
            safe = self._waiting.popleft()
            if not safe.done():
                safe.set_result(None)

    async def news(self, seconds: float) -> None:
        """Wait until there is something to tell, but not longer."""
        # What was settled just now goes on first: what comes of it at once shares this report.
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return
        await asyncio.sleep(0)

    def take(self) -> tuple[tuple[Event, ...], tuple[int, ...]]:
        """What is new, and under which leases."""
        taken = tuple(self._new)
        self._new.clear()
        self._news.clear()
        return taken, tuple(self._leases[event.trial] for event in taken)
