"""Spans for OpenTelemetry: which collector the environment names, and the tracer that sends to it. The only module that imports OpenTelemetry.

The variables are the standard ones (guide/operations.md#traces). Spans leave from a thread of their own; a collector that is away costs a run nothing
but its spans, and that is said once.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
import warnings
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import structlog

from sim.core.errors import Notice, strike_keys
from sim.llm.keys import hold
from sim.llm.telemetry import Level, Value, received_by, within

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
CAPTURE: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_HEADERS: Final = ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS")
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_SPOKEN: Final = "http/protobuf"
_QUEUE: Final = 1 << 16
"""Spans that wait to be sent where the environment does not say; a fast run makes more in five seconds than OpenTelemetry's own 2,048."""


def collector(environ: Mapping[str, str] = os.environ) -> str | None:
    """The address that spans are sent to; None: none are sent."""
    return None if why_unsent(environ) else _named(environ)


def why_unsent(environ: Mapping[str, str] = os.environ) -> str:
    """Why no spans are sent although a collector is named; empty: they are sent, or none is named."""
    url = _named(environ)
    if url is None:
        return ""
    name = TRACES_ENDPOINT if environ.get(TRACES_ENDPOINT) else ENDPOINT
    protocol = next((environ[p] for p in _PROTOCOLS if environ.get(p)), _SPOKEN)
    if protocol != _SPOKEN:
        return f"{name} is set, but no traces are sent: OTLP is spoken over {_SPOKEN} only, not over {protocol}"
    if not urlsplit(url).hostname:
        return f"{name} is set, but no traces are sent: '{strike_keys(url)}' is not a URL with a host"
    if not _is_installed():
        return f"{name} is set, but no traces are sent: OpenTelemetry is not installed (pip install 'rapport-sim[otel]')"
    return ""


def _is_installed() -> bool:
    try:
        return find_spec("opentelemetry.sdk") is not None and find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


def takes_messages(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the collector is to be sent the texts of messages."""
    return environ.get(CAPTURE, "").strip().lower() in ("true", "1", "span_only", "span_and_event")


def _named(environ: Mapping[str, str]) -> str | None:
    """What the environment names, whether or not it can be sent to."""
    exporters = environ.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() or "otlp"
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true" or "otlp" not in exporters.split(","):
        return None
    return environ.get(TRACES_ENDPOINT) or environ.get(ENDPOINT) or None


@asynccontextmanager
async def traced(run: str, environ: Mapping[str, str] = os.environ) -> AsyncIterator[None]:
    """Around the calls that are made for `run`: its name is on every log line, and their spans go to the collector that the environment names. All
    are sent, or given up, on leaving."""
    if why := why_unsent(environ):
        warnings.warn(why, Notice, stacklevel=3)
    tracer = open_tracer(environ)
    try:
        with received_by(tracer), within("run", run=run):
            yield
    finally:
        if tracer:
            await tracer.close()


def open_tracer(environ: Mapping[str, str] = os.environ, *, beneath: str = "") -> OtelTracer | None:
    """What sends spans to the collector that the environment names, until it is closed; None: none is named, or none can be sent.

    Args:
        beneath: the span of the run, where that is another process's, as `span_here` has it there.
    """
    return None if collector(environ) is None else OtelTracer(_provider(environ), content=takes_messages(environ), beneath=beneath)


def span_here(environ: Mapping[str, str] = os.environ) -> str:
    """The span that is open, as W3C Trace Context writes it; empty: none is."""
    if collector(environ) is None:
        return ""
    from opentelemetry.trace import get_current_span

    at = get_current_span().get_span_context()
    return f"00-{at.trace_id:032x}-{at.span_id:016x}-{at.trace_flags:02x}" if at.is_valid else ""


def _provider(environ: Mapping[str, str]) -> TracerProvider:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    for name in _HEADERS:
        for header in environ.get(name, "").split(","):
            value = unquote(header.partition("=")[2]).strip()
            hold(value)
            hold(value.rpartition(" ")[2])  # without the `Bearer` before it
    hold(urlsplit(_named(environ) or "").password or "")
    _complain_once()
    named = environ.get("OTEL_SERVICE_NAME") or "service.name=" in environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    # Not the process's own provider: a program that uses this package may have one, with spans that are none of ours.
    provider = TracerProvider(resource=Resource.create({} if named else {"service.name": "rapport"}), shutdown_on_exit=False)
    queue = None if environ.get("OTEL_BSP_MAX_QUEUE_SIZE") else _QUEUE
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), max_queue_size=queue))
    return provider


class _Once(logging.Handler):
    """Says once, as one of our own lines, that spans are lost."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said = False

    def emit(self, record: logging.LogRecord) -> None:
        """Say it."""
        if not self._said:
            self._said = True
            structlog.get_logger().warning("spans_lost", error=strike_keys(record.getMessage())[:300], more="not shown", means="the run goes on")


def _complain_once() -> None:
    log = logging.getLogger("opentelemetry")
    log.handlers = [handler for handler in log.handlers if not isinstance(handler, _Once)]
    log.addHandler(_Once())
    log.propagate = False


# --- the tracer -----------------------------------------------------------------------------------------------------------


class OtelTracer:
    """Makes spans of OpenTelemetry: a run, its trials, their exchanges, and the calls of each.

    Args:
        provider: makes and sends them.
        content: whether texts of messages are told.
        beneath: see `open_tracer`.
    """

    def __init__(self, provider: TracerProvider, *, content: bool = False, beneath: str = "") -> None:
        self.content = content
        self._beneath = beneath
        self._provider = provider
        self._tracer = provider.get_tracer("rapport-sim")
        self._open: dict[str, dict[tuple[int, int], _Exchange]] = {}
        """By trial: its exchanges that something may still happen in."""

    async def close(self) -> None:
        """Send what is left, or give it up."""
        await asyncio.to_thread(self._provider.shutdown)

    @contextmanager
    def stretch(self, level: Level, ids: Mapping[str, str | int]) -> Iterator[None]:
        """See `Tracer`."""
        if level == "session":
            yield
        elif level == "worker":
            with _beneath(self._beneath):
                yield
        elif level == "exchange":
            with self._exchange(ids):
                yield
        else:
            name = f"{level} {ids[level]}"
            with self._tracer.start_as_current_span(name, attributes=_named_ids(ids), record_exception=False, set_status_on_exception=False):
                try:
                    yield
                finally:
                    if level == "trial":
                        for exchange in self._open.pop(str(ids["trial"]), {}).values():
                            exchange.end()

    @contextmanager
    def _exchange(self, ids: Mapping[str, str | int]) -> Iterator[None]:
        from opentelemetry.trace import use_span

        trial, place = str(ids["trial"]), (int(ids["session"]), int(ids["exchange"]))
        known = self._open.setdefault(trial, {})
        if place not in known:
            # What judges an exchange is asked while the user writes the next message, and no longer.
            for over in [p for p in known if p < (place[0], place[1] - 1)]:
                known.pop(over).end()
            known[place] = _Exchange(self._tracer.start_span(f"exchange {place[0]}.{place[1]}", attributes=_named_ids(ids)))
        exchange = known[place]
        try:
            with use_span(exchange.span, record_exception=False, set_status_on_exception=False):
                yield
        finally:
            exchange.last = time.time_ns()

    @contextmanager
    def call(self, name: str, attributes: Mapping[str, Value]) -> Iterator[_CallSpan]:
        """See `Tracer`."""
        from opentelemetry.trace import SpanKind

        ids = structlog.contextvars.get_contextvars()
        known = {**_clean(attributes), **_named_ids(ids)}
        if "session" in ids:
            known["gen_ai.conversation.id"] = f"{ids['trial']}/{ids['session']}"
        with self._tracer.start_as_current_span(
            name, kind=SpanKind.CLIENT, attributes=known, record_exception=False, set_status_on_exception=False
        ) as span:
            yield _CallSpan(span)


@contextmanager
def _beneath(parent: str) -> Iterator[None]:
    """Let spans belong to one of another process."""
    from opentelemetry import context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    token = context.attach(TraceContextTextMapPropagator().extract({"traceparent": parent}))
    try:
        yield
    finally:
        context.detach(token)


class _Exchange:
    """The span of an exchange, which ends when the last of what happens in it has ended."""

    __slots__ = ("last", "span")

    def __init__(self, span: Any) -> None:
        self.span = span
        self.last = time.time_ns()

    def end(self) -> None:
        self.span.end(self.last)


class _CallSpan:
    """See `sim.llm.telemetry.Span`."""

    __slots__ = ("_span",)

    def __init__(self, span: Any) -> None:
        self._span = span

    def tell(self, attributes: Mapping[str, Value]) -> None:
        """Add what is known by now, without keys."""
        self._span.set_attributes(_clean(attributes))

    def fail(self, kind: str, message: str) -> None:
        """Mark it as failed."""
        from opentelemetry.trace import Status, StatusCode

        self._span.set_attribute("error.type", kind)
        self._span.set_status(Status(StatusCode.ERROR, message))


def _clean(attributes: Mapping[str, Value]) -> dict[str, Value]:
    return {name: strike_keys(value, certain=True) if isinstance(value, str) else value for name, value in attributes.items()}


def _named_ids(ids: Mapping[str, str | int]) -> dict[str, str | int]:
    return {f"rapport.{name}": ids[name] for name in ("run", "trial", "session", "exchange") if name in ids}
