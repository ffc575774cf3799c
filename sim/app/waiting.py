"""Who is waited for, where somebody is waited for long: a part of the live line, and a line now and then where nothing else moves."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from sim.llm.traffic.passage import OldestCall, waited_for
from sim.present.text.progress import going_on

if TYPE_CHECKING:
    from sim.llm.traffic.passage import Traffic


class WaitLines:
    """Says who is waited for after ten seconds, and again whenever that has doubled.

    Args:
        who: is waited for now.
        say: is given each line.
    """

    def __init__(self, who: Callable[[], OldestCall | None], say: Callable[[str], None]) -> None:
        self._who = who
        self._say = say
        self._next = 0.0
        self._last = 0.0

    def look(self) -> None:
        """Say it, if it is time."""
        now = self._who()
        if now is None or now.seconds < self._last:
            self._next = 0.0
        self._last = now.seconds if now else 0.0
        line = waited_for(now)
        if line and now is not None and now.seconds >= self._next:
            self._say(line)
            self._next = 2 * now.seconds


@asynccontextmanager
async def saying_who(traffic: Traffic, say: Callable[[str], None]) -> AsyncIterator[None]:
    """Meanwhile, say who of `traffic` is waited for."""
    async with going_on(WaitLines(lambda: traffic.waiting, say).look):
        yield


@asynccontextmanager
async def saying_so(say: Callable[[str], None]) -> AsyncIterator[None]:
    """Meanwhile, say that the target is waited for."""
    began = time.monotonic()
    async with going_on(WaitLines(lambda: OldestCall("target", time.monotonic() - began), say).look):
        yield
