"""A full disk costs nothing that was bought: an answer that cannot be written is held until there is room.

Nothing further is bought meanwhile, for a trial goes on only from what is kept. When patience is over, or the run is told to stop, it ends.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from sim.core.errors import RunStuck

if TYPE_CHECKING:
    from sim.core.batch import EncodedEvent, EventBatch
    from sim.core.event import Event
    from sim.core.ports import BatchSink, Clock
    from sim.llm.traffic.passage import Traffic

EVERY = 0.5
"""Seconds between two attempts."""


class HoldingSink:
    """A sink that waits where the one behind it has no room.

    Args:
        traffic: of the run; says what is waited for, and tells when the run is stopped.
        may_pass: whether it is worth waiting for what a sink complains of.
        patience: seconds; 0: a complaint is raised at once.
        clock: seconds.
    """

    def __init__(
        self,
        sink: BatchSink,
        traffic: Traffic,
        *,
        may_pass: Callable[[RunStuck], bool],
        patience: float,
        clock: Clock = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._sink = sink
        self._traffic = traffic
        self._may_pass = may_pass
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._turn = asyncio.Lock()
        self._full_since: float | None = None

    async def append(self, event: Event) -> None:
        """Keep `event`, now or when there is room.

        Raises:
            RunStuck: it cannot be kept, and waiting does not help or was in vain.
        """
        try:
            await self._sink.append(event)
        except RunStuck as stuck:
            await self._hold(stuck, lambda: self._sink.append(event))

    async def append_batch(self, batch: EventBatch) -> None:
        """Keep all of `batch`. Otherwise as `append`."""
        try:
            await self._sink.append_batch(batch)
        except RunStuck as stuck:
            await self._hold(stuck, lambda: self._sink.append_batch(batch))

    def events(self, trial: str) -> Sequence[Event]:
        """The trial's events."""
        return self._sink.events(trial)

    def encoded(self, trial: str) -> Sequence[EncodedEvent]:
        """The trial's events as rows."""
        return self._sink.encoded(trial)

    async def _hold(self, stuck: RunStuck, keep: Callable[[], Awaitable[None]]) -> None:
        if not self._may_pass(stuck):
            raise stuck
        # One tries for all that are held.
        async with self._turn:
            while True:
                try:
                    await keep()
                except RunStuck as again:
                    if not self._may_pass(again) or self._is_over(again):
                        raise
                else:
                    self._has_room()
                    return
                await self._sleep(EVERY)

    def _is_over(self, stuck: RunStuck) -> bool:
        """Whether nothing is waited for any more."""
        if self._traffic.stopped or not self._patience:
            return True
        now = self._clock()
        if self._full_since is None:
            self._full_since = now
            problem = str(stuck).partition(";")[0]
            self._traffic.say(
                f"paused: {problem}; make room: answers are held and nothing is asked for, for up to {self._patience / 60:g} minutes (--patience)"
            )
        return now - self._full_since >= self._patience

    def _has_room(self) -> None:
        if self._full_since is not None:
            self._traffic.say(f"there is room again after {self._clock() - self._full_since:.0f} s; the run goes on")
            self._full_since = None
