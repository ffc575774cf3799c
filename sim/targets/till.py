"""The account of calls to targets of one's own: each passes the run's budget and its host's gate, and is written down when it is answered.

What such a call costs nobody says, and unknown is not 0.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass

from sim.core.event import Call, Role, Timing
from sim.llm.budget import Budget
from sim.llm.client import Message, prompt_hash
from sim.llm.limits import Gates
from sim.llm.reading import sound
from sim.targets.target import Answer


@dataclass(frozen=True)
class Till:
    """Where the calls of one target pass."""

    name: str
    """What the journal calls it: `http/<id>`, `callable/<id>`, `graph/<id>`."""
    budget: Budget
    gates: Gates
    host: str | None = None
    """Whose gate calls queue at; None: in this process."""
    role: Role = "target"
    """What its calls are made for."""

    async def ask(self, message: str, call: Callable[[], Awaitable[tuple[str, int]]]) -> Answer:
        """The reply that `call` brings, with the number of attempts it took.

        Raises:
            CallFailed: what `call` raises, or the budget is used up, or the run is being stopped.
        """
        async with self.passage():
            started = time.perf_counter()
            text, attempts = await call()
            latency = time.perf_counter() - started
        self.budget.count(self.role, self.name, usage=None, cost=None)
        paid = Call(role=self.role, model=self.name, prompt=prompt_hash((Message("user", message),)))
        return Answer(sound(text), calls=(paid,), timings=(Timing(latency=latency, retries=attempts - 1),))

    def passage(self) -> _Passage:
        """To be entered around a call."""
        return _Passage(self)


class _Passage:
    """The budget is looked at before the gate and behind it: calls queue there while others spend."""

    def __init__(self, till: Till) -> None:
        self._till = till
        self._gate = till.gates.gate(till.host) if till.host else nullcontext()

    async def __aenter__(self) -> None:
        self._till.budget.check()
        await self._gate.__aenter__()
        try:
            self._till.budget.check()
        except BaseException:
            await self._gate.__aexit__(None, None, None)
            raise

    async def __aexit__(self, *error: object) -> None:
        await self._gate.__aexit__(None, None, None)
