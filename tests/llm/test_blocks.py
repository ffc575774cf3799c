"""A prompt in blocks: nothing is lost, and what an earlier call marked stays where it was."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.llm.blocks import MARKS, blocks, marked, wants_marks
from sim.llm.client import Message

HEAD = "Talk of Monday, 5 January 2026:\nYou: Hello.\nIt: Hello.\n\n# Today\nRain.\n\n# The talk so far\n"
TURNS = ("You: The rice burnt.\nYou: Again.\nIt: Add water.\n# It: no heading\n", "You: How much?\nIt: Two cups.\n", "You: Of what?\nIt: Of water.\n")


def user_prompt(turns: int) -> str:
    return f"{HEAD}{''.join(TURNS[:turns])}\n# Now\nThis is your message number {turns + 1}.\n"


def rater_prompt(turns: int) -> str:
    reply = f"<reply 0{turns}>\nWait.\n</reply 0{turns}>"
    return f"{HEAD}{''.join(TURNS[:turns])}You: And now?\n\nThe reply to rate:\n{reply}\n\n# What it gave occasion for\nx\n"


@given(st.lists(st.sampled_from([*TURNS, HEAD, "\n", "# \n", "You: \r", "x", "Talk of a\x0b"])))
def test_the_blocks_are_the_text(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert "".join(blocks(text)) == text


def sent(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    return [part for message in marked(messages) for part in message["content"]]


def written(parts: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    """The beginnings that the provider keeps."""
    return {tuple(p["text"] for p in parts[: i + 1]) for i, part in enumerate(parts) if "cache_control" in part}


def read(parts: list[dict[str, Any]], kept: set[tuple[str, ...]]) -> int:
    """Characters that are read of what was kept: the longest beginning, block by block."""
    begun = [tuple(p["text"] for p in parts[: i + 1]) for i in range(len(parts))]
    return max((sum(map(len, b)) for b in begun if b in kept), default=0)


@pytest.mark.parametrize("prompt", [user_prompt, rater_prompt])
def test_as_a_talk_grows_all_of_it_that_was_sent_before_is_read(prompt: Any) -> None:
    system = Message("system", "You are Nora.\n# Rules\nBe kind.")
    calls = [sent((system, Message("user", prompt(turns)))) for turns in range(4)]
    for turns, (before, now) in enumerate(pairwise(calls)):
        assert read(now, written(before)) == len(system.content) + len(HEAD) + sum(map(len, TURNS[:turns]))
    assert all(sum("cache_control" in part for part in call) <= MARKS + 1 for call in calls)


def test_a_talk_message_by_message_is_read_as_a_whole() -> None:
    talk = (Message("system", "Be kind."), Message("user", "Hello.\n# There"), Message("assistant", "Hello."), Message("user", "The rice burnt."))
    before, now = sent(talk), sent((*talk, Message("assistant", "Add water."), Message("user", "How much?")))
    assert read(now, written(before)) == sum(len(m.content) for m in talk)
    assert len(before) == len(talk)


def test_one_text_that_does_not_grow_is_marked_behind_the_system_prompt_alone() -> None:
    parts = sent((Message("system", "Grade it."), Message("user", "The person asked: why?")))
    assert [p.get("cache_control") for p in parts] == [{"type": "ephemeral"}, None]


@pytest.mark.parametrize(("model", "wants"), [("anthropic/claude-haiku-4-5", True), ("openai/gpt-5", False), ("gemini/gemini-2.5-flash", False)])
def test_only_who_needs_marks_is_sent_them(model: str, wants: bool) -> None:
    assert wants_marks(model) is wants
