"""A server on loopback, in this process, that says what it was told to and keeps what it was asked: every provider's format is spoken through it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web


@dataclass(frozen=True)
class Said:
    """One HTTP answer."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    """Whether the connection ends after half of the body, of which more was announced."""


def say(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Said:
    """An answer in JSON."""
    return Said(json.dumps(body).encode(), status, {"Content-Type": "application/json", **(headers or {})})


@dataclass(frozen=True)
class Asked:
    """What came in."""

    path: str
    headers: Mapping[str, str]
    """By lower-case name."""
    body: Any


class Loopback:
    """The server: `answers` are said in turn, and the last one again and again."""

    def __init__(self, *answers: Said) -> None:
        self.answers = list(answers)
        self.asked: list[Asked] = []
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(Asked(request.path_qs, {k.lower(): v for k, v in request.headers.items()}, json.loads(await request.read() or b"null")))
        said = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if not said.cut:
            return web.Response(body=said.body, status=said.status, headers=said.headers)
        response = web.StreamResponse(status=said.status, headers={**said.headers, "Content-Length": str(len(said.body))})
        await response.prepare(request)
        await response.write(said.body[: len(said.body) // 2])
        assert request.transport is not None
        await asyncio.sleep(0)
        request.transport.close()
        return response
