"""Working through a list: how many at once, when it ends, and what a failure does to the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from sim.engine.pool import work_through
from tests.waiting import turns


class Counting:
    """Work that takes a few turns of the loop, and knows how much of it is under way."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.done: list[int] = []

    async def __call__(self, item: int) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await turns(3)
        self.now -= 1
        self.done.append(item)


async def test_so_many_at_once_in_order() -> None:
    work = Counting()
    await work_through(range(10), work, at_once=3)
    assert (work.done, work.most) == (list(range(10)), 3)


async def test_an_item_is_taken_only_when_there_is_a_worker_for_it() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    blocked = asyncio.Event()

    async def wait(item: int) -> None:
        await blocked.wait()

    going = asyncio.create_task(work_through(items(), wait, at_once=4))
    await turns()
    assert taken == [0, 1, 2, 3]
    blocked.set()
    await going
    assert len(taken) == 100


async def test_no_further_item_is_taken_and_none_is_lost_once_it_is_over() -> None:
    work = Counting()
    items = iter(range(10))
    await work_through(items, work, at_once=2, until=lambda: len(work.done) >= 4)
    assert [*work.done, *items] == list(range(10))


async def test_the_first_exception_cancels_the_rest_and_is_raised_by_itself() -> None:
    cancelled: list[int] = []

    async def work(item: int) -> None:
        if item == 1:
            raise KeyError("ours")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(item)
            raise

    with pytest.raises(KeyError, match="ours"):
        await work_through(range(3), work, at_once=3)
    assert sorted(cancelled) == [0, 2]


async def test_what_the_list_itself_raises_ends_it_too() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise LookupError("the list")

    with pytest.raises(LookupError, match="the list"):
        await work_through(items(), Counting(), at_once=2)
