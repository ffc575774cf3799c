"""A server for each test, clients against it, and waits that take no time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Literal

import pytest

from sim.core.spec import Limits, ModelSpec, Sampling
from sim.llm.attempts import Patience
from sim.llm.bounds import bounds_of
from sim.llm.build import destination_of
from sim.llm.client import Message, Request, Schema
from sim.llm.direct import DirectClient, Pool
from sim.llm.litellm_client import Library, LiteLLMClient
from sim.llm.traffic.passage import Enter, Traffic
from tests.server import Server

HttpClient = DirectClient | LiteLLMClient
Via = Literal["direct", "litellm"]

MOOD = Schema(
    "user_turn",
    {
        "type": "object",
        "properties": {"mood": {"type": "string"}, "message": {"type": "string"}, "leave": {"type": "boolean"}},
        "required": ["mood", "message", "leave"],
        "additionalProperties": False,
    },
)


def asked(text: str = "The rice burnt again.", *, role: str = "target", schema: Schema | None = None, seed: int | None = None) -> Request:
    """A request with one message."""
    return Request(role, (Message("system", "Be kind."), Message("user", text)), schema, seed=seed)  # type: ignore[arg-type]


@dataclass
class Waits:
    """Stands in for sleeping, and for the draw that spreads the waits."""

    taken: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.taken.append(seconds)

    def patience(self, retries: int) -> Patience:
        return Patience(retries=retries, random=lambda: 1.0)

    def enter(self, spec: ModelSpec) -> Enter:
        """The way to `spec` through a door of its own."""
        return Traffic(Limits(), sleep=self.sleep).way_to(destination_of(spec))


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server() as server:
        yield server


@pytest.fixture(scope="session")
def library() -> Library:
    """LiteLLM takes seconds to import; once is enough."""
    return Library()


Build = Callable[..., HttpClient]


@pytest.fixture
async def build(server: Server, waits: Waits, library: Library) -> AsyncIterator[Build]:
    """Makes clients of either kind against the server; they are closed at the end."""
    pool = Pool()
    made: list[HttpClient] = []

    def make(
        via: Via, model: str = "openai/any", *, retries: int = 3, timeout: float = 10.0, key: str | None = None, environ: dict[str, str] | None = None
    ) -> HttpClient:
        spec = ModelSpec(model=model, api_base=server.url, client=via, api_key_env=key)
        sampling, patience, enter = Sampling(temperature=0.5), waits.patience(retries), waits.enter(spec)
        bounds = bounds_of(spec, sampling=sampling, limits=Limits(timeout=timeout))
        client: HttpClient
        if via == "direct":
            client = DirectClient(spec, sampling=sampling, bounds=bounds, patience=patience, enter=enter, pool=pool, environ=environ or {})
        else:
            client = LiteLLMClient(spec, sampling=sampling, bounds=bounds, patience=patience, enter=enter, library=library, environ=environ or {})
        made.append(client)
        return client

    yield make
    for client in made:
        await client.close()


@pytest.fixture(params=["direct", "litellm"])
def via(request: pytest.FixtureRequest) -> Via:
    """Every test that takes this runs over both HTTP clients."""
    via: Via = request.param
    return via
