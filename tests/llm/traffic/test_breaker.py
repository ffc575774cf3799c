"""A provider that is down is waited for, one that refuses for good is not asked again; time is a number here."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from sim.core.errors import CallFailed
from sim.core.spec import Limits
from sim.llm.attempts import Answer, Outcome, Patience, persist
from sim.llm.failures import AttemptFailed
from sim.llm.traffic.passage import TokenEstimate
from tests.llm.traffic.test_limit import HERE, Stage


class Provider:
    """Answers in a tenth of a second, but while it is down."""

    def __init__(self, stage: Stage, *, down: tuple[float, float] = (-1, -1), failure: AttemptFailed | None = None) -> None:
        self.stage = stage
        self.down = down
        self.failure = failure or AttemptFailed("down", "status 503: busy", brief="status 503")
        self.asked: list[float] = []

    async def attempt(self) -> Answer:
        self.asked.append(self.stage.clock.now)
        await self.stage.sleep(0.1)
        if self.down[0] <= self.stage.clock.now < self.down[1]:
            raise self.failure
        return Answer("hello")

    async def call(self, *, retries: int = 5) -> Outcome:
        patience = Patience(retries=retries, random=lambda: 1.0)
        async with self.stage.traffic.passage("user", HERE, TokenEstimate()) as here:
            return await persist(self.attempt, patience, here)


async def _talk(provider: Provider, calls: int, *, retries: int = 5) -> None:
    for _ in range(calls):
        await provider.call(retries=retries)


@pytest.mark.parametrize("retries", [1, 5])
async def test_down_for_a_minute_in_the_middle_of_two_hundred_trials_none_fails(retries: int) -> None:
    stage = Stage(Limits())
    said: list[str] = []
    stage.traffic.say = said.append
    provider = Provider(stage, down=(3, 63))
    trials = [asyncio.create_task(_talk(provider, 40, retries=retries)) for _ in range(200)]
    await stage.run(lambda: all(t.done() for t in trials))
    assert [t.exception() for t in trials if t.exception()] == []
    assert said[0].startswith("paused: openai/any at api.example.com is down (status 503); calls to it wait")
    assert said[1].startswith("openai/any at api.example.com is back after 6")
    assert len(said) == 2
    while_down = [at for at in provider.asked if 3 <= at < 63]
    assert len(while_down) < 300, "those in flight when it went down, and then one now and then"


async def test_it_is_tried_again_at_growing_intervals_by_one_call_at_a_time() -> None:
    stage = Stage(Limits())
    provider = Provider(stage, down=(1, 200))
    await_it = [asyncio.create_task(_talk(provider, 60)) for _ in range(10)]
    await stage.run(lambda: all(t.done() for t in await_it))
    tries = [at for at in provider.asked if 10 < at < 200]
    gaps = [later - earlier for earlier, later in itertools.pairwise(tries)]
    assert all(gap >= 3 for gap in gaps)
    assert max(gaps) <= 61
    assert gaps == sorted(gaps)


async def test_patience_ends_it_with_the_cause() -> None:
    stage = Stage(Limits(patience=2))
    provider = Provider(stage, down=(1, 10_000))
    tasks = [asyncio.create_task(_talk(provider, 60)) for _ in range(5)]
    await stage.run(lambda: all(t.done() for t in tasks))
    for task in tasks:
        with pytest.raises(CallFailed, match=r"was down for 2 minutes \(status 503\)"):
            await task
    assert 120 <= stage.clock.now < 200
    asked = len(provider.asked)
    with pytest.raises(CallFailed, match="was down"):
        await provider.call()
    assert len(provider.asked) == asked, "it is not waited for again"
    assert stage.traffic.closed == {"user"}


async def test_who_has_never_answered_is_not_waited_for() -> None:
    stage = Stage(Limits())
    provider = Provider(stage, down=(0, 10_000))
    task = asyncio.create_task(provider.call())
    await stage.run(task.done)
    with pytest.raises(AttemptFailed, match=r"status 503: busy \(after 6 attempts\)"):
        await task


async def test_no_retries_are_no_retries() -> None:
    stage = Stage(Limits())
    provider = Provider(stage, down=(1, 10_000))
    first = asyncio.create_task(provider.call(retries=0))
    await stage.run(first.done)
    stage.clock.now = 2
    for _ in range(5):
        task = asyncio.create_task(provider.call(retries=0))
        await stage.run(task.done)
        assert isinstance(task.exception(), AttemptFailed)
    assert len(provider.asked) == 6


async def test_a_sign_of_life_is_enough() -> None:
    stage = Stage(Limits())
    lane = stage.traffic.lane(HERE)
    assert lane is not None
    lane.breaker.answered()
    for _ in range(5):
        lane.breaker.failed("status 500")
    assert lane.breaker.open
    stage.clock.now = 1
    async with stage.traffic.passage("user", HERE, TokenEstimate()) as here:
        here.failed(AttemptFailed("limited", "busy"))
    assert not lane.breaker.open


async def test_who_refuses_for_good_is_asked_a_few_times_and_named_in_full() -> None:
    stage = Stage(Limits())
    said: list[str] = []
    stage.traffic.say = said.append
    provider = Provider(stage, down=(0, 10_000), failure=AttemptFailed("final", "status 402: x", brief="status 402, no credit"))
    for _ in range(5):
        task = asyncio.create_task(provider.call())
        await stage.run(task.done)
        assert isinstance(task.exception(), AttemptFailed)
    with pytest.raises(CallFailed, match=r"not asked any more: it refused 5 times in a row \(status 402, no credit\)"):
        await provider.call()
    assert len(provider.asked) == 5, "none was tried again"
    assert len(said) == 1


async def test_what_is_never_answered_in_time_costs_three_attempts_and_says_what_mends_it() -> None:
    stage = Stage(Limits())
    provider = Provider(stage, down=(0, 10_000), failure=AttemptFailed("down", "no answer within 5 s", timed_out=True))
    task = asyncio.create_task(provider.call())
    await stage.run(task.done)
    with pytest.raises(AttemptFailed, match=r"within 5 s \(after 3 attempts\); raise limits.timeout, or --timeout"):
        await task


async def test_a_call_that_is_cancelled_while_it_finds_out_leaves_that_to_the_next() -> None:
    stage = Stage(Limits())
    lane = stage.traffic.lane(HERE)
    assert lane is not None
    lane.breaker.answered()
    for _ in range(5):
        lane.breaker.failed("status 500")
    stage.clock.now = 1
    first = stage.traffic.passage("user", HERE, TokenEstimate())
    await first.__aenter__()
    assert lane.breaker.wait() > 0, "one is under way"
    await first.__aexit__(None, None, None)
    assert lane.breaker.wait() == 0
    lane.breaker.left()
    async with stage.traffic.passage("user", HERE, TokenEstimate()) as here:
        here.answered()
    assert not lane.breaker.open
