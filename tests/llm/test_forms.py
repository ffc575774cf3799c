"""How structured answers are asked for is found out once per client."""

from __future__ import annotations

import asyncio

import pytest

from sim.core.errors import CallFailed
from tests.llm.conftest import MOOD, Build, Via, asked
from tests.server import Server
from tests.waiting import CEILING, soon, turns


def _formats(server: Server) -> list[str | None]:
    return [(r["body"].get("response_format") or {}).get("type") for r in server.requests()]


async def test_a_server_that_takes_schemas_gets_them(via: Via, build: Build, server: Server) -> None:
    client = build(via)
    await client.complete(asked(schema=MOOD))
    assert (client.form, _formats(server)) == ("schema", ["json_schema"])


async def test_a_refused_schema_is_remembered_and_written_into_the_prompt(via: Via, build: Build, server: Server) -> None:
    server.fault("refuse_json_schema")
    client = build(via)
    first = await client.complete(asked(schema=MOOD, role="user"))
    await client.complete(asked(schema=MOOD, role="user"))
    assert isinstance(first.value, dict)
    assert set(first.value) == {"mood", "message", "leave"}
    assert client.form == "json"
    assert _formats(server) == ["json_schema", "json_object", "json_object"]
    last = server.requests()[-1]["body"]["messages"][-1]["content"]
    assert last.startswith("The rice burnt again.\n\n")
    assert '"title": "user_turn"' in last


async def test_a_server_that_takes_no_format_at_all_is_asked_in_words(via: Via, build: Build, server: Server) -> None:
    server.fault("refuse_response_format")
    client = build(via)
    for _ in range(2):
        completion = await client.complete(asked(schema=MOOD, role="user"))
        assert isinstance(completion.value, dict)
    assert client.form == "prompt"
    assert _formats(server) == ["json_schema", "json_object", None, None]


async def test_finding_out_is_not_a_retry(via: Via, build: Build, server: Server) -> None:
    server.fault("refuse_response_format")
    assert (await build(via, retries=0).complete(asked(schema=MOOD))).attempts == 1


async def test_calls_at_once_find_out_together(via: Via, build: Build, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.llm.answers.GRACE", 600)
    server.fault("refuse_response_format")
    client = build(via)
    await asyncio.gather(*(client.complete(asked(f"Message {i}.", schema=MOOD)) for i in range(40)))
    formats = _formats(server)
    assert (formats.count("json_schema"), formats.count("json_object"), formats.count(None)) == (1, 1, 40)


async def test_a_first_call_in_trouble_does_not_hold_up_the_others(build: Build, server: Server) -> None:
    server.fault("error500", count=1)
    client = build("direct")
    await asyncio.gather(*(client.complete(asked(f"Message {i}.", schema=MOOD)) for i in range(10)))
    assert server.stats()["calls"] == 11


async def test_a_first_call_that_hangs_holds_the_others_up_only_for_a_while(build: Build, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.llm.answers.GRACE", 0.05)
    server.fault("hang", count=1)
    client = build("direct")
    stuck = asyncio.create_task(client.complete(asked("first", schema=MOOD)))
    await soon(lambda: server.stats()["inflight"] == 1, "the first call hangs")
    assert (await client.complete(asked("second", schema=MOOD))).value
    assert not stuck.done()
    server.release()
    assert (await stuck).value


async def test_a_cancelled_first_call_sets_the_others_free(build: Build, server: Server) -> None:
    server.fault("hang", count=1)
    client = build("direct")
    stuck = asyncio.create_task(client.complete(asked("first", schema=MOOD)))
    await soon(lambda: server.stats()["inflight"] == 1, "the first call hangs")
    second = asyncio.create_task(client.complete(asked("second", schema=MOOD)))
    await turns()
    assert server.stats()["calls"] == 1, "the second waits for the first"
    stuck.cancel()
    async with asyncio.timeout(CEILING):
        assert (await second).value


async def test_a_server_that_accepts_the_schema_and_ignores_it_is_told_in_words(build: Build, server: Server) -> None:
    server.fault("not_json", count=2)
    client = build("direct")
    for _ in range(2):
        assert (await client.complete(asked(schema=MOOD))).value is None
    assert client.form == "json"
    assert (await client.complete(asked(schema=MOOD))).value


async def test_prose_from_a_server_that_has_shown_it_can_do_better_changes_nothing(build: Build, server: Server) -> None:
    client = build("direct")
    await client.complete(asked(schema=MOOD))
    server.fault("not_json")
    for _ in range(4):
        await client.complete(asked(schema=MOOD))
    assert client.form == "schema"


async def test_free_text_has_no_format_to_refuse(via: Via, build: Build, server: Server) -> None:
    server.fault("refuse_response_format")
    assert (await build(via).complete(asked())).text
    assert _formats(server) == [None]


async def test_another_refusal_is_not_taken_for_one_of_the_format(via: Via, build: Build, server: Server) -> None:
    server.fault("unauthorized")
    client = build(via)
    with pytest.raises(CallFailed):
        await client.complete(asked(schema=MOOD))
    assert client.form == "schema"
