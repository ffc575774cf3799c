"""Waiting for a state. How long it takes is the machine's business: the ceiling is there so that what never comes fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

CEILING = 120.0
"""Seconds."""
OFTEN = 0.01
"""Seconds between two looks."""


def until(happens: Callable[[], object], what: str, *, ceiling: float = CEILING) -> None:
    """Look until it is so."""
    end = time.monotonic() + ceiling
    while not happens():
        assert time.monotonic() < end, f"never came: {what}"
        time.sleep(OFTEN)


async def soon(happens: Callable[[], object], what: str, *, ceiling: float = CEILING) -> None:
    """The same, while other tasks go on."""
    end = time.monotonic() + ceiling
    while not happens():
        assert time.monotonic() < end, f"never came: {what}"
        await asyncio.sleep(OFTEN)


async def turns(count: int = 50) -> None:
    """Let other tasks go on as far as they can without an answer from outside; no time passes."""
    for _ in range(count):
        await asyncio.sleep(0)
