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
from sim.llm.limits import Gates

if TYPE_CHECKING:
    from sim.llm.direct import Pool
    from sim.llm.lite import Library


@dataclass
class Shared:
    """What all clients of one run share."""

    budget: Budget
    gates: Gates
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
    """
    shared = shared or Shared(Budget(limits, time.time), Gates(limits.calls_at_once))
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

        shared.library = shared.library or Library()
        client = LiteLLMClient(
            spec, sampling=sampling, timeout=limits.timeout, patience=patience, library=shared.library, json_mode=json_mode, environ=environ
        )
    return Metered(client, shared.budget, shared.gates, _host(spec))


def _host(spec: ModelSpec) -> str:
    """Whose door the calls queue at: the server's, or the provider's where LiteLLM picks the server."""
    return urlsplit(spec.api_base).netloc if spec.api_base else spec.model.split("/", 1)[0]


def check_credentials(spec: ModelSpec, *, environ: Mapping[str, str] = os.environ) -> None:
    """See that the key a model needs is there, before anything is spent. Imports LiteLLM only where LiteLLM alone knows the key's name.

    Raises:
        InputError: names the environment variable that is missing.
    """
    if spec.api_key_env:
        if not environ.get(spec.api_key_env):
            raise InputError(f"{spec.model} takes its key from {spec.api_key_env}, which is not set", mend=f"export {spec.api_key_env}=…")
        return
    if spec.via != "litellm" or spec.api_base:
        return
    from sim.llm.lite import Library, missing_keys

    missing = missing_keys(Library(), spec.model)
    if missing:
        names = " and ".join(missing)
        raise InputError(f"{spec.model} needs {names}, which is not set", mend=f"export {missing[0]}=…, or name another variable in api_key_env")
