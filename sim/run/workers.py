"""The driver of a run whose trials are held by workers: it hands them out, keeps what happens, and has a dead worker's trials go on elsewhere.

It knows nothing of where workers are. Whoever hires them says so (`Hire`): `sim.run.ray` on a cluster, a test in this process. The journal is
written here and nowhere else, so that whatever becomes of a worker, its trials go on from their last event.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from sim.core.errors import InputError, RunStuck
from sim.run.lease import Leases
from sim.run.pool import tasks
from sim.run.worker import DriverOrder, Report, Task

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sim.core.event import Event
    from sim.core.ports import Sink
    from sim.llm.traffic.passage import Traffic
    from sim.run.plan import TrialPlan
    from sim.run.recipe import Recipe

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


Hire = Callable[["Recipe", int], Awaitable[Hired]]
"""Starts one of so many workers."""


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
        self._posts = count

    async def run(self, plans: Iterable[TrialPlan], recipe: Recipe, sink: Sink) -> None:
        """See `sim.run.local.Backend`."""
        hall = _Hall(iter(plans), sink, self._traffic)
        at_once = math.ceil(recipe.study.concurrency / self._count)
        async with tasks() as group:
            for number in range(self._count):
                group.create_task(self._serve(number, hall, recipe, at_once))

    async def _serve(self, number: int, hall: _Hall, recipe: Recipe, at_once: int) -> None:
        """Keep one worker busy, and another one in its place when it dies; none where none can be had any more and others do the work."""
        deaths = 0
        while await hall.has_work():
            worker = await self._hire(recipe, self._count)
            post = _Post(number, worker)
            try:
                if await self._start(post, hall):
                    await self._employ(post, hall, at_once)
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
                self._traffic.elsewhere.pop(number, None)
                await worker.dismiss()

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

    async def _employ(self, post: _Post, hall: _Hall, at_once: int) -> None:
        """Exchange with a worker until there is nothing left to hold anywhere."""
        while True:
            given = hall.take(at_once - len(post.mine))
            post.mine |= {task.plan.id: task.plan for task in given}
            if not post.mine and not await hall.has_work():
                return
            over = self._traffic.exhausted() or ""
            self._traffic.spent_up = self._traffic.spent_up or bool(over)
            report = await post.worker.exchange(DriverOrder(post.kept, given, stop=self._traffic.stopped, over=over))
            await self._keep(post, hall, report)

    async def _keep(self, post: _Post, hall: _Hall, report: Report) -> None:
        """Take down what a worker tells."""
        if report.bug:
            raise RuntimeError(f"in a worker:\n{report.bug}")
        if report.refused:
            raise InputError(report.refused)
        self._traffic.elsewhere[post.number] = report.load
        for line in report.said:
            self._traffic.say(line)
        for role in report.closed:
            self._traffic.close_to(role)
        for lease, event in report.events:
            await hall.keep(lease, event)
        post.kept += len(report.events)
        for trial in report.ended:
            del post.mine[trial]
            hall.end(trial)


@dataclass
class _Post:
    """One worker's, from its hiring to its end."""

    number: int
    worker: Hired
    mine: dict[str, TrialPlan] = field(default_factory=dict)
    """The trials that it holds."""
    kept: int = 0
    """How many of its events are safe."""


class _Hall:
    """The trials of a run: which wait, which are held, and what is kept of them."""

    def __init__(self, plans: Iterator[TrialPlan], sink: Sink, traffic: Traffic) -> None:
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
        while len(found) < many and (plan := self._draw()):
            found.append(Task(plan, self._leases.grant(plan.id), tuple(self._sink.events(plan.id))))
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

    async def keep(self, lease: int, event: Event) -> None:
        """Keep `event`, unless its trial was handed to somebody else since, and count what its calls have taken."""
        if not self._leases.holds(event.trial, lease):
            return
        await self._sink.append(event)
        for call in event.calls:
            self._traffic.budget.count(call.role, call.model, usage=call.usage, cost=call.cost, estimated=call.estimated)
