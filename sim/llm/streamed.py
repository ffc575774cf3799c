"""An answer that comes in pieces, as the OpenAI protocol streams it: server-sent events with a chunk of the answer each, the last with its usage."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic_core import from_json

from sim.core.tools import StreamedUses
from sim.llm.failures import AttemptFailed

if TYPE_CHECKING:
    from pydantic import JsonValue

DONE = b"[DONE]"
EXCESS = 2
"""Times its bound in pieces, each of which is a token at least, after which an answer that does not end is cut off here."""


@dataclass
class Pieces:
    """What has come of an answer so far."""

    limit: int
    """Tokens that were asked for."""
    said: list[str] = field(default_factory=list)
    thought: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    finish: str = ""
    tools: StreamedUses = field(default_factory=StreamedUses)
    usage: JsonValue = None
    ended: bool = False
    """Whether the server said that this is all."""

    @property
    def endless(self) -> bool:
        """Whether a server that was told a bound goes on beyond it."""
        return len(self.said) + len(self.thought) > EXCESS * self.limit

    def add(self, chunk: JsonValue) -> None:
        """Take in one chunk; whatever has another shape adds nothing."""
        if not isinstance(chunk, dict):
            return
        self.usage = chunk.get("usage") or self.usage
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict) or choice.get("index", 0) != 0:
            return
        finish = choice.get("finish_reason")
        if isinstance(finish, str):
            self.finish = finish
        delta = choice.get("delta")
        if isinstance(delta, dict):
            self.tools.add(delta.get("tool_calls"))
            for pieces, name in ((self.said, "content"), (self.refusal, "refusal"), (self.thought, "reasoning_content"), (self.thought, "reasoning")):
                piece = delta.get(name)
                if isinstance(piece, str) and piece and not (name == "reasoning" and delta.get("reasoning_content")):
                    pieces.append(piece)


async def read_stream(chunks: AsyncIterator[bytes], host: str, *, limit: int, alive: Callable[[], None]) -> Pieces:
    """Everything up to the end of the stream.

    Args:
        alive: called with every event, so that who waits knows that the model is writing.

    Raises:
        AttemptFailed: it ended in the middle, or holds an error. The quote is the error, as it came.
    """
    pieces, rest = Pieces(limit), b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if not pieces.endless:
                _take(line, alive, pieces)
        if pieces.ended or pieces.endless:
            break
    else:
        _take(rest, alive, pieces)
    if pieces.endless:
        pieces.finish = "length"
    elif not (pieces.ended or pieces.finish):
        raise AttemptFailed("down", f"{host}: the answer broke off in the middle")
    return pieces


def _take(line: bytes, alive: Callable[[], None], pieces: Pieces) -> None:
    if not line.startswith(b"data:"):
        return
    alive()
    data = line[5:].strip()
    if data == DONE:
        pieces.ended = True
        return
    try:
        chunk = from_json(data)
    except ValueError:
        return
    if isinstance(chunk, dict) and chunk.get("error"):
        raise StreamError(data)
    pieces.add(chunk)


class StreamError(Exception):
    """An error object came in the middle of a stream."""

    def __init__(self, raw: bytes) -> None:
        super().__init__("an error came in the stream")
        self.raw = raw
