"""Replies that come in pieces: server-sent events, or a JSON object on each line."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Literal

from pydantic import JsonValue

from sim.core.tools import StreamedUses
from sim.llm.failures import AttemptFailed
from sim.targets.template import MissingPath, at, find_text, word_at

DONE = "[DONE]"


async def lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """The lines of a body, whatever chunks it comes in."""
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace").rstrip("\r")
    if rest:
        yield rest.decode("utf-8", "replace").rstrip("\r")


async def events(lines: AsyncIterator[str], kind: Literal["sse", "lines"]) -> AsyncIterator[str]:
    """The data of each event, up to `[DONE]`.

    Raises:
        AttemptFailed: an event of the name `error` came.
    """
    data: list[str] = []
    name = ""
    async for line in lines:
        if kind == "lines":
            if line.strip() == DONE:
                return
            if line.strip():
                yield line
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            if value.strip() == DONE:
                break
            data.append(value)
        elif field == "event":
            name = value
        elif not line:
            if data:
                yield _event(name, data)
            data, name = [], ""
    if data:
        yield _event(name, data)


def _event(name: str, data: list[str]) -> str:
    if name == "error":
        raise AttemptFailed("final", "the stream broke off with an error", quote=" ".join(data))
    return "\n".join(data)


async def join(events: AsyncIterator[str], path: str, finish: str | None = None, tools: str | None = None) -> tuple[str, str, list[JsonValue]]:
    """The pieces at `path` put together, the last word at `finish`, and what stood at `tools`.

    Events without a piece, such as the last with its counts, add nothing to the text.

    Args:
        finish: where an event says why the reply ended; None: nowhere.
        tools: where an event says what tools were used; None: nowhere. What OpenAI sends of a call in pieces, under its `index`, is put together.

    Raises:
        AttemptFailed: no event had a piece.
    """
    pieces: list[str] = []
    ended = "stop"
    used = StreamedUses()
    came: list[str] = []
    async for data in events:
        came.append(data)
        if path == "$":
            pieces.append(data)
            continue
        with suppress(ValueError, MissingPath, RecursionError):
            event = json.loads(data)
            ended = word_at(event, finish) or ended
            used.add(at(event, tools))
            pieces.append(find_text(event, path))
    if not pieces and not used.whole:
        raise AttemptFailed("final", f"nothing stands at {path} in any event of the stream", quote=" ".join(came))
    return "".join(pieces), ended, used.whole
