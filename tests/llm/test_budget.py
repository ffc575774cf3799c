"""The run's budget, its stop switch, and the gates before each host."""

from __future__ import annotations

import asyncio
from typing import Literal
from urllib.parse import urlsplit

import pytest

from sim.core.errors import CallFailed
from sim.core.event import Call, Role, Usage
from sim.core.spec import Limits, ModelSpec, Sampling
from sim.llm.budget import Budget, Metered, Spent, tally
from sim.llm.build import Shared, build_client, build_embedder
from sim.llm.client import Completion, Request, Scripted
from sim.llm.limits import Gates
from tests.llm.conftest import asked
from tests.server import Server
from tests.waiting import CEILING, soon, turns


class _Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def _metered(
    limits: Limits, *, cost: float | None = 0.4, tokens: int = 10, spent: dict[Role, Spent] | None = None
) -> tuple[Metered, Budget, Scripted]:
    def answer(request: Request) -> Completion:
        return Completion("hello", usage=Usage(input=tokens - 1, output=1), cost=cost)

    client = Scripted(answer, model="openai/any")
    budget = Budget(limits, _Clock(), spent=spent)
    return Metered(client, budget), budget, client


async def _until_refused(client: Metered) -> CallFailed:
    for _ in range(100):
        try:
            await client.complete(asked())
        except CallFailed as failed:
            return failed
    raise AssertionError("never refused")


@pytest.mark.parametrize(
    ("limits", "calls", "flag"),
    [(Limits(max_cost=1.0), 3, "--max-cost"), (Limits(max_tokens=25), 3, "--max-tokens")],
)
async def test_a_limit_lets_calls_pass_until_it_is_reached(limits: Limits, calls: int, flag: str) -> None:
    client, _, scripted = _metered(limits)
    failed = await _until_refused(client)
    assert (failed.cause, len(scripted.requests)) == ("budget", calls)
    assert flag in failed.message


async def test_minutes_run_out() -> None:
    clock = _Clock()
    budget = Budget(Limits(max_minutes=2), clock)
    clock.now += 119
    budget.check()
    clock.now += 1
    with pytest.raises(CallFailed, match="--max-minutes"):
        budget.check()


async def test_what_earlier_executions_spent_counts() -> None:
    calls = [Call(role="user", model="openai/any", prompt="0", usage=Usage(input=6, output=3), cost=0.9)] * 2
    client, budget, scripted = _metered(Limits(max_cost=1.5), spent=tally(calls))
    assert (await _until_refused(client)).cause == "budget"
    assert scripted.requests == []
    assert budget.spent == Spent(cost=1.8, tokens=18, calls=2)


async def test_a_call_of_unknown_cost_counts_nothing_and_is_counted() -> None:
    client, budget, _ = _metered(Limits(max_cost=0.5), cost=None)
    for _ in range(3):
        await client.complete(asked())
    assert (budget.spent.cost, budget.unknown_costs) == (0.0, 3)


async def test_offline_models_are_free_not_of_unknown_cost() -> None:
    budget = Budget(Limits(max_cost=0.5), _Clock())
    await Metered(Scripted(lambda r: Completion("hello")), budget).complete(asked())
    assert (budget.spent.calls, budget.unknown_costs) == (1, 0)


async def test_spending_is_split_by_role() -> None:
    client, budget, _ = _metered(Limits())
    for role in ("user", "target", "target"):
        await client.complete(asked(role=role))
    assert {role: s.calls for role, s in budget.by_role.items()} == {"user": 1, "target": 2}


async def test_what_a_refused_call_cost_is_counted() -> None:
    paid = Call(role="target", model="openai/any", prompt="0", usage=Usage(input=5, output=0), cost=0.25)
    budget = Budget(Limits(), _Clock())
    client = Metered(Scripted(lambda r: CallFailed("refused", "no", calls=(paid,)), model="openai/any"), budget)
    with pytest.raises(CallFailed, match="no"):
        await client.complete(asked())
    assert budget.spent == Spent(cost=0.25, tokens=5, calls=1)


async def test_stop_interrupts_every_further_call() -> None:
    client, budget, scripted = _metered(Limits())
    budget.stop()
    assert (await _until_refused(client)).cause == "interrupted"
    assert scripted.requests == []


async def test_stop_ends_a_wait_between_attempts() -> None:
    budget = Budget(Limits(), _Clock())
    resting = asyncio.create_task(budget.rest(3600))
    await turns()
    budget.stop()
    async with asyncio.timeout(CEILING):
        with pytest.raises(CallFailed) as failed:
            await resting
    assert failed.value.cause == "interrupted"


async def test_a_wait_that_is_not_interrupted_just_ends() -> None:
    await Budget(Limits(), _Clock()).rest(0.01)


def _shared(limits: Limits) -> Shared:
    return Shared(Budget(limits, _Clock()), Gates(limits.calls_at_once))


async def test_overshoot_is_at_most_the_calls_in_flight(server: Server) -> None:
    limits = Limits(max_tokens=100, calls_at_once=4)
    shared = _shared(limits)
    client = build_client(ModelSpec(model="openai/any", api_base=server.url), sampling=Sampling(), limits=limits, shared=shared)
    results = await asyncio.gather(*(client.complete(asked(f"Message {i}.")) for i in range(60)), return_exceptions=True)
    assert {r.cause for r in results if isinstance(r, CallFailed)} == {"budget"}
    most = max(r.usage.input + r.usage.output for r in results if isinstance(r, Completion) and r.usage)
    assert 100 <= shared.budget.spent.tokens < 100 + 4 * most
    assert server.stats()["calls"] == shared.budget.spent.calls
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
    shared.budget.stop()
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
    shared.budget.stop()
    with pytest.raises(CallFailed, match="stopped"):
        await waiting
    await embedder.close()
    await other.close()


async def test_one_hosts_gate_does_not_hold_up_another() -> None:
    gates = Gates(1)
    async with gates.gate("a"), asyncio.timeout(CEILING), gates.gate("b"):
        assert gates.gate("a").locked()


async def test_who_queues_at_a_gate_is_refused_once_the_run_stops(server: Server) -> None:
    limits = Limits(calls_at_once=1)
    shared = _shared(limits)
    client = build_client(ModelSpec(model="openai/any", api_base=server.url), sampling=Sampling(), limits=limits, shared=shared)
    gate = shared.gates.gate(urlsplit(server.url).netloc)
    async with gate:
        queued = asyncio.create_task(client.complete(asked()))
        await soon(lambda: gate._waiters, "the queue")
        shared.budget.stop()
    with pytest.raises(CallFailed, match="stopped"):
        await queued
    assert server.stats()["calls"] == 0
    async with asyncio.timeout(CEILING), gate:
        pass
    await client.close()
