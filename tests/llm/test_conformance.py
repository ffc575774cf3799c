"""What every client does, whatever lies behind it."""

from __future__ import annotations

import asyncio

import pytest

from sim.core.errors import CallFailed
from sim.llm.client import Client, Completion, Request, Scripted
from sim.llm.reading import find_object
from tests.llm.conftest import MOOD, Build, asked
from tests.server import Server, answer
from tests.waiting import soon


def _as_the_server_would(request: Request) -> Completion | Exception:
    if "fail" in request.messages[-1].content:
        return CallFailed("infrastructure", "down")
    body: dict[str, object] = {"model": "any", "messages": [m._asdict() for m in request.messages]}
    if request.seed is not None:
        body["seed"] = request.seed
    if request.schema is not None:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": request.schema.name, "schema": request.schema.json}}
    text = answer(body)
    return Completion(text, find_object(text).value if request.schema else None)


@pytest.fixture(params=["scripted", "direct", "litellm"])
def client(request: pytest.FixtureRequest, build: Build) -> Client:
    return Scripted(_as_the_server_would, model="openai/any") if request.param == "scripted" else build(request.param, retries=1)


async def test_is_named_as_the_study_names_it(client: Client) -> None:
    assert client.model == "openai/any"


async def test_free_text_comes_without_a_value(client: Client) -> None:
    completion = await client.complete(asked())
    assert len(completion.text.split()) >= 15
    assert completion.value is None
    assert (completion.finish, completion.attempts) == ("stop", 1)
    assert completion.latency >= 0


async def test_a_schema_brings_a_value_of_its_shape(client: Client) -> None:
    completion = await client.complete(asked(schema=MOOD, role="user"))
    assert isinstance(completion.value, dict)
    assert set(completion.value) == {"mood", "message", "leave"}
    assert completion.value["leave"] is False
    assert find_object(completion.text).value == completion.value


async def test_all_clients_bring_the_same_answer_to_the_same_request(client: Client) -> None:
    for request in (asked(), asked(seed=7), asked(schema=MOOD, role="user", seed=7)):
        expected = _as_the_server_would(request)
        assert isinstance(expected, Completion)
        completion = await client.complete(request)
        assert (completion.text, completion.value) == (expected.text, expected.value)


async def test_calls_at_once_each_get_their_own_answer(client: Client) -> None:
    requests = [asked(f"Message number {i}, and nothing else.") for i in range(30)]
    alone = [(await client.complete(r)).text for r in requests]
    together = await asyncio.gather(*(client.complete(r) for r in requests))
    assert [c.text for c in together] == alone
    assert len(set(alone)) > 20


async def test_failure_is_a_call_failed_with_a_cause(client: Client, server: Server) -> None:
    server.fault("error500")
    with pytest.raises(CallFailed) as failed:
        await client.complete(asked("fail"))
    assert failed.value.cause == "infrastructure"


async def test_cancelling_a_call_leaves_the_client_usable(client: Client, server: Server) -> None:
    server.fault("hang", count=1)
    call = asyncio.create_task(client.complete(asked("cancelled")))
    await soon(lambda: call.done() or server.stats()["inflight"] == 1, "the call is under way")
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    server.clear()
    assert (await client.complete(asked())).text


async def test_can_be_closed_twice_and_asked_again(client: Client) -> None:
    await client.complete(asked())
    await client.close()
    await client.close()
    assert (await client.complete(asked())).text
