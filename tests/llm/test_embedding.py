"""What every embedder does, whatever lies behind it: the offline one, and LiteLLM against the local server."""

from __future__ import annotations

import asyncio
import math

import pytest

from sim.core.errors import CallFailed, InputError
from sim.core.event import Usage
from sim.core.spec import Limits, ModelSpec
from sim.llm.build import Shared, build_embedder
from sim.llm.embedding import Embedder, OfflineEmbedder
from sim.llm.hosts import LocalOnly
from sim.llm.litellm_client import Library
from sim.llm.litellm_embedding import LiteLLMEmbedder
from sim.llm.traffic.passage import Traffic
from tests.llm.conftest import Waits
from tests.server import Server

TEXTS = ("My cat sleeps on the radio.", "The cat is asleep on the radio.", "Quarterly earnings rose.")


def over_http(server: Server, library: Library, waits: Waits, **fields: str) -> LiteLLMEmbedder:
    spec = ModelSpec(model="openai/embeds", api_base=server.url, **fields)  # type: ignore[arg-type]
    return LiteLLMEmbedder(spec, timeout=10, patience=waits.patience(1), enter=waits.enter(spec), library=library, environ={"EMBED_KEY": "hush-4711"})


@pytest.fixture(params=["offline", "litellm"])
async def embedder(request: pytest.FixtureRequest, server: Server, library: Library, waits: Waits) -> Embedder:
    return OfflineEmbedder() if request.param == "offline" else over_http(server, library, waits)


def closeness(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True)) / math.hypot(*a) / math.hypot(*b)


async def test_a_vector_for_each_text_in_order_and_what_is_alike_lies_close(embedder: Embedder) -> None:
    made = await embedder.embed(TEXTS)
    assert len(made.vectors) == 3
    assert len({len(v) for v in made.vectors}) == 1
    cat, also_cat, earnings = made.vectors
    assert closeness(cat, also_cat) > closeness(cat, earnings)
    alone = [(await embedder.embed([text])).vectors[0] for text in TEXTS]
    assert alone == list(made.vectors)


async def test_one_call_is_accounted_for_as_the_work_of_memory(embedder: Embedder) -> None:
    made = await embedder.embed(TEXTS)
    assert (made.call.role, made.call.model) == ("memory", embedder.model)
    assert made.call.usage == Usage(input=sum(map(len, TEXTS)) // 4, output=0)
    assert made.timing.retries == 0
    assert made.call.prompt == (await embedder.embed(TEXTS)).call.prompt != (await embedder.embed(TEXTS[:1])).call.prompt


async def test_many_at_once_each_get_their_own(embedder: Embedder) -> None:
    made = await asyncio.gather(*(embedder.embed([f"text {i}", TEXTS[0]]) for i in range(20)))
    assert len({m.vectors[1] for m in made}) == 1
    await embedder.close()
    await embedder.close()


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("error500", "infrastructure"),
        ("refuse429", "infrastructure"),
        ("cut", "infrastructure"),
        ("garbage", "infrastructure"),
        ("misshaped_json", "infrastructure"),
        ("unauthorized", "infrastructure"),
        ("context_too_long", "too_long"),
    ],
)
async def test_a_fault_is_a_call_failed_with_a_cause(fault: str, cause: str, server: Server, library: Library, waits: Waits) -> None:
    server.fault(fault)
    embedder = over_http(server, library, waits, api_key_env="EMBED_KEY")
    with pytest.raises(CallFailed) as failed:
        await embedder.embed(TEXTS)
    assert failed.value.cause == cause
    assert "hush-4711" not in failed.value.message
    server.clear()
    assert len((await embedder.embed(TEXTS)).vectors) == 3


async def test_a_fault_that_passes_is_tried_again(server: Server, library: Library, waits: Waits) -> None:
    server.fault("error500", role="embedding", count=1)
    made = await over_http(server, library, waits).embed(TEXTS)
    assert made.timing.retries == 1
    (_, request) = server.requests()
    assert request["path"] == "/v1/embeddings"
    assert request["body"]["input"] == list(TEXTS)
    assert request["key"] == "Bearer none", "no key of the environment goes to a server that was named by hand"


async def test_the_budget_counts_and_stops_it() -> None:
    shared = Shared(Traffic(Limits(max_tokens=20)))
    embedder = build_embedder(ModelSpec(model="offline/embedding"), limits=Limits(), shared=shared)
    await embedder.embed(TEXTS)
    spent = shared.traffic.budget.by_role["memory"]
    assert (spent.calls, spent.tokens) == (1, 20)
    with pytest.raises(CallFailed) as failed:
        await embedder.embed(TEXTS)
    assert failed.value.cause == "budget"


def test_names_and_hosts_are_refused_before_anything_is_sent() -> None:
    shared = Shared(Traffic(Limits()), LocalOnly())
    with pytest.raises(InputError, match="offline/uses cannot embed; write offline/embedding"):
        build_embedder(ModelSpec(model="offline/uses"), limits=Limits(), shared=shared)
    with pytest.raises(InputError, match=r"api\.openai\.com"):
        build_embedder(ModelSpec(model="openai/text-embedding-3-small"), limits=Limits(), shared=shared)
