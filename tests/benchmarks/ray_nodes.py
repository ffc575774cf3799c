"""Three nodes of a Ray cluster on this machine, and one of them killed in the middle of a run: what it costs, and whether the journal is the same.

python -m tests.benchmarks.ray_nodes             # 60 trials of 10 exchanges, 24 at a time
python -m tests.benchmarks.ray_nodes --short     # 12 trials of 4

Each node is a Ray node as `ray start` makes it, with one processor, and so holds one worker. The models are a server on this machine that answers
the same to the same after 20 ms and counts its calls: every call beyond those of one pass was made again.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sim.app
from sim.engine.cluster import Cluster
from tests.benchmarks.speed import Case, study
from tests.cli.journals import Row, happened
from tests.server import Remote, serve

if TYPE_CHECKING:
    from sim.core.batch import EventBatch
    from sim.core.event import Event
    from sim.core.spec import Study

NODES = 3
LATENCY = 20.0
"""Milliseconds that a call takes."""


@dataclass(frozen=True)
class Load:
    """What is run."""

    trials: int
    exchanges: int
    concurrency: int


LONG, SHORT = Load(60, 10, 24), Load(15, 4, 9)


@dataclass(frozen=True)
class Pass:
    """One run."""

    seconds: float
    calls: int
    """As the server counts."""
    happened: list[Row]
    said: tuple[str, ...]
    """Lines for whoever watches the run."""


class AtHalf:
    """Watches a run, and does something once when half of its events are there."""

    def __init__(self, events: int, do: Callable[[], None]) -> None:
        self._left = events // 2
        self._do = do

    def on_event(self, _: Event) -> None:
        self._note(1)

    def on_batch(self, batch: EventBatch) -> None:
        self._note(len(batch.rows))

    def _note(self, events: int) -> None:
        before, self._left = self._left, self._left - events
        if before > 0 >= self._left:
            # Beside the run, which goes on meanwhile.
            threading.Thread(target=self._do).start()


@contextmanager
def three_nodes() -> Iterator[Any]:
    """A head without a processor, and three nodes with one each."""
    # Ray gives workers the lowest priority, and the server that they ask is on the same machine.
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    import ray
    from ray.cluster_utils import Cluster as Nodes

    nodes = Nodes(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(NODES):
        nodes.add_node(num_cpus=1)
    ray.init(address=nodes.address, log_to_driver=False, configure_logging=False)
    try:
        yield nodes
    finally:
        ray.shutdown()
        nodes.shutdown()


def one_pass(made: Study, server: Remote, results: Path, *, cluster: Cluster | None, listener: AtHalf | None = None) -> Pass:
    """Run it to its end."""
    server.reset()
    said: list[str] = []

    def start(traffic: Any, _: object) -> None:
        traffic.say = said.append

    began = time.perf_counter()
    watching = [listener] if listener else []
    run = asyncio.run(sim.app.run_study(made, results=results, words=False, cluster=cluster, listeners=watching, on_start=start))
    assert run.status == "finished", run.status
    return Pass(time.perf_counter() - began, server.stats()["calls"], happened(run.folder.path), tuple(said))


def measure(load: Load, server: Remote, folder: Path) -> tuple[Pass, Pass, Pass]:
    """Without Ray, on three nodes, and on three nodes of which one is killed at half."""
    made = study(Case(load.trials, exchanges=load.exchanges), server.url, folder).model_copy(update={"concurrency": load.concurrency})
    alone = one_pass(made, server, folder / "alone", cluster=None)
    with three_nodes() as nodes:
        cluster = Cluster(address=nodes.address, workers=NODES)
        three = one_pass(made, server, folder / "three", cluster=cluster)
        (node, *_) = nodes.worker_nodes
        kill = AtHalf(len(alone.happened), lambda: nodes.remove_node(node, allow_graceful=False))
        return alone, three, one_pass(made, server, folder / "killed", cluster=cluster, listener=kill)


def main() -> None:
    """Print the table."""
    load = SHORT if "--short" in sys.argv[1:] else LONG
    with tempfile.TemporaryDirectory() as folder, serve(latency=LATENCY, record=False) as server:
        alone, three, killed = measure(load, server, Path(folder))
    print(f"{load.trials} trials of {load.exchanges} exchanges, {load.concurrency} at a time, {len(alone.happened):,} events")
    print(f"{'run':<32}{'seconds':>8}{'calls':>8}{'made again':>12}  journal")
    for name, found in (("without Ray", alone), ("three nodes", three), ("three nodes, one killed at half", killed)):
        same = "the same" if found.happened == alone.happened else "ANOTHER"
        print(f"{name:<32}{found.seconds:>8.1f}{found.calls:>8,}{found.calls - alone.calls:>12,}  {same}")
    print("\n".join(killed.said))


if __name__ == "__main__":
    main()
