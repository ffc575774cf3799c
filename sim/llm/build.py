"""From a model's spec to a client that can be asked: offline, direct or through LiteLLM, behind the run's budget and gates."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sim.core.errors import InputError
from sim.core.spec import Limits, ModelSpec, Sampling
from sim.llm.attempts import Patience
from sim.llm.budget import Budget, Metered
from sim.llm.client import Client
from sim.llm.embedding import Embedder, MeteredEmbedder, build_offline_embedder
from sim.llm.hosts import Destination, hosts_of
from sim.llm.limits import Gates

if TYPE_CHECKING:
    from sim.llm.direct import Pool
    from sim.llm.hosts import LocalOnly
    from sim.llm.lite import Library


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

        return Metered(build_offline(spec.model), shared.budget, shared.gates)
    patience = Patience(retries=limits.retries, sleep=shared.budget.rest, random=jitter)
    sampling = spec.sampling or sampling
    client: Client
    if spec.via == "direct":
        from sim.llm.direct import DirectClient, Pool

        shared.pool = shared.pool or Pool()
        client = DirectClient(
            spec, sampling=sampling, timeout=limits.timeout, patience=patience, pool=shared.pool, json_mode=json_mode, environ=environ
        )
    else:
        from sim.llm.lite import Library, LiteLLMClient

        shared.library = shared.library or Library(proxies=shared.local_only is None)
        client = LiteLLMClient(
            spec, sampling=sampling, timeout=limits.timeout, patience=patience, library=shared.library, json_mode=json_mode, environ=environ
        )
    return Metered(client, shared.budget, shared.gates, _host(spec))


def build_embedder(spec: ModelSpec, *, limits: Limits, shared: Shared, environ: Mapping[str, str] = os.environ) -> Embedder:
    """The embedder that reaches `spec`: the offline one, or LiteLLM.

    Raises:
        InputError: `shared.local_only` does not permit its host, or it is an offline model that cannot embed.
    """
    if shared.local_only:
        shared.local_only.demand(Destination(spec.model, host, "", outside=True) for host in hosts_of(spec, environ=environ))
    if spec.offline:
        return MeteredEmbedder(build_offline_embedder(spec.model), shared.budget, shared.gates)
    from sim.llm.lite import Library
    from sim.llm.lite_embedding import LiteLLMEmbedder

    shared.library = shared.library or Library(proxies=shared.local_only is None)
    patience = Patience(retries=limits.retries, sleep=shared.budget.rest)
    embedder = LiteLLMEmbedder(spec, timeout=limits.timeout, patience=patience, library=shared.library, environ=environ)
    return MeteredEmbedder(embedder, shared.budget, shared.gates, _host(spec))


def _host(spec: ModelSpec) -> str:
    """Whose door the calls queue at: the server's, or the provider's where LiteLLM picks the server."""
    return urlsplit(spec.api_base).netloc if spec.api_base else spec.model.split("/", 1)[0]


_KEYS: dict[str, tuple[str, ...]] = {
    "anthropic": ("ANTHROPIC_API_KEY",),
    "cohere": ("COHERE_API_KEY", "CO_API_KEY"),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "fireworks_ai": ("FIREWORKS_AI_API_KEY",),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "groq": ("GROQ_API_KEY",),
    "mistral": ("MISTRAL_API_KEY",),
    "openai": ("OPENAI_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY",),
    "together_ai": ("TOGETHERAI_API_KEY",),
    "xai": ("XAI_API_KEY",),
}
"""Where LiteLLM looks for the keys of common providers; one of them is enough. Of any other provider, LiteLLM itself complains at the first call."""


def check_credentials(spec: ModelSpec, *, environ: Mapping[str, str] = os.environ) -> None:
    """See that the key a model needs is there, before anything is spent. Never imports LiteLLM, which takes seconds.

    Raises:
        InputError: names the environment variable that is missing.
    """
    if spec.api_key_env:
        if not environ.get(spec.api_key_env):
            raise InputError(f"{spec.model} takes its key from {spec.api_key_env}, which is not set", mend=f"export {spec.api_key_env}=…")
        return
    needed = _KEYS.get(spec.model.split("/", 1)[0], ())
    if spec.via == "litellm" and not spec.api_base and needed and not any(environ.get(name) for name in needed):
        raise InputError(f"{spec.model} needs {needed[0]}, which is not set", mend=f"export {needed[0]}=…, or name another variable in api_key_env")
