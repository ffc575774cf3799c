"""Three nodes of a Ray cluster on this machine, one of which is killed: the journal is that of an undisturbed run."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest

from sim.engine.cluster import Cluster
from sim.llm.traffic.passage import Traffic
from tests.engine.backends import Kept, plans_of, recipe_of, study
from tests.engine.test_backends import run
from tests.waiting import soon

pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def nodes() -> Iterator[Any]:
    """A head without processors and three nodes with one each."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'rapport-sim[ray]'")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster as Nodes

    nodes = Nodes(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(3):
        nodes.add_node(num_cpus=1)
    ray.init(address=nodes.address, log_to_driver=False, configure_logging=False)
    yield nodes
    ray.shutdown()
    nodes.shutdown()


async def test_a_node_that_is_killed_takes_nothing_with_it(nodes: Any) -> None:
    from sim.engine.ray import RayBackend

    of = study(concurrency=12, seeds=80)
    plans, recipe = plans_of(of), recipe_of(of)
    whole = await run("local", recipe, plans)
    kept, traffic = Kept(), Traffic(recipe.limits)
    said: list[str] = []
    traffic.say = said.append
    going = asyncio.create_task(RayBackend(Cluster(address=nodes.address, workers=3), traffic=traffic).run(plans, recipe, kept))
    await soon(lambda: len(kept.order) >= len(whole.order) // 10 or going.done(), "a tenth of the events")
    assert not going.done()
    (node, *_) = nodes.worker_nodes
    await asyncio.to_thread(nodes.remove_node, node, allow_graceful=False)
    await going
    assert kept.happened() == whole.happened()
    assert kept.twice == []
    (line,) = said
    assert re.match(r"a worker is lost \(.+\); the trials that it held go on elsewhere: [1-4]$", line), "its third of what was held, and no more"
