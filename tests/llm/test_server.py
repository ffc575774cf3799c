"""The test server keeps its promises, or the tests that lean on it say nothing."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from tests.server import KINDS, Server, answer, serve
from tests.waiting import soon

RATINGS = {
    "type": "object",
    "properties": {
        name: {
            "type": "object",
            "properties": {
                "evidence": {"type": "object", "properties": {"kind": {"enum": ["quote", "absence"]}, "text": {"type": "string"}}},
                "reason": {"type": "string"},
                "score": {"anyOf": [{"type": "integer", "enum": [1, 2, 3, 4, 5]}, {"type": "null"}]},
            },
        }
        for name in ("formality_matching", "length_fit", "callback")
    },
}


def _asked(name: str, schema: object, text: str = "x", **more: object) -> dict[str, object]:
    wanted = {"type": "json_schema", "json_schema": {"name": name, "schema": schema}}
    return {"model": "rater", "messages": [{"role": "user", "content": text}], "response_format": wanted, **more}


def test_an_answer_depends_on_the_request_alone() -> None:
    body = {"model": "any", "messages": [{"role": "user", "content": "hello"}]}
    assert answer(body) == answer(json.loads(json.dumps(body)))
    assert len({answer({**body, "seed": i}) for i in range(50)}) > 30


def test_replies_are_of_ordinary_length() -> None:
    lengths = [len(answer({"model": "any", "messages": [{"role": "user", "content": f"it was day {i} of it"}]}).split()) for i in range(300)]
    assert min(lengths) >= 15
    assert max(lengths) <= 60


def test_ratings_vary_and_quote_the_last_reply() -> None:
    reply = "It sounds like a long week.\nWould you like to tell me about the harbour?"
    prompt = f"<reply>\nnot this one at all\n</reply>\nthen\n<reply>\n{reply}\n</reply>\nRate it."
    filled = [json.loads(answer(_asked("ratings", RATINGS, prompt, seed=i))) for i in range(40)]
    ratings = [r for f in filled for r in f.values()]
    assert {r["score"] for r in ratings} == {1, 2, 3, 4, 5}
    assert all(r["reason"] for r in ratings)
    assert all(r["evidence"]["kind"] == "quote" and r["evidence"]["text"] in reply and len(r["evidence"]["text"].split()) >= 4 for r in ratings)


def test_any_schema_is_filled() -> None:
    schema = {
        "type": "object",
        "properties": {
            "ref": {"$ref": "#/$defs/Thing"},
            "const": {"const": 7},
            "either": {"anyOf": [{"type": "null"}, {"type": "number", "minimum": 2, "maximum": 2}]},
            "list": {"type": "array", "minItems": 2, "items": {"enum": ["a", "b", "c"]}},
            "maybe": {"type": ["string", "null"]},
            "nothing": {"type": "null"},
        },
        "$defs": {"Thing": {"type": "object", "properties": {"on": {"type": "boolean"}}}},
    }
    filled = json.loads(answer(_asked("anything", schema)))
    assert (filled["ref"], filled["const"], filled["either"], filled["nothing"]) == ({"on": False}, 7, 2, None)
    assert len(filled["list"]) >= 2
    assert set(filled["list"]) <= {"a", "b", "c"}
    assert isinstance(filled["maybe"], str)


async def test_chunked_and_pipelined_requests_are_read() -> None:
    body = json.dumps({"model": "any", "messages": [{"role": "user", "content": "hi"}]}).encode()
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(body[i : i + 7]), body[i : i + 7]) for i in range(0, len(body), 7)) + b"0\r\n\r\n"
    async with Server() as server:
        host, port = server.url.removeprefix("http://").removesuffix("/v1").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        one = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
        for start, end in ((0, 40), (40, 90)):
            writer.write(one[start:end])
            await soon(lambda end=end: sum(len(c.buffer) for c in server._state.open) == end, "the piece has come")  # type: ignore[misc]
        writer.write(one[90:] + one)
        answers = []
        for _ in range(2):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            answers.append(await reader.readexactly(int(head.split(b"content-length: ")[1])))
        writer.close()
        assert answers[0] == answers[1]
        assert server.requests()[0]["body"]["messages"][0]["content"] == "hi"


async def test_faults_count_by_role_from_now() -> None:
    async with Server() as server, aiohttp.ClientSession() as session:

        async def status(model: str) -> int:
            body = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
            async with session.post(f"{server.url}/chat/completions", json=body) as response:
                return response.status

        await status("rater")
        server.fault("error500", role="rater", start=2, count=2)
        assert [await status(m) for m in ("any", "rater", "user", "rater", "any", "rater", "rater")] == [200, 200, 200, 500, 200, 500, 200]
        assert server.stats()["by_role"] == {"rater": 5, "target": 2, "user": 1}
        assert server.stats()["refused"] == 2


async def test_an_unknown_fault_is_refused() -> None:
    async with Server() as server:
        with pytest.raises(ValueError, match="meltdown"):
            server.fault("meltdown")


def test_in_a_process_of_its_own_it_is_controlled_over_http() -> None:
    import urllib.request

    with serve() as server:

        def post() -> int:
            data = json.dumps({"model": "user", "messages": [{"role": "user", "content": "hi"}]}).encode()
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            try:
                return int(opener.open(urllib.request.Request(f"{server.url}/chat/completions", data=data, method="POST"), timeout=5).status)
            except urllib.error.HTTPError as error:
                return int(error.code)

        assert post() == 200
        server.fault("refuse429", count=1)
        assert [post(), post()] == [429, 200]
        assert server.stats()["by_role"] == {"user": 3}
        assert [r["role"] for r in server.requests()] == ["user"] * 3
        server.fault("error500")
        server.clear()
        server.reset()
        assert post() == 200
        assert server.stats()["calls"] == 1


def test_the_docstring_names_every_fault() -> None:
    import tests.server

    assert all(f"    {kind} " in (tests.server.__doc__ or "") for kind in KINDS)
