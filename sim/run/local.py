"""The local backend: many trials at once in one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.core.record import Trial
    from sim.run.plan import TrialPlan

RunTrial = Callable[["TrialPlan"], Awaitable["Trial"]]


class LocalBackend:
    """Runs up to `concurrency` trials at once, in the order of the plans.

    An exception of one trial is our own bug: the others are cancelled and it is raised.
    """

    def __init__(self, *, concurrency: int) -> None:
        self._concurrency = concurrency

    async def run(self, plans: Sequence[TrialPlan], run_one: RunTrial) -> dict[str, Trial]:
        """Run every plan and return the records by trial id."""
        done: dict[str, Trial] = {}
        waiting = iter(plans)

        async def work() -> None:
            for plan in waiting:
                done[plan.id] = await run_one(plan)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._concurrency, len(plans))):
                    group.create_task(work())
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        return done
