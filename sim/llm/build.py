"""From a model's spec to a client that can be asked: offline, direct or through LiteLLM, behind the door of the run's traffic."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sim.core.spec import Limits, ModelSpec, Sampling
from sim.llm.attempts import Patience
from sim.llm.bounds import bounds_of
from sim.llm.client import Client
from sim.llm.embedding import Embedder, build_offline_embedder
from sim.llm.hosts import Destination as Place
from sim.llm.hosts import hosts_of, is_near
from sim.llm.in_process import EmbedderInProcess, InProcess
from sim.llm.learnt import Learnt
from sim.llm.prices import model_price
from sim.llm.traffic.lanes import CallDestination
from sim.llm.traffic.passage import Traffic

if TYPE_CHECKING:
    from sim.llm.direct import Pool
    from sim.llm.hosts import LocalOnly
    from sim.llm.litellm_client import Library


@dataclass
class Shared:
    """What all clients of one run share."""

    traffic: Traffic
    local_only: LocalOnly | None = None
    """Refuses clients of hosts that are not permitted; None: any host."""
    pool: Pool | None = field(default=None, init=False)
    """Connections of the direct clients; made by the first of them."""
    library: Library | None = field(default=None, init=False)
    """LiteLLM; made by the first client that needs it."""
    _learnt: dict[CallDestination, Learnt] = field(default_factory=dict, init=False)

    def learnt(self, destination: CallDestination) -> Learnt:
        """What is known of a model's server, from whichever client."""
        return self._learnt.setdefault(destination, Learnt())


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
    shared = shared or Shared(Traffic(limits))
    if shared.local_only:
        shared.local_only.demand(Place(spec.model, host, "", outside=True) for host in hosts_of(spec, environ=environ))
    destination = destination_of(spec)
    enter = shared.traffic.way_to(destination, price=model_price(spec))
    if spec.via == "offline":
        from sim.llm.offline import build_offline

        return InProcess(build_offline(spec.model), enter)
    patience = Patience(retries=limits.retries, random=jitter)
    sampling, bounds = spec.sampling or sampling, bounds_of(spec, sampling=sampling, limits=limits)
    learnt = shared.learnt(destination)
    client: Client
    if spec.via == "direct":
        from sim.llm.direct import DirectClient, Pool

        shared.pool = shared.pool or Pool()
        client = DirectClient(
            spec,
            sampling=sampling,
            bounds=bounds,
            patience=patience,
            enter=enter,
            pool=shared.pool,
            learnt=learnt,
            json_mode=json_mode,
            environ=environ,
        )
    else:
        from sim.llm.litellm_client import Library, LiteLLMClient

        shared.library = shared.library or Library(proxies=shared.local_only is None)
        client = LiteLLMClient(
            spec,
            sampling=sampling,
            bounds=bounds,
            patience=patience,
            enter=enter,
            library=shared.library,
            learnt=learnt,
            json_mode=json_mode,
            environ=environ,
        )
    return client


def build_embedder(spec: ModelSpec, *, limits: Limits, shared: Shared, environ: Mapping[str, str] = os.environ) -> Embedder:
    """The embedder that reaches `spec`: the offline one, or LiteLLM.

    Raises:
        InputError: `shared.local_only` does not permit its host, or it is an offline model that cannot embed.
    """
    if shared.local_only:
        shared.local_only.demand(Place(spec.model, host, "", outside=True) for host in hosts_of(spec, environ=environ))
    enter = shared.traffic.way_to(destination_of(spec), price=model_price(spec))
    if spec.offline:
        return EmbedderInProcess(build_offline_embedder(spec.model), enter)
    from sim.llm.litellm_client import Library
    from sim.llm.litellm_embedding import LiteLLMEmbedder

    shared.library = shared.library or Library(proxies=shared.local_only is None)
    patience = Patience(retries=limits.retries)
    return LiteLLMEmbedder(spec, timeout=limits.seconds("memory"), patience=patience, enter=enter, library=shared.library, environ=environ)


def destination_of(spec: ModelSpec, environ: Mapping[str, str] = os.environ) -> CallDestination:
    """Where its calls go: to a server, or to a provider where LiteLLM picks the server."""
    if spec.offline:
        return CallDestination(None, spec.model)
    near = all(is_near(host) for host in hosts_of(spec, environ=environ))
    return CallDestination(urlsplit(spec.api_base).netloc if spec.api_base else spec.model.split("/", 1)[0], spec.model, near)
