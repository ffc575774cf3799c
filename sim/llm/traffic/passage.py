"""The door itself: `async with traffic.passage(role, destination, estimate) as here` stands around every call, to whatever it goes.

Within it a call has a place among those in flight. `here.rest(seconds)` gives the place back while the call waits for its next attempt, and
`here.settle(…)` says what the call has taken.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Self

from sim.core.errors import CallFailed
from sim.core.event import Estimated, Role, Usage
from sim.core.ports import Clock
from sim.core.spec import Limits
from sim.core.spec.tuning import Tuning
from sim.core.view import CHARACTERS_PER_TOKEN
from sim.llm.failures import AttemptFailed
from sim.llm.prices import Price
from sim.llm.traffic.breaker import Breaker
from sim.llm.traffic.budget import Budget, Spent, Sum
from sim.llm.traffic.lanes import CallDestination, Host, Lane
from sim.llm.traffic.limit import START, AdaptiveLimit
from sim.llm.traffic.pace import Pace

if TYPE_CHECKING:
    from types import TracebackType

LOOK = 1.0
"""Seconds between two looks at what is wanted of a run under way."""


class TokenEstimate(NamedTuple):
    """What a call may take, in tokens, before it is made."""

    input: int = 0
    output: int | None = 0
    """None: nothing bounds the answer."""


def estimate(texts: Iterable[str], *, output: int | None = None) -> TokenEstimate:
    """What a call may take that sends `texts`.

    Args:
        output: tokens that the answer may have, where something bounds it.
    """
    return TokenEstimate(sum(map(len, texts)) // CHARACTERS_PER_TOKEN, output)


class Settled(NamedTuple):
    """What a call has taken."""

    usage: Usage | None
    cost: float | None
    estimated: Estimated | None
    """What counts against the budget for what is unknown of it."""


WORTH_SAYING = 10.0
"""Seconds from which on it is said who is waited for."""
_CALLED: Mapping[Role, str] = {"memory": "the target's memory", "probe": "the target"}


class OldestCall(NamedTuple):
    """Of all calls under way, the one that has been for longest."""

    role: Role
    seconds: float


def waited_for(waiting: OldestCall | None) -> str:
    """It in words; nothing where nobody has been waited for long."""
    if waiting is None or waiting.seconds < WORTH_SAYING:
        return ""
    return f"waiting for {_CALLED.get(waiting.role, f'the {waiting.role}')}, {waiting.seconds:.0f} s"


class Traffic:
    """All calls of one execution: how many are in flight, what they have spent, and the switch that ends them.

    Args:
        limits: of the run.
        concurrency: trials under way at once.
        spent: what earlier executions of the run have spent, by role (`tally`).
        clock: seconds, which `max_minutes` is held against; it counts from now.
        sleep: lets seconds pass; left out: by the event loop, until the run is stopped.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        concurrency: int = 1,
        spent: Mapping[Role, Spent] | None = None,
        clock: Clock = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        self.budget = Budget(limits, clock, spent=spent)
        self.say: Callable[[str], None] = _unsaid
        """Is given a line when a provider goes down or comes back."""
        self.tuning: Callable[[], Tuning | None] = _untuned
        """Looked at now and then: how many calls are to be in flight, where that has changed."""
        self.count: Callable[[int], None] = _uncounted
        """Told how many calls are begun, and with a minus how many of these came to nothing."""
        self.spent_up = False
        """Whether a call was refused because a limit of the whole run is reached."""
        self.elsewhere: Callable[[], int] = _nowhere
        """How many calls are in flight that workers make for this execution in processes of their own."""
        self._limits = limits
        self._concurrency = concurrency
        self._clock = clock
        self._hosts: dict[str, Host] = {}
        self._lanes: dict[CallDestination, Lane] = {}
        self._sleep = sleep
        self._sleepers: set[asyncio.Future[None]] = set()
        self._stopped = False
        self._over = ""
        self._closed: set[Role] = set()
        self._tuned = Tuning()
        self._look_at = -math.inf
        self._under_way: dict[Passage, float] = {}

    def passage(self, role: Role, destination: CallDestination, estimate: TokenEstimate, *, price: Price | None = None) -> Passage:
        """What a call passes that is made for `role`, goes to `destination` and may take `estimate`.

        Args:
            price: None: unknown.
        """
        return Passage(self, role, destination.model, self.lane(destination), estimate, price)

    def way_to(self, destination: CallDestination, *, price: Price | None = None) -> Enter:
        """`passage` with a fixed destination."""
        return partial(self._pass, destination, price)

    def _pass(self, destination: CallDestination, price: Price | None, role: Role, estimate: TokenEstimate) -> Passage:
        return self.passage(role, destination, estimate, price=price)

    @property
    def load(self) -> tuple[int, int]:
        """How many calls are in flight to other machines or programs, and how many may be."""
        hosts = self._hosts.values()
        return sum(host.in_flight for host in hosts) + self.elsewhere(), sum(host.limit for host in hosts)

    @property
    def waiting(self) -> OldestCall | None:
        """Who has been waited for longest of all whose calls are under way; None: nobody is waited for."""
        oldest = next(iter(self._under_way.items()), None)
        return oldest and OldestCall(oldest[0].role, self._clock() - oldest[1])

    def begin(self, passage: Passage) -> None:
        """Note that a call is under way."""
        self._under_way[passage] = self._clock()

    def end_of(self, passage: Passage) -> None:
        """Note that it is over."""
        self._under_way.pop(passage, None)

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    def stop(self) -> None:
        """Let every further call, and every wait between attempts, end in `interrupted`. To be called in the event loop's thread."""
        self._stopped = True
        for sleeper in self._sleepers:
            if not sleeper.done():
                sleeper.set_result(None)
        self.budget.wake()

    def end(self, why: str) -> None:
        """Let every further call, and every wait between attempts, end in `budget`: a limit of the whole run is reached, as its driver knows."""
        self._over = why
        for sleeper in self._sleepers:
            if not sleeper.done():
                sleeper.set_result(None)
        self.budget.wake()

    def exhausted(self) -> str | None:
        """Which limit of the budget is reached; None while there is something left."""
        return self.budget.exhausted()

    def check(self) -> None:
        """See that calls may still be made.

        Raises:
            CallFailed: `interrupted` after `stop`, `budget` once a limit is reached.
        """
        self.check_time()
        reached = self.budget.exhausted()
        if reached is not None:
            self.spent_up = True
            raise CallFailed("budget", reached)

    def check_time(self) -> None:
        """See that calls which have their part of the budget may go on.

        Raises:
            CallFailed: `interrupted` after `stop`, `budget` once the minutes are over.
        """
        if self._stopped:
            raise CallFailed("interrupted", "the run is being stopped")
        over = self._over or self.budget.timed_out()
        if over is not None:
            self.spent_up = True
            raise CallFailed("budget", over)

    async def rest(self, seconds: float, *, woken_by: set[asyncio.Future[None]] | None = None) -> None:
        """Let time pass; ends early when the run is stopped or its minutes are over.

        Args:
            woken_by: who is in it when something happens is woken.

        Raises:
            CallFailed: as `check_time`.
        """
        self.check_time()
        seconds = min(seconds, self.budget.minutes_left)
        if self._sleep is not None:
            await self._sleep(seconds)
        else:
            await self._wait(seconds, self._sleepers if woken_by is None else woken_by)
        self.check_time()

    async def _wait(self, seconds: float, woken_by: set[asyncio.Future[None]]) -> None:
        sleeper = asyncio.get_running_loop().create_future()
        self._sleepers.add(sleeper)
        woken_by.add(sleeper)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await sleeper
        finally:
            self._sleepers.discard(sleeper)
            woken_by.discard(sleeper)

    @property
    def closed(self) -> frozenset[Role]:
        """Roles whose calls cannot be made any more in this execution: their provider refuses for good or was down for too
        long, or their own budget is used up."""
        return frozenset(self._closed) | self.budget.used_up

    def close_to(self, role: Role) -> None:
        """Note that calls for `role` cannot be made any more."""
        self._closed.add(role)

    def lane(self, destination: CallDestination) -> Lane | None:
        """The calls to `destination`; None: they run in this process."""
        if destination.host is None:
            return None
        return self._lanes.get(destination) or self._open_lane(destination, destination.host)

    def _open_lane(self, destination: CallDestination, host: str) -> Lane:
        limits, clock = self._limits, self._clock
        shared = self._hosts.get(host)
        if shared is None:
            shared = self._hosts[host] = Host(limits.calls_at_once)
        start = max(START, self._concurrency) if destination.near else START
        limit = AdaptiveLimit(start=start, cap=limits.calls_at_once, clock=clock)
        breaker = self._breaker(destination, host)
        requests, tokens = Pace(limits.requests_per_minute, clock), Pace(limits.tokens_per_minute, clock)
        lane = self._lanes[destination] = Lane(shared, limit, breaker, requests=requests, tokens=tokens)
        self._tune(destination, lane)
        return lane

    def _breaker(self, destination: CallDestination, host: str) -> Breaker:
        name = destination.model if destination.model.startswith(f"{host}/") else f"{destination.model} at {host}"
        return Breaker(name, patience=60 * self._limits.patience, clock=self._clock, say=lambda line: self.say(line))

    def look(self) -> None:
        """See whether somebody wants another number of calls in flight; the file is looked at once in `LOOK` seconds."""
        now = self._clock()
        if now < self._look_at:
            return
        self._look_at = now + LOOK
        tuning = self.tuning()
        if tuning is not None and tuning != self._tuned:
            self._tuned = tuning
            for destination, lane in self._lanes.items():
                before = lane.limit.value
                self._tune(destination, lane)
                if lane.limit.value != before or tuning.of(destination.model):
                    exactly = "" if tuning.of(destination.model) else ", and adapted from here on"
                    self.say(f"calls in flight to {destination.model}: {lane.limit.value}{exactly}")

    def _tune(self, destination: CallDestination, lane: Lane) -> None:
        """Let as many calls be in flight as is wanted, or as the study says."""
        wanted = self._tuned.of(destination.model) or self._limits.fixed_calls
        lane.limit.fix(wanted) if wanted else lane.limit.free(cap=self._limits.calls_at_once)
        assert destination.host is not None
        host = self._hosts[destination.host]
        own = [self._tuned.of(d.model) or 0 for d in self._lanes if d.host == destination.host]
        host.cap = max(self._limits.calls_at_once, sum(own))
        lane.admit()


def _uncounted(calls: int) -> None:
    """Nobody counts."""


def _nowhere() -> int:
    """No worker makes calls."""
    return 0


def _untuned() -> None:
    """Nobody wants anything else than the study says."""


def _unsaid(line: str) -> None:
    """Nobody listens."""


class Passage:
    """One call on its way. Use `Traffic.passage`."""

    __slots__ = ("_estimate", "_failed", "_inside", "_lane", "_model", "_open", "_price", "_probing", "_role", "_traffic", "_wish")

    def __init__(self, traffic: Traffic, role: Role, model: str, lane: Lane | None, estimate: TokenEstimate, price: Price | None) -> None:
        self._traffic = traffic
        self._role = role
        self._model = model
        self._lane = lane
        self._estimate = TokenEstimate(estimate.input, traffic.budget.reply(role, model)) if estimate.output is None else estimate
        self._price = price
        self._wish: Sum | None = None
        self._inside = self._failed = self._probing = self._open = False

    async def __aenter__(self) -> Self:
        traffic = self._traffic
        traffic.check()
        if traffic.budget.bounded:
            wish = Sum(self._reckoned_cost() or 0.0, self._tokens)
            await traffic.budget.reserve(self._role, wish, check=traffic.check_time)
            self._wish = wish
        if self._lane is not None:
            try:
                await self._enter(self._lane)
            except BaseException:
                self._release()
                raise
            self._open = True
            traffic.count(1)
        traffic.begin(self)
        return self

    @property
    def role(self) -> Role:
        """What it is made for."""
        return self._role

    @property
    def _tokens(self) -> int:
        """What the call may take, in and out."""
        return self._estimate.input + (self._estimate.output or 0)

    def _reckoned_cost(self) -> float | None:
        """What that costs; None: nobody knows."""
        return self._price.cost(Usage(input=self._estimate.input, output=self._estimate.output or 0)) if self._price else None

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._traffic.end_of(self)
        # A call that is cancelled may have been answered; any other that was not settled came to nothing.
        if self._open and kind is not asyncio.CancelledError:
            self._traffic.count(-1)
        self._leave()
        self._release()

    def _release(self) -> None:
        """Give back what is still reserved: all of it where the call was not answered."""
        if self._wish is not None:
            wish, self._wish = self._wish, None
            self._traffic.budget.release(self._role, wish)

    async def rest(self, seconds: float) -> None:
        """Give the place back, wait, and take one again; while the provider is down, not before it is back.

        Raises:
            CallFailed: as `Traffic.check`, or the provider is not asked any more.
        """
        self._leave()
        await self._traffic.rest(seconds)
        if self._lane is not None:
            await self._enter(self._lane)

    def answered(self) -> None:
        """Note that an attempt was answered."""
        lane = self._lane
        if lane is not None:
            lane.breaker.answered()
            if not self._failed:
                lane.limit.answered(lane.in_flight)

    def failed(self, failure: AttemptFailed) -> bool:
        """Note that an attempt failed.

        Returns:
            Whether its provider is held to be down, so that the attempt says nothing of the call.
        """
        self._failed = True
        lane = self._lane
        if lane is None:
            return False
        match failure.kind:
            case "down":
                lane.limit.broke()
                return lane.breaker.failed(failure.brief, probing=self._probing)
            case "other":
                lane.limit.broke()
                return False
            case "limited":
                lane.limit.limited(failure.wait)
                lane.breaker.alive()
            case "final":
                lane.breaker.refused(failure.brief)
            case _:
                lane.breaker.answered()
        return False

    def settle(self, usage: Usage | None, cost: float | None) -> Settled:
        """Note what the call has taken; what is unknown of it is settled at what was reserved.

        Args:
            usage: None: nobody said.
            cost: US dollars, as the provider's library has worked them out; None: it has not.
        """
        price = self._price
        if price is not None and (cost is None or price.told) and (usage is not None or price.flat):
            cost = price.cost(usage) if usage is not None else self._reckoned_cost()
        estimated = None
        if usage is None:
            at = self._reckoned_cost() if cost is None else None
            estimated = Estimated(input=self._estimate.input, output=self._estimate.output or 0, cost=at)
        self._traffic.budget.count(self._role, self._model, usage=usage, cost=cost, estimated=estimated)
        self._open = False
        self._release()
        if self._lane is not None and usage is not None:
            self._lane.tokens.give_back(self._tokens - usage.input - usage.output)
        return Settled(usage, cost, estimated)

    async def _enter(self, lane: Lane) -> None:
        """Take a place. Whether a call may be made is looked at before the queue and behind it, for others spend meanwhile."""
        traffic = self._traffic
        traffic.check_time()
        traffic.look()
        early = await lane.early(self._tokens)
        if early > 0:
            await traffic.rest(early)
        while wait := lane.breaker.wait():
            await traffic.rest(wait, woken_by=lane.breaker.sleepers)
        self._probing = lane.breaker.open
        try:
            await lane.enter()
            self._inside = True
            traffic.check_time()
            if lane.breaker.shut:
                traffic.close_to(self._role)
                raise CallFailed("infrastructure", lane.breaker.shut)
        except BaseException:
            self._leave()
            raise

    def _leave(self) -> None:
        lane = self._lane
        if lane is None:
            return
        if self._probing:
            self._probing = False
            lane.breaker.left()
        if self._inside:
            self._inside = False
            lane.leave()


Enter = Callable[[Role, TokenEstimate], Passage]
"""Makes the passage of one call, whose destination is known."""
