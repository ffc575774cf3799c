"""Loopback servers that speak the two wire formats of batches, OpenAI's and Anthropic's, with what goes wrong there on demand.

    with batches() as there: ... there.openai (ready for --api-base), there.anthropic (ready for ANTHROPIC_API_BASE)

A batch is over at once, unless `held`; then it is over once `release()` was called. Lines are answered as `tests.server` answers single calls.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.server import answer, completion

MADE_AT = "2026-01-01T00:00:00Z"


@dataclass
class Made:
    """A batch as the provider has it."""

    id: str
    requests: list[tuple[str, dict[str, Any]]]
    label: str | None
    created: float
    cancelled: bool = False
    failed: str = ""
    spoilt: dict[int, str] = field(default_factory=dict)
    """By line: `errored`, `refused_form`, `expired`, `canceled`, `missing`, `misshaped`."""


class Batches:
    """What the servers hold."""

    def __init__(self, port: int) -> None:
        self.openai = f"http://127.0.0.1:{port}/v1"
        self.anthropic = f"http://127.0.0.1:{port}"
        self.made: list[Made] = []
        self.files: dict[str, str] = {}
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        """Method, path and headers of every request."""
        self.held = False
        self.spoil: dict[int, str] = {}
        """For lines of the next batch only."""
        self.fail_next = ""
        """Why the next batch fails as a whole."""
        self.statuses: list[int] = []
        """What the next requests are answered with instead."""
        self.mute_create = False
        """Whether the next batch is made and the answer to it lost."""
        self.hang_create = False
        """Whether the next batch is made and the answer to it never comes."""
        self.clock = 1_800_000_000.0

    def release(self) -> None:
        """Let all batches be over."""
        self.held = False

    @property
    def lines(self) -> list[int]:
        """How many requests each batch has."""
        return [len(made.requests) for made in self.made]

    def make(self, requests: list[tuple[str, dict[str, Any]]], label: str | None) -> Made:
        """A further batch."""
        assert len({id for id, _ in requests}) == len(requests), "ids are unique"
        assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", id) for id, _ in requests)
        made = Made(f"batch_{len(self.made) + 1}", requests, label, self.clock, failed=self.fail_next, spoilt=self.spoil)
        self.spoil, self.fail_next = {}, ""
        self.made.append(made)
        return made

    def get(self, id: str) -> Made | None:
        """The batch of that id."""
        return next((made for made in self.made if made.id == id), None)

    # --- OpenAI -------------------------------------------------------------------------------------------------------

    def as_openai(self, made: Made) -> dict[str, Any]:
        """As OpenAI tells of a batch."""
        over = not self.held
        expired = over and "expired" in made.spoilt.values()
        status = "failed" if made.failed else "in_progress" if not over else "expired" if expired else "cancelled" if made.cancelled else "completed"
        good = [i for i in range(len(made.requests)) if made.spoilt.get(i) in (None, "misshaped")]
        bad = [i for i, kind in made.spoilt.items() if kind not in ("missing", "misshaped")]
        return {
            "id": made.id,
            "object": "batch",
            "status": status,
            "created_at": int(made.created),
            "metadata": {"rapport": made.label},
            "errors": {"object": "list", "data": [{"code": "bad", "message": made.failed, "line": 1}]} if made.failed else None,
            "request_counts": {"total": len(made.requests), "completed": len(good) if over else 0, "failed": len(bad) if over else 0},
            "output_file_id": f"out-{made.id}" if over and good and not made.failed else None,
            "error_file_id": f"err-{made.id}" if over and bad and not made.failed else None,
        }

    def openai_file(self, name: str) -> str:
        """A file of results or errors."""
        kind, _, id = name.partition("-")
        made = self.get(id)
        assert made is not None
        lines = []
        for i, (custom, body) in enumerate(made.requests):
            spoilt = made.spoilt.get(i)
            line: dict[str, Any] = {"id": f"r{i}", "custom_id": custom, "response": None, "error": None}
            if kind == "out" and spoilt in (None, "misshaped"):
                text = '{"nothing": "of the kind"}' if spoilt else answer(body)
                line["response"] = {"status_code": 200, "request_id": "q", "body": completion(body, text, "stop")}
            elif kind == "err" and spoilt == "expired":
                line["error"] = {"code": "batch_expired", "message": "This request could not be executed before the completion window expired."}
            elif kind == "err" and spoilt == "refused_form":
                said = {"error": {"message": "response_format is not supported", "type": "invalid_request_error"}}
                line["response"] = {"status_code": 400, "request_id": "q", "body": said}
            elif kind == "err" and spoilt in ("errored", "canceled"):
                said = {"error": {"message": "the server had an error", "type": "server_error"}}
                line["response"] = {"status_code": 500, "request_id": "q", "body": said}
            else:
                continue
            lines.append(json.dumps(line))
        return "\n".join(reversed(lines)) + "\n"

    # --- Anthropic ----------------------------------------------------------------------------------------------------

    def as_anthropic(self, made: Made) -> dict[str, Any]:
        """As Anthropic tells of a batch."""
        n, over = len(made.requests), not self.held
        kinds = list(made.spoilt.values())
        counts = {name: kinds.count(name) if over else 0 for name in ("errored", "canceled", "expired")}
        return {
            "id": made.id,
            "type": "message_batch",
            "processing_status": "ended" if over else "in_progress",
            "request_counts": {**counts, "processing": 0 if over else n, "succeeded": n - sum(counts.values()) if over else 0},
            "created_at": MADE_AT.replace("2026", "2099"),
            "results_url": f"http://192.0.2.1/v1/messages/batches/{made.id}/results" if over else None,
        }

    def anthropic_results(self, made: Made) -> str:
        """The stream of results."""
        lines = []
        for i, (custom, params) in enumerate(made.requests):
            spoilt = made.spoilt.get(i)
            if spoilt == "missing":
                continue
            if spoilt in ("canceled", "expired"):
                result: dict[str, Any] = {"type": spoilt}
            elif spoilt == "errored":
                error = {"type": "overloaded_error", "message": "Overloaded"}
                result = {"type": "errored", "error": {"type": "error", "error": error, "request_id": "q"}}
            else:
                result = {"type": "succeeded", "message": _message(params, misshaped=bool(spoilt))}
            lines.append(json.dumps({"custom_id": custom, "result": result}))
        return "\n".join(reversed(lines)) + "\n"


def _message(params: dict[str, Any], *, misshaped: bool) -> dict[str, Any]:
    """Anthropic's answer to a message."""
    system = "".join(block["text"] for block in params.get("system", []))
    messages = [{"role": m["role"], "content": "".join(b["text"] for b in m["content"])} for m in params["messages"]]
    schema = params["tools"][0]["input_schema"] if "tools" in params else params.get("output_format", {}).get("schema")
    asked = {"json_schema": {"name": "x", "schema": schema}, "type": "json_schema"} if schema else None
    body = {"model": "rater", "messages": [{"role": "system", "content": system}, *messages], "response_format": asked}
    text = '{"nothing": "of the kind"}' if misshaped else answer(body)
    block = (
        {"type": "tool_use", "id": "t", "name": "json_tool_call", "input": json.loads(text)} if "tools" in params else {"type": "text", "text": text}
    )
    usage = {"input_tokens": 900, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 0, "output_tokens": 200}
    return {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "content": [block],
        "stop_reason": "end_turn",
        "model": params["model"],
        "usage": usage,
    }


@contextmanager
def batches() -> Iterator[Batches]:
    """Serve until left."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._handle("GET")

        def do_POST(self) -> None:
            self._handle("POST")

        def _handle(self, method: str) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)) if method == "POST" else b""
            url = urlsplit(self.path)
            there.asked.append((method, url.path, {k.lower(): v for k, v in self.headers.items()}))
            if there.statuses:
                status = there.statuses.pop(0)
                self._send({"error": {"message": f"no, {self.headers.get('Authorization')}", "type": "x"}}, status)
                return
            self._answer(method, url.path, parse_qs(url.query), raw)

        def _answer(self, method: str, path: str, query: dict[str, list[str]], raw: bytes) -> None:
            if (method, path) == ("POST", "/v1/files"):
                there.files[f"file-{len(there.files)}"] = _uploaded(raw)
                self._send({"id": f"file-{len(there.files) - 1}"})
            elif (method, path) == ("POST", "/v1/batches"):
                body = json.loads(raw)
                lines = [json.loads(line) for line in there.files[body["input_file_id"]].splitlines()]
                assert {(line["method"], line["url"]) for line in lines} == {("POST", "/v1/chat/completions")}
                self._made(there.make([(line["custom_id"], line["body"]) for line in lines], body["metadata"]["rapport"]), there.as_openai)
            elif (method, path) == ("POST", "/v1/messages/batches"):
                requests = [(r["custom_id"], r["params"]) for r in json.loads(raw)["requests"]]
                self._made(there.make(requests, None), there.as_anthropic)
            elif path in ("/v1/batches", "/v1/messages/batches"):
                tell = there.as_openai if path == "/v1/batches" else there.as_anthropic
                self._send({"data": [tell(made) for made in reversed(there.made)], "has_more": False})
            elif path.startswith("/v1/files/"):
                self._send(there.openai_file(path.split("/")[3]))
            else:
                made = there.get(path.removeprefix("/v1/messages").split("/")[2 if path.startswith("/v1/messages") else 3])
                if made is None:
                    self._send({"error": {"message": "No such batch", "type": "not_found_error"}}, 404)
                elif path.endswith("/results"):
                    self._send(there.anthropic_results(made))
                else:
                    self._send(there.as_anthropic(made) if path.startswith("/v1/messages") else there.as_openai(made))

        def _made(self, made: Made, tell: Any) -> None:
            if there.hang_create:
                there.hang_create = False
                gone.wait(120)
            if there.mute_create:
                there.mute_create = False
                self.close_connection = True
                self.connection.close()
                return
            self._send(tell(made))

        def _send(self, body: Any, status: int = 200) -> None:
            data = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    gone = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # A client that is killed is no fault of the server.
    there = Batches(server.server_port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield there
    finally:
        gone.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _uploaded(raw: bytes) -> str:
    """The file in a form; its purpose must be `batch`."""
    assert b'name="purpose"' in raw
    assert b"\r\n\r\nbatch\r\n" in raw
    part = raw[raw.index(b'name="file"') :]
    return part.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0].decode()
