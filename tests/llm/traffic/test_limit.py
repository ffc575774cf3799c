"""How many calls may be in flight: growth, cuts and what says nothing; time is a number here."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.spec import Limits
from sim.core.spec.tuning import Tuning
from sim.llm.failures import AttemptFailed
from sim.llm.traffic.lanes import CallDestination
from sim.llm.traffic.limit import AdaptiveLimit
from sim.llm.traffic.pace import Pace
from sim.llm.traffic.passage import TokenEstimate, Traffic


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _limit(*, start: int = 20, cap: int = 256) -> tuple[AdaptiveLimit, Hands]:
    clock = Hands()
    return AdaptiveLimit(start=start, cap=cap, clock=clock), clock


def _round(limit: AdaptiveLimit, *, used: float = 1.0, broken: int = 0) -> None:
    """As many answers as the limit lets be in flight, so much of it being used."""
    peak = max(1, int(limit.value * used))
    for _ in range(broken):
        limit.broke()
    for _ in range(max(limit.value, 4)):
        limit.entered(peak)
        limit.answered(peak)


def test_it_doubles_each_clean_round_up_to_the_cap() -> None:
    limit, _ = _limit()
    seen = [limit.value]
    for _ in range(6):
        _round(limit)
        seen.append(limit.value)
    assert seen == [20, 40, 80, 160, 256, 256, 256]


def test_after_the_first_refusal_it_grows_by_a_twentieth() -> None:
    limit, clock = _limit(start=100)
    limit.limited(None)
    assert limit.value == 80
    clock.now += 15
    _round(limit)
    assert limit.value == 84


def test_it_grows_only_where_it_is_nearly_reached() -> None:
    limit, _ = _limit()
    _round(limit, used=0.75)
    assert limit.value == 20
    _round(limit, used=0.8)
    assert limit.value == 40


def test_what_breaks_stops_growth_and_never_cuts() -> None:
    limit, _ = _limit()
    _round(limit, broken=1)
    assert limit.value == 20
    for _ in range(1_000):
        limit.broke()
    assert limit.value == 20
    _round(limit)
    _round(limit)
    assert limit.value == 40, "the round in which it broke lets nothing grow, the next does"


def test_an_episode_cuts_once_and_its_end_is_set_once() -> None:
    limit, clock = _limit(start=100)
    for _ in range(50):
        limit.limited(89)
        clock.now += 1
    assert limit.value == 80, "the refusals of what was sent before the cut say nothing new"
    clock.now = 89
    limit.limited(None)
    assert limit.value == 64, "the end of the episode was set at its beginning, and not pushed on by those that followed"


def test_it_does_not_grow_while_it_cools_down() -> None:
    limit, clock = _limit(start=10)
    limit.limited(None)
    _round(limit)
    assert limit.value == 8
    clock.now = 15
    _round(limit)
    assert limit.value == 9


def test_a_fixed_one_stays_and_a_freed_one_goes_on() -> None:
    limit, _ = _limit()
    limit.fix(7)
    _round(limit)
    limit.limited(None)
    assert limit.value == 7
    limit.free(cap=10)
    assert limit.value == 7


@given(st.lists(st.sampled_from(["answered", "limited", "broke", "time"]), max_size=300), st.integers(1, 300), st.integers(1, 300))
def test_it_stays_between_one_and_its_cap_whatever_happens(happens: list[str], start: int, cap: int) -> None:
    limit, clock = _limit(start=start, cap=cap)
    for one in happens:
        match one:
            case "answered":
                limit.entered(limit.value)
                limit.answered(limit.value)
            case "limited":
                limit.limited(None)
            case "broke":
                limit.broke()
            case "time":
                clock.now += 20
        assert 1 <= limit.value <= cap


class Stage:
    """A traffic whose time is simulated: sleepers are woken in the order of their time once nobody has anything else to do."""

    def __init__(self, limits: Limits) -> None:
        self.clock = Hands()
        self.traffic = Traffic(limits, clock=self.clock, sleep=self.sleep)
        self._waking: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = itertools.count()

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waking, (self.clock.now + seconds, next(self._number), woken))
        await woken

    async def run(self, until: Callable[[], bool]) -> None:
        """Let time pass."""
        while not until():
            for _ in range(10):
                await asyncio.sleep(0)
            if until():
                return
            assert self._waking, "nobody waits, and it has not come"
            at, _, woken = heapq.heappop(self._waking)
            self.clock.now = max(self.clock.now, at)
            if not woken.done():
                woken.set_result(None)


HERE = CallDestination("api.example.com", "openai/any")


async def test_four_hundred_refusals_one_every_two_seconds_bring_it_to_its_minimum_and_it_recovers() -> None:
    """The case of inspect_ai#5137: a cool-down that every refusal pushes on cuts once and freezes."""
    stage = Stage(Limits())
    lane = stage.traffic.lane(HERE)
    assert lane is not None
    seen: list[int] = []

    async def refuse() -> None:
        for _ in range(400):
            lane.limit.limited(89)
            seen.append(lane.limit.value)
            await stage.sleep(2)

    task = asyncio.create_task(refuse())
    await stage.run(task.done)
    assert seen[-1] == 1, "the minimum"
    assert seen == sorted(seen, reverse=True)

    served = 0

    async def call() -> None:
        nonlocal served
        while served < 3_000:
            async with stage.traffic.passage("target", HERE, TokenEstimate()) as here:
                await stage.sleep(0.5)
                here.answered()
            served += 1

    tasks = [asyncio.create_task(call()) for _ in range(50)]
    await stage.run(lambda: served >= 3_000)
    assert lane.limit.value >= 20, "it recovers, a step a round"
    for one in tasks:
        one.cancel()


async def test_a_neighbour_is_not_held_up_by_a_sleeper() -> None:
    stage = Stage(Limits(fixed_calls=1))

    async def limited() -> None:
        async with stage.traffic.passage("rater", HERE, TokenEstimate()) as here:
            here.failed(AttemptFailed("limited", "busy", wait=89))
            await here.rest(89)

    async def neighbour() -> float:
        async with stage.traffic.passage("target", HERE, TokenEstimate()) as here:
            here.answered()
            return stage.clock.now

    sleeper, other = asyncio.create_task(limited()), asyncio.create_task(neighbour())
    await stage.run(sleeper.done)
    assert (await other, stage.clock.now) == (0.0, 89.0)


@pytest.mark.parametrize(("near", "concurrency", "start"), [(True, 50, 50), (True, 5, 20), (False, 50, 20), (True, 5_000, 256)])
def test_it_starts_high_only_where_nobody_else_is_in_the_way(near: bool, concurrency: int, start: int) -> None:
    lane = Traffic(Limits(), concurrency=concurrency).lane(CallDestination("h", "m", near))
    assert lane is not None
    assert lane.limit.value == start


def test_a_pace_lets_a_minutes_worth_pass_in_a_minute() -> None:
    clock = Hands()
    pace = Pace(120, clock)
    waits = [pace.wait() for _ in range(121)]
    assert waits[0] == pytest.approx(0.5)
    assert waits == sorted(waits)
    assert waits[119] == pytest.approx(60)
    clock.now = 1_000
    assert [pace.wait() for _ in range(3)] == pytest.approx([0, 0, 0.5]), "a second's worth is saved up, and no more"


def test_tokens_that_were_not_taken_are_given_back_to_the_pace() -> None:
    pace = Pace(6_000, Hands())
    assert pace.wait(200) == pytest.approx(2)
    pace.give_back(150)
    assert pace.wait(50) == pytest.approx(1)


async def test_requests_and_tokens_a_minute_hold_through_the_door() -> None:
    for limits, calls, seconds in ((Limits(requests_per_minute=60), 61, 60), (Limits(tokens_per_minute=600), 7, 60)):
        stage = Stage(limits)

        async def call(stage: Stage = stage) -> None:
            async with stage.traffic.passage("target", HERE, TokenEstimate(80, 20)):
                pass

        tasks = [asyncio.create_task(call()) for _ in range(calls)]
        await stage.run(lambda tasks=tasks: all(t.done() for t in tasks))  # type: ignore[misc]
        assert seconds <= stage.clock.now <= seconds * 7 / 6


async def test_it_is_retuned_while_calls_are_in_flight() -> None:
    stage = Stage(Limits(calls_at_once=30))
    said: list[str] = []
    stage.traffic.say = said.append
    wanted: list[Tuning | None] = [None]
    stage.traffic.tuning = lambda: wanted[0]
    in_flight = most = 0

    async def call() -> None:
        nonlocal in_flight, most
        while stage.clock.now < 60:
            async with stage.traffic.passage("target", HERE, TokenEstimate()) as here:
                in_flight += 1
                most = max(most, in_flight)
                await stage.sleep(0.5)
                in_flight -= 1
                here.answered()

    tasks = [asyncio.create_task(call()) for _ in range(100)]
    await stage.run(lambda: stage.clock.now >= 10)
    assert most == 30
    wanted[0], most = Tuning(calls=40), 0
    await stage.run(lambda: stage.clock.now >= 20)
    assert most == 40, "also beyond the cap of the study: it is said by hand"
    wanted[0] = Tuning(calls=40, models={HERE.model: 2})
    await stage.run(lambda: stage.clock.now >= 25)
    most = 0
    await stage.run(lambda: stage.clock.now >= 30)
    assert most == 2
    wanted[0] = Tuning()
    await stage.run(lambda: stage.clock.now >= 59)
    assert most == 30
    assert said == [
        "calls in flight to openai/any: 40",
        "calls in flight to openai/any: 2",
    ]
    for task in tasks:
        task.cancel()
