"""Offline models behind the door of a run's traffic: their calls are counted and end with the run like any other, and wait for nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.llm.traffic.passage import Enter, estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.llm.client import Client, Completion, Request
    from sim.llm.embedding import Embedded, Embedder


class InProcess:
    """An offline model.

    Args:
        client: the model itself.
        enter: the way through the door.
    """

    def __init__(self, client: Client, enter: Enter) -> None:
        self.model = client.model
        self._client = client
        self._enter = enter

    async def complete(self, request: Request) -> Completion:
        """Ask. Raises as `Client.complete`."""
        async with self._enter(request.role, estimate(m.content for m in request.messages)) as here:
            completion = await self._client.complete(request)
            here.settle(completion.usage, completion.cost)
        return completion

    async def close(self) -> None:
        """Close the model."""
        await self._client.close()


class EmbedderInProcess:
    """An offline embedder.

    Args:
        embedder: the model itself.
        enter: the way through the door.
    """

    def __init__(self, embedder: Embedder, enter: Enter) -> None:
        self.model = embedder.model
        self._embedder = embedder
        self._enter = enter

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """Ask. Raises as `Embedder.embed`."""
        async with self._enter("memory", estimate(texts, output=0)) as here:
            embedded = await self._embedder.embed(texts)
            here.settle(embedded.call.usage, embedded.call.cost)
        return embedded

    async def close(self) -> None:
        """Close the model."""
        await self._embedder.close()
