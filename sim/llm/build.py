"""From a model's spec to a client that can be asked: offline, direct or through LiteLLM, behind the run's budget and gates."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sim.core.spec import Limits, ModelSpec, Sampling
from sim.llm.attempts import Patience
from sim.llm.budget import Budget, Metered, Passage
from sim.llm.client import Client
from sim.llm.embedding import Embedder, MeteredEmbedder, build_offline_embedder
from sim.llm.hosts import Destination, hosts_of
from sim.llm.limits import Gates

if TYPE_CHECKING:
    from sim.llm.direct import Pool
    from sim.llm.hosts import LocalOnly
    from sim.llm.litellm_client import Library


@dataclass
class Shared:
    """What all clients of one run share."""

    budget: Budget
    gates: Gates
    local_only: LocalOnly | None = None
    """Refuses clients of hosts that are not permitted; None: any host."""
    pool: Pool | None = field(default=None, init=False)
    """Connections of the direct clients; made by the first of them."""
    library: Library | None = field(default=None, init=False)
    """LiteLLM; made by the first client that needs it."""

    def passage(self, host: str | None) -> Callable[[], Passage]:
        """What each attempt of a call to `host` has to pass; None: in this process."""
        return partial(Passage, self.budget, self.gates, host)


def build_client(
    spec: ModelSpec,
    *,
    sampling: Sampling,
    limits: Limits,
    shared: Shared | None = None,
    json_mode: str | None = None,
    environ: Mapping[str, str] = os.environ,
    jitter: Callable[[], float] = random.random,
) -> Client:
    """The client that reaches `spec`.

    Args:
        spec: the model and how to reach it.
        sampling: the study's, used where the spec has none of its own.
        limits: time-out and retries of a call, calls at once, budget.
        shared: what the run's other clients share with this one; left out, it stands alone.
        json_mode: the prompt that asks for JSON in words, as the run's header has it; left out, the package's own.
        environ: where keys are looked up.
        jitter: spreads the waits between attempts, between 0 and 1.

    Raises:
        InputError: `shared.local_only` does not permit its host.
    """
    shared = shared or Shared(Budget(limits, time.time), Gates(limits.calls_at_once))
    if shared.local_only:
        shared.local_only.demand(Destination(spec.model, host, "", outside=True) for host in hosts_of(spec, environ=environ))
    if spec.via == "offline":
        from sim.llm.offline import build_offline

        return Metered(build_offline(spec.model), shared.budget)
    patience = Patience(retries=limits.retries, sleep=shared.budget.rest, random=jitter, passage=shared.passage(gate_of(spec)))
    sampling = spec.sampling or sampling
    client: Client
    if spec.via == "direct":
        from sim.llm.direct import DirectClient, Pool

        shared.pool = shared.pool or Pool()
        client = DirectClient(
            spec, sampling=sampling, timeout=limits.timeout, patience=patience, pool=shared.pool, json_mode=json_mode, environ=environ
        )
    else:
        from sim.llm.litellm_client import Library, LiteLLMClient

        shared.library = shared.library or Library(proxies=shared.local_only is None)
        client = LiteLLMClient(
            spec, sampling=sampling, timeout=limits.timeout, patience=patience, library=shared.library, json_mode=json_mode, environ=environ
        )
    return Metered(client, shared.budget)


def build_embedder(spec: ModelSpec, *, limits: Limits, shared: Shared, environ: Mapping[str, str] = os.environ) -> Embedder:
    """The embedder that reaches `spec`: the offline one, or LiteLLM.

    Raises:
        InputError: `shared.local_only` does not permit its host, or it is an offline model that cannot embed.
    """
    if shared.local_only:
        shared.local_only.demand(Destination(spec.model, host, "", outside=True) for host in hosts_of(spec, environ=environ))
    if spec.offline:
        return MeteredEmbedder(build_offline_embedder(spec.model), shared.budget)
    from sim.llm.litellm_client import Library
    from sim.llm.litellm_embedding import LiteLLMEmbedder

    shared.library = shared.library or Library(proxies=shared.local_only is None)
    patience = Patience(retries=limits.retries, sleep=shared.budget.rest, passage=shared.passage(gate_of(spec)))
    embedder = LiteLLMEmbedder(spec, timeout=limits.timeout, patience=patience, library=shared.library, environ=environ)
    return MeteredEmbedder(embedder, shared.budget)


def gate_of(spec: ModelSpec) -> str:
    """At whose gate calls queue: the server's, or the provider's where LiteLLM picks the server."""
    return urlsplit(spec.api_base).netloc if spec.api_base else spec.model.split("/", 1)[0]
