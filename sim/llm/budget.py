"""What a run may still spend, over all roles and models, and the switch that stops it.

A call is checked before it is made and counted when it is answered. What is in flight when a limit is reached is still answered and paid for, so the
overshoot is at most the cost of the calls in flight.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass, field

from sim.core.errors import CallFailed
from sim.core.event import Call, Role, Usage
from sim.core.ports import Clock
from sim.core.spec import Limits
from sim.llm.client import Client, Completion, Request
from sim.llm.limits import Gates


@dataclass(frozen=True, slots=True)
class Spent:
    """What calls have taken."""

    cost: float = 0.0
    """US dollars, of the calls whose cost is known."""
    tokens: int = 0
    """In and out, of the calls whose provider counted them."""
    calls: int = 0
    unknown_costs: int = 0
    """Calls counted as 0 dollars because nobody knows their price."""
    unknown_tokens: int = 0
    """Calls counted as 0 tokens because the provider did not say."""

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.cost + other.cost,
            self.tokens + other.tokens,
            self.calls + other.calls,
            self.unknown_costs + other.unknown_costs,
            self.unknown_tokens + other.unknown_tokens,
        )


def tally(calls: Iterable[Call]) -> dict[Role, Spent]:
    """What the journal's calls have taken, by role; the seed of a resumed run's budget."""
    spent: dict[Role, Spent] = {}
    for call in calls:
        spent[call.role] = spent.get(call.role, Spent()) + _price(call.model, call.usage, call.cost)
    return spent


def _price(model: str, usage: Usage | None, cost: float | None) -> Spent:
    free = model.startswith("offline/")
    return Spent(
        cost=cost or 0.0,
        tokens=0 if usage is None else usage.input + usage.output,
        calls=1,
        unknown_costs=int(cost is None and not free),
        unknown_tokens=int(usage is None and not free),
    )


class Budget:
    """The run's limits held against what it has spent."""

    def __init__(self, limits: Limits, clock: Clock, *, spent: Mapping[Role, Spent] | None = None) -> None:
        """Args:
        limits: `max_cost`, `max_tokens` and `max_minutes` are read.
        clock: Unix time; `max_minutes` counts from now.
        spent: what earlier executions of the run have spent, by role (`tally`).
        """
        self._limits = limits
        self._clock = clock
        self._started = clock()
        self._by_role: dict[Role, Spent] = dict(spent or {})
        self._total = sum(self._by_role.values(), Spent())
        self._stopped = asyncio.Event()

    @property
    def spent(self) -> Spent:
        """Over all roles."""
        return self._total

    @property
    def by_role(self) -> Mapping[Role, Spent]:
        """What each role has spent."""
        return self._by_role

    @property
    def unknown_costs(self) -> int:
        """How many calls count as 0 dollars because nobody knows their price."""
        return self._total.unknown_costs

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Let every further call, and every wait between attempts, end in `interrupted`. To be called in the event loop's thread."""
        self._stopped.set()

    def exhausted(self) -> str | None:
        """Which limit is reached, as a sentence that names its flag; None while there is something left."""
        limits, total = self._limits, self._total
        if limits.max_cost is not None and total.cost >= limits.max_cost:
            return f"the budget of {limits.max_cost:g} US dollars is used up ({total.cost:.4g} spent); raise --max-cost to go on"
        if limits.max_tokens is not None and total.tokens >= limits.max_tokens:
            return f"the budget of {limits.max_tokens} tokens is used up ({total.tokens} spent); raise --max-tokens to go on"
        if limits.max_minutes is not None and self._clock() - self._started >= limits.max_minutes * 60:
            return f"the {limits.max_minutes:g} minutes of --max-minutes are over"
        return None

    def check(self) -> None:
        """Let a call pass.

        Raises:
            CallFailed: `interrupted` after `stop`, `budget` once a limit is reached.
        """
        if self._stopped.is_set():
            raise CallFailed("interrupted", "the run is being stopped")
        reached = self.exhausted()
        if reached is not None:
            raise CallFailed("budget", reached)

    async def rest(self, seconds: float) -> None:
        """Wait between two attempts of a call; ends early when the run is stopped.

        Raises:
            CallFailed: as `check`.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
        self.check()

    def count(self, role: Role, model: str, *, usage: Usage | None, cost: float | None) -> None:
        """Note an answered call."""
        price = _price(model, usage, cost)
        self._by_role[role] = self._by_role.get(role, Spent()) + price
        self._total += price


class Passage:
    """What one attempt of a call has to pass: the budget, and the gate of its host if it has one.

    The budget is looked at before the gate and behind it: calls queue there while others spend.
    """

    def __init__(self, budget: Budget, gates: Gates, host: str | None) -> None:
        self._budget = budget
        self._gate: AbstractAsyncContextManager[object] = gates.gate(host) if host else nullcontext()

    async def __aenter__(self) -> None:
        self._budget.check()
        await self._gate.__aenter__()
        try:
            self._budget.check()
        except BaseException:
            await self._gate.__aexit__(None, None, None)
            raise

    async def __aexit__(self, *error: object) -> None:
        await self._gate.__aexit__(None, None, None)


@dataclass
class Metered:
    """A client whose calls are counted, and made only while the budget lasts. Its attempts pass the gate of their host by themselves."""

    client: Client
    budget: Budget
    model: str = field(init=False)
    """The wrapped client's."""

    def __post_init__(self) -> None:
        self.model = self.client.model

    async def complete(self, request: Request) -> Completion:
        """Ask the wrapped client.

        Raises:
            CallFailed: see `Client.complete`.
        """
        self.budget.check()
        try:
            completion = await self.client.complete(request)
        except CallFailed as failure:
            for call in failure.calls:
                self.budget.count(call.role, call.model, usage=call.usage, cost=call.cost)
            raise
        self.budget.count(request.role, self.model, usage=completion.usage, cost=completion.cost)
        return completion

    async def close(self) -> None:
        """Close the wrapped client."""
        await self.client.close()
