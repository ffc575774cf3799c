"""What offline targets answer when they are asked for something they were told."""

from __future__ import annotations

import pytest

from sim.llm.client import Message, Request
from sim.llm.offline import build_offline
from sim.llm.offline.asked import NOT_TOLD, asks

TALK = (
    Message("user", "[Monday, 5 January 2026]\n\nGood evening. My sister Leila moved here from Delft. The van comes on Thursday at seven."),
    Message("assistant", "I see."),
    Message("user", "[Wednesday, 14 January 2026]\n\nHello again. I live in Mill Lane, above the bakery. The van comes on Friday now."),
    Message("assistant", "I see."),
)


async def answer(target: str, question: str, *before: Message) -> str:
    asked = Message("user", f"[Thursday, 15 January 2026]\n\n{question}")
    return (await build_offline(f"offline/{target}").complete(Request("probe", (*before, asked)))).text


@pytest.mark.parametrize("target", ["uses", "ignores", "cold", "flatters"])
async def test_what_was_told_is_given_back_by_who_uses_it_in_talk_and_by_who_does_not(target: str) -> None:
    assert "Mill Lane" in await answer(target, "Where do I live, again?", *TALK)
    assert "Leila" in await answer(target, "What is my sister's name?", *TALK)


async def test_what_was_not_told_is_said_not_to_be() -> None:
    assert await answer("uses", "What is my dog called?", *TALK) == NOT_TOLD
    assert await answer("uses", "Where do I live, again?") == NOT_TOLD
    assert await answer("denies", "Where do I live, again?", *TALK) == NOT_TOLD


async def test_the_newest_value_is_given_back_and_by_who_takes_in_no_news_the_oldest() -> None:
    assert "Friday" in await answer("uses", "When does the van come?", *TALK)
    assert "Thursday" in await answer("stale", "When does the van come?", *TALK)
    assert "Mill Lane" in await answer("stale", "Where do I live, again?", *TALK)


async def test_the_order_of_two_things_is_told_by_where_they_stand() -> None:
    for question in ("my sister, or where I live", "where I live, or my sister"):
        assert await answer("uses", f"Which did I tell you about first: {question}?", *TALK) == "You told me about your sister first."
    assert await answer("uses", "Which did I tell you about first: my dog, or where I live?", *TALK) == NOT_TOLD


@pytest.mark.parametrize(
    "message",
    [
        "I miss my sister when the evening is long.",
        "What I need first is a little quiet.",
        "How do I know whether it is dry enough to drill?",
        "Hello, it's me again. I had a long day and the rain came in at the window, and how are you today?",
        "Would you knock on a stranger's door, or wait until it happens by itself?",
        "",
    ],
)
def test_talk_is_not_taken_for_such_a_question(message: str) -> None:
    assert asks(message, opens=False) == "no"
    assert asks(message, opens=True) == "no"
