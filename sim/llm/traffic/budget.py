"""What a run may still spend, in all and by role: each call reserves what it may take before it is made, and is settled by what it took.

A call whose reservation does not fit waits until others are settled, and is refused once nothing that is outstanding could make it fit. So a budget
is not overspent unless calls take more than they reserved, and then by no more than that excess of the calls in flight.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sim.core.errors import CallFailed
from sim.core.event import Call, Estimated, Role, Usage
from sim.core.ports import Clock
from sim.core.spec import Limits
from sim.core.spec.study import RoleLimits

REPLY = 1_000
"""Tokens that are reserved for an answer whose length nothing bounds, until a longer one has come."""


class Sum(NamedTuple):
    """US dollars and tokens."""

    cost: float
    tokens: int


NOTHING = Sum(0.0, 0)
SLACK = 1e-12
"""US dollars that adding and taking back may leave over; a call must not wait for them."""


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
    estimated: Sum = NOTHING
    """What stands in the budget for those that are unknown."""

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.cost + other.cost,
            self.tokens + other.tokens,
            self.calls + other.calls,
            self.unknown_costs + other.unknown_costs,
            self.unknown_tokens + other.unknown_tokens,
            Sum(self.estimated.cost + other.estimated.cost, self.estimated.tokens + other.estimated.tokens),
        )


NOTHING_SPENT = Spent()


class _Account:
    """`Spent` while it grows: numbers are added to with every call, and the value is made when somebody asks."""

    __slots__ = ("_calls", "_cost", "_instead_cost", "_instead_tokens", "_tokens", "_unknown_costs", "_unknown_tokens")

    def __init__(self, spent: Spent = NOTHING_SPENT) -> None:
        self._cost, self._tokens, self._calls = spent.cost, spent.tokens, spent.calls
        self._unknown_costs, self._unknown_tokens = spent.unknown_costs, spent.unknown_tokens
        self._instead_cost, self._instead_tokens = spent.estimated

    @property
    def spent(self) -> Spent:
        """The value."""
        instead = Sum(self._instead_cost, self._instead_tokens)
        return Spent(self._cost, self._tokens, self._calls, self._unknown_costs, self._unknown_tokens, instead)

    def count(self, model: str, usage: Usage | None, cost: float | None, estimated: Estimated | None) -> None:
        """Add one call."""
        self._calls += 1
        if cost is not None:
            self._cost += cost
        elif not model.startswith("offline/"):
            self._unknown_costs += 1
        if usage is not None:
            self._tokens += usage.input + usage.output
        elif not model.startswith("offline/"):
            self._unknown_tokens += 1
        if estimated is not None:
            self._instead_cost += (estimated.cost or 0.0) if cost is None else 0.0
            self._instead_tokens += estimated.input + estimated.output if usage is None else 0

    def add(self, spent: Spent) -> None:
        """Add what several calls have taken."""
        self._cost += spent.cost
        self._tokens += spent.tokens
        self._calls += spent.calls
        self._unknown_costs += spent.unknown_costs
        self._unknown_tokens += spent.unknown_tokens
        self._instead_cost += spent.estimated.cost
        self._instead_tokens += spent.estimated.tokens


def tally(calls: Iterable[Call]) -> dict[Role, Spent]:
    """What the journal's calls have taken, by role; the seed of a resumed run's budget."""
    accounts: dict[Role, _Account] = {}
    for call in calls:
        if call.role not in accounts:
            accounts[call.role] = _Account()
        accounts[call.role].count(call.model, call.usage, call.cost, call.estimated)
    return {role: account.spent for role, account in accounts.items()}


def _in_the_budget(usage: Usage | None, cost: float | None, estimated: Estimated | None) -> Sum:
    """What of a call stands in the budget."""
    dollars = cost if cost is not None else (estimated.cost or 0.0) if estimated else 0.0
    return Sum(dollars, usage.input + usage.output if usage is not None else estimated.input + estimated.output if estimated else 0)


class BudgetPurse:
    """One limit's worth: what is spent of it, and what is promised to calls under way."""

    def __init__(self, limits: RoleLimits, role: Role | None, spent: Spent) -> None:
        self.used_up = ""
        """Why no further call is let pass; empty: some may be."""
        self._limits = limits
        self._of = f"{role}=" if role else ""
        self._whose = f" for the {role}" if role else ""
        self._spent = Sum(spent.cost + spent.estimated.cost, spent.tokens + spent.estimated.tokens)
        self._promised = self._lost = NOTHING

    def fits(self, wish: Sum, own: Sum = NOTHING) -> bool:
        """Whether `wish` can be promised now. Where it never can, `used_up` is set.

        Args:
            own: what is promised already to the one who wishes.
        """
        limits, spent, promised = self._limits, self._spent, self._promised
        if limits.max_cost is not None and (spent.cost >= limits.max_cost or spent.cost + wish.cost > limits.max_cost):
            self.used_up = (
                f"the budget of {limits.max_cost:g} US dollars{self._whose} is used up "
                f"({_left(spent.cost, limits.max_cost, wish.cost, self._lost.cost, '.4g')}); "
                f"raise --max-cost {self._of}… to go on"
            )
        elif limits.max_tokens is not None and (spent.tokens >= limits.max_tokens or spent.tokens + wish.tokens > limits.max_tokens):
            self.used_up = (
                f"the budget of {limits.max_tokens:,} tokens{self._whose} is used up "
                f"({_left(spent.tokens, limits.max_tokens, wish.tokens, self._lost.tokens, ',')}); "
                f"raise --max-tokens {self._of}… to go on"
            )
        if self.used_up:
            return False
        more = Sum(max(wish.cost - own.cost, 0.0), max(wish.tokens - own.tokens, 0))
        too_dear = limits.max_cost is not None and spent.cost + promised.cost + more.cost > limits.max_cost + SLACK
        return not too_dear and not (limits.max_tokens is not None and spent.tokens + promised.tokens + more.tokens > limits.max_tokens)

    def part(self, parts: int) -> Sum:
        """One of so many equal parts of what is neither spent nor promised."""
        limits, spent, promised = self._limits, self._spent, self._promised
        cost = 0.0 if limits.max_cost is None else max(limits.max_cost - spent.cost - promised.cost, 0.0) / parts
        return Sum(cost, 0 if limits.max_tokens is None else max(limits.max_tokens - spent.tokens - promised.tokens, 0) // parts)

    def promise(self, wish: Sum, sign: int = 1) -> None:
        """Keep `wish` for a call under way, or take the promise back."""
        self._promised = Sum(self._promised.cost + sign * wish.cost, self._promised.tokens + sign * wish.tokens)

    def spend(self, taken: Sum) -> None:
        """Note what a call has taken."""
        self._spent = Sum(self._spent.cost + taken.cost, self._spent.tokens + taken.tokens)

    def lose(self, held: Sum) -> None:
        """Note what may have been spent by calls that nobody will hear of."""
        self.spend(held)
        self._lost = Sum(self._lost.cost + held.cost, self._lost.tokens + held.tokens)


def _left(spent: float, limit: float, wish: float, lost: float, form: str) -> str:
    """How much is spent, and where something is left, that the next call may take more."""
    dead = f", up to {lost:{form}} of it by calls of workers that died" if lost else ""
    return f"{spent:{form}} spent{dead}" + (f", and the next call may take {wish:{form}}" if spent < limit else "")


class Budget:
    """The run's limits held against what it has spent."""

    def __init__(self, limits: Limits, clock: Clock, *, spent: Mapping[Role, Spent] | None = None) -> None:
        """Args:
        limits: `max_cost`, `max_tokens`, `max_minutes` and `roles` are read.
        clock: seconds; `max_minutes` counts from now.
        spent: what earlier executions of the run have spent, by role (`tally`).
        """
        self._minutes = limits.max_minutes
        self._clock = clock
        self._started = clock()
        before = dict(spent or {})
        total = sum(before.values(), NOTHING_SPENT)
        self._by_role = {role: _Account(of) for role, of in before.items()}
        self._total = _Account(total)
        whole = RoleLimits(max_cost=limits.max_cost, max_tokens=limits.max_tokens)
        self._whole = self._open_purse(whole, None, total) if whole != RoleLimits() else None
        self._purses = {role: self._open_purse(of, role, before.get(role, NOTHING_SPENT)) for role, of in limits.roles.items()}
        self._longest: dict[tuple[Role, str], int] = {}
        self._waiting: list[asyncio.Future[None]] = []

    def _open_purse(self, limits: RoleLimits, role: Role | None, spent: Spent) -> BudgetPurse:
        return BudgetPurse(limits, role, spent)

    def purse(self, role: Role | None) -> BudgetPurse:
        """The budget of one role; None: that of all together."""
        purse = self._whole if role is None else self._purses[role]
        assert purse is not None, "there is no budget for all roles together"
        return purse

    @property
    def refusals(self) -> dict[Role | None, str]:
        """Why a budget lets no further call pass, of those that do not."""
        purses: list[tuple[Role | None, BudgetPurse]] = [*([(None, self._whole)] if self._whole else ()), *self._purses.items()]
        return {role: purse.used_up for role, purse in purses if purse.used_up}

    @property
    def spent(self) -> Spent:
        """Over all roles."""
        return self._total.spent

    @property
    def by_role(self) -> Mapping[Role, Spent]:
        """What each role has spent."""
        return {role: account.spent for role, account in self._by_role.items()}

    @property
    def bounded(self) -> bool:
        """Whether dollars or tokens are limited; where they are not, nothing is reserved."""
        return self._whole is not None or bool(self._purses)

    @property
    def minutes_left(self) -> float:
        """Seconds until `max_minutes` are over."""
        return math.inf if self._minutes is None else max(0.0, self._minutes * 60 - (self._clock() - self._started))

    @property
    def used_up(self) -> frozenset[Role]:
        """Roles whose own budgets let no further call pass."""
        return frozenset(role for role, purse in self._purses.items() if purse.used_up)

    def exhausted(self) -> str | None:
        """Which limit of the whole run is reached, as a sentence that names its flag; None while there is something left."""
        if self._whole and (self._whole.used_up or not self._whole.fits(NOTHING)) and self._whole.used_up:
            return self._whole.used_up
        return self.timed_out()

    def timed_out(self) -> str | None:
        """That the minutes are over; None: they are not."""
        if self._minutes is None:
            return None
        if self.minutes_left <= 0:
            return f"the {self._minutes:g} minutes of --max-minutes are over"
        return None

    def reply(self, role: Role, model: str) -> int:
        """Tokens to reserve for an answer whose length nothing bounds."""
        return max(REPLY, self._longest.get((role, model), 0))

    async def reserve(self, role: Role, wish: Sum, *, check: Callable[[], None] = lambda: None) -> None:
        """Keep `wish` for a call of `role`, once it fits; to be taken back by `release`.

        Args:
            check: called after each wait; raises when there is nothing more to wait for.

        Raises:
            CallFailed: `budget`: it will never fit; or what `check` raises.
        """
        purses = self._of(role)
        while not all([purse.fits(wish) for purse in purses]):
            for purse in purses:
                if purse.used_up:
                    raise CallFailed("budget", purse.used_up)
            await self._settlement()
            check()
        for purse in purses:
            purse.promise(wish)

    def release(self, role: Role, wish: Sum) -> None:
        """Take back what was kept for a call of `role`."""
        for purse in self._of(role):
            purse.promise(wish, -1)
        self.wake()

    def count(self, role: Role, model: str, *, usage: Usage | None, cost: float | None, estimated: Estimated | None = None) -> None:
        """Note an answered call.

        Args:
            estimated: what counts for what is unknown of it.
        """
        self._account(role).count(model, usage, cost, estimated)
        self._total.count(model, usage, cost, estimated)
        for purse in self._of(role):
            purse.spend(_in_the_budget(usage, cost, estimated))
        if usage is not None and usage.output > REPLY:
            self._longest[role, model] = max(usage.output, self._longest.get((role, model), 0))

    def add(self, role: Role, spent: Spent) -> None:
        """Note what answered calls have taken."""
        self._account(role).add(spent)
        self._total.add(spent)
        for purse in self._of(role):
            purse.spend(Sum(spent.cost + spent.estimated.cost, spent.tokens + spent.estimated.tokens))

    def _account(self, role: Role) -> _Account:
        account = self._by_role.get(role)
        if account is None:
            account = self._by_role[role] = _Account()
        return account

    def wake(self) -> None:
        """Let those who wait for a settlement look again."""
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not one.done():
                one.get_loop().call_soon_threadsafe(_wake, one)

    async def _settlement(self) -> None:
        one = asyncio.get_running_loop().create_future()
        self._waiting.append(one)
        await one

    def _of(self, role: Role) -> list[BudgetPurse]:
        purses = [self._whole] if self._whole else []
        return [*purses, self._purses[role]] if role in self._purses else purses


def _wake(one: asyncio.Future[None]) -> None:
    if not one.done():
        one.set_result(None)
