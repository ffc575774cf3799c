"""Any server that speaks the OpenAI chat protocol, over aiohttp, with as little processor time as a call can take. Needs no key."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import aiohttp
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from pydantic_core import to_json

from sim.core.event import Usage
from sim.core.spec import ModelSpec, Sampling
from sim.llm.answers import Asker, Form, Wire
from sim.llm.attempts import Answer, Patience
from sim.llm.client import Completion, Message, Request
from sim.llm.counts import count_usage
from sim.llm.failures import LOOKED_AT, AttemptFailed, judge_status, parse_retry_after, timed_out
from sim.llm.keys import named_key
from sim.llm.reach import why_unreachable
from sim.llm.traffic.passage import Enter


class Pool:
    """Keep-alive connections, one session for each event loop, shared by the clients of a run."""

    def __init__(self) -> None:
        self._sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()
        self._users: set[object] = set()

    def session(self, user: object) -> aiohttp.ClientSession:
        """The running loop's session, kept open until every user has given it back."""
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None or session.closed:
            # How many connections there are is decided by the lanes in front. No cookies: two trials must not meet in one server-side session.
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
            session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), headers={"User-Agent": "rapport-sim"})
            self._sessions[loop] = session
        self._users.add(user)
        return session

    async def give_back(self, user: object) -> None:
        """`user` needs no connection any more; the last one closes them all."""
        self._users.discard(user)
        session = self._sessions.get(asyncio.get_running_loop())
        if session is not None and not self._users:
            await session.close()


class DirectClient:
    """A model behind `api_base`.

    The request carries the model's name without its provider prefix, what `sampling` gives, and a seed where the request has one. An Authorization
    header is sent only where `api_key_env` names a variable that is set; redirects are not followed, so the key goes nowhere else.
    """

    def __init__(
        self,
        spec: ModelSpec,
        *,
        sampling: Sampling,
        timeout: float,
        patience: Patience,
        enter: Enter,
        pool: Pool,
        json_mode: str | None = None,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.perf_counter,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Args:
        spec: needs an `api_base`.
        sampling: what is sent beside the messages.
        timeout: seconds for one attempt.
        patience: how often, and after what waits, attempts are made.
        enter: see `Asker`.
        pool: whose connections are used.
        json_mode: see `Asker`.
        environ: where `api_key_env` is looked up.
        clock: seconds, for latencies.
        now: Unix time, for Retry-After dates.
        """
        if spec.api_base is None:
            raise ValueError("a direct client needs an api_base")
        self.model = spec.model
        self._url = f"{spec.api_base}/chat/completions"
        self._host = urlsplit(spec.api_base).netloc
        fixed: dict[str, JsonValue] = {"model": spec.model.split("/", 1)[1], **sampling.model_dump(exclude_none=True)}
        self._head = _dump(fixed)[:-1] + b',"messages":['
        key = named_key(spec, environ)
        self._headers = {"Authorization": f"Bearer {key}"} if key else None
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._pool = pool
        self._now = now
        self._asker = Asker(
            spec.model, self._send, patience=patience, enter=enter, bound=sampling.max_tokens, json_mode=json_mode, environ=environ, clock=clock
        )

    @property
    def form(self) -> Form:
        """How structured answers are asked for now."""
        return self._asker.form

    async def complete(self, request: Request) -> Completion:
        """Ask. Raises as `Client.complete`."""
        return await self._asker.complete(request)

    async def close(self) -> None:
        """Give the connections back to the pool."""
        await self._pool.give_back(self)

    async def _send(self, wire: Wire) -> Answer:
        data = aiohttp.BytesPayload(self._body(wire), content_type="application/json")
        session = self._pool.session(self)
        try:
            # No `async with`: the connection is given back with the last byte that is read, or with the error that ends the reading.
            response = await session.post(self._url, data=data, headers=self._headers, timeout=self._timeout, allow_redirects=False)
            status, headers = response.status, response.headers
            raw = await response.read()
        except TimeoutError:
            raise timed_out(self._host, self._timeout.total or 0.0) from None
        except aiohttp.ClientConnectorError as error:
            raise AttemptFailed("down", f"could not be reached at {self._host}: {why_unreachable(error)}") from None
        except (aiohttp.ClientError, OSError) as error:
            raise AttemptFailed("down", f"{self._host}: {error or type(error).__name__}", brief=f"{self._host}: {type(error).__name__}") from None
        if status != 200:
            wait = parse_retry_after(headers.get("Retry-After"), now=self._now())
            raise _judge(status, raw, self._host, wait)
        return read_reply(raw, self._host)

    def _body(self, wire: Wire) -> bytes:
        """What is sent, put together from pieces, of which the long ones are the same for many calls."""
        pieces = [self._head, b",".join([_system(m) if m.role == "system" else _message(m) for m in wire.messages]), b"]"]
        if wire.seed is not None:
            pieces.append(b',"seed":%d' % wire.seed)
        if wire.response_format is not None:
            pieces += (b',"response_format":', wire.response_format.body)
        pieces.append(b"}")
        return b"".join(pieces)


def _message(message: Message) -> bytes:
    return _dump({"role": message.role, "content": message.content})


_system = lru_cache(maxsize=256)(_message)


def _dump(body: dict[str, JsonValue]) -> bytes:
    try:
        return to_json(body)
    except ValueError:  # half a surrogate pair, which no UTF-8 can hold
        return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


# --- what the server sends -------------------------------------------------------------------------------------------


class _Foreign(BaseModel):
    """Whatever else a server sends beside what is read is not a concern of ours."""

    model_config = ConfigDict(extra="ignore")


class _Part(_Foreign):
    text: str = ""


class _Message(_Foreign):
    content: str | list[_Part] | None = None
    refusal: str | None = None


class _Choice(_Foreign):
    message: _Message
    finish_reason: str | None = None


class _Reply(_Foreign):
    choices: list[_Choice]
    usage: JsonValue = None


class _Error(_Foreign):
    message: str = ""
    code: str | int | None = None
    type: str | None = None


class _Failure(_Foreign):
    error: _Error | str


def read_reply(raw: bytes, host: str) -> Answer:
    """The answer in a body that came with status 200."""
    try:
        reply = _Reply.model_validate_json(raw)
    except ValidationError:
        try:
            reply = _Reply.model_validate(json.loads(raw))  # takes half a surrogate pair, which a model cut short may end with
        except (ValueError, RecursionError):
            raise _unreadable(raw, host) from None
    if not reply.choices:
        raise _unreadable(raw, host)
    choice = reply.choices[0]
    content = choice.message.content
    text = "".join(p.text for p in content) if isinstance(content, list) else content or ""
    return Answer(text, choice.finish_reason or "stop", _usage(reply.usage), None, choice.message.refusal or None)


def _unreadable(raw: bytes, host: str) -> AttemptFailed:
    """Some gateways answer 200 with an error object; anything else is a body nobody can read."""
    failure = _failure(raw)
    if failure is None:
        return AttemptFailed("other", f"{host} answered with something other than a chat completion, {len(raw):,} bytes long")
    code = str(failure.code)
    return judge_status(int(code) if re.fullmatch("[45][0-9]{2}", code) else 500, f"{host}: {_told(failure)}")


def _judge(status: int, raw: bytes, host: str, wait: float | None) -> AttemptFailed:
    """A status other than 200: an error object says what is wrong, any other body is quoted."""
    failure = _failure(raw)
    if failure is not None and failure.message:
        return judge_status(status, f"{host}: {_told(failure)}", wait=wait)
    return judge_status(status, host, quote=raw[: 4 * LOOKED_AT].decode("utf-8", "replace"), wait=wait)


def _failure(raw: bytes) -> _Error | None:
    try:
        error = _Failure.model_validate_json(raw).error
    except ValidationError:
        return None
    return _Error(message=error) if isinstance(error, str) else error


def _told(failure: _Error) -> str:
    return f"{failure.message} ({failure.code})" if isinstance(failure.code, str) else failure.message


def _usage(usage: JsonValue) -> Usage | None:
    if not isinstance(usage, dict):
        return None
    return count_usage(usage, written=usage.get("cache_creation_input_tokens"))
