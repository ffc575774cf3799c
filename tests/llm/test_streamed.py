"""Slow servers: a model that is still writing is waited for, one that stalls is not; quick servers are not asked to stream."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import web

from sim.core.errors import CallFailed
from sim.core.spec import Limits
from sim.llm.learnt import QUICK, Learnt
from tests.llm.conftest import MOOD, asked
from tests.llm.scripted_server import Stream, chunk, completion, counts, never, refusal
from tests.llm.test_bounds import asking

ANSWER = json.dumps({"mood": "calm", "message": "The rice burnt again.", "leave": False})


def pieces(text: str) -> list[dict[str, Any]]:
    return [chunk(text[i : i + 4]) for i in range(0, len(text), 4)]


async def test_a_model_that_is_still_writing_is_waited_for() -> None:
    async def slowly(body: dict[str, Any], request: web.Request) -> web.StreamResponse:
        assert body["stream_options"] == {"include_usage": True}
        stream = await Stream.begin(request)
        for piece in pieces(ANSWER):
            await stream.send(piece)
            await asyncio.sleep(0.05)
        await stream.send(chunk(finish="stop"), counts(30, 20))
        return await stream.end()

    # In all it takes twice the time-out and more.
    async with asking(slowly, limits=Limits(timeout=0.4, idle=0.4, retries=0)) as (server, client):
        done = await client.complete(asked(role="judge", schema=MOOD))
        assert done.latency > 0.8
        assert done.value == json.loads(ANSWER)
        assert done.usage is not None
        assert (done.usage.input, done.usage.output, len(server.bodies)) == (30, 20, 1)


async def test_one_that_stalls_in_the_middle_is_not() -> None:
    async def stalls(body: dict[str, Any], request: web.Request) -> web.StreamResponse:
        stream = await Stream.begin(request)
        await stream.send(chunk("Well, "))
        await never()
        return stream.response

    async with asking(stalls, limits=Limits(timeout=30, idle=0.1, retries=0)) as (_, client):
        with pytest.raises(CallFailed, match=r"stopped writing for 0\.1 s"):
            await client.complete(asked())


async def test_nor_one_that_never_begins() -> None:
    async def silent(body: dict[str, Any], request: web.Request) -> web.StreamResponse:
        return await Stream.begin(request) and await never()  # type: ignore[func-returns-value, return-value]

    async with asking(silent, limits=Limits(timeout={"target": 0.1}, idle=30, retries=0)) as (_, client):
        with pytest.raises(CallFailed, match=r"did not answer within 0\.1 s"):
            await client.complete(asked())


async def test_a_stream_that_breaks_off_is_asked_for_again() -> None:
    first = True

    async def breaks(body: dict[str, Any], request: web.Request) -> web.StreamResponse:
        nonlocal first
        stream = await Stream.begin(request)
        await stream.send(chunk("The rice "))
        if first:
            first = False
            return stream.response
        await stream.send(chunk("burnt."), chunk(finish="stop"))
        return await stream.end()

    async with asking(breaks, limits=Limits(retries=1)) as (server, client):
        done = await client.complete(asked())
        assert (done.text, len(server.bodies)) == ("The rice burnt.", 2)


async def test_usage_that_a_stream_does_not_tell_is_unknown_and_not_asked_for_again() -> None:
    async def uncounted(body: dict[str, Any], request: web.Request) -> web.StreamResponse:
        stream = await Stream.begin(request)
        await stream.send(chunk("Hello."), chunk(finish="stop"))
        return await stream.end()

    async with asking(uncounted) as (_, client):
        done = await client.complete(asked())
        assert done.usage is None
        assert done.estimated is not None


async def test_a_server_that_refuses_to_stream_is_asked_so_once() -> None:
    async def refuses(body: dict[str, Any], request: web.Request) -> web.StreamResponse:
        if "stream_options" in body:
            return refusal("Unrecognized request argument supplied: stream_options")
        return refusal("stream is not supported by this deployment") if body.get("stream") else completion("Hello.")

    async with asking(refuses) as (server, client):
        assert (await client.complete(asked())).text == "Hello."
        assert (await client.complete(asked())).text == "Hello."
        assert [(b.get("stream"), "stream_options" in b) for b in server.bodies] == [(True, True), (True, False), (None, False), (None, False)]


async def test_one_that_does_not_heed_the_wish_is_not_asked_again() -> None:
    async def whole(body: dict[str, Any], request: web.Request) -> web.StreamResponse:
        return completion("Hello.")

    async with asking(whole) as (server, client):
        for _ in range(2):
            await client.complete(asked())
        assert [b.get("stream") for b in server.bodies] == [True, None]


async def test_an_error_in_the_stream_is_read_as_any_other() -> None:
    async def fails(body: dict[str, Any], request: web.Request) -> web.StreamResponse:
        stream = await Stream.begin(request)
        await stream.send(chunk("We"), {"error": {"message": "the engine is overloaded", "code": 503}})
        return stream.response

    async with asking(fails) as (_, client):
        with pytest.raises(CallFailed, match="the engine is overloaded"):
            await client.complete(asked())


async def test_a_server_that_goes_on_beyond_its_bound_is_cut_off() -> None:
    async def endless(body: dict[str, Any], request: web.Request) -> web.StreamResponse:
        stream = await Stream.begin(request)
        with suppress(ConnectionError):
            while True:
                await stream.send(chunk("and "))
        return stream.response

    async with asking(endless, sampling={"max_tokens": 20}) as (_, client):
        done = await client.complete(asked())
        assert done.finish == "length"
        assert len(done.text) < 400


def test_only_slow_servers_are_asked_to_stream() -> None:
    learnt = Learnt()
    assert learnt.to_stream, "of a new server nobody knows"
    learnt.took(1.0, within=100)
    assert not learnt.to_stream
    learnt.took(20.0, within=100)
    assert learnt.to_stream
    for _ in range(QUICK - 1):
        learnt.took(1.0, within=100)
        assert learnt.to_stream
    learnt.took(1.0, within=100)
    assert not learnt.to_stream
