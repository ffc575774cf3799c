"""A prompt in blocks, for providers whose prompt cache has to be told where what stays the same ends.

Such a provider (Anthropic) reads from its cache up to a mark that an earlier call set too. So the text of a message is divided where talks and
sections of our prompts begin, which depends on nothing that comes later: as a talk grows, its earlier blocks stay as they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.llm.client import Message

MARKS = 3
"""Ends of blocks that are marked behind the system prompt; Anthropic takes four marks in all."""
_SPEAKERS = ("You: ", "The person: ")
_MARK = {"cache_control": {"type": "ephemeral"}}


def wants_marks(model: str) -> bool:
    """Whether the provider of `model` reads from its cache only what is marked."""
    return model.startswith("anthropic/")


def blocks(text: str) -> list[str]:
    """`text` in pieces: one begins at every section, at every earlier talk and at every turn. What stands between two sections belongs to the second,
    for a talk goes on where the blank line stood."""
    found, held, before = [""], "", ""
    for line in text.splitlines(keepends=True):
        if not line.strip():
            held += line
            continue
        turn = line.startswith(_SPEAKERS) and not before.startswith(_SPEAKERS)
        if line.startswith(("# ", "Talk of ")) or turn:
            found.append("")
        found[-1] += held + line
        held, before = "", line
    return [part for part in (*found[:-1], found[-1] + held) if part]


def marked(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """`messages` for the wire, marked at the end of the system prompt and where the next prompt of this kind may still be the same.

    A prompt that is one text ends with what changes at every call; a talk, message by message, begins the next one as a whole.
    """
    talk = sum(m.role != "system" for m in messages) > 1
    wire: list[dict[str, Any]] = []
    for message in messages:
        parts = [message.content] if message.role == "system" or talk else blocks(message.content)
        wire.append({"role": message.role, "content": [{"type": "text", "text": part} for part in parts if part]})
    ends = [part for sent in wire if sent["role"] != "system" for part in sent["content"]]
    for part in ends[-MARKS:] if talk else ends[-MARKS - 1 : -1]:
        part |= _MARK
    for sent in wire:
        if sent["role"] == "system" and sent["content"]:
            sent["content"][-1] |= _MARK
    return wire
