"""One call of one provider, and all that was seen of it: what was asked, what came of each attempt, what was logged, what is handed on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from structlog.testing import capture_logs

from sim.core.errors import CallFailed
from sim.core.spec import Limits, ModelSpec, Sampling
from sim.llm.build import Shared, build_client
from sim.llm.client import Completion, Message, Request, Schema
from sim.llm.failures import AttemptFailed
from sim.llm.traffic.lanes import CallDestination
from sim.llm.traffic.passage import Passage, TokenEstimate, Traffic
from tests.llm.providers.provider import ENVIRON, Provider
from tests.llm.providers.wire import Asked, Loopback, Said

ANSWER = Schema(
    "answer",
    {
        "type": "object",
        "properties": {"mood": {"type": "string"}, "leave": {"type": "boolean"}},
        "required": ["mood", "leave"],
        "additionalProperties": False,
    },
)
LIMIT = 4000


class _Watched(Passage):
    """A passage that notes how each attempt failed."""

    __slots__ = ()

    def failed(self, failure: AttemptFailed) -> bool:
        assert isinstance(self._traffic, _Watch)
        self._traffic.failures.append(failure)
        return super().failed(failure)


class _Watch(Traffic):
    """A door that notes failures, and at which waiting takes no time."""

    def __init__(self) -> None:
        self.failures: list[AttemptFailed] = []
        self.waits: list[float] = []
        super().__init__(Limits(), sleep=self._note)

    async def _note(self, seconds: float) -> None:
        self.waits.append(seconds)

    def passage(self, role: Any, destination: CallDestination, estimate: TokenEstimate, *, price: Any = None) -> Passage:
        return _Watched(self, role, destination.model, self.lane(destination), estimate, price)


@dataclass
class Met:
    """What was seen."""

    asked: list[Asked]
    failures: list[AttemptFailed]
    waits: list[float]
    logged: list[dict[str, Any]]
    said: Completion | None = None
    failed: CallFailed | None = None

    @property
    def line(self) -> str:
        """What whoever reads the run is told; empty: nothing."""
        return self.failed.message if self.failed else "; ".join(f"{entry['model']}: {entry['what']}; {entry['means']}" for entry in self.logged)

    @property
    def outcome(self) -> str:
        """What became of the call, in a word or two."""
        if self.said is not None:
            cut = {"stop": "", "length": ", cut off"}.get(self.said.finish, f", ended by {self.said.finish}")
            return f"answered{cut}{', with a line' if self.line else ''}"
        if not self.failures:
            return "refused"
        first = self.failures[0]
        waits = f", waits {first.wait:g} s" if first.wait is not None else ""
        return {"final": "refused for good", "too_long": "too long"}.get(first.kind, first.kind) + waits


@dataclass
class Bench:
    """Clients of providers, which share one import of LiteLLM."""

    shared: Shared = field(default_factory=lambda: Shared(Traffic(Limits())))

    async def meet(
        self,
        provider: Provider,
        *answers: Said,
        schema: Schema | None = None,
        retries: int = 0,
        messages: tuple[Message, ...] = (),
        role: str = "target",
    ) -> Met:
        """Ask `provider` once, where it says `answers`."""
        watch = _Watch()
        shared = Shared(watch)
        shared.library, shared.pool = self.shared.library, self.shared.pool
        async with Loopback(*answers) as server:
            spec: ModelSpec = provider.spec(server.url)
            client = build_client(
                spec,
                sampling=Sampling(max_tokens=LIMIT),
                limits=Limits(retries=0, timeout=20),
                shared=shared,
                environ=ENVIRON,
                jitter=lambda: 1.0,
            )
            self.shared.library, self.shared.pool = shared.library, shared.pool
            request = Request("target", messages or (Message("system", "Be kind."), Message("user", "The rice burnt again.")), schema)
            with _logged() as logged:
                met = Met(server.asked, watch.failures, watch.waits, logged)
                try:
                    met.said = await client.complete(request)
                except CallFailed as failed:
                    met.failed = failed
                finally:
                    await client.close()
        return met


@contextmanager
def _logged() -> Iterator[list[dict[str, Any]]]:
    with capture_logs() as entries:
        yield entries  # type: ignore[misc]
