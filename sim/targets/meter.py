"""The account of calls to custom targets: each is checked against the run's budget, cleaned of keys, and written down when it is answered.

What such a call costs nobody says, and unknown is not 0.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from sim.core.event import Call, Role, Timing
from sim.core.secrets import SECRETS
from sim.llm.budget import Budget
from sim.llm.client import Message, prompt_hash
from sim.llm.reading import sound
from sim.targets.target import Answer

MOST_FINISH = 40
"""Characters of a word for why a reply ended."""


class Said(NamedTuple):
    """What a call brought."""

    text: str
    attempts: int = 1
    seconds: float | None = None
    """From the first attempt to the answer; None: as long as the call took."""
    finish: str = "stop"
    """The target's word for why the reply ended, where it says so."""


@dataclass(frozen=True)
class Meter:
    """Where the calls of one target are counted."""

    name: str
    """What the journal calls it: `http/<id>`, `callable/<id>`, `graph/<id>`."""
    budget: Budget
    role: Role = "target"
    """What its calls are made for."""

    async def ask(self, message: str, call: Callable[[], Awaitable[Said]]) -> Answer:
        """The reply that `call` brings.

        Raises:
            CallFailed: what `call` raises, or the budget is used up, or the run is being stopped.
        """
        self.budget.check()
        started = time.perf_counter()
        said = await call()
        latency = time.perf_counter() - started if said.seconds is None else said.seconds
        self.budget.count(self.role, self.name, usage=None, cost=None)
        paid = Call(role=self.role, model=self.name, prompt=prompt_hash((Message("user", message),)))
        return Answer(
            sound(SECRETS.strike(said.text)),
            finish=sound(SECRETS.strike(said.finish))[:MOST_FINISH],
            calls=(paid,),
            timings=(Timing(latency=latency, retries=said.attempts - 1),),
        )
