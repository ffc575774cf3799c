"""The seam to every model that turns texts into vectors: `Embedder.embed(texts) -> Embedded`. Memory alone uses it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sim.core.errors import InputError
from sim.core.event import Call, Estimated, Timing, Usage
from sim.core.text import normalise, words
from sim.core.view import CHARACTERS_PER_TOKEN
from sim.llm.client import Message, prompt_hash

OFFLINE = "offline/embedding"
"""The one embedder that runs in this process."""
DIMENSIONS = 256
"""Of its vectors."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """What came back."""

    vectors: tuple[tuple[float, ...], ...]
    """One for each text, in their order, all of one length."""
    call: Call
    timing: Timing


class Embedder(Protocol):
    """A model that embeds."""

    model: str
    """Its name, as the study gives it."""

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """The vectors of `texts`, at least one, asked for in one call.

        Raises:
            CallFailed: as `Client.complete`.
        """

    async def close(self) -> None:
        """Give back connections."""


def account(model: str, texts: Sequence[str], *, usage: Usage | None, cost: float | None, estimated: Estimated | None = None) -> Call:
    """The call that embedded `texts`, as the journal has it."""
    prompt = prompt_hash([Message("user", text) for text in texts])
    return Call(role="memory", model=model, prompt=prompt, usage=usage, cost=cost, estimated=estimated)


class OfflineEmbedder:
    """The double: texts that share words lie close to each other. It costs nothing and takes no time."""

    model = OFFLINE

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """How often each word stands in each text, the words spread over the dimensions by a hash."""
        usage = Usage(input=sum(map(len, texts)) // CHARACTERS_PER_TOKEN, output=0)
        return Embedded(tuple(map(_spread, texts)), account(self.model, texts, usage=usage, cost=0.0), Timing(latency=0.0))

    async def close(self) -> None:
        """Nothing to give back."""


def build_offline_embedder(model: str) -> OfflineEmbedder:
    """The offline embedder.

    Raises:
        InputError: `model` is another offline model.
    """
    if model != OFFLINE:
        raise InputError(f"{model} cannot embed", mend=f"write {OFFLINE}")
    return OfflineEmbedder()


def _spread(text: str) -> tuple[float, ...]:
    found = [0.0] * DIMENSIONS
    for word in words(normalise(text)):
        digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=4).digest()
        found[int.from_bytes(digest) % DIMENSIONS] += 1.0
    return tuple(found)
