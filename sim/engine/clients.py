"""The models that one execution talks with, each built once, whoever asks for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sim.llm.build import build_client, build_embedder
from sim.llm.telemetry import WatchedClient, WatchedEmbedder

if TYPE_CHECKING:
    from sim.core.spec import Limits, ModelSpec, Sampling
    from sim.llm.build import Shared
    from sim.llm.client import Client
    from sim.llm.embedding import Embedder
    from sim.llm.prompts import Prompts


class Clients:
    """Clients by spec; specs that reach the same model in the same way share one.

    Args:
        sampling: of models whose spec has none.
    """

    def __init__(self, prompts: Prompts, *, sampling: Sampling, limits: Limits, shared: Shared) -> None:
        self.prompts = prompts
        self._sampling = sampling
        self._limits = limits
        self._shared = shared
        self._built: dict[tuple[object, ...], Client] = {}
        self._embedders: dict[ModelSpec, Embedder] = {}

    def get(self, spec: ModelSpec) -> Client:
        """The client of `spec`; to be called in the event loop that it is used in."""
        sampling = spec.sampling or self._sampling
        asked = json.dumps([spec.reasoning_effort, spec.extra, spec.timeout], sort_keys=True)
        same = (spec.model, spec.api_base, spec.via, spec.api_key_env, spec.price, sampling, asked)
        if same not in self._built:
            self._built[same] = self.build(spec, sampling)
        return self._built[same]

    def build(self, spec: ModelSpec, sampling: Sampling) -> Client:
        """A client that nobody has asked for before."""
        json_mode = self.prompts.text("json_mode")
        return WatchedClient(build_client(spec, sampling=sampling, limits=self._limits, shared=self._shared, json_mode=json_mode))

    def embedder(self, spec: ModelSpec) -> Embedder:
        """The embedder of `spec`."""
        if spec not in self._embedders:
            self._embedders[spec] = WatchedEmbedder(build_embedder(spec, limits=self._limits, shared=self._shared))
        return self._embedders[spec]

    async def close(self) -> None:
        """Give back every connection."""
        for client in self._built.values():
            await client.close()
        for embedder in self._embedders.values():
            await embedder.close()
