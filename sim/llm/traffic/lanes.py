"""Calls in flight: a lane for each model of a host, and a cap on what the lanes of one host have in flight together.

Who finds no place waits in the order of arrival; where several lanes of a host wait for the same place, they take turns.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple


class Destination(NamedTuple):
    """Who a call goes to."""

    host: str | None
    """Host or provider; None: it runs in this process, and nothing bounds how many of its calls are in flight."""
    model: str
    """As the journal names it."""


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

    def lane(self) -> Lane:
        """A further lane to this host."""
        lane = Lane(self)
        self._lanes.append(lane)
        return lane

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
    """The calls in flight to one model of one host."""

    def __init__(self, host: Host) -> None:
        self.in_flight = 0
        self._host = host
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def wanted(self) -> bool:
        """Whether a call waits for a place that this lane may give."""
        return bool(self._waiting)

    async def enter(self) -> None:
        """Take a place, as soon as there is one."""
        if not self._waiting and self._host.in_flight < self._host.cap:
            self._take()
            return
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        self._host.queued += 1
        try:
            await place
        except BaseException:
            if place.done() and not place.cancelled():
                self.leave()  # The place was given in the moment in which it was no longer wanted.
            elif place in self._waiting:
                self._waiting.remove(place)
                self._host.queued -= 1
            raise

    def leave(self) -> None:
        """Give a place back."""
        self.in_flight -= 1
        self._host.in_flight -= 1
        if self._host.queued:
            self._host.admit()

    def admit_one(self) -> None:
        """Give a place to the one who has waited longest."""
        place = self._waiting.popleft()
        self._host.queued -= 1
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
        self._host.in_flight += 1


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
