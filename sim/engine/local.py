"""The seam between a run and the machines that hold its trials, and the backend of one process: many trials at once in one event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sim.engine.collector import rare_collection
from sim.engine.pool import work_through
from sim.engine.staff import Parts
from sim.engine.trial import run_trial

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sim.core.ports import BatchSink, Clock, Sink
    from sim.engine.plan import TrialPlan
    from sim.engine.recipe import Recipe
    from sim.llm.build import Shared


class Backend(Protocol):
    """Holds trials somewhere. What is told of a trial is its events: they are read from the sink and go there."""

    async def run(self, plans: Iterable[TrialPlan], recipe: Recipe, sink: BatchSink) -> None:
        """Take the trial of every plan as far as it goes, `recipe.study.concurrency` of them at once.

        Args:
            plans: taken in their order, and only as they can be begun, so that whoever makes them may still leave some out.
            sink: has what earlier executions kept; a trial goes on only when its event is safe there.

        Raises:
            Exception: our own bug in one trial; the others are given up.
        """


class LocalBackend:
    """Holds all trials in this process.

    Args:
        shared: what the clients of this process share, the run's budget among it.
    """

    def __init__(self, shared: Shared, *, clock: Clock) -> None:
        self._shared = shared
        self._clock = clock

    async def run(self, plans: Iterable[TrialPlan], recipe: Recipe, sink: Sink) -> None:
        """See `Backend`."""
        parts = Parts(recipe, self._shared, sink=sink, clock=self._clock)
        try:
            with rare_collection():
                await work_through(plans, lambda plan: run_trial(plan, parts, sink), at_once=recipe.study.concurrency)
        finally:
            await parts.close()
