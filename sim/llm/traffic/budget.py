"""What a run may still spend, over all roles and models.

A call is checked before it is made and counted when it is answered. What is in flight when a limit is reached is still answered and paid for, so the
overshoot is at most the cost of the calls in flight.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sim.core.event import Call, Role, Usage
from sim.core.ports import Clock
from sim.core.spec import Limits


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
        clock: seconds; `max_minutes` counts from now.
        spent: what earlier executions of the run have spent, by role (`tally`).
        """
        self._limits = limits
        self._clock = clock
        self._started = clock()
        self._by_role: dict[Role, Spent] = dict(spent or {})
        self._total = sum(self._by_role.values(), Spent())

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
    def minutes_left(self) -> float:
        """Seconds until `max_minutes` are over."""
        if self._limits.max_minutes is None:
            return math.inf
        return max(0.0, self._limits.max_minutes * 60 - (self._clock() - self._started))

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

    def count(self, role: Role, model: str, *, usage: Usage | None, cost: float | None) -> None:
        """Note an answered call."""
        price = _price(model, usage, cost)
        self._by_role[role] = self._by_role.get(role, Spent()) + price
        self._total += price
