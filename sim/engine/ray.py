"""Ray hires the workers: one actor for each processor of a cluster, or of this machine, each with many trials in one event loop.

Ray carries recipe, orders and reports, and knows when an actor's process or node has died. It is imported here and nowhere else.
"""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.core.errors import InputError
from sim.engine.worker import Worker
from sim.engine.workers import WorkerLost, Workers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sim.core.ports import BatchSink
    from sim.engine.cluster import Cluster
    from sim.engine.plan import TrialPlan
    from sim.engine.recipe import Recipe
    from sim.engine.worker import DriverOrder, Report
    from sim.llm.traffic.passage import Traffic

START = 300.0
"""Seconds that a worker has to start, its imports and its node's included."""
SILENCE = 60.0
"""Seconds without a word after which a worker counts as dead."""
DISMISSAL = 5.0
"""Seconds that a worker has to give back its connections."""


def load_ray() -> Any:
    """The library.

    Raises:
        InputError: it is not installed.
    """
    # Read by Ray while it starts: nothing is told to its makers unless somebody wants it.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise InputError("Ray is not installed", mend="pip install 'rapport-sim[ray]'", where="--backend ray") from None
    return ray


class RayBackend:
    """Holds trials in workers on a Ray cluster.

    Args:
        cluster: where it is and how many workers there are to be.
        traffic: the run's.
    """

    def __init__(self, cluster: Cluster, *, traffic: Traffic) -> None:
        self._cluster = cluster
        self._traffic = traffic
        self._ray = load_ray()

    async def run(self, plans: Iterable[TrialPlan], recipe: Recipe, sink: BatchSink) -> None:
        """See `sim.engine.local.Backend`.

        Raises:
            InputError: there is no cluster at the address, or no processor in it.
        """
        ray = self._ray
        mine = not ray.is_initialized()
        if mine:
            await asyncio.to_thread(self._join)
        try:
            count = self._cluster.workers or int(ray.cluster_resources().get("CPU", 0))
            if not count:
                raise InputError("the Ray cluster has no processor", mend="add a node to it", where="--ray-address")
            sent = ray.put(recipe)
            # An actor that dies is not started again by Ray: what it held is begun anew from the journal, under new leases.
            remote = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0, scheduling_strategy="SPREAD")(Worker)

            async def hire(_: Recipe) -> _Actor:
                return _Actor(ray, remote.remote(sent))

            await Workers(hire, count=min(count, recipe.study.concurrency), traffic=self._traffic).run(plans, recipe, sink)
        finally:
            if mine:
                await asyncio.to_thread(ray.shutdown)

    def _join(self) -> None:
        cluster = self._cluster
        options: dict[str, Any] = {"runtime_env": dict(cluster.runtime_env)} if cluster.runtime_env else {}
        if cluster.address is None:
            options |= {"include_dashboard": False, "num_cpus": cluster.workers}
        try:
            with _hushed():
                self._ray.init(address=cluster.address or "local", log_to_driver=False, configure_logging=False, **options)
        except (ConnectionError, self._ray.exceptions.RayError, ValueError, RuntimeError) as error:
            problem = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            where = "--ray-address" if cluster.address else "--backend ray"
            raise InputError(f"Ray does not start: {problem}", mend="see `ray status`", where=where) from None


@contextmanager
def _hushed() -> Iterator[None]:
    """What Ray remarks on its own start is for those who started it by hand; standard error holds what the run has to say."""
    log = logging.getLogger("ray")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


@dataclass
class _Actor:
    """A `sim.engine.workers.Hired` that is a Ray actor."""

    ray: Any
    actor: Any
    _spoke: bool = False

    async def exchange(self, order: DriverOrder) -> Report:
        """Let the actor do as `order` says.

        Raises:
            WorkerLost: its process or node is gone, or it has been silent for too long.
        """
        patience = SILENCE if self._spoke else START
        try:
            async with asyncio.timeout(patience):
                report: Report = await self.actor.exchange.remote(order)
        except TimeoutError:
            raise WorkerLost(f"no word of it for {patience:g} s") from None
        except self.ray.exceptions.RayActorError as error:
            raise WorkerLost(str(error).strip().splitlines()[0]) from None
        self._spoke = True
        return report

    async def dismiss(self) -> None:
        """End it, once its connections are closed; at once where it does not answer."""
        try:
            async with asyncio.timeout(DISMISSAL):
                await self.actor.close.remote()
        except (TimeoutError, self.ray.exceptions.RayError):
            pass
        self.ray.kill(self.actor, no_restart=True)
