"""Any server that speaks the OpenAI chat protocol, over aiohttp, with as little processor time as a call can take. Needs no key.

A server that is slow, or of which nobody knows yet, is asked to stream: then a model that is still writing is waited for, and one that stalls is not.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
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
from sim.llm.bounds import AT_MOST, LARGEST, Bounds, parameters, too_much
from sim.llm.client import Completion, Message, Request
from sim.llm.counts import count_usage
from sim.llm.failures import AGAIN, LOOKED_AT, AttemptFailed, judge_status, timed_out, wait_asked
from sim.llm.keys import named_key
from sim.llm.learnt import Learnt
from sim.llm.reach import why_unreachable
from sim.llm.streamed import StreamError, read_stream
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

    The request carries the model's name without its provider prefix, what `sampling` and `extra` give, the bound of the answer, and a seed where the
    request has one. An Authorization
    header is sent only where `api_key_env` names a variable that is set; redirects are not followed, so the key goes nowhere else.
    """

    def __init__(
        self,
        spec: ModelSpec,
        *,
        sampling: Sampling,
        bounds: Bounds,
        patience: Patience,
        enter: Enter,
        pool: Pool,
        learnt: Learnt | None = None,
        json_mode: str | None = None,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.perf_counter,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Args:
        spec: needs an `api_base`.
        sampling: what is sent beside the messages.
        bounds: what an answer may take.
        patience: how often, and after what waits, attempts are made.
        enter: see `Asker`.
        pool: whose connections are used.
        learnt: what the server has refused before; left out, nothing.
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
        self._head = _dump({"model": spec.model.split("/", 1)[1], **parameters(spec, sampling)})[:-1] + b',"messages":['
        key = named_key(spec, environ)
        self._headers = {"Authorization": f"Bearer {key}"} if key else None
        self._bounds = bounds
        self._learnt = learnt = learnt or Learnt()
        self._pool = pool
        self._now = now
        self._clock = clock
        self._asker = Asker(
            spec.model, self._send, patience=patience, enter=enter, bounds=bounds, learnt=learnt, json_mode=json_mode, environ=environ, clock=clock
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
        """One attempt; asked again at once in another way where the server takes a parameter by another name, or does not stream."""
        while True:
            streams, seconds, began = self._learnt.to_stream, self._bounds.seconds(wire.role), self._clock()
            try:
                answer = await self._post(wire, streams, seconds)
            except AttemptFailed as failure:
                if failure.timed_out:
                    self._learnt.took(seconds, within=seconds)
                if failure.kind in AGAIN or not self._adapt(failure, streams):
                    raise
            else:
                self._learnt.took(self._clock() - began, within=seconds)
                return answer

    async def _post(self, wire: Wire, streams: bool, seconds: float) -> Answer:
        data = aiohttp.BytesPayload(self._body(wire, streams), content_type="application/json")
        session, waited, total = self._pool.session(self), seconds, _UNBOUNDED
        try:
            async with asyncio.timeout(seconds) as alarm:
                # No `async with`: the connection is given back with the last byte that is read, or with the error that ends the reading.
                response = await session.post(self._url, data=data, headers=self._headers, timeout=total, allow_redirects=False)
                status, headers = response.status, response.headers
                if streams and status == 200 and "event-stream" in headers.get("Content-Type", ""):
                    clock = asyncio.get_running_loop().time
                    last = clock() + AT_MOST * seconds

                    def alive() -> None:
                        nonlocal waited
                        waited = self._bounds.idle
                        alarm.reschedule(min(clock() + waited, last))

                    return await self._read_stream(response, wire, alive)
                raw = await read_body(response, self._host)
        except TimeoutError:
            raise timed_out(self._host, waited, writing=waited != seconds) from None
        except aiohttp.ClientConnectorError as error:
            raise AttemptFailed("down", f"could not be reached at {self._host}: {why_unreachable(error)}") from None
        except (aiohttp.ClientError, OSError) as error:
            raise AttemptFailed("down", f"{self._host}: {error or type(error).__name__}", brief=f"{self._host}: {type(error).__name__}") from None
        if status != 200:
            wait = wait_asked(headers, raw[:LOOKED_AT].decode("utf-8", "replace"), now=self._now())
            raise _judge(status, raw, self._host, wait)
        if streams:
            self._learnt.streams = False
        return read_reply(raw, self._host)

    async def _read_stream(self, response: aiohttp.ClientResponse, wire: Wire, alive: Callable[[], None]) -> Answer:
        try:
            pieces = await read_stream(counted(response, self._host), self._host, limit=wire.limit, alive=alive)
        except StreamError as error:
            raise _unreadable(error.raw, self._host) from None
        finally:
            response.close()
        said, thought, refusal = ("".join(p) for p in (pieces.said, pieces.thought, pieces.refusal))
        usage = _usage(pieces.usage)
        if usage is None:
            # What a call takes is known when it is not streamed.
            self._learnt.counts = False
        return Answer(said, pieces.finish or "stop", usage, None, refusal or None, thought, pieces.tools.whole or None)

    def _adapt(self, failure: AttemptFailed, streams: bool) -> bool:
        """Whether the server refused a parameter that it can be spared, or sent by its other name."""
        learnt, said = self._learnt, f"{failure.message} {failure.quote}"
        if failure.kind != "room" and _OTHER_LIMIT.search(said) and learnt.limit_name == "max_tokens":
            learnt.limit_name = "max_completion_tokens"
            return True
        if not streams or not _STREAM.search(said):
            return False
        if "stream_options" in said and learnt.counts:
            learnt.counts = False
        else:
            learnt.streams = False
        return True

    def _body(self, wire: Wire, streams: bool = False) -> bytes:
        """What is sent, put together from pieces, of which the long ones are the same for many calls."""
        pieces = [self._head, b",".join([_system(m) if m.role == "system" else _message(m) for m in wire.messages]), b"]"]
        pieces.append(b',"%s":%d' % (self._learnt.limit_name.encode(), wire.limit))
        if wire.seed is not None:
            pieces.append(b',"seed":%d' % wire.seed)
        if wire.response_format is not None:
            pieces += (b',"response_format":', wire.response_format.body)
        if streams:
            pieces.append(b',"stream":true,"stream_options":{"include_usage":true}' if self._learnt.counts else b',"stream":true')
        pieces.append(b"}")
        return b"".join(pieces)


_UNBOUNDED = aiohttp.ClientTimeout(total=None)
_OTHER_LIMIT = re.compile(r"max_tokens.*max_completion_tokens", re.DOTALL)
_STREAM = re.compile(r"\bstream(?:_options|ing|ed)?\b", re.IGNORECASE)


async def read_body(response: aiohttp.ClientResponse, host: str) -> bytes:
    """A whole body.

    Raises:
        AttemptFailed: it is longer than anybody reads.
    """
    size = response.content_length
    if size is not None and size <= LARGEST and "Content-Encoding" not in response.headers:
        return await response.read()
    return b"".join([chunk async for chunk in counted(response, host)])


async def counted(response: aiohttp.ClientResponse, host: str) -> AsyncIterator[bytes]:
    """The chunks of a body, as they come and unpacked.

    Raises:
        AttemptFailed: as `read_body`.
    """
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > LARGEST:
            response.close()
            raise too_much(host)
        yield chunk


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
    reasoning_content: str | None = None
    reasoning: JsonValue = None
    """A text; some servers have other things of this name."""
    tool_calls: JsonValue = None
    function_call: JsonValue = None


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
    beside = choice.message.reasoning_content or choice.message.reasoning
    thought = beside if isinstance(beside, str) else ""
    tools = choice.message.tool_calls or choice.message.function_call or None
    return Answer(text, choice.finish_reason or "stop", _usage(reply.usage), None, choice.message.refusal or None, thought, tools)


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
