"""A loopback server whose every answer is written in the test: bodies and statuses, or a stream piece by piece, with pauses where a test says so."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from aiohttp import web

Answering = Callable[[dict[str, Any], web.Request], Awaitable[web.StreamResponse]]


def completion(content: str | None, *, finish: str = "stop", usage: tuple[int, int] | None = (10, 5), **message: Any) -> web.Response:
    """A whole answer."""
    body: dict[str, Any] = {"choices": [{"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}]}
    if usage:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return web.json_response(body)


def refusal(message: str, status: int = 400) -> web.Response:
    """An error object."""
    return web.json_response({"error": {"message": message, "type": "invalid_request_error"}}, status=status)


def chunk(content: str | None = None, *, finish: str | None = None, **delta: Any) -> dict[str, Any]:
    """A piece of a streamed answer."""
    return {"choices": [{"index": 0, "delta": delta if content is None else {"content": content, **delta}, "finish_reason": finish}]}


def counts(sent: int, came: int) -> dict[str, Any]:
    """The piece of a stream that holds its usage."""
    return {"choices": [], "usage": {"prompt_tokens": sent, "completion_tokens": came}}


class Stream:
    """A streamed answer under way."""

    def __init__(self, response: web.StreamResponse) -> None:
        self._response = response

    @classmethod
    async def begin(cls, request: web.Request) -> Stream:
        """Send the head."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        return cls(response)

    async def send(self, *pieces: dict[str, Any]) -> None:
        """Send pieces."""
        for piece in pieces:
            await self._response.write(f"data: {json.dumps(piece)}\n\n".encode())

    async def end(self) -> web.StreamResponse:
        """Say that this is all."""
        await self._response.write(b"data: [DONE]\n\n")
        return self._response

    @property
    def response(self) -> web.StreamResponse:
        """To be returned where the stream is cut in the middle."""
        return self._response


class ScriptedServer:
    """Answers with what `answering` makes of a request; `bodies` are the requests so far."""

    def __init__(self, answering: Answering) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.url = ""
        self._answering = answering
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.01)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._runner
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        return await self._answering(body, request)


def by_turns(*answers: Callable[[], web.Response]) -> Answering:
    """One answer after the other, the last for all that follow."""
    left = list(answers)

    async def answer(body: dict[str, Any], request: web.Request) -> web.StreamResponse:
        return (left.pop(0) if len(left) > 1 else left[0])()

    return answer


async def never() -> None:
    """Wait until the server is closed."""
    await asyncio.Event().wait()


@contextmanager
def slow_model(*, words: int, seconds: float) -> Iterator[str]:
    """A model in a thread that streams so many words, each after so many seconds, or sends them whole as late; its URL."""

    async def answer(body: dict[str, Any], request: web.Request) -> web.StreamResponse:
        if not body.get("stream"):
            await asyncio.sleep(words * seconds)
            return completion("word " * words)
        stream = await Stream.begin(request)
        for n in range(words):
            await asyncio.sleep(seconds)
            await stream.send(chunk(f"word{n} "))
        await stream.send(chunk(finish="stop"), counts(20, words))
        return await stream.end()

    with in_thread(answer) as server:
        yield server.url


@contextmanager
def in_thread(answering: Answering) -> Iterator[ScriptedServer]:
    """A server in a thread, for commands that hold an event loop of their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = ScriptedServer(answering)
    try:
        asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result()
        yield server
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
