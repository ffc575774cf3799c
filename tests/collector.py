"""An OTLP receiver on loopback: what OpenTelemetry's exporters send over HTTP, as plain dictionaries."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collected:
    """What came in."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []

    @property
    def spans(self) -> list[dict[str, Any]]:
        """Every span: name, id, parent, attributes, whether it failed."""
        found = []
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                service = {a.key: a.value.string_value for a in resource.resource.attributes}["service.name"]
                found += [_plain(span, service) for scope in resource.scope_spans for span in scope.spans]
        return found

    def named(self, start: str) -> list[dict[str, Any]]:
        """The spans whose name begins so."""
        return [span for span in self.spans if span["name"].startswith(start)]


def _plain(span: Any, service: str) -> dict[str, Any]:
    return {
        "name": span.name,
        "id": span.span_id,
        "parent": span.parent_span_id or None,
        "service": service,
        "seconds": (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
        "failed": span.status.message if span.status.code == 2 else None,
        "events": len(span.events),
        **{a.key: _value(a.value) for a in span.attributes},
    }


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    return [_value(v) for v in value.array_value.values] if kind == "array_value" else getattr(value, kind)


@contextmanager
def collecting(status: int = 200) -> Iterator[Collected]:
    """Receive until left."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collected.headers.append({k.lower(): v for k, v in self.headers.items()})
            collected.bodies.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collected = Collected(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collected
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
