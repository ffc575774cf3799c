"""What a target says it did for a reply comes with the reply, from every kind of target, free of keys; nothing of it is ever run."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import AsyncIterator, Iterator
from types import ModuleType
from typing import Any

import pytest
from langchain_core.messages import AIMessage, ToolMessage

from sim.core.errors import CallFailed
from sim.core.tools import ToolUse
from sim.llm.attempts import Answer, Patience, persist
from sim.llm.direct import read_reply
from sim.targets.stream import join
from sim.targets.target import TargetAnswer
from tests.targets.chatbots import KEY, Booth, Chatbot, chatbot, spec

MONDAY = dt.date(2026, 1, 5)
CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Lisbon"}'}}
CAME = {"role": "tool", "tool_call_id": "c1", "content": "21 degrees"}
WEATHER = ToolUse(name="weather", arguments='{"city": "Lisbon"}', result="21 degrees")


@pytest.fixture
def bot() -> Iterator[Chatbot]:
    with chatbot(key=KEY) as running:
        yield running


async def asked(**fields: Any) -> TargetAnswer:
    booth = Booth(spec(**fields))
    try:
        target = await booth.target()
        await target.open(MONDAY)
        return await target.reply("Is it warm?", "k1")
    finally:
        await booth.parts.close()


@pytest.mark.parametrize(
    ("did", "tools"),
    [([CALL, CAME], (WEATHER,)), ([], ()), (None, ()), (f"went with {KEY}", (ToolUse(name="", arguments="went with [key]"),))],
)
async def test_a_chatbot_behind_http_says_it_where_the_study_looks(
    bot: Chatbot, monkeypatch: pytest.MonkeyPatch, did: Any, tools: tuple[ToolUse, ...]
) -> None:
    monkeypatch.setenv("CHATBOT_KEY", KEY)
    body = {"message": "{message}", "user_id": "{user_id}", "did": did}
    http = {"url": f"{bot.url}/chat", "headers": {"Authorization": "Bearer ${CHATBOT_KEY}"}, "body": body, "clock": "none"}
    assert (await asked(http={**http, "tools": "echo.did"})).tools == tools
    assert (await asked(http={**http, "tools": "echo.nowhere[3]"})).tools == ()
    assert (await asked(http=http)).tools == ()


@pytest.mark.parametrize(
    ("parts", "text"),
    [([{"type": "tool_use", "id": "t", "name": "weather", "input": {"city": "Lisbon"}}, {"type": "text", "text": "Warm."}], "Warm."), ([CALL], "")],
)
async def test_parts_of_a_reply_are_its_text_and_its_tools(bot: Chatbot, monkeypatch: pytest.MonkeyPatch, parts: Any, text: str) -> None:
    monkeypatch.setenv("CHATBOT_KEY", KEY)
    body = {"message": "{message}", "user_id": "{user_id}", "content": parts}
    http = {"url": f"{bot.url}/chat", "headers": {"Authorization": "Bearer ${CHATBOT_KEY}"}, "body": body, "clock": "none", "reply": "echo.content"}
    answer = await asked(http={**http, "tools": "echo.content"})
    assert (answer.text, [use.name for use in answer.tools]) == (text, ["weather"])
    if not text:
        with pytest.raises(CallFailed, match=r"no text stands at reply: echo\.content"):
            await asked(http=http)


@pytest.mark.parametrize(
    "value", [{"content": "Warm.", "tools": [CALL, CAME]}, {"content": "Warm.", "tool_calls": [{**CALL, "result": "21 degrees"}]}]
)
async def test_a_function_gives_it_back_beside_the_text(monkeypatch: pytest.MonkeyPatch, value: dict[str, Any]) -> None:
    module = ModuleType("tooled")
    module.answer = lambda messages: value  # type: ignore[attr-defined]
    monkeypatch.setitem(__import__("sys").modules, "tooled", module)
    answer = await asked(callable="tooled:answer", clock="none")
    assert (answer.text, answer.tools) == ("Warm.", (WEATHER,))


class Graph:
    """As a compiled graph is talked to; its state has the whole talk, of which only the newest part belongs to the reply."""

    async def ainvoke(self, input: Any, config: Any) -> dict[str, Any]:
        call = {"name": "weather", "args": {"city": "Lisbon"}, "id": "c2"}
        old = [AIMessage("", tool_calls=[{**call, "name": "old"}]), ToolMessage("gone", tool_call_id="c2"), AIMessage("Yes.")]
        new = [AIMessage("", tool_calls=[call]), ToolMessage("21 degrees", tool_call_id="c2"), AIMessage("Warm.")]
        return {"messages": [*old, *input["messages"], *new]}


async def test_a_graph_has_it_among_its_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("tooled")
    module.graph = Graph()  # type: ignore[attr-defined]
    monkeypatch.setitem(__import__("sys").modules, "tooled", module)
    answer = await asked(graph="tooled:graph", clock="none")
    assert (answer.text, answer.tools) == ("Warm.", (WEATHER,))


async def test_a_stream_sends_it_in_pieces() -> None:
    def delta(**more: Any) -> str:
        return json.dumps({"choices": [{"delta": more}]})

    async def events() -> AsyncIterator[str]:
        yield delta(tool_calls=[{"index": 0, "id": "c1", "type": "function", "function": {"name": "weather", "arguments": ""}}])
        yield delta(tool_calls=[{"index": 1, "id": "c2", "function": {"name": "clock", "arguments": "{"}}])
        yield delta(tool_calls=[{"index": 0, "function": {"arguments": '{"city": '}}])
        yield delta(tool_calls=[{"index": 0, "function": {"arguments": '"Lisbon"}'}}, {"index": 1, "function": {"arguments": "}"}}])
        yield delta(content="Warm.")

    text, finish, used = await join(events(), "choices[0].delta.content", None, "choices[0].delta.tool_calls")
    assert (text, finish) == ("Warm.", "stop")
    functions = [call["function"] for call in used if isinstance(call, dict)]
    assert functions == [{"name": "weather", "arguments": '{"city": "Lisbon"}'}, {"name": "clock", "arguments": "{}"}]


async def test_a_model_that_only_calls_a_tool_has_answered() -> None:
    message = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    read = read_reply(json.dumps({"choices": [{"message": message, "finish_reason": "tool_calls"}]}).encode(), "host")
    assert (read.text, read.finish, read.tools) == ("", "tool_calls", [CALL])
    made = 0

    async def attempt() -> Answer:
        nonlocal made
        made += 1
        return read

    class Here:
        def answered(self) -> None: ...

    outcome = await persist(attempt, Patience(), Here(), blanks=2)  # type: ignore[arg-type]
    assert made == 1, "a text that is missing on purpose is not asked for again"
    assert outcome.answer.tools == [CALL]
