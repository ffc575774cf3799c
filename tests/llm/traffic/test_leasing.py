"""Limits and budget in the hands of several workers: never over them in all together, nothing kept from one that waits, nobody asked needlessly."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.core.errors import CallFailed
from sim.core.event import Usage
from sim.core.spec import Limits
from sim.core.spec.tuning import Tuning
from sim.llm.failures import AttemptFailed
from sim.llm.traffic.lanes import CallDestination
from sim.llm.traffic.leased import LeasedTraffic
from sim.llm.traffic.leasing import NO_TERMS, LeaseTerms
from sim.llm.traffic.lessor import Lessor
from sim.llm.traffic.passage import Traffic, estimate
from tests.waiting import turns

MODEL = CallDestination("host", "openai/m", near=True)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Offices:
    """A driver and its workers, whose exchanges are made one by one."""

    def __init__(self, limits: Limits, workers: int, *, concurrency: int = 1, clock: Callable[[], float] | None = None) -> None:
        self.traffic = Traffic(limits, concurrency=concurrency, clock=clock or Clock())
        self.lessor = Lessor(self.traffic)
        self.asked: Counter[int] = Counter()
        self.workers = [LeasedTraffic(limits, asks=self._ask(n)) for n in range(workers)]
        self._terms: list[LeaseTerms] = [NO_TERMS] * workers

    def _ask(self, number: int) -> Callable[[], None]:
        def ask() -> None:
            self.asked[number] += 1

        return ask

    async def exchange(self, number: int) -> None:
        """One order and its report."""
        self.workers[number].heed(self._terms[number])
        await turns(5)
        self._terms[number] = self.lessor.lease(number, self.workers[number].state())

    async def settle(self, rounds: int = 6) -> None:
        for _ in range(rounds):
            for number in range(len(self.workers)):
                await self.exchange(number)


class Calls:
    """Calls that are in flight until they are told to end."""

    def __init__(self, traffic: LeasedTraffic) -> None:
        self.traffic = traffic
        self.inside = 0
        self.ends: list[asyncio.Event] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.refused: list[CallFailed] = []

    def begin(self, many: int, *, tokens: int = 10, taken: int | None = None) -> None:
        self.tasks += [asyncio.create_task(self._call(tokens, tokens if taken is None else taken)) for _ in range(many)]

    async def _call(self, tokens: int, taken: int) -> None:
        end = asyncio.Event()
        try:
            async with self.traffic.passage("user", MODEL, estimate((), output=tokens)) as here:
                self.inside += 1
                self.ends.append(end)
                await end.wait()
                self.inside -= 1
                here.answered()
                here.settle(Usage(input=0, output=taken), 0.0)
        except CallFailed as failed:
            self.refused.append(failed)

    async def end(self, many: int) -> None:
        for event in self.ends[:many]:
            event.set()
        del self.ends[:many]
        await turns(5)

    async def over(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_no_more_calls_are_in_flight_in_all_workers_together_than_may_be() -> None:
    offices = Offices(Limits(fixed_calls=5), 3)
    calls = [Calls(worker) for worker in offices.workers]
    for these in calls:
        these.begin(4)
    for _ in range(8):
        await offices.settle(1)
        assert sum(these.inside for these in calls) <= 5
        for these in calls:
            these.begin(2)
            await these.end(1)
    assert sorted(these.inside for these in calls) == [1, 2, 2], "an even part each"
    await asyncio.gather(*(these.over() for these in calls))


async def test_one_place_goes_from_worker_to_worker() -> None:
    offices = Offices(Limits(fixed_calls=1), 2)
    calls = [Calls(worker) for worker in offices.workers]
    for these in calls:
        these.begin(3)
    had: list[int] = []
    for _ in range(6):
        await offices.settle(3)
        (who,) = [n for n, these in enumerate(calls) if these.inside]
        had.append(who)
        await calls[who].end(1)
    assert sorted(had) == [0, 0, 0, 1, 1, 1]
    assert had[:2] in ([0, 1], [1, 0]), "nobody is passed over"
    await asyncio.gather(*(these.over() for these in calls))


async def test_what_one_worker_does_not_need_another_has() -> None:
    offices = Offices(Limits(fixed_calls=8), 2)
    idle, busy = (Calls(worker) for worker in offices.workers)
    idle.begin(4)
    await offices.settle()
    await idle.end(4)
    busy.begin(20)
    await offices.settle()
    assert (idle.inside, busy.inside) == (0, 8)
    await asyncio.gather(idle.over(), busy.over())


async def test_calls_within_a_block_ask_nobody() -> None:
    offices = Offices(Limits(fixed_calls=8, max_tokens=1_000_000), 2)
    calls = Calls(offices.workers[0])
    calls.begin(1)
    await offices.settle()
    offices.asked.clear()
    for _ in range(100):
        calls.begin(1)
        await turns(5)
        await calls.end(1)
    assert offices.asked == Counter()
    await calls.over()


async def test_a_change_of_the_limit_reaches_workers_while_they_run() -> None:
    offices = Offices(Limits(fixed_calls=2), 2)
    calls = [Calls(worker) for worker in offices.workers]
    for these in calls:
        these.begin(20)
    await offices.settle()
    assert sum(these.inside for these in calls) == 2
    clock = offices.traffic._clock
    assert isinstance(clock, Clock)
    offices.traffic.tuning = lambda: Tuning(calls=10)
    clock.now += 10
    await offices.settle()
    assert sum(these.inside for these in calls) == 10
    offices.traffic.tuning = lambda: Tuning(calls=4)
    clock.now += 10
    await offices.settle()
    for these in calls:
        await these.end(3)
        await offices.settle()
    assert sum(these.inside for these in calls) == 4
    await asyncio.gather(*(these.over() for these in calls))


async def test_the_limit_grows_by_what_all_workers_calls_met_and_is_cut_once() -> None:
    offices = Offices(Limits(calls_at_once=256), 2)
    calls = [Calls(worker) for worker in offices.workers]
    for these in calls:
        these.begin(200)
    await offices.settle()
    assert sum(these.inside for these in calls) == 20
    for these in calls:
        await these.end(10)
        await offices.settle()
    assert sum(these.inside for these in calls) == 40, "doubled after a clean round of twenty answers in both together"
    for worker in offices.workers:
        lane = worker.lane(MODEL)
        assert lane is not None
        lane.limit.limited(1.0)
    await offices.settle()
    lane = offices.traffic.lane(MODEL)
    assert lane is not None
    assert lane.limit.value == 32, "one episode, though both were refused"
    await asyncio.gather(*(these.over() for these in calls))


async def test_so_much_a_minute_is_counted_in_all_workers_together() -> None:
    clock = Clock()
    offices = Offices(Limits(requests_per_minute=60, fixed_calls=50), 2, clock=clock)
    rests: list[float] = []

    async def sleep(seconds: float) -> None:
        rests.append(round(seconds, 3))

    for worker in offices.workers:
        worker._sleep = sleep
    calls = [Calls(worker) for worker in offices.workers]
    for these in calls:
        these.begin(3)
    await offices.settle()
    assert sorted(rests) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "one a second, whichever worker it is"
    await asyncio.gather(*(these.over() for these in calls))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 400), st.floats(0, 1)), min_size=1, max_size=60),
    st.integers(100, 3_000),
    st.booleans(),
)
def test_no_budget_is_overspent_by_all_workers_together(wishes: list[tuple[int, int, float]], limit: int, by_role: bool) -> None:
    """Calls take no more than they reserved; whatever the order of exchanges, and a worker that dies among them."""

    async def play() -> None:
        limits = Limits.model_validate({"roles": {"user": {"max_tokens": limit}}} if by_role else {"max_tokens": limit})
        offices = Offices(limits, 3)
        calls = [Calls(worker) for worker in offices.workers]
        spent = 0
        for number, (who, tokens, share) in enumerate(wishes):
            if not (number > 30 and who == 2):
                calls[who].begin(1, tokens=tokens, taken=int(share * tokens))
            if number % 3 == 0:
                await offices.settle(1)
            if number == 30:
                spent += offices.workers[2].budget.spent.tokens
                offices.lessor.lose(2)
                await calls[2].over()
                offices.workers.pop()
            for these in calls[: len(offices.workers)]:
                await these.end(len(these.ends) // 2)
        for _ in range(60):
            await offices.settle(1)
            for these in calls[: len(offices.workers)]:
                await these.end(100)
        spent += sum(worker.budget.spent.tokens for worker in offices.workers)
        assert spent <= limit
        for these in calls[: len(offices.workers)]:
            assert all(task.done() for task in these.tasks), "nobody waits for ever: what cannot be had is refused"
            assert all(failed.cause == "budget" for failed in these.refused)
        await asyncio.gather(*(these.over() for these in calls))

    asyncio.run(play())


async def test_what_a_dead_worker_held_counts_as_spent_and_is_said() -> None:
    offices = Offices(Limits(max_tokens=1_000), 2)
    dying, living = (Calls(worker) for worker in offices.workers)
    dying.begin(1, tokens=700)
    await offices.settle()
    offices.lessor.lose(0)
    await dying.over()
    living.begin(1, tokens=700)
    await offices.exchange(1)
    await offices.exchange(1)
    await turns()
    (refused,) = living.refused or [None]
    assert refused is not None
    assert "by calls of workers that died" in refused.message
    await living.over()


async def test_a_provider_that_refuses_is_told_to_the_driver() -> None:
    offices = Offices(Limits(), 1)
    passage = offices.workers[0].passage("user", MODEL, estimate(()))

    async def call() -> None:
        async with passage:
            passage.failed(AttemptFailed("limited", "429", wait=3.0))

    going = asyncio.create_task(call())
    await offices.settle()
    await going
    await offices.settle()
    lane = offices.traffic.lane(MODEL)
    assert lane is not None
    assert lane.limit.value == 16
