"""A cap on the calls in flight to one host or provider, shared by all clients of a run."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary


class Gates:
    """One gate for each host, all equally wide."""

    def __init__(self, calls_at_once: int) -> None:
        self._width = calls_at_once
        self._gates: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Semaphore]] = WeakKeyDictionary()

    def gate(self, host: str) -> asyncio.Semaphore:
        """The gate before `host`, for the running event loop; `async with` it around a call."""
        gates = self._gates.setdefault(asyncio.get_running_loop(), {})
        if host not in gates:
            gates[host] = asyncio.Semaphore(self._width)
        return gates[host]
