"""The door itself: `async with traffic.passage(role, destination, estimate) as here` stands around every call, to whatever it goes.

Within it a call has a place among those in flight. `here.rest(seconds)` gives the place back while the call waits for its next attempt, and
`here.settle(…)` says what the call has taken.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import NamedTuple, Self

from sim.core.errors import CallFailed
from sim.core.event import Role, Usage
from sim.core.ports import Clock
from sim.core.spec import Limits
from sim.core.view import CHARACTERS_PER_TOKEN
from sim.llm.traffic.budget import Budget, Spent
from sim.llm.traffic.lanes import Destination, Host, Lane


class Estimate(NamedTuple):
    """What a call may take, in tokens, before it is made."""

    input: int = 0
    output: int = 0


def estimate(texts: Iterable[str]) -> Estimate:
    """What a call may take that sends `texts`."""
    return Estimate(sum(map(len, texts)) // CHARACTERS_PER_TOKEN)


class Traffic:
    """All calls of one execution: how many are in flight, what they have spent, and the switch that ends them.

    Args:
        limits: of the run.
        spent: what earlier executions of the run have spent, by role (`tally`).
        clock: seconds, which `max_minutes` is held against; it counts from now.
        sleep: lets seconds pass; left out: by the event loop, until the run is stopped.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        spent: Mapping[Role, Spent] | None = None,
        clock: Clock = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        self.budget = Budget(limits, clock, spent=spent)
        self._cap = limits.calls_at_once
        self._hosts: dict[str, Host] = {}
        self._lanes: dict[Destination, Lane] = {}
        self._sleep = sleep or self._wait
        self._stopped = asyncio.Event()

    def passage(self, role: Role, destination: Destination, estimate: Estimate) -> Passage:
        """What a call passes that is made for `role`, goes to `destination` and may take `estimate`."""
        return Passage(self, role, destination.model, self.lane(destination))

    def way_to(self, destination: Destination) -> Enter:
        """`passage` with a fixed destination."""
        return partial(self._pass, destination)

    def _pass(self, destination: Destination, role: Role, estimate: Estimate) -> Passage:
        return self.passage(role, destination, estimate)

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Let every further call, and every wait between attempts, end in `interrupted`. To be called in the event loop's thread."""
        self._stopped.set()

    def exhausted(self) -> str | None:
        """Which limit of the budget is reached; None while there is something left."""
        return self.budget.exhausted()

    def check(self) -> None:
        """See that calls may still be made.

        Raises:
            CallFailed: `interrupted` after `stop`, `budget` once a limit is reached.
        """
        if self._stopped.is_set():
            raise CallFailed("interrupted", "the run is being stopped")
        reached = self.budget.exhausted()
        if reached is not None:
            raise CallFailed("budget", reached)

    async def rest(self, seconds: float) -> None:
        """Let time pass; ends early when the run is stopped.

        Raises:
            CallFailed: as `check`.
        """
        await self._sleep(seconds)
        self.check()

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()

    def lane(self, destination: Destination) -> Lane | None:
        """The calls in flight to `destination`; None: they run in this process."""
        if destination.host is None:
            return None
        lane = self._lanes.get(destination)
        if lane is None:
            host = self._hosts.get(destination.host)
            if host is None:
                host = self._hosts[destination.host] = Host(self._cap)
            lane = self._lanes[destination] = host.lane()
        return lane


class Passage:
    """One call on its way. Use `Traffic.passage`."""

    __slots__ = ("_inside", "_lane", "_model", "_role", "_traffic")

    def __init__(self, traffic: Traffic, role: Role, model: str, lane: Lane | None) -> None:
        self._traffic = traffic
        self._role = role
        self._model = model
        self._lane = lane
        self._inside = False

    async def __aenter__(self) -> Self:
        await self._enter()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._leave()

    async def rest(self, seconds: float) -> None:
        """Give the place back, wait, and take one again.

        Raises:
            CallFailed: as `Traffic.check`.
        """
        self._leave()
        await self._traffic.rest(seconds)
        await self._enter()

    def settle(self, usage: Usage | None, cost: float | None) -> None:
        """Note what the call has taken.

        Args:
            usage: None: nobody said.
            cost: US dollars; None: unknown.
        """
        self._traffic.budget.count(self._role, self._model, usage=usage, cost=cost)

    async def _enter(self) -> None:
        """Take a place. Whether a call may be made is looked at before the queue and behind it, for others spend meanwhile."""
        self._traffic.check()
        if self._lane is None:
            return
        await self._lane.enter()
        self._inside = True
        try:
            self._traffic.check()
        except CallFailed:
            self._leave()
            raise

    def _leave(self) -> None:
        if self._inside:
            assert self._lane is not None
            self._inside = False
            self._lane.leave()


Enter = Callable[[Role, Estimate], Passage]
"""Makes the passage of one call, whose destination is known."""
