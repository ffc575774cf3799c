"""`retrieval:K` with an `embedding`: of all earlier exchanges, the K whose embeddings lie closest to that of the present message are shown.

The exchanges of a session are embedded when it ends, and the vectors stand in the journal, so that none is bought twice; those of talks before the
study when the first session ends, until when these talks are shown word for word.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.core.errors import LOST, CallFailed, InputError
from sim.targets.memory.policy import Heard, Policy, Recalled, words_of
from sim.targets.memory.retrieval import best, passages_of, shown
from sim.targets.target import MemoryStep

if TYPE_CHECKING:
    from sim.core.event import Kept, MemoryWritten
    from sim.targets.memory.tools import Tools

Vector = np.ndarray[tuple[int], np.dtype[np.float16]]
"""A unit vector, in the precision in which the journal holds it, so that a resumed trial ranks as an undisturbed one."""


class EmbeddedRetrieval(Policy):
    """Remembers what lies close to the message."""

    counts = "earlier exchanges"
    calls_per_session = 1
    calls_per_message = 1

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        assert tools.embedder is not None
        self._embedder = tools.embedder
        self._taken = 0
        self._vectors: tuple[Vector | None, ...] = ()
        """One for each exchange of the talks that were taken in; None: it could not be embedded, and is never found."""

    async def recall(self, earlier: Sequence[Heard], message: str) -> Recalled:
        """The closest exchanges, and the talks that were not taken in yet."""
        rest = tuple(earlier[self._taken :])
        if not any(v is not None for v in self._vectors):
            return Recalled(talks=rest)
        try:
            asked = await self._embedder.embed([message])
        except CallFailed as failed:
            if failed.cause in LOST:
                raise
            return Recalled(talks=rest, calls=failed.calls, timings=failed.timings)
        (vector,) = _unit(asked.vectors)
        known = next(len(v) for v in self._vectors if v is not None)
        if len(vector) != known:
            problem = f"the embedding has {len(vector)} dimensions, those of earlier sessions have {known}"
            raise CallFailed("infrastructure", problem, calls=(asked.call,), timings=(asked.timing,))
        passages = passages_of(earlier[: self._taken])
        chosen = best([_closeness(v, vector) for v in self._vectors], self.tools.size)
        found = shown(self.tools.prompts, earlier, [passages[i] for i in chosen])
        return Recalled(found.shown, found.texts, rest, (asked.call,), (asked.timing,))

    async def consolidate(self, talks: Sequence[Heard], *, seed: int) -> tuple[MemoryStep, ...]:
        """Embed what was said since the last time."""
        fresh = passages_of(talks[self._taken :])
        if not fresh:
            return ()
        try:
            made = await self._embedder.embed([f"{user.content}\n{reply.content}" for _, (user, reply) in fresh])
        except CallFailed as failed:
            if failed.cause in LOST:
                raise
            kept: Kept = "refused" if failed.cause == "refused" else "too_long"
            step = MemoryStep("embedding", _dump([None] * len(fresh)), failed.calls, failed.timings, kept)
        else:
            step = MemoryStep("embedding", _dump(_unit(made.vectors)), (made.call,), (made.timing,))
        self._vectors, self._taken = (*self._vectors, *_load(step.content)), len(talks)
        return (step,)

    def restore(self, step: MemoryWritten, talks: int) -> None:
        """Hold the vectors that were made then."""
        self._vectors, self._taken = (*self._vectors, *_load(step.content)), talks

    def holds(self, talks: Sequence[Heard]) -> tuple[str, ...]:
        """All that was said and embedded."""
        passages = passages_of(talks[: self._taken])
        embedded = [exchange for (_, exchange), vector in zip(passages, self._vectors, strict=True) if vector is not None]
        return (*(m.content for exchange in embedded for m in exchange), *words_of(talks[self._taken :]))


def _unit(vectors: Sequence[Sequence[float]]) -> list[Vector]:
    """`vectors` at length 1; one of length 0 stays as it is."""
    found = np.asarray(vectors, dtype=np.float64)
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return list((found / np.where(length > 0, length, 1.0)).astype(np.float16))


def _closeness(vector: Vector | None, asked: Vector) -> float:
    """Cosine; 0 where there is no vector."""
    return 0.0 if vector is None else float(vector.astype(np.float64) @ asked.astype(np.float64))


def _dump(vectors: Sequence[Vector | None]) -> str:
    """As the journal holds them: how many, and their numbers as 16-bit floats, lowest byte first, in base 64; empty where there are none."""
    made = [v for v in vectors if v is not None]
    numbers = base64.b64encode(np.concatenate(made).astype("<f2").tobytes()).decode() if made else ""
    return json.dumps({"exchanges": len(vectors), "float16": numbers})


def _load(content: str) -> tuple[Vector | None, ...]:
    try:
        held = json.loads(content)
        count, numbers = int(held["exchanges"]), np.frombuffer(base64.b64decode(held["float16"], validate=True), dtype="<f2").astype(np.float16)
        return tuple(numbers.reshape(count, -1)) if len(numbers) else (None,) * count
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise InputError("the journal run.db is damaged: an embedding in it cannot be read", mend="restore it from a copy") from error
