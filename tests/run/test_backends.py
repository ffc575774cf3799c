"""What every backend does, wherever it holds the trials: one suite for all of them."""

from __future__ import annotations

import asyncio
import os
import pickle
import time
from collections.abc import Iterator

import pytest

from sim.core.event import Event, SessionOpened, TrialFinished
from sim.core.fold import fold
from sim.llm.build import Shared
from sim.llm.traffic.passage import Traffic
from sim.run.cluster import Cluster
from sim.run.local import Backend, LocalBackend
from sim.run.plan import TrialPlan
from sim.run.recipe import Recipe
from sim.run.worker import DriverOrder, Report, Worker
from sim.run.workers import Workers
from tests.run.backends import Kept, plans_of, recipe_of, study


class InProcess:
    """A worker in this process, with everything said pickled on the way, as a cluster would."""

    def __init__(self, recipe: Recipe) -> None:
        self.worker = Worker(pickle.loads(pickle.dumps(recipe)))

    async def exchange(self, order: DriverOrder) -> Report:
        report: Report = pickle.loads(pickle.dumps(await self.worker.exchange(pickle.loads(pickle.dumps(order)))))
        return report

    async def dismiss(self) -> None:
        await self.worker.close()


class Hall:
    """A backend with the traffic of its driver."""

    def __init__(self, kind: str, recipe: Recipe) -> None:
        self.traffic = Traffic(recipe.limits)
        self.backend: Backend
        match kind:
            case "local":
                self.backend = LocalBackend(Shared(self.traffic), clock=time.time)
            case "workers":
                self.backend = Workers(self.hire, count=2, traffic=self.traffic)
            case "ray":
                from sim.run.ray import RayBackend

                self.backend = RayBackend(Cluster(workers=2), traffic=self.traffic)

    @staticmethod
    async def hire(recipe: Recipe) -> InProcess:
        return InProcess(recipe)


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Two processors of this machine under Ray, which take long to start and are shared by the tests of this file."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'rapport-sim[ray]'")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    yield
    ray.shutdown()


@pytest.fixture(params=["local", "workers", pytest.param("ray", marks=pytest.mark.whole)])
def kind(request: pytest.FixtureRequest) -> str:
    if request.param == "ray":
        request.getfixturevalue("cluster")
    return str(request.param)


async def run(kind: str, recipe: Recipe, plans: tuple[TrialPlan, ...], sink: Kept | None = None) -> Kept:
    sink = sink or Kept()
    await Hall(kind, recipe).backend.run(plans, recipe, sink)
    return sink


async def test_every_trial_is_held_to_its_end_and_nothing_is_kept_twice(kind: str) -> None:
    of = study()
    plans = plans_of(of)
    kept = await run(kind, recipe_of(of), plans)
    assert len(plans) == 6
    assert all(fold(p.blank(), kept.events(p.id)).finished for p in plans)
    assert kept.twice == []


async def test_what_happens_does_not_depend_on_how_many_trials_are_held_at_once(kind: str) -> None:
    one, many = study(concurrency=1), study(concurrency=6)
    alone = await run(kind, recipe_of(one), plans_of(one))
    together = await run(kind, recipe_of(many), plans_of(many))
    assert together.happened() == alone.happened()


async def test_a_run_goes_on_from_what_the_sink_has_wherever_that_ends(kind: str) -> None:
    of = study(concurrency=2)
    plans = plans_of(of)
    whole = await run(kind, recipe_of(of), plans)
    for share in (0.1, 0.5, 0.9, 1.0):
        resumed = Kept(whole.order[: int(share * len(whole.order))])
        before = len(resumed.order)
        await run(kind, recipe_of(of), plans, resumed)
        assert resumed.happened() == whole.happened()
        assert (resumed.twice, len(resumed.order) - before) == ([], len(whole.order) - before)


async def test_plans_are_taken_as_trials_can_be_begun(kind: str) -> None:
    of = study(concurrency=2)
    kept = Kept()
    begun: list[int] = []

    def plans() -> Iterator[TrialPlan]:
        for plan in plans_of(of):
            begun.append(sum(isinstance(e, TrialFinished) for e in kept.order))
            yield plan

    hall = Hall(kind, recipe_of(of))
    await hall.backend.run(plans(), recipe_of(of), kept)
    assert len(begun) == 6
    assert all(finished >= taken - 2 for taken, finished in enumerate(begun, 1)), "at most two trials were under way"


async def test_a_stopped_run_begins_no_further_trial_and_goes_on_later_as_if_nothing_had_been(kind: str) -> None:
    of = study(concurrency=2)
    plans, recipe = plans_of(of), recipe_of(of)
    whole = await run(kind, recipe, plans)
    hall = Hall(kind, recipe)

    class Stopping(Kept):
        async def append(self, event: Event) -> None:
            await super().append(event)
            if isinstance(event, TrialFinished):
                hall.traffic.stop()

    stopped = Stopping()
    await hall.backend.run(plans, recipe, stopped)
    begun = {e.trial for e in stopped.order if isinstance(e, SessionOpened)}
    assert 0 < len(begun) < len(plans)
    resumed = await run(kind, recipe, plans, Kept(stopped.order))
    assert {k: b for k, b in resumed.happened().items() if k.kind != "call_lost"} == whole.happened()


async def test_a_bug_of_ours_ends_the_run_and_is_shown_as_it_is(kind: str) -> None:
    of = study()

    class Broken(Kept):
        async def append(self, event: Event) -> None:
            if len(self.order) == 20:
                raise ZeroDivisionError("a bug of ours")
            await super().append(event)

    with pytest.raises(ZeroDivisionError, match="a bug of ours"):
        await Hall(kind, recipe_of(of)).backend.run(plans_of(of), recipe_of(of), Broken())


def test_a_recipe_and_its_plans_can_be_sent_to_another_process() -> None:
    of = study()
    recipe, plans = recipe_of(of), plans_of(of)
    for plan in plans:
        assert plan.cast.wanted, "what a plan works out and keeps may be sent with it"
    sent, sent_plans = pickle.loads(pickle.dumps((recipe, plans)))
    assert (sent, sent_plans) == (recipe, plans)
    here = asyncio.run(run("local", recipe, plans))
    there = asyncio.run(run("local", sent, sent_plans))
    assert there.happened() == here.happened()
