"""Where in a run the program is, and what its calls do: bound to every log line, and a span each where somebody receives spans.

`within` stands around a run, a trial or an exchange, `calling` around every call. Both cost next to nothing while nobody listens. Log lines and spans
hold ids, counts and times: the text of a message is in neither, unless the receiver of the spans is meant to have it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal, Protocol

import structlog
from structlog.contextvars import bind_contextvars, get_contextvars, reset_contextvars

from sim.core.errors import CallFailed

if TYPE_CHECKING:
    from sim.core.event import Role, Usage
    from sim.llm.client import Client, Completion, Message, Request
    from sim.llm.embedding import Embedded, Embedder

Value = str | int | float | bool | Sequence[str]
Level = Literal["run", "worker", "trial", "session", "exchange"]
"""A worker is another process in which trials of a run are held; neither it nor a session has a span of its own."""


class Span(Protocol):
    """A stretch of time that is being told of."""

    def tell(self, attributes: Mapping[str, Value]) -> None:
        """Add what is known by now."""

    def fail(self, kind: str, message: str) -> None:
        """Mark it as failed."""


class Tracer(Protocol):
    """Receives spans. `sim.llm.otel` has the one that sends them on."""

    content: bool
    """Whether it is to be told the texts of messages."""

    def stretch(self, level: Level, ids: Mapping[str, str | int]) -> AbstractContextManager[object]:
        """The span of a run, a trial or an exchange. An exchange may be entered again and again, also by several tasks at once."""

    def call(self, name: str, attributes: Mapping[str, Value]) -> AbstractContextManager[Span]:
        """The span of one call, within the innermost stretch."""


_TRACER: ContextVar[Tracer | None] = ContextVar("tracer", default=None)


@contextmanager
def received_by(tracer: Tracer | None) -> Iterator[None]:
    """Let `tracer` have the spans of what happens within; None: nobody."""
    token = _TRACER.set(tracer)
    try:
        yield
    finally:
        _TRACER.reset(token)


class within:
    """Around one run, trial, session or exchange: its ids are on every log line that is written meanwhile.

    A class, for a generator would take three times as long at every node.
    """

    __slots__ = ("_bound", "_ids", "_level", "_stretch")

    def __init__(self, level: Level, **ids: str | int) -> None:
        self._level = level
        self._ids = ids
        self._stretch: AbstractContextManager[object] | None = None

    def __enter__(self) -> None:
        self._bound, tracer = bind_contextvars(**self._ids), _TRACER.get()
        if tracer is not None:
            stretch = tracer.stretch(self._level, get_contextvars())
            try:
                stretch.__enter__()
            except BaseException:
                reset_contextvars(**self._bound)
                raise
            self._stretch = stretch

    def __exit__(self, *error: Any) -> bool | None:
        try:
            return None if self._stretch is None else self._stretch.__exit__(*error)
        finally:
            reset_contextvars(**self._bound)


# --- calls --------------------------------------------------------------------------------------------------------------


class _Untold:
    """The span of a call that nobody receives."""

    def tell(self, attributes: Mapping[str, Value]) -> None:
        """Nothing."""

    def fail(self, kind: str, message: str) -> None:
        """Nothing."""


_UNTOLD = _Untold()


@contextmanager
def calling(operation: str, model: str, role: Role, attributes: Mapping[str, Value] | None = None) -> Iterator[Span]:
    """Around one call. A call that comes to nothing is told with its cause; what came instead of an answer is not.

    Args:
        operation: as OpenTelemetry's conventions for generative AI name it: `chat`, `embeddings`, `invoke_agent`.
        model: as the journal names it.
        attributes: what is known before.
    """
    tracer = _TRACER.get()
    if tracer is None:
        try:
            yield _UNTOLD
        except CallFailed as failed:
            log_step(logging.DEBUG, "call_failed", role=role, model=model, cause=failed.cause, error=failed.message)
            raise
        return
    provider, _, name = model.partition("/")
    known: dict[str, Value] = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": PROVIDERS.get(provider, provider),
        "gen_ai.request.model": name,
        "rapport.role": role,
        **(attributes or {}),
    }
    with tracer.call(f"{operation} {name}", known) as span:
        try:
            yield span
        except CallFailed as failed:
            log_step(logging.DEBUG, "call_failed", role=role, model=model, cause=failed.cause, error=failed.message)
            span.fail(failed.cause, failed.message)
            raise


def log_step(level: int, event: str, **facts: object) -> None:
    """A line for those who look closely: `--log-level`, or the level of the logger `sim` in a program that uses this package.

    Args:
        level: as `logging` counts it.
    """
    if _LEVEL.isEnabledFor(level):
        structlog.get_logger().log(level, event, **facts)


_LEVEL = logging.getLogger("sim")


PROVIDERS: Mapping[str, str] = {
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "vertex_ai": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
}
"""OpenTelemetry's names of providers where LiteLLM has others."""


class WatchedClient:
    """A model whose calls are told of.

    Args:
        client: the model.
    """

    def __init__(self, client: Client) -> None:
        self.model = client.model
        self._client = client

    async def complete(self, request: Request) -> Completion:
        """Ask. Raises as `Client.complete`."""
        tracer = _TRACER.get()
        if tracer is None and not _LEVEL.isEnabledFor(logging.DEBUG):
            return await self._client.complete(request)
        with calling("chat", self.model, request.role, None if tracer is None else _asked(request, content=tracer.content)) as span:
            completion = await self._client.complete(request)
            if tracer is not None:
                span.tell(_answered(completion, content=tracer.content))
            log_step(
                logging.DEBUG,
                "call_answered",
                role=request.role,
                model=self.model,
                step=request.step,
                finish=completion.finish,
                seconds=round(completion.latency, 3),
                retries=completion.attempts - 1,
                **_taken(completion.usage, completion.cost),
            )
        return completion

    async def close(self) -> None:
        """Give back connections."""
        await self._client.close()


class WatchedEmbedder:
    """An embedder whose calls are told of.

    Args:
        embedder: the model.
    """

    def __init__(self, embedder: Embedder) -> None:
        self.model = embedder.model
        self._embedder = embedder

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """Ask. Raises as `Embedder.embed`."""
        with calling("embeddings", self.model, "memory") as span:
            embedded = await self._embedder.embed(texts)
            if _TRACER.get() is not None:
                span.tell(_usage(embedded.call.usage, embedded.call.cost) | {"rapport.retries": embedded.timing.retries})
        return embedded

    async def close(self) -> None:
        """Give back connections."""
        await self._embedder.close()


def _asked(request: Request, *, content: bool) -> dict[str, Value]:
    told: dict[str, Value] = {"gen_ai.output.type": "text" if request.schema is None else "json", "rapport.step": request.step}
    if request.seed is not None:
        told["gen_ai.request.seed"] = request.seed
    if content:
        told["gen_ai.input.messages"] = json.dumps([_message(m) for m in request.messages], ensure_ascii=False)
    return told


def _answered(completion: Completion, *, content: bool) -> dict[str, Value]:
    told: dict[str, Value] = {"gen_ai.response.finish_reasons": [completion.finish], "rapport.retries": completion.attempts - 1}
    if content:
        said = {"role": "assistant", "parts": [{"type": "text", "content": completion.text}], "finish_reason": completion.finish}
        told["gen_ai.output.messages"] = json.dumps([said], ensure_ascii=False)
    return told | _usage(completion.usage, completion.cost)


def _message(message: Message) -> dict[str, object]:
    return {"role": message.role, "parts": [{"type": "text", "content": message.content}]}


def _usage(usage: Usage | None, cost: float | None) -> dict[str, Value]:
    told: dict[str, Value] = {}
    if usage is not None:
        told |= {
            "gen_ai.usage.input_tokens": usage.input,
            "gen_ai.usage.output_tokens": usage.output,
            "gen_ai.usage.cache_read.input_tokens": usage.cached,
        }
    return told if cost is None else told | {"rapport.cost": cost}


def _taken(usage: Usage | None, cost: float | None) -> dict[str, object]:
    tokens: dict[str, object] = {} if usage is None else {"tokens_in": usage.input, "tokens_out": usage.output}
    return tokens if cost is None else {**tokens, "cost": cost}
