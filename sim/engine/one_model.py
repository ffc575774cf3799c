"""One model asked many things outside a run: so many at once, within limits, until all are asked or its server turns out not to be there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sim.core.errors import CallFailed
from sim.core.spec import Sampling
from sim.engine.pool import GivenUp, work_through
from sim.engine.preflight import check_prices
from sim.llm.build import Shared, build_client
from sim.llm.traffic.passage import Traffic

if TYPE_CHECKING:
    from sim.core.event import Role
    from sim.core.spec import Limits, ModelSpec
    from sim.llm.client import Client
    from sim.llm.prompts import Prompts
    from sim.llm.traffic.budget import Spent

T = TypeVar("T", bound=Hashable)
OnDone = Callable[[int, int], None]
"""Told how many are done, and of how many."""
OnTraffic = Callable[[Traffic], None]
"""Given the traffic, whose `stop()` ends it cleanly: what was not asked by then is lost as `interrupted`."""


@dataclass(frozen=True)
class OneModel:
    """A model that can be asked."""

    client: Client
    traffic: Traffic
    concurrency: int

    async def ask(self, items: Collection[T], ask: Callable[[T], Awaitable[None]], *, on_done: OnDone | None = None) -> dict[T, str]:
        """Await `ask` for each of `items`.

        Nothing but failures since the start ends it: a server that is not there need not be asked two hundred times.

        Args:
            on_done: called after each.

        Returns:
            Those lost for reasons outside the model, and why.
        """
        lost: dict[T, str] = {}
        given_up = GivenUp(self.concurrency)
        done = 0

        async def work(item: T) -> None:
            nonlocal done
            try:
                await ask(item)
                given_up.alive = True
            except CallFailed as failed:
                lost[item] = f"{failed.cause.replace('_', ' ')}: {failed.message}"
                given_up.note(failed.message)
                if given_up.why:
                    self.traffic.stop()
            done += 1
            if on_done:
                on_done(done, len(items))

        await work_through(items, work, at_once=self.concurrency)
        return lost

    @property
    def spent(self) -> Spent:
        """What it has taken."""
        return self.traffic.budget.spent


@asynccontextmanager
async def one_model(
    role: Role, called: str, model: ModelSpec, prompts: Prompts, *, limits: Limits, concurrency: int, on_start: OnTraffic | None = None
) -> AsyncIterator[OneModel]:
    """Open a client of `model`, and close it at the end.

    Args:
        called: who it is in a sentence, as "the rater".
        concurrency: things being asked at once.

    Raises:
        InputError: there is no such model, or its price is unknown and `max_cost` is given.
    """
    check_prices([(role, called, model)], limits)
    shared = Shared(Traffic(limits, concurrency=concurrency))
    if on_start:
        on_start(shared.traffic)
    client = build_client(model, sampling=Sampling(), limits=limits, shared=shared, json_mode=prompts.text("json_mode"))
    try:
        yield OneModel(client, shared.traffic, concurrency)
    finally:
        await client.close()
