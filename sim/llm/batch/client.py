"""A client whose answers come in batches: it asks the desk, and reads what comes back as every other client does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING

from sim.core.errors import InputError
from sim.core.event import Usage
from sim.llm.answers import Asker, Form, Wire
from sim.llm.attempts import Answer, Patience
from sim.llm.batch.anthropic import AnthropicWire
from sim.llm.batch.bodies import Bodies, litellm_bodies, plain_bodies
from sim.llm.batch.desk import BatchDesk, Counter
from sim.llm.batch.openai import OpenAIWire
from sim.llm.batch.wire import Http
from sim.llm.bounds import bounds_of
from sim.llm.client import Completion, Request, prompt_hash
from sim.llm.keys import PROVIDERS, hold, named_key
from sim.llm.prices import Price, model_price
from sim.llm.traffic.lanes import CallDestination

if TYPE_CHECKING:
    from sim.core.event import Role
    from sim.core.spec import Limits, ModelSpec, Sampling
    from sim.llm.build import Shared

_BASES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "anthropic": (("ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL"), "https://api.anthropic.com"),
    "openai": (("OPENAI_BASE_URL", "OPENAI_API_BASE"), "https://api.openai.com/v1"),
}
"""By provider: the variables that send LiteLLM elsewhere, and where it goes of itself."""

_ASKED: ContextVar[tuple[Role, bool]] = ContextVar("asked")
"""Of the request that is being asked: its role, and whether the journal has its price already."""


def check_batch(name: str, spec: ModelSpec) -> None:
    """Refuse a model that cannot be asked in batches.

    Args:
        name: who it plays.

    Raises:
        InputError: says what can.
    """
    if spec.offline:
        raise InputError(f"{name} is {spec.model}, which runs in this process at no price", mend="leave --batch out", where="--batch")
    if spec.model.split("/", 1)[0] not in _BASES and spec.via != "direct":
        mend = "name a model as openai/… or anthropic/…, or leave --batch out"
        raise InputError(f"{name} is {spec.model}, whose provider's batches are not known here", mend=mend, where="--batch")


def batch_price(spec: ModelSpec) -> Price | None:
    """What calls in a batch cost: with OpenAI and Anthropic half of what single calls do, on a server of one's own what its study says."""
    price = model_price(spec)
    if price is None or spec.via == "direct":
        return price
    return Price(
        input=price.input / 2,
        output=price.output / 2,
        cached=None if price.cached is None else price.cached / 2,
        cache_write=None if price.cache_write is None else price.cache_write / 2,
        call=price.call / 2,
    )


class BatchClient:
    """A model of OpenAI, of Anthropic, or behind an `api_base` that does batches as OpenAI does.

    Args:
        spec: `check_batch` has let it pass.
        desk: where its requests are gathered.
        paid: by model and prompt, requests whose price the journal has although what they were made for is absent.
    """

    def __init__(
        self,
        spec: ModelSpec,
        *,
        sampling: Sampling,
        limits: Limits,
        shared: Shared,
        desk: BatchDesk,
        json_mode: str | None = None,
        paid: frozenset[tuple[str, str]] = frozenset(),
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        from sim.llm.direct import Pool

        self.model = spec.model
        self._desk = desk
        self._paid = paid
        shared.pool = shared.pool or Pool()
        self._http = _http(spec, limits, shared.pool, environ)
        wire = AnthropicWire(self._http) if spec.model.startswith("anthropic/") and spec.via != "direct" else OpenAIWire(self._http)
        price = batch_price(spec)
        name = spec.model if spec.api_base is None else f"{spec.model} at {self._http.host}"
        self._counter = Counter(name, wire, price, single=model_price(spec))
        self._bodies, first = _bodies(spec, sampling, shared)
        # One batch is one attempt: what failed in it is asked again by the next command.
        self._asker = Asker(
            spec.model,
            self._send,
            patience=Patience(retries=0),
            enter=shared.traffic.way_to(CallDestination(None, spec.model), price=price),
            bounds=bounds_of(spec, sampling=sampling, limits=limits),
            first=first,
            scouts=False,
            json_mode=json_mode,
            environ=environ,
            clock=lambda: 0.0,
        )

    async def complete(self, request: Request) -> Completion:
        """Ask, and wait for the batch. Raises as `Client.complete`."""
        token = _ASKED.set((request.role, (self.model, prompt_hash(request.messages)) in self._paid))
        try:
            with self._desk.asking():
                return await self._asker.complete(request)
        finally:
            _ASKED.reset(token)

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.close()

    async def _send(self, wire: Wire) -> Answer:
        role, paid = _ASKED.get()
        answer, sent_before = await self._desk.ask(self._counter, self._bodies(wire), role)
        return replace(answer, usage=Usage(input=0, output=0), cost=0.0) if sent_before and paid else answer


def _bodies(spec: ModelSpec, sampling: Sampling, shared: Shared) -> tuple[Bodies, Form]:
    sampling = spec.sampling or sampling
    if spec.via == "direct":
        return plain_bodies(spec, sampling), "schema"
    from sim.llm.litellm_client import Library

    shared.library = shared.library or Library(proxies=shared.local_only is None)
    return litellm_bodies(spec, sampling, shared.library)


def _http(spec: ModelSpec, limits: Limits, pool: object, environ: Mapping[str, str]) -> Http:
    """The way to the provider of `spec`, with the key that single calls would send."""
    from sim.llm.direct import Pool

    assert isinstance(pool, Pool)
    provider = spec.model.split("/", 1)[0]
    variables, usual = _BASES.get(provider, ((), ""))
    base = spec.api_base or next((environ[name] for name in variables if environ.get(name)), usual)
    key = named_key(spec, environ)
    if not key and not spec.api_base:
        key = next((environ[name] for name in PROVIDERS.get(provider, ()) if environ.get(name)), "")
        hold(key)
    if provider == "anthropic" and spec.via != "direct":
        headers = {"anthropic-version": "2023-06-01", "x-api-key": key}
    else:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
    return Http(base.rstrip("/"), headers, timeout=_UPLOAD, pool=pool)


_UPLOAD = 600.0
"""Seconds that a file of requests may take on its way."""
