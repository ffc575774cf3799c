"""The one door: its budget, its stop switch, and how many calls are in flight to each host."""

from __future__ import annotations

import asyncio
from typing import Literal

import pytest

from sim.core.errors import CallFailed
from sim.core.event import Call, Role, Usage
from sim.core.spec import Limits, ModelSpec, Sampling
from sim.llm.build import Shared, build_client, build_embedder, destination_of
from sim.llm.client import Completion, Request, Scripted
from sim.llm.in_process import InProcess
from sim.llm.traffic.budget import Budget, Spent, tally
from sim.llm.traffic.lanes import CallDestination
from sim.llm.traffic.passage import TokenEstimate, Traffic
from tests.llm.conftest import asked
from tests.server import Server
from tests.waiting import CEILING, soon, turns


class _Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def _asked(
    limits: Limits, *, cost: float | None = 0.4, tokens: int = 10_000, spent: dict[Role, Spent] | None = None
) -> tuple[InProcess, Budget, Scripted]:
    def answer(request: Request) -> Completion:
        return Completion("hello", usage=Usage(input=tokens - 1, output=1), cost=cost)

    client = Scripted(answer, model="openai/any")
    traffic = Traffic(limits, clock=_Clock(), spent=spent)
    return InProcess(client, traffic.way_to(CallDestination(None, client.model))), traffic.budget, client


async def _until_refused(client: InProcess) -> CallFailed:
    for _ in range(100):
        try:
            await client.complete(asked())
        except CallFailed as failed:
            return failed
    raise AssertionError("never refused")


@pytest.mark.parametrize(
    ("limits", "calls", "flag"),
    [(Limits(max_cost=1.0), 3, "--max-cost"), (Limits(max_tokens=25_000), 3, "--max-tokens")],
)
async def test_a_limit_lets_calls_pass_until_it_is_reached(limits: Limits, calls: int, flag: str) -> None:
    client, _, scripted = _asked(limits)
    failed = await _until_refused(client)
    assert (failed.cause, len(scripted.requests)) == ("budget", calls)
    assert flag in failed.message


async def test_offline_models_reserve_what_they_are_sent_and_may_say() -> None:
    traffic = Traffic(Limits(max_tokens=5_000))
    client = InProcess(
        Scripted(lambda r: Completion("hello", usage=Usage(input=10, output=5))), traffic.way_to(CallDestination(None, "offline/scripted"))
    )
    results = await asyncio.gather(*(client.complete(asked()) for _ in range(1_000)), return_exceptions=True)
    assert {type(r) for r in results} == {Completion, CallFailed}
    assert 3_900 < traffic.budget.spent.tokens <= 5_000


async def test_minutes_run_out() -> None:
    clock = _Clock()
    traffic = Traffic(Limits(max_minutes=2), clock=clock)
    clock.now += 119
    traffic.check()
    clock.now += 1
    with pytest.raises(CallFailed, match="--max-minutes"):
        traffic.check()


async def test_what_earlier_executions_spent_counts() -> None:
    calls = [Call(role="user", model="openai/any", prompt="0", usage=Usage(input=6, output=3), cost=0.9)] * 2
    client, budget, scripted = _asked(Limits(max_cost=1.5), spent=tally(calls))
    assert (await _until_refused(client)).cause == "budget"
    assert scripted.requests == []
    assert budget.spent == Spent(cost=1.8, tokens=18, calls=2)


async def test_a_call_of_unknown_cost_counts_nothing_and_is_counted() -> None:
    client, budget, _ = _asked(Limits(max_cost=0.5), cost=None)
    for _ in range(3):
        await client.complete(asked())
    assert (budget.spent.cost, budget.spent.unknown_costs) == (0.0, 3)


async def test_offline_models_are_free_not_of_unknown_cost() -> None:
    traffic = Traffic(Limits(max_cost=0.5))
    budget = traffic.budget
    await InProcess(Scripted(lambda r: Completion("hello")), traffic.way_to(CallDestination(None, "offline/scripted"))).complete(asked())
    assert (budget.spent.calls, budget.spent.unknown_costs) == (1, 0)


async def test_spending_is_split_by_role() -> None:
    client, budget, _ = _asked(Limits())
    for role in ("user", "target", "target"):
        await client.complete(asked(role=role))
    assert {role: s.calls for role, s in budget.by_role.items()} == {"user": 1, "target": 2}


async def test_what_a_refused_call_cost_is_counted(server: Server) -> None:
    server.fault("content_filter")
    shared = _shared(Limits())
    client = build_client(ModelSpec(model="openai/any", api_base=server.url), sampling=Sampling(), limits=Limits(), shared=shared)
    with pytest.raises(CallFailed, match="content filter") as failed:
        await client.complete(asked())
    (paid,) = failed.value.calls
    assert paid.usage is not None
    assert (shared.traffic.budget.spent.calls, shared.traffic.budget.spent.tokens) == (1, paid.usage.input + paid.usage.output)
    await client.close()


async def test_stop_interrupts_every_further_call() -> None:
    client, _, scripted = _asked(Limits())
    traffic = Traffic(Limits())
    traffic.stop()
    client = InProcess(scripted, traffic.way_to(CallDestination(None, "openai/any")))
    assert (await _until_refused(client)).cause == "interrupted"
    assert scripted.requests == []


async def test_stop_ends_a_wait_between_attempts() -> None:
    traffic = Traffic(Limits())
    resting = asyncio.create_task(traffic.rest(3600))
    await turns()
    traffic.stop()
    async with asyncio.timeout(CEILING):
        with pytest.raises(CallFailed) as failed:
            await resting
    assert failed.value.cause == "interrupted"


async def test_a_wait_that_is_not_interrupted_just_ends() -> None:
    await Traffic(Limits()).rest(0.01)


def _shared(limits: Limits) -> Shared:
    return Shared(Traffic(limits))


async def test_a_budget_holds_against_a_server(server: Server) -> None:
    limits = Limits(max_tokens=8_000)
    shared = _shared(limits)
    client = build_client(ModelSpec(model="openai/any", api_base=server.url), sampling=Sampling(max_tokens=200), limits=limits, shared=shared)
    results = await asyncio.gather(*(client.complete(asked(f"Message {i}.")) for i in range(600)), return_exceptions=True)
    assert {r.cause for r in results if isinstance(r, CallFailed)} == {"budget"}
    assert 7_700 <= shared.traffic.budget.spent.tokens <= 8_000
    assert server.stats()["calls"] == shared.traffic.budget.spent.calls
    await client.close()


async def test_no_more_calls_are_in_flight_to_a_host_than_allowed() -> None:
    async with Server(latency=5) as server:
        limits = Limits(calls_at_once=7)
        specs = [ModelSpec(model=f"openai/{name}", api_base=server.url) for name in ("a", "b")]
        shared = _shared(limits)
        clients = [build_client(spec, sampling=Sampling(), limits=limits, shared=shared) for spec in specs]
        await asyncio.gather(*(clients[i % 2].complete(asked(f"Message {i}.")) for i in range(60)))
        assert server.stats()["max_inflight"] == 7
        for client in clients:
            await client.close()


@pytest.mark.parametrize("via", ["direct", "litellm"])
async def test_who_waits_out_a_rate_limit_lets_others_to_the_host(server: Server, via: Literal["direct", "litellm"]) -> None:
    limits = Limits(calls_at_once=1)
    shared = _shared(limits)
    specs = [ModelSpec(model=f"openai/{name}", api_base=server.url, client=via) for name in ("rater", "any")]
    limited, other = (build_client(spec, sampling=Sampling(), limits=limits, shared=shared) for spec in specs)
    server.fault("refuse429", role="rater", seconds=100)
    waiting = asyncio.create_task(limited.complete(asked(role="rater")))
    await soon(lambda: server.stats()["refused"], "the refusal")
    for _ in range(3):
        assert (await other.complete(asked())).text
    assert not waiting.done()
    shared.traffic.stop()
    with pytest.raises(CallFailed, match="stopped"):
        await waiting
    await limited.close()
    await other.close()


async def test_an_embedding_that_waits_out_a_rate_limit_lets_others_to_the_host(server: Server) -> None:
    limits = Limits(calls_at_once=1)
    shared = _shared(limits)
    spec = ModelSpec(model="openai/embedding", api_base=server.url)
    embedder, other = build_embedder(spec, limits=limits, shared=shared), build_client(spec, sampling=Sampling(), limits=limits, shared=shared)
    server.fault("refuse429", role="embedding", seconds=100)
    waiting = asyncio.create_task(embedder.embed(["a text"]))
    await soon(lambda: server.stats()["refused"], "the refusal")
    assert (await other.complete(asked())).text
    shared.traffic.stop()
    with pytest.raises(CallFailed, match="stopped"):
        await waiting
    await embedder.close()
    await other.close()


async def test_one_host_does_not_hold_up_another() -> None:
    traffic = Traffic(Limits(calls_at_once=1))
    async with traffic.passage("user", CallDestination("a", "m"), TokenEstimate()):
        waiting = traffic.passage("user", CallDestination("b", "m"), TokenEstimate())
        async with asyncio.timeout(CEILING), waiting:
            pass


async def test_models_of_one_host_take_turns_where_there_is_one_place() -> None:
    traffic = Traffic(Limits(calls_at_once=1))
    order: list[str] = []

    async def call(model: str) -> None:
        async with traffic.passage("user", CallDestination("a", model), TokenEstimate()):
            order.append(model)
            await turns(3)

    await asyncio.gather(*(call(model) for model in "xxxxyy"))
    assert order == ["x", "x", "y", "x", "y", "x"]


async def test_who_gives_up_waiting_leaves_its_place_to_the_next() -> None:
    traffic = Traffic(Limits(calls_at_once=1))

    async def call() -> None:
        async with traffic.passage("user", CallDestination("a", "m"), TokenEstimate()):
            pass

    async with traffic.passage("user", CallDestination("a", "m"), TokenEstimate()):
        tasks = [asyncio.create_task(call()) for _ in range(3)]
        await turns()
        tasks[0].cancel()
        await turns()
    tasks[1].cancel()  # the place has been given to it, and it has not yet taken it
    async with asyncio.timeout(CEILING):
        await tasks[2]
    lane = traffic.lane(CallDestination("a", "m"))
    assert lane is not None
    assert (lane.in_flight, lane.queued) == (0, 0)


async def test_who_queues_is_refused_once_the_run_stops(server: Server) -> None:
    limits = Limits(calls_at_once=1)
    shared = _shared(limits)
    spec = ModelSpec(model="openai/any", api_base=server.url)
    client = build_client(spec, sampling=Sampling(), limits=limits, shared=shared)
    lane = shared.traffic.lane(destination_of(spec))
    assert lane is not None
    async with shared.traffic.passage("user", destination_of(spec), TokenEstimate()):
        queued = asyncio.create_task(client.complete(asked()))
        await soon(lambda: lane.queued, "the queue")
        shared.traffic.stop()
    with pytest.raises(CallFailed, match="stopped"):
        await queued
    assert (server.stats()["calls"], lane.in_flight) == (0, 0)
    await client.close()
