"""The traffic of a worker: the door that every call passes, with limits and budget that are leased from the run's driver in blocks.

A call takes a place, and its part of the budget, from what the worker holds; only one that finds too little there waits until the driver has been
heard. Nothing is decided here that concerns the run as a whole: how many calls a provider bears, how many may go in a minute, and what is left.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from itertools import count

from sim.core.event import Role
from sim.core.ports import Clock
from sim.core.spec import Limits
from sim.core.spec.study import RoleLimits
from sim.llm.traffic.breaker import Breaker
from sim.llm.traffic.budget import NOTHING, SLACK, Budget, BudgetPurse, Spent, Sum
from sim.llm.traffic.lanes import CallDestination, Host, Lane
from sim.llm.traffic.leasing import LaneStatement, LeaseStatement, LeaseTerms, Purse
from sim.llm.traffic.limit import AdaptiveLimit
from sim.llm.traffic.pace import Pace
from sim.llm.traffic.passage import Traffic

_ANY = 1 << 30
"""Calls in flight to a host: the driver holds its cap."""
_WISHES = 1_000
"""Waiting calls that are told of at once."""


class LeasedTraffic(Traffic):
    """All calls of one worker.

    Args:
        limits: of the run.
        asks: called when a call waits for something that only the driver can give.
    """

    def __init__(self, limits: Limits, *, asks: Callable[[], None]) -> None:
        super().__init__(limits)
        self.budget: LeasedBudget = LeasedBudget(limits, self._clock, asks=asks)
        self.count = self._begin
        self._begun = 0
        self._asks = asks
        self._leased: dict[CallDestination, LeasedLane] = {}
        self._recalled = False

    @property
    def pressing(self) -> bool:
        """Whether the driver should be heard soon: a call waits for it, here or elsewhere."""
        return self._recalled or self.budget.wishing or any(lane.waits for lane in self._leased.values())

    def heed(self, terms: LeaseTerms) -> None:
        """Do as the driver says."""
        self._recalled = terms.recall
        for destination, lane in self._leased.items():
            lane.heed(terms.places.get(destination, lane.limit.value), terms.turns.get(destination, ()))
        self.budget.heed(terms)

    def state(self) -> LeaseStatement:
        """What is held, was used and is wanted; what is kept ready is given back where it was recalled."""
        begun, self._begun = self._begun, 0
        held, ready = self.budget.hold(nothing_ready=self._recalled)
        lanes = {destination: lane.state() for destination, lane in self._leased.items()}
        return LeaseStatement(lanes, self.budget.draw_taken(), held, ready, self.budget.wishes(), begun)

    def _begin(self, calls: int) -> None:
        self._begun += calls

    def _open_lane(self, destination: CallDestination, host: str) -> Lane:
        limits, clock = self._limits, self._clock
        shared = self._hosts.setdefault(host, Host(_ANY))
        paced = limits.requests_per_minute is not None or limits.tokens_per_minute is not None
        lane = LeasedLane(shared, self._breaker(destination, host), paced=paced, asks=self._asks, clock=clock)
        self._lanes[destination] = self._leased[destination] = lane
        return lane


class LeasedLimit(AdaptiveLimit):
    """The places that a worker holds at one model, and what its calls find out about how many it bears, for the driver to adapt them by."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(start=0, cap=_ANY, clock=clock)
        self.draw(0)

    def draw(self, in_flight: int) -> None:
        """Begin anew, with so many calls in flight."""
        self.peak, self.answers = in_flight, 0
        self.refusals: list[float | None] = []
        self.clean = True

    def entered(self, in_flight: int) -> None:
        """A call has taken a place, and so many have one now."""
        self.peak = max(self.peak, in_flight)

    def answered(self, in_flight: int) -> None:
        """A call was answered at its first attempt."""
        self.answers += 1

    def limited(self, wait: float | None) -> None:
        """The provider said that it was too much."""
        self.refusals.append(wait)

    def broke(self) -> None:
        """A call broke."""
        self.clean = False


class _LeasedPace(Pace):
    """Tokens a minute, which the driver counts."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(None, clock)
        self.back = 0

    def give_back(self, amount: float) -> None:
        """Less was taken than had been thought."""
        self.back += int(amount)


class LeasedLane(Lane):
    """The calls of one worker to one model."""

    limit: LeasedLimit

    def __init__(self, host: Host, breaker: Breaker, *, paced: bool, asks: Callable[[], None], clock: Clock) -> None:
        self._back = _LeasedPace(clock)
        super().__init__(host, LeasedLimit(clock), breaker, requests=Pace(None, clock), tokens=self._back)
        self._paced = paced
        self._asks = asks
        self._unasked: list[tuple[int, asyncio.Future[float]]] = []
        self._asked: deque[asyncio.Future[float]] = deque()

    @property
    def waits(self) -> bool:
        """Whether a call waits for a place or for its turn."""
        return bool(self.queued or self._unasked or self._asked)

    async def early(self, tokens: int) -> float:
        """See `Lane.early`."""
        if not self._paced:
            return 0.0
        turn: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._unasked.append((tokens, turn))
        self._asks()
        return await turn

    async def enter(self) -> None:
        """Take a place; where there is none, ask for more."""
        if self.in_flight >= self.limit.value:
            self._asks()
        await super().enter()

    def heed(self, places: int, turns: tuple[float, ...]) -> None:
        """Have so many places, and let the calls go that waited for their turns."""
        for seconds in turns:
            turn = self._asked.popleft()
            if not turn.done():
                turn.set_result(seconds)
        self.limit.value = places
        self.admit()

    def state(self) -> LaneStatement:
        """What has happened since the last time."""
        limit = self.limit
        turns = tuple(tokens for tokens, _ in self._unasked)
        self._asked.extend(turn for _, turn in self._unasked)
        self._unasked.clear()
        back, self._back.back = self._back.back, 0
        found = LaneStatement(
            self.in_flight, self.queued, limit.peak, limit.answers, tuple(limit.refusals), not limit.clean, turns=turns, tokens_back=back
        )
        limit.draw(self.in_flight)
        return found


class LeasedBudget(Budget):
    """What a worker may spend: what it holds of the run's budget, in all and by role.

    Args:
        asks: called when a call waits for more.
    """

    def __init__(self, limits: Limits, clock: Clock, *, asks: Callable[[], None]) -> None:
        super().__init__(limits.model_copy(update={"max_minutes": None}), clock)
        self._asks = asks
        self._numbers = count()
        self._wishes: dict[int, tuple[Role, Sum]] = {}

    def _open_purse(self, limits: RoleLimits, role: Role | None, spent: Spent) -> BudgetPurse:
        return LeasedPurse(limits, role, spent)

    @property
    def wishing(self) -> bool:
        """Whether a call waits."""
        return bool(self._wishes)

    def wishes(self) -> tuple[tuple[Role, Sum], ...]:
        """The calls that wait, in the order of arrival."""
        return tuple(self._wishes.values())[:_WISHES]

    async def reserve(self, role: Role, wish: Sum, *, check: Callable[[], None] = lambda: None) -> None:
        """See `Budget.reserve`."""
        if all([purse.fits(wish) for purse in self._of(role)]):
            await super().reserve(role, wish, check=check)
            return
        number = next(self._numbers)
        self._wishes[number] = role, wish
        self._asks()
        try:
            await super().reserve(role, wish, check=check)
        finally:
            del self._wishes[number]

    def heed(self, terms: LeaseTerms) -> None:
        """Have more to spend, or nothing any more."""
        purses = self._by_name()
        for name, more in terms.budget.items():
            purses[name].lend(more)
        for name, why in terms.used_up.items():
            purses[name].used_up = why
        if terms.budget or terms.used_up:
            self.wake()

    def hold(self, *, nothing_ready: bool) -> tuple[Mapping[Purse, Sum], Mapping[Purse, Sum]]:
        """What is held of each budget, and what of it is kept ready."""
        purses = self._by_name()
        if nothing_ready:
            for purse in purses.values():
                purse.give_back()
        return {name: purse.held for name, purse in purses.items()}, {name: purse.ready for name, purse in purses.items()}

    def draw_taken(self) -> Mapping[Role, Spent]:
        """What settled calls have taken since the last time."""
        taken, self._by_role = self.by_role, {}
        return taken

    def _by_name(self) -> dict[Purse, LeasedPurse]:
        purses: list[tuple[Purse, BudgetPurse]] = [*([(None, self._whole)] if self._whole else ()), *self._purses.items()]
        return {name: purse for name, purse in purses if isinstance(purse, LeasedPurse)}


class LeasedPurse(BudgetPurse):
    """What a worker holds of one budget."""

    _lent = NOTHING
    """Ready to be promised."""

    @property
    def ready(self) -> Sum:
        """What may still be promised; where calls took more than they had reserved it is nothing."""
        return Sum(max(self._lent.cost, 0.0), max(self._lent.tokens, 0))

    @property
    def held(self) -> Sum:
        """What is promised or ready."""
        return Sum(self.ready.cost + self._promised.cost, self.ready.tokens + self._promised.tokens)

    def fits(self, wish: Sum, own: Sum = NOTHING) -> bool:
        """Whether `wish` can be promised now."""
        if self.used_up:
            return False
        bounded = self._limits
        dear = bounded.max_cost is not None and wish.cost > self._lent.cost + SLACK
        return not dear and not (bounded.max_tokens is not None and wish.tokens > self._lent.tokens)

    def promise(self, wish: Sum, sign: int = 1) -> None:
        """Keep `wish` for a call under way, or take the promise back."""
        super().promise(wish, sign)
        self._lent = Sum(self._lent.cost - sign * wish.cost, self._lent.tokens - sign * wish.tokens)

    def spend(self, taken: Sum) -> None:
        """Note what a call has taken."""
        self._lent = Sum(self._lent.cost - taken.cost, self._lent.tokens - taken.tokens)

    def lend(self, more: Sum) -> None:
        """Have more ready."""
        self._lent = Sum(self.ready.cost + more.cost, self.ready.tokens + more.tokens)

    def give_back(self) -> None:
        """Keep nothing ready."""
        self._lent = NOTHING
