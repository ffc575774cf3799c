"""Working through a list, so many items at once: tasks whose first failure is raised as it is, and a judge that is given up where nothing answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@asynccontextmanager
async def tasks() -> AsyncIterator[asyncio.TaskGroup]:
    """A group of tasks. The first exception in one of them cancels the others and is raised by itself, not in a group of exceptions."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None


async def work_through(
    items: Iterable[T], work: Callable[[T], Awaitable[object]], *, at_once: int, until: Callable[[], bool] = lambda: False
) -> None:
    """Await `work` for each of `items`.

    Args:
        items: taken one by one, as soon as there is a worker for the next.
        work: what it raises cancels all other work and is raised.
        at_once: items under way at once.
        until: asked before each item; once it is true, no further one is taken.
    """
    waiting = iter(items)

    async def worker() -> None:
        while not until():
            # `for` would take an item before `until` is asked, and lose it.
            try:
                item = next(waiting)
            except StopIteration:
                return
            await work(item)

    async with tasks() as group:
        for _ in range(at_once):
            group.create_task(worker())


@dataclass
class GivenUp:
    """A judge that has failed from the start as often as it is asked at once need not be asked for every reply."""

    after: int
    alive: bool = False
    """Whether any call was answered."""
    why: str = ""
    """Why it is not to be asked; empty: it is."""
    _failed: int = 0

    def note(self, why: str) -> None:
        """A call has failed."""
        self._failed += 1
        if not self.alive and self._failed >= self.after:
            self.why = f"not asked: the first {self._failed} calls failed, {why}"
