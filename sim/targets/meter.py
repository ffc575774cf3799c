"""The account of calls to custom targets: each goes through the door of the run's traffic, is cleaned of keys, and written down when it is answered.
What a chatbot thinks aloud between tags is kept apart from its reply.

What such a call costs nobody says, and unknown is not 0.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from sim.core.event import Call, Role, Timing
from sim.core.secrets import SECRETS
from sim.core.tools import read_tools
from sim.llm.client import Message, prompt_hash
from sim.llm.prices import Price
from sim.llm.reading import sound
from sim.llm.telemetry import calling
from sim.llm.thought import part
from sim.llm.traffic.lanes import CallDestination
from sim.llm.traffic.passage import Passage, Settled, Traffic, estimate
from sim.targets.target import TargetAnswer

MOST_FINISH = 40
"""Characters of a word for why a reply ended."""


class CallOutcome(NamedTuple):
    """What a call brought."""

    text: str
    attempts: int = 1
    seconds: float | None = None
    """From the first attempt to the answer; None: as long as the call took."""
    finish: str = "stop"
    """The target's word for why the reply ended, where it says so."""
    resent: bool = False
    """An earlier attempt of this call may have been heard."""
    tools: object = None
    """What the target says it did for its reply, as it came (`sim.core.tools`)."""


@dataclass(frozen=True)
class Meter:
    """Where the calls of one target are counted."""

    to: CallDestination
    """Its model is what the journal calls it: `http/<id>`, `callable/<id>`, `graph/<id>`."""
    traffic: Traffic
    price: Price | None = None
    """Of a message; None: unknown."""
    role: Role = "target"
    """What its calls are made for."""

    @property
    def name(self) -> str:
        """What the journal calls it."""
        return self.to.model

    def passage(self, *texts: str) -> Passage:
        """What a call that sends `texts` passes; to be settled only where the call is one that the journal counts."""
        return self.traffic.passage(self.role, self.to, estimate(texts), price=self.price)

    async def ask(self, message: str, call: Callable[[Passage], Awaitable[CallOutcome]]) -> TargetAnswer:
        """The reply that `call` brings.

        Raises:
            CallFailed: what `call` raises, or the budget is used up, or the run is being stopped.
        """
        with calling("invoke_agent", self.name, self.role) as span:
            said, latency, settled = await self._pass(message, call)
            span.tell({"gen_ai.response.finish_reasons": [sound(SECRETS.strike(said.finish))[:MOST_FINISH]], "rapport.retries": said.attempts - 1})
        prompt = prompt_hash((Message("user", message),))
        parted = part(sound(SECRETS.strike(said.text)), talk=True)
        paid = Call(role=self.role, model=self.name, prompt=prompt, cost=settled.cost, estimated=settled.estimated, thought=parted.thought)
        return TargetAnswer(
            parted.text,
            finish=sound(SECRETS.strike(said.finish))[:MOST_FINISH],
            calls=(paid,),
            timings=(Timing(latency=latency, retries=said.attempts - 1),),
            tools=read_tools(said.tools, clean=lambda text: sound(SECRETS.strike(text))),
            resent=said.resent,
        )

    async def _pass(self, message: str, call: Callable[[Passage], Awaitable[CallOutcome]]) -> tuple[CallOutcome, float, Settled]:
        """What `call` brings, how many seconds it took, and what it was settled at."""
        async with self.passage(message) as here:
            started = time.perf_counter()
            said = await call(here)
            latency = time.perf_counter() - started if said.seconds is None else said.seconds
            return said, latency, here.settle(None, None)
