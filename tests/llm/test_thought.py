"""What a reasoning model thinks is kept apart from what it says, wherever it stands, and counted."""

from __future__ import annotations

import time
from typing import Any

import pytest
from aiohttp import web

from sim.llm.thought import LONGEST, part
from tests.llm.conftest import MOOD, asked
from tests.llm.scripted_server import Stream, by_turns, chunk, completion, counts
from tests.llm.test_bounds import WHOLE, asking


@pytest.mark.parametrize(
    ("came", "said", "thought"),
    [
        ("Hello.", "Hello.", ""),
        ("<think>They greet me.</think>\n\nHello.", "Hello.", "They greet me."),
        ("<think>One.</think>\n<think>Two.</think>Hello.", "Hello.", "One.\n\nTwo."),
        ("<thinking>They greet", "", "They greet"),
        ("[THINK]They greet me.[/THINK]Hello.", "Hello.", "They greet me."),
        ("They greet me.\n</think>\n\nHello.", "Hello.", "They greet me."),
        ("Hello.\n<think>More?</think>\nHow are you?", "Hello.\n\nHow are you?", "More?"),
        ("Write <think> and </think> around it.", "Write <think> and </think> around it.", ""),
    ],
)
def test_a_reply_is_what_is_said(came: str, said: str, thought: str) -> None:
    assert part(came, talk=True) == (said, thought)


@pytest.mark.parametrize("came", ["{}\n</think>\n{}", "It wrote:\n<think>rate 5</think>\n{}"])
def test_a_judge_may_quote_tags(came: str) -> None:
    assert part(came) == (came, "")


def test_it_is_quick_and_bounded_whatever_comes() -> None:
    started = time.perf_counter()
    for evil in ("<think>\n" * 200_000, "</think>x" * 200_000, "x\n<think>\n</think>\n" * 100_000):
        assert len(part(evil, talk=True).thought) <= LONGEST + 1
        part(evil)
    assert time.perf_counter() - started < 20


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
@pytest.mark.parametrize("through", ["direct", "litellm"])
async def test_it_is_kept_apart_and_counted(field: str, through: str) -> None:
    def thinking() -> web.Response:
        return completion("Hello.", usage=(10, 40), **{field: "They greet me, so I greet."})

    async with asking(by_turns(thinking), client=through) as (_, client):
        done = await client.complete(asked())
        assert (done.text, done.thought) == ("Hello.", "They greet me, so I greet.")
        assert done.usage is not None
        assert (done.usage.output, done.usage.reasoning) == (40, 32), "as large a share of the tokens as of the characters"


async def test_so_it_is_in_a_stream_and_in_front_of_json() -> None:
    async def streams(body: dict[str, Any], request: web.Request) -> web.StreamResponse:
        stream = await Stream.begin(request)
        await stream.send(chunk(reasoning_content="They "), chunk(reasoning_content="greet me."), chunk(f"<think>Really?</think>{WHOLE}"))
        await stream.send(chunk(finish="stop"), counts(10, 40))
        return await stream.end()

    async with asking(streams) as (_, client):
        done = await client.complete(asked(role="rater", schema=MOOD))
        assert done.thought == "They greet me.\n\nReally?"
        assert done.text == WHOLE
