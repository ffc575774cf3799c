"""Every call has a bound: tokens of its answer, bytes of its body; what does not fit is asked for once with more room, and is then no score."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from aiohttp import web

from sim.core.errors import CallFailed
from sim.core.event import ROLES
from sim.core.spec import Limits, ModelSpec, Sampling
from sim.core.spec.allowance import TOKENS
from sim.llm.bounds import LARGEST
from sim.llm.build import Shared, build_client
from sim.llm.client import Client, Schema
from sim.llm.traffic.passage import Traffic
from tests.llm.conftest import MOOD, asked
from tests.llm.scripted_server import Answering, ScriptedServer, by_turns, completion, refusal

WHOLE = json.dumps({"mood": "calm", "message": "The rice burnt.", "leave": False})


@asynccontextmanager
async def asking(answering: Answering, *, limits: Limits | None = None, **spec: Any) -> AsyncIterator[tuple[ScriptedServer, Client]]:
    """A server, and a client that asks it."""
    limits = limits or Limits(retries=0)
    async with ScriptedServer(answering) as server:
        client = build_client(
            ModelSpec(model="openai/any", api_base=server.url, **spec), sampling=Sampling(), limits=limits, shared=Shared(Traffic(limits))
        )
        try:
            yield server, client
        finally:
            await client.close()


def cut(text: str = "") -> Callable[[], web.Response]:
    return lambda: completion(text, finish="length", usage=(10, 100))


@pytest.mark.parametrize("through", ["direct", "litellm"])
async def test_every_role_sends_a_bound_of_its_own(through: str) -> None:
    async with asking(by_turns(lambda: completion("Hello.")), client=through) as (server, client):
        for role in ROLES:
            await client.complete(asked(role=role))
        assert [b["max_tokens"] for b in server.bodies] == [TOKENS[role] for role in ROLES]


async def test_a_study_overrides_the_bound_and_effort_widens_it() -> None:
    async with asking(by_turns(lambda: completion("Hello.")), sampling=Sampling(max_tokens=77)) as (server, client):
        await client.complete(asked(role="rater"))
        assert server.bodies[-1]["max_tokens"] == 77
    async with asking(by_turns(lambda: completion("Hello.")), reasoning_effort="high", extra={"top_k": 4}) as (server, client):
        await client.complete(asked(role="rater"))
        sent = server.bodies[-1]
        assert (sent["max_tokens"], sent["reasoning_effort"], sent["top_k"]) == (4 * TOKENS["rater"], "high", 4)


@pytest.mark.parametrize("through", ["direct", "litellm"])
async def test_what_reaches_its_bound_is_asked_for_once_more_with_twice_the_room(through: str) -> None:
    async with asking(by_turns(cut('{"mood": "ca'), lambda: completion(WHOLE)), client=through) as (server, client):
        done = await client.complete(asked(role="rater", schema=MOOD))
        assert done.value == json.loads(WHOLE)
        assert [b["max_tokens"] for b in server.bodies] == [TOKENS["rater"], 2 * TOKENS["rater"]]
        assert done.usage is not None
        assert (done.usage.input, done.usage.output, done.attempts) == (20, 105, 2)


@pytest.mark.parametrize("role", ["user", "rater", "tagger", "judge"])
async def test_what_is_still_too_long_then_is_no_answer_and_is_paid_for(role: str) -> None:
    async with asking(by_turns(cut('{"mood": "ca'))) as (server, client):
        with pytest.raises(CallFailed, match="had not ended after") as failed:
            await client.complete(asked(role=role, schema=MOOD))
        assert failed.value.cause == "too_long"
        (call,) = failed.value.calls
        assert call.usage is not None
        assert call.usage.output == 200
        assert len(server.bodies) == 2


async def test_an_answer_that_is_whole_is_one_wherever_it_was_cut() -> None:
    async with asking(by_turns(cut(WHOLE + "\n\n\n\n"))) as (server, client):
        assert (await client.complete(asked(role="judge", schema=MOOD))).value == json.loads(WHOLE)
        assert len(server.bodies) == 1


async def test_a_reply_of_a_target_counts_marked_as_cut() -> None:
    async with asking(by_turns(cut("And then"))) as (server, client):
        done = await client.complete(asked(role="target"))
        assert (done.text, done.finish, len(server.bodies)) == ("And then", "length", 2)
    async with asking(by_turns(cut("And then")), sampling=Sampling(max_tokens=9)) as (server, client):
        done = await client.complete(asked(role="target"))
        assert (done.text, done.finish, len(server.bodies)) == ("And then", "length", 1), "a bound that the study sets is part of what is tested"


@pytest.mark.parametrize("role", ["target", "rater"])
async def test_an_allowance_spent_on_thought_is_asked_for_again_and_never_a_score(role: str) -> None:
    def thinking() -> web.Response:
        return completion("", finish="length", usage=(10, 100), reasoning_content='Perhaps {"mood": "x", "message": "y", "leave": true}?')

    schema = None if role == "target" else MOOD
    async with asking(by_turns(thinking, lambda: completion(WHOLE))) as (server, client):
        assert (await client.complete(asked(role=role, schema=schema))).text == WHOLE
        assert len(server.bodies) == 2, "an empty answer that was cut off is not asked for again in the same room"
    async with asking(by_turns(thinking), sampling=Sampling(max_tokens=50)) as (server, client):
        if role == "target":
            done = await client.complete(asked(role=role))
            assert (done.text, done.finish) == ("", "length")
        else:
            with pytest.raises(CallFailed) as failed:
                await client.complete(asked(role=role, schema=schema))
            assert failed.value.cause == "too_long"
            assert failed.value.calls[0].usage is not None
            assert failed.value.calls[0].usage.reasoning == 200
        assert [b["max_tokens"] for b in server.bodies] == [50, 100]


# --- what a server does not take ------------------------------------------------------------------------------------


async def test_the_other_name_of_the_bound_is_remembered() -> None:
    async def strict(body: dict[str, Any], request: web.Request) -> web.StreamResponse:
        if "max_tokens" in body:
            return refusal("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.")
        return completion("Hello.")

    async with asking(strict) as (server, client):
        for _ in range(2):
            await client.complete(asked())
        assert [b.get("max_completion_tokens") for b in server.bodies] == [None, TOKENS["target"], TOKENS["target"]]


@pytest.mark.parametrize(
    ("said", "room", "again"),
    [
        ("max_tokens is too large: 3000. This model supports at most 1024 completion tokens, whereas you provided 3000.", 1024, [1024]),
        ("max_tokens: 3000 > 2048, which is the maximum allowed number of output tokens for tiny", 2048, [2048]),
        (
            "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (2000 in the messages, 3000 in the completion).",
            2095,
            [3000, 2095],
        ),
        (
            "'max_tokens' or 'max_completion_tokens' is too large: 3000. This model's maximum context length is 4096 tokens and your request has "
            "1500 input tokens (3000 > 4096 - 1500).",
            2595,
            [3000, 2595],
        ),
        ("input length and `max_tokens` exceed context limit: 198000 + 3000 > 200000, decrease input length or `max_tokens`", 2000, [3000, 2000]),
        ("max_output_tokens must not exceed the window", 1500, [3000, 1500]),
    ],
)
async def test_a_bound_that_is_too_large_for_the_server_is_lowered(said: str, room: int, again: list[int]) -> None:
    async def small(body: dict[str, Any], request: web.Request) -> web.StreamResponse:
        return refusal(said) if body["max_tokens"] > room else completion("Hello.")

    async with asking(small) as (server, client):
        assert (await client.complete(asked())).text == "Hello."
        assert [b["max_tokens"] for b in server.bodies] == [3000, room]
        await client.complete(asked())
        assert [b["max_tokens"] for b in server.bodies[2:]] == again, "what holds for every prompt is remembered, what hangs on one is not"


async def test_a_prompt_that_leaves_no_room_is_too_long() -> None:
    said = "This model's maximum context length is 4096 tokens. However, you requested 7090 tokens (4090 in the messages, 3000 in the completion)."
    async with asking(by_turns(lambda: refusal(said))) as (server, client):
        with pytest.raises(CallFailed) as failed:
            await client.complete(asked())
        assert (failed.value.cause, len(server.bodies)) == ("too_long", 1)


BOUNDED = Schema(
    "facts",
    {
        "type": "object",
        "properties": {"maxItems": {"type": "array", "items": {"type": "string", "maxLength": 9}, "maxItems": 3, "uniqueItems": True}},
        "required": ["maxItems"],
        "additionalProperties": False,
    },
)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("Invalid schema for response_format 'facts': In context=('properties', 'x'), 'uniqueItems' is not permitted.", {"maxLength", "maxItems"}),
        ("The provided JSON schema contains features not supported by xgrammar.", set()),
        ("Failed to parse grammar", set()),
    ],
)
async def test_a_keyword_that_is_refused_is_dropped_once_and_remembered(said: str, left: set[str]) -> None:
    async def picky(body: dict[str, Any], request: web.Request) -> web.StreamResponse:
        return refusal(said) if "uniqueItems" in json.dumps(body["response_format"]) else completion('{"maxItems": []}')

    async with asking(picky) as (server, client):
        for _ in range(2):
            assert (await client.complete(asked(role="judge", schema=BOUNDED))).value == {"maxItems": []}
        assert len(server.bodies) == 3
        schema = server.bodies[-1]["response_format"]["json_schema"]["schema"]
        assert {"maxLength", "maxItems", "uniqueItems"} & _words(schema["properties"]["maxItems"]) == left
        assert set(schema["properties"]) == {"maxItems"}, "a name of ours is no keyword"


def _words(schema: Any) -> set[str]:
    return {*schema, *schema["items"]}


# --- bodies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("packing", ["", "gzip", "deflate"])
@pytest.mark.parametrize(
    ("model", "through"),
    [("openai/any", "direct"), ("openai/any", "litellm"), ("anthropic/claude-haiku-4-5", "litellm"), ("hosted_vllm/any", "litellm")],
)
async def test_a_body_beyond_any_reply_is_not_read(model: str, through: str, packing: str) -> None:
    pack = {"": bytes, "gzip": gzip.compress, "deflate": zlib.compress}[packing]
    sent = 0

    async def endless(body: dict[str, Any], request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Encoding": packing} if packing else {})
        await response.prepare(request)
        megabyte = b" " * 1_000_000
        with suppress(ConnectionError):
            for _ in range(1 if packing else 40):
                await response.write(pack(megabyte * (30 if packing else 1)))
                sent += 1
        return response

    async with asking(endless, client=through) as (server, client):
        with pytest.raises(CallFailed, match=f"more than {LARGEST // 1_000_000} MB came in answer to one call"):
            await client.complete(asked())
        assert len(server.bodies) == 1, "asked for again it would be no shorter"
    assert sent < 40


@pytest.mark.parametrize("packing", ["", "gzip", "deflate", "bare deflate"])
@pytest.mark.parametrize("through", ["direct", "litellm"])
async def test_a_packed_body_is_unpacked(through: str, packing: str) -> None:
    pack = {"": bytes, "gzip": gzip.compress, "deflate": zlib.compress, "bare deflate": lambda raw: zlib.compress(raw, wbits=-15)}[packing]

    async def packed(body: dict[str, Any], request: web.Request) -> web.StreamResponse:
        whole = completion("Add water. " * 40_000).body
        assert isinstance(whole, bytes)
        headers = {"Content-Type": "application/json"} | ({"Content-Encoding": packing.rpartition(" ")[2]} if packing else {})
        return web.Response(body=pack(whole), headers=headers)

    async with asking(packed, client=through) as (_, client):
        assert (await client.complete(asked())).text == "Add water. " * 40_000


async def test_the_budget_reserves_the_bound() -> None:
    limits = Limits(retries=0, max_tokens=TOKENS["target"])
    async with asking(by_turns(lambda: completion("Hello.")), limits=limits) as (server, client):
        with pytest.raises(CallFailed, match="the next call may take 3,0"):
            await client.complete(asked())
        assert not server.bodies
