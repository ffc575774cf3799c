"""Calls in flight: a lane for each model of a host, and a cap on what the lanes of one host have in flight together.

Who finds no place waits in the order of arrival; where several lanes of a host wait for the same place, they take turns.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sim.llm.traffic.breaker import Breaker
    from sim.llm.traffic.limit import AdaptiveLimit
    from sim.llm.traffic.pace import Pace


class CallDestination(NamedTuple):
    """Who a call goes to."""

    host: str | None
    """Host or provider; None: it runs in this process, and nothing bounds how many of its calls are in flight."""
    model: str
    """As the journal names it."""
    near: bool = False
    """Whether it is on this machine or in a private network, where nobody else's calls are in the way."""


class Host:
    """What the lanes of one host share.

    Args:
        cap: calls in flight to it, over all lanes.
    """

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.in_flight = 0
        self.queued = 0
        self._lanes: list[Lane] = []

    def add(self, lane: Lane) -> None:
        """Let a further lane lead to this host."""
        self._lanes.append(lane)

    @property
    def limit(self) -> int:
        """How many calls may be in flight to it now."""
        return min(self.cap, sum(lane.limit.value for lane in self._lanes))

    def admit(self) -> None:
        """Give free places to those who wait."""
        while self.queued and self.in_flight < self.cap:
            lane = next((lane for lane in self._lanes if lane.wanted), None)
            if lane is None:
                return
            lane.admit_one()
            self._lanes.remove(lane)
            self._lanes.append(lane)


class Lane:
    """The calls to one model of one host: how many are in flight, how fast they follow each other, and whether it can be asked at all."""

    def __init__(self, host: Host, limit: AdaptiveLimit, breaker: Breaker, *, requests: Pace, tokens: Pace) -> None:
        self.in_flight = 0
        self.limit = limit
        self.breaker = breaker
        self.requests = requests
        self.tokens = tokens
        self.host = host
        self._waiting: deque[asyncio.Future[None]] = deque()
        host.add(self)

    @property
    def queued(self) -> int:
        """Calls that wait for a place."""
        return len(self._waiting)

    @property
    def wanted(self) -> bool:
        """Whether a call waits for a place that this lane may give."""
        return bool(self._waiting) and self.in_flight < self.limit.value

    async def early(self, tokens: int) -> float:
        """Take a turn under the limits of so much a minute; seconds until a call of so many tokens may go."""
        return max(self.requests.wait(), self.tokens.wait(tokens))

    async def enter(self) -> None:
        """Take a place, as soon as there is one."""
        if not self._waiting and self.in_flight < self.limit.value and self.host.in_flight < self.host.cap:
            self._take()
            return
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        self.host.queued += 1
        try:
            await place
        except BaseException:
            if place.done() and not place.cancelled():
                self.leave()  # The place was given in the moment in which it was no longer wanted.
            elif place in self._waiting:
                self._waiting.remove(place)
                self.host.queued -= 1
            raise

    def leave(self) -> None:
        """Give a place back."""
        self.in_flight -= 1
        self.host.in_flight -= 1
        if self.host.queued:
            self.host.admit()

    def admit(self) -> None:
        """Give free places to those who wait, after the limit has changed."""
        self.host.admit()

    def admit_one(self) -> None:
        """Give a place to the one who has waited longest."""
        place = self._waiting.popleft()
        self.host.queued -= 1
        if place.done():
            return
        self._take()
        loop = place.get_loop()
        if loop is _running():
            place.set_result(None)
        else:  # Somebody's code may ask a model from a thread with an event loop of its own.
            loop.call_soon_threadsafe(_grant, place, self)

    def _take(self) -> None:
        self.in_flight += 1
        self.host.in_flight += 1
        self.limit.entered(self.in_flight)


def _grant(place: asyncio.Future[None], lane: Lane) -> None:
    if place.done():
        lane.leave()
    else:
        place.set_result(None)


def _running() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
