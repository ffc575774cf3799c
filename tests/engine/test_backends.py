"""What every backend does, wherever it holds the trials: one suite for all of them."""

from __future__ import annotations

import asyncio
import os
import pickle
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from sim.core.event import CallLost, Event, SessionOpened, TrialFinished
from sim.core.fold import fold
from sim.core.spec import Limits, Study
from sim.core.spec.tuning import Tuning
from sim.engine.cluster import Cluster
from sim.engine.local import Backend, LocalBackend
from sim.engine.plan import TrialPlan
from sim.engine.recipe import Recipe
from sim.engine.worker import DriverOrder, Report, Worker
from sim.engine.workers import Workers
from sim.llm.build import Shared
from sim.llm.traffic.passage import Traffic
from tests.engine.backends import Kept, plans_of, recipe_of, study
from tests.server import Remote, serve
from tests.waiting import soon


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
                from sim.engine.ray import RayBackend

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


@pytest.fixture(scope="module")
def one_server() -> Iterator[Remote]:
    with serve(latency=10) as running:
        yield running


@pytest.fixture
def server(one_server: Remote) -> Remote:
    """Answers the same to the same, and counts what is in flight."""
    one_server.reset()
    return one_server


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


def asked(url: str, **changes: Any) -> Study:
    """Trials whose target, user and rater are asked over a network."""
    model = {"api_base": url}
    targets = ({"id": "keeps", "model": "openai/any", **model},)
    parts = {"user": {"model": "openai/user", **model}, "rater": {"model": "openai/rater", **model}, "controls": {"one_by_one": 0, "repeat": 0}}
    return study(**{"targets": targets, "seeds": 8, "concurrency": 8, **parts, **changes})


def tokens(kept: Kept, role: str | None = None) -> int:
    return sum(c.usage.input + c.usage.output for e in kept.order for c in e.calls if c.usage and role in (None, c.role))


@pytest.mark.parametrize("role", [None, "rater"])
async def test_no_more_is_spent_than_may_be_in_all_or_for_one_role(kind: str, role: str | None) -> None:
    limits = {"max_tokens": 20_000} if role is None else {"roles": {role: {"max_tokens": 8_000}}}
    of = study(concurrency=6, limits=limits, targets=({"id": "keeps", "model": "offline/uses"},))
    recipe, plans = recipe_of(of), plans_of(of)
    hall, kept = Hall(kind, recipe), Kept()
    await hall.backend.run(plans, recipe, kept)
    most = 20_000 if role is None else 8_000
    assert most / 2 < tokens(kept, role) <= most
    lost = [e for e in kept.order if isinstance(e, CallLost)]
    assert {e.cause for e in lost} == {"budget"}
    assert all(f"the budget of {most:,} tokens" in e.message and "raise --max-tokens" in e.message for e in lost)
    assert hall.traffic.budget.spent.tokens == tokens(kept)
    if role is None:
        assert hall.traffic.exhausted()
    else:
        assert hall.traffic.closed == {role}
        assert any(e.kind == "session_closed" for e in kept.order), "the others go on without it"
    richer = replace(recipe, limits=Limits())
    await Hall(kind, richer).backend.run(plans, richer, kept)
    assert all(fold(p.blank(), kept.events(p.id)).finished for p in plans), "with more it goes on to its end"


async def test_no_more_calls_are_in_flight_than_may_be_and_a_change_reaches_those_under_way(kind: str, server: Remote) -> None:
    of = asked(server.url, seeds=20, limits={"fixed_calls": 1, "calls_at_once": 3})
    recipe, kept = recipe_of(of), Kept()
    hall = Hall(kind, recipe)
    going = asyncio.create_task(hall.backend.run(plans_of(of), recipe, kept))
    await soon(lambda: len(kept.order) >= 30 or going.done(), "thirty events")
    assert await asyncio.to_thread(lambda: server.stats()["max_inflight"]) <= 3, "one for each of three models"
    hall.traffic.tuning = lambda: Tuning(calls=2)
    await soon(lambda: server.stats()["max_inflight"] > 3 or going.done(), "more of them in flight")
    assert not going.done()
    await going
    assert server.stats()["max_inflight"] <= 6
    assert all(fold(p.blank(), kept.events(p.id)).finished for p in plans_of(of))


async def test_a_target_that_is_not_there_stops_its_trials_and_nothing_else(kind: str, server: Remote) -> None:
    dead = {"id": "dead", "model": "openai/dead", "api_base": "http://127.0.0.1:9/v1"}
    of = asked(server.url, targets=(dead, {"id": "keeps", "model": "openai/any", "api_base": server.url}), seeds=2, limits={"retries": 0})
    plans, recipe = plans_of(of), recipe_of(of)
    kept = await run(kind, recipe, plans)
    assert len(plans) == 4
    ended = {p.id: fold(p.blank(), kept.events(p.id)) for p in plans}
    assert {p.target.id: ended[p.id].status for p in plans} == {"dead": "stopped", "keeps": "finished"}
    lost = [e for e in kept.order if isinstance(e, CallLost)]
    assert {(e.cause, e.trial) for e in lost} == {("infrastructure", p.id) for p in plans if p.target.id == "dead"}


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
