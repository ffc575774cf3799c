"""A server on loopback that repeats the key it was sent, in every way that servers have been seen to, by the name in the request's path or model.

    with Parrot() as parrot: ... f"{parrot.url}/v1" for models, f"{parrot.url}/bot/<way>" for chatbots

Models are called `echo-<way>`; `/v1/embeddings` answers in the same ways. The key is what Authorization carries, or for a chatbot the field `key`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from typing import Any, Self
from urllib.parse import quote

WAYS = (
    "refusal",
    "plain-refusal",
    "content",
    "escaped-content",
    "finish",
    "header",
    "reasoning",
    "redirect",
    "garbage",
    "long-error",
    "encoded-error",
    "pieces",
    "broken-http",
    "usage",
)
"""How the key comes back."""
REPEATING = ("repeats-500", "repeats-400", "repeats-plain", "repeats-json")
"""How the whole request comes back."""


class Parrot:
    """The server, in a thread of its own."""

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self.asked: list[tuple[str, str]] = []
        """Way and key of every request."""
        started = threading.Event()

        async def serve() -> None:
            self._stop = asyncio.Event()
            server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            started.set()
            await self._stop.wait()
            server.close()
            waiting = asyncio.all_tasks() - {asyncio.current_task()}
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(serve(),), daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            fields = {n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in head.split("\r\n")[1:])}
            body = json.loads(await reader.readexactly(int(fields.get("content-length", 0))) or b"{}")
            path = head.split(" ")[1]
            key = fields.get("authorization", "").removeprefix("Bearer ") or str(body.get("key", ""))
            way = path.rsplit("/", 1)[1] if path.startswith("/bot/") else str(body.get("model", "")).removeprefix("echo-")
            self.asked.append((way, key))
            talk = "reply" if path.startswith("/bot/") else "data" if path.endswith("/embeddings") else "choices"
            for piece in _repeated(way, body) if way in REPEATING else _bytes(way, key, talk):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def _repeated(way: str, body: object) -> list[bytes]:
    said = json.dumps(body)
    if way == "repeats-plain":
        return [_http(200, said[1:], kind="text/plain")]
    if way == "repeats-json":
        return [_http(200, json.dumps({"elsewhere": said}))]
    return [_http(int(way.rpartition("-")[2]), json.dumps({"error": {"message": said}}) if way == "repeats-400" else f"<p>{said}</p>")]


def _bytes(way: str, key: str, talk: str) -> list[bytes]:
    half = len(key) // 2
    said = {
        "content": f"Your key is {key}, as ever.",
        "escaped-content": f"Your key: {''.join(f'%{o:02x}' for o in key.encode())} or {key[:half]}\n{key[half:]} or {key.upper()}.",
    }.get(way, "That is good to hear, tell me more about it.")
    good = {"reply": said} if talk == "reply" else _completion(said, key, way)
    if talk == "data":
        good = {"data": [{"index": 0, "embedding": [1.0, key if way == "content" else 0.5]}], "usage": {"prompt_tokens": 3}, "model": key}
    shaped = json.dumps(good)
    if way == "refusal":
        return [_http(401, json.dumps({"error": {"message": f"Incorrect API key provided: {key}.", "code": key, "type": key}}))]
    if way == "plain-refusal":
        return [_http(401, f"{key} is not a key that I know", kind="text/plain")]
    if way == "header":
        return [_http(403, "{}", reason=f"No {key}", more=f"X-Key: {key}\r\nWWW-Authenticate: Bearer {key}\r\n")]
    if way == "redirect":
        return [_http(302, f"<a href='/login?key={key}'>", more=f"Location: http://127.0.0.1:9/login?key={quote(key)}\r\n")]
    if way == "garbage":
        return [_http(200, f"<html>You are {key}</html>", kind="text/html")]
    if way == "long-error":
        return [_http(400, json.dumps({"error": {"message": "x" * (200 - 41 - half) + key + "y" * (300 - 2 * half) + key + "z" * 4_000 + key}}))]
    if way == "encoded-error":
        forms = (key.upper(), quote(key, safe=""), base64.b64encode(f"user:{key}".encode()).decode(), repr(key), "\n".join((key[:half], key[half:])))
        return [_http(500, json.dumps({"error": " | ".join((*forms, json.dumps(json.dumps(key))))}))]
    if way == "broken-http":
        return [f"HTTP/1.1 200 OK\r\nBad {key}\0: {key}\r\ncontent-length: -{key}\r\n\r\n".encode()]
    if way == "pieces":
        if talk == "reply":
            events = "".join(f"data: {json.dumps({'reply': p})}\n\n" for p in (key[:half], key[half:]))
            stray = "".join(f"data: {json.dumps({'x': p})}\n\n" for p in (key[:half], key[half:]))
            whole = (events if half % 2 else stray) + "data: [DONE]\n\n"
            return [_http(200, None, kind="text/event-stream"), *(whole[i : i + 20].encode() for i in range(0, len(whole), 20))]
        return [_http(200, shaped[: len(shaped) // 2] + key)]
    return [_http(200, shaped)]


def _completion(said: str, key: str, way: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": said}
    if way == "reasoning":
        message |= {"reasoning_content": f"They sent {key}", "refusal": None, "tool_calls": [_tool(key)], "content": None}
    usage: dict[str, Any] = {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10}
    finish = key if way == "finish" else "stop"
    usage |= {"prompt_tokens": key, "note": key} if way == "usage" else {}
    return {
        "id": key,
        "object": "chat.completion",
        "created": 1,
        "model": key,
        "system_fingerprint": key,
        "usage": usage,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
    }


def _tool(key: str) -> dict[str, Any]:
    return {"id": key, "type": "function", "function": {"name": "say", "arguments": json.dumps({"key": key})}}


def _http(status: int, body: str | None, *, kind: str = "application/json", reason: str = "So", more: str = "") -> bytes:
    length = "" if body is None else f"Content-Length: {len(body.encode())}\r\n"
    return f"HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nConnection: close\r\n{length}{more}\r\n{body or ''}".encode()
