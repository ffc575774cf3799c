"""The driver of a run whose trials are held by workers: it hands them out, keeps what happens, and has a dead worker's trials go on elsewhere.

It knows nothing of where workers are. Whoever hires them says so (`Hire`): `sim.engine.ray` on a cluster, a test in this process. The journal is
written here and nowhere else, so that whatever becomes of a worker, its trials go on from their last event.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count as numbers_from
from typing import TYPE_CHECKING, Protocol

from sim.core.batch import batch_of, decode
from sim.core.errors import InputError, RunStuck
from sim.engine.lease import Leases
from sim.engine.pool import tasks
from sim.engine.worker import DriverOrder, Report, Task
from sim.llm.traffic.leasing import NO_TERMS, LeaseTerms
from sim.llm.traffic.lessor import Lessor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sim.core.batch import EventBatch
    from sim.core.ports import BatchSink
    from sim.engine.plan import TrialPlan
    from sim.engine.recipe import Recipe
    from sim.llm.traffic.passage import Traffic

DEATHS = 3
"""How many workers in a row may die before any event has come of them."""


class WorkerLost(Exception):
    """A worker is dead, or is held to be."""


class Hired(Protocol):
    """A worker, as its driver sees it."""

    async def exchange(self, order: DriverOrder) -> Report:
        """See `Worker.exchange`.

        Raises:
            WorkerLost: nothing more will come from it.
        """

    async def dismiss(self) -> None:
        """It is not needed any more, or no longer trusted."""


Hire = Callable[["Recipe"], Awaitable[Hired]]
"""Starts a worker."""


class Workers:
    """A backend whose trials are held by workers.

    Args:
        hire: starts a worker; also one in place of another that died.
        count: workers.
        traffic: the run's, which stops it and holds its budget against what the workers' calls have taken.
    """

    def __init__(self, hire: Hire, *, count: int, traffic: Traffic) -> None:
        self._hire = hire
        self._count = count
        self._traffic = traffic
        self._lessor = Lessor(traffic)
        self._numbers = numbers_from(1)
        self._posts = count
        self._said: Counter[str] = Counter()

    async def run(self, plans: Iterable[TrialPlan], recipe: Recipe, sink: BatchSink) -> None:
        """See `sim.engine.local.Backend`."""
        hall = _Hall(iter(plans), sink, self._traffic, at_once=recipe.study.concurrency)
        self._traffic.elsewhere = lambda: self._lessor.in_flight
        async with tasks() as group:
            for _ in range(self._count):
                group.create_task(self._serve(hall, recipe))

    async def _serve(self, hall: _Hall, recipe: Recipe) -> None:
        """Keep one worker busy, and another one in its place when it dies; none where none can be had any more and others do the work."""
        deaths = 0
        while await hall.has_work():
            post = _Post(next(self._numbers), await self._hire(recipe))
            end = self._lessor.lose
            try:
                if await self._start(post, hall):
                    await self._employ(post, hall)
                end = self._lessor.leave
                return
            except WorkerLost as lost:
                deaths = 0 if post.kept else deaths + 1
                if deaths == DEATHS and self._posts > 1:
                    self._posts -= 1
                    return
                if deaths == DEATHS:
                    problem = f"{DEATHS} workers in a row died before they had done anything: {lost}"
                    raise RunStuck(problem, mend="see their logs, and `sim resume` the run") from None
                again = len(post.mine)
                self._traffic.say(f"a worker is lost ({lost}); the trials that it held go on elsewhere: {again}")
            finally:
                hall.give_back(post.mine)
                # Before others have what it held, it is sure that it uses nothing of it any more.
                await post.worker.dismiss()
                end(post.number)

    async def _start(self, post: _Post, hall: _Hall) -> bool:
        """Wait until a worker has spoken for the first time, and hand it nothing before: where no processor is free for it, others do its work.

        Returns:
            False: it is not needed any more.
        """
        speaks, over = asyncio.ensure_future(post.worker.exchange(DriverOrder(0))), asyncio.ensure_future(hall.over())
        try:
            await asyncio.wait({speaks, over}, return_when=asyncio.FIRST_COMPLETED)
            if not speaks.done():
                return False
            await self._keep(post, hall, speaks.result())
            return True
        finally:
            for one in (speaks, over):
                one.cancel()
            await asyncio.gather(speaks, over, return_exceptions=True)

    async def _employ(self, post: _Post, hall: _Hall) -> None:
        """Exchange with a worker until there is nothing left to hold anywhere."""
        while True:
            given = hall.take(math.ceil(hall.at_once / self._posts) - len(post.mine))
            post.mine |= {task.plan.id: task.plan for task in given}
            if not post.mine:
                await self._rest(post, hall)
                if not await hall.has_work():
                    return
            self._traffic.spent_up = self._traffic.spent_up or self._traffic.exhausted() is not None
            over = self._traffic.budget.timed_out() or ""
            report = await post.worker.exchange(DriverOrder(post.kept, given, stop=self._traffic.stopped, over=over, terms=post.terms))
            await self._keep(post, hall, report)

    async def _rest(self, post: _Post, hall: _Hall) -> None:
        """A worker without trials gives back what it holds of the budget, for others may be waiting for it."""
        if self._lessor.holds(post.number):
            order = DriverOrder(post.kept, terms=post.terms._replace(recall=True))
            await self._keep(post, hall, await post.worker.exchange(order), idle=True)

    async def _keep(self, post: _Post, hall: _Hall, report: Report, *, idle: bool = False) -> None:
        """Take down what a worker tells."""
        if report.bug:
            raise RuntimeError(f"in a worker:\n{report.bug}")
        if report.refused:
            raise InputError(report.refused)
        post.terms = self._lessor.lease(post.number, report.statement, idle=idle)
        for line in report.said:
            self._say(post, line)
        for role in report.closed:
            self._traffic.close_to(role)
        await hall.keep(report.batch, report.leases)
        post.kept += len(report.leases)
        for trial in report.ended:
            del post.mine[trial]
            hall.end(trial)

    def _say(self, post: _Post, line: str) -> None:
        """Say what a worker says, but not what another one has said of the same."""
        post.said[line] += 1
        if post.said[line] > self._said[line]:
            self._said[line] = post.said[line]
            self._traffic.say(line)


@dataclass
class _Post:
    """One worker's, from its hiring to its end."""

    number: int
    worker: Hired
    mine: dict[str, TrialPlan] = field(default_factory=dict)
    """The trials that it holds."""
    kept: int = 0
    """How many of its events are safe."""
    terms: LeaseTerms = NO_TERMS
    """What its calls may use."""
    said: Counter[str] = field(default_factory=Counter)
    """How often it has said each line."""


class _Hall:
    """The trials of a run: which wait, which are held, and what is kept of them."""

    def __init__(self, plans: Iterator[TrialPlan], sink: BatchSink, traffic: Traffic, *, at_once: int) -> None:
        self.at_once = at_once
        """Trials that may be held, over all workers."""
        self._plans = plans
        self._again: deque[TrialPlan] = deque()
        self._next: TrialPlan | None = None
        self._sink = sink
        self._traffic = traffic
        self._leases = Leases()
        self._changed = asyncio.Event()

    def take(self, many: int) -> tuple[Task, ...]:
        """The next trials to be held, at most so many; what was begun elsewhere comes first."""
        found: list[Task] = []
        many = min(many, self.at_once - self._leases.held)
        while len(found) < many and (plan := self._draw()):
            found.append(Task(plan, self._leases.grant(plan.id), tuple(self._sink.encoded(plan.id))))
        return tuple(found)

    def _draw(self) -> TrialPlan | None:
        if self._traffic.stopped:
            return None
        if self._again:
            return self._again.popleft()
        plan, self._next = self._next or next(self._plans, None), None
        return plan

    async def has_work(self) -> bool:
        """Whether a trial waits; where none does, once it is known whether one of those that are held will have to go on elsewhere."""
        while True:
            if self._peek() or self._again:
                return not self._traffic.stopped
            if not self._leases.held:
                return False
            self._changed.clear()
            await self._changed.wait()

    async def over(self) -> None:
        """Returns when no trial waits, and none is held that might have to."""
        while self._again or self._leases.held or self._peek():
            self._changed.clear()
            await self._changed.wait()

    def _peek(self) -> bool:
        """Whether a trial waits that was never begun."""
        self._next = self._next or (None if self._again else self._draw())
        return self._next is not None

    def give_back(self, plans: dict[str, TrialPlan]) -> None:
        """Their worker is gone: they wait again, before all others; what it may still say of them is void."""
        for trial in plans:
            self._leases.end(trial)
        self._again.extendleft(reversed(plans.values()))
        self._changed.set()

    def end(self, trial: str) -> None:
        """Nobody has to hold `trial` any more."""
        self._leases.end(trial)
        self._changed.set()

    async def keep(self, batch: EventBatch, leases: Sequence[int]) -> None:
        """Keep `batch`, without what is of trials that were handed to somebody else since."""
        valid = [self._leases.holds(row.trial, lease) for row, lease in zip(batch.rows, leases, strict=True)]
        if not all(valid):
            batch = batch_of(decode(row) for row, holds in zip(batch.rows, valid, strict=True) if holds)
        if batch.rows:
            await self._sink.append_batch(batch)
