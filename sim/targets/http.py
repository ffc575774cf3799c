"""A chatbot behind HTTP, told in templates how it is spoken to.

What it remembers is on its side: restoring a trial means being the same user again, in the same session, and nothing is sent for it. Where the study
says that a session does not outlive an interruption, it starts over under another id, or the whole trial does, as another user. A message whose
answer never came is sent again under the same key, and so is every call around the talk. Cookies are not kept, redirects not followed. Values of the
variables it uses are struck out of replies and errors.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
from pydantic import JsonValue

from sim.core.due import answered, talks_on
from sim.core.errors import CallFailed, Cause
from sim.core.spec.http import HttpCallSpec, HttpSpec, PollSpec
from sim.core.tools import read_tools
from sim.llm.attempts import Answer as Attempted
from sim.llm.attempts import Outcome, Patience, persist
from sim.llm.bounds import AT_MOST, LARGEST, too_much
from sim.llm.failures import AttemptFailed, judge_status, parse_retry_after, scrub, timed_out
from sim.llm.keys import hold
from sim.llm.reach import why_unreachable
from sim.targets import stream
from sim.targets.meter import CallOutcome, Meter
from sim.targets.own import KeepsItsOwn
from sim.targets.target import MemoryStep, Survived, TargetAnswer
from sim.targets.template import Filling, MissingPath, at, find, find_text, word_at

if TYPE_CHECKING:
    import datetime as dt

    from sim.core.record import Trial
    from sim.core.spec.target import Durable
    from sim.llm.direct import Pool
    from sim.llm.prompts import Prompts
    from sim.llm.traffic.passage import Passage
    from sim.targets.identity import Identity

OK = frozenset(range(200, 300))
GONE = frozenset({404, 410})
"""Statuses by which a chatbot says that there is nothing to delete."""

Read = Callable[[aiohttp.ClientResponse], Awaitable[Attempted]]


class _Unreached(AttemptFailed):
    """An attempt that never reached the chatbot."""


class HttpLine:
    """The connection to one chatbot, shared by all trials of a run: templates in, texts out."""

    def __init__(
        self,
        spec: HttpSpec,
        *,
        till: Meter,
        pool: Pool,
        patience: Patience,
        timeout: float,
        environ: Mapping[str, str],
        now: Callable[[], float] = time.time,
    ) -> None:
        """Args:
        timeout: seconds for one attempt; of a reply that is streamed, until something comes.
        environ: where `${NAME}` is looked up; every variable that `spec` names must be in it.
        now: Unix time, for Retry-After dates.
        """
        self.spec = spec
        self.till = till
        self.environ = environ
        self._pool = pool
        self._patience = patience
        self._seconds = spec.timeout or timeout
        # One that is still writing is waited for.
        streams = spec.stream != "none"
        self._timeout = aiohttp.ClientTimeout(total=self._seconds * (AT_MOST if streams else 1), sock_read=self._seconds if streams else None)
        self._now = now
        for name in spec.variables:
            hold(environ[name])

    async def say(self, here: Passage, filling: Filling, headers: Mapping[str, str], body: JsonValue) -> CallOutcome:
        """Send a message.

        Args:
            here: its passage, entered.

        Raises:
            CallFailed: there was no reply.
        """
        spec = self.spec
        outcome, heard = await self._send(here, spec.method, spec.url, {**spec.headers, **headers}, body, filling, self._reply)
        answer = outcome.answer
        return CallOutcome(answer.text, outcome.attempts, outcome.seconds, answer.finish, resent=heard, tools=answer.tools)

    async def call(self, spec: HttpCallSpec, filling: Filling, *, headers: Mapping[str, str], fine: frozenset[int] = OK, once: bool = False) -> str:
        """Make one of the calls around the talk; what came back.

        Args:
            headers: sent beside the target's and the call's own.
            fine: statuses that count as an answer.
            once: whether one attempt is enough.

        Raises:
            CallFailed: it was not answered with such a status.
        """
        patience = replace(self._patience, retries=0) if once else self._patience
        sent = {**self.spec.headers, **spec.headers, **headers}
        async with self.till.passage() as here:
            outcome, _ = await self._send(here, spec.method, spec.url, sent, filling.body(spec.body), filling, _whole, fine=fine, patience=patience)
        return outcome.answer.text

    async def wait(self, seconds: float) -> None:
        """Let time pass; ends early when the run is stopped.

        Raises:
            CallFailed: the run is being stopped, or its budget is used up.
        """
        await self.till.traffic.rest(seconds)

    async def close(self) -> None:
        """Give the connections back."""
        await self._pool.give_back(self)

    async def _send(
        self,
        here: Passage,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: JsonValue,
        filling: Filling,
        read: Read,
        *,
        fine: frozenset[int] = OK,
        patience: Patience | None = None,
    ) -> tuple[Outcome, bool]:
        """What came, and whether an attempt that failed may have been heard."""
        address = filling.text(url, quoted=True)
        sent = {name: filling.text(value) for name, value in headers.items()}
        data: bytes | None = None
        if isinstance(body, str):
            data = body.encode("utf-8", "replace")
        elif body is not None:
            data = json.dumps(body).encode()
        named = {name.lower() for name in sent}
        if data is not None and "content-type" not in named:
            sent["Content-Type"] = "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"

        heard = False

        async def attempt() -> Attempted:
            nonlocal heard
            try:
                return await self._attempt(method, address, sent, data, read, fine)
            except AttemptFailed as failure:
                # What is limited is turned away before anybody looks at it.
                heard = heard or not (failure.kind == "limited" or isinstance(failure, _Unreached))
                raise

        try:
            outcome = await persist(attempt, patience or self._patience, here)
            return outcome, heard
        except AttemptFailed as failure:
            said, quote = (scrub(text, self.environ) for text in (f"{self.till.name}: {failure.message}", failure.quote))
            raise CallFailed(_CAUSES.get(failure.kind, "infrastructure"), said, quote=quote) from None

    async def _attempt(self, method: str, url: str, headers: Mapping[str, str], data: bytes | None, read: Read, fine: frozenset[int]) -> Attempted:
        host = urlsplit(url).netloc
        session = self._pool.session(self)
        try:
            async with session.request(method, url, data=data, headers=headers, timeout=self._timeout, allow_redirects=False) as response:
                if response.status in fine:
                    return await read(response)
                raw = await _text(response)
                wait = parse_retry_after(response.headers.get("Retry-After"), now=self._now())
                raise judge_status(response.status, host, quote=raw, wait=wait)
        except TimeoutError:
            raise timed_out(host, self._seconds) from None
        except aiohttp.InvalidURL:
            raise AttemptFailed("final", "what its url template makes is not a URL", quote=url) from None
        except aiohttp.ClientConnectorError as error:
            raise _Unreached("down", f"could not be reached at {host}: {why_unreachable(error)}") from None
        except (aiohttp.ServerDisconnectedError, OSError) as error:
            raise AttemptFailed("down", f"{host}: {error or type(error).__name__}", brief=f"{host}: {type(error).__name__}") from None
        except aiohttp.ClientError as error:
            said = next((words for kind, words in _GARBLED.items() if isinstance(error, kind)), type(error).__name__)
            raise AttemptFailed("down", f"{host}: {said}", quote=str(error)) from None
        except ValueError as error:
            raise AttemptFailed("final", f"{host}: the request or the answer is not HTTP", quote=str(error)) from None

    async def _reply(self, response: aiohttp.ClientResponse) -> Attempted:
        """The reply in a body that came with status 2xx. It was heard, so whatever is wrong with it, it is not asked for again."""
        spec = self.spec
        if spec.stream != "none":
            came = stream.events(stream.lines(_chunks(response)), spec.stream)
            text, finish, tools = await stream.join(came, spec.reply, spec.finish, spec.tools)
            return Attempted(text, finish, tools=tools)
        raw = await _text(response)
        if spec.reply == "$":
            return Attempted(raw)
        try:
            body = json.loads(raw)
            used = at(body, spec.tools)
            return Attempted(_said(body, spec.reply, used), word_at(body, spec.finish) or "stop", tools=used)
        except (ValueError, RecursionError):
            raise AttemptFailed("final", f"what came is not JSON, and reply: {spec.reply} asks for it", quote=raw) from None
        except MissingPath:
            raise AttemptFailed("final", f"no text stands at reply: {spec.reply} in what came", quote=raw) from None


def _said(body: JsonValue, path: str, tools: JsonValue) -> str:
    """The text of a reply; one whose parts are uses of tools alone is without words.

    Raises:
        MissingPath: there is none, and no such parts in its place.
    """
    try:
        return find_text(body, path)
    except MissingPath:
        if isinstance(at(body, path), list) and any(use.name for use in read_tools(tools, clean=str)):
            return ""
        raise


_GARBLED: dict[type[Exception], str] = {
    aiohttp.ClientPayloadError: "the answer broke off, or is not packed as its headers say",
    aiohttp.ClientResponseError: "what came is not HTTP",
}
"""What is wrong with an answer that did not come whole, in words."""
_CAUSES: dict[str, Cause] = {"refused": "refused", "too_long": "too_long"}
"""What of an answer's fault is the chatbot's own doing; all else is its surroundings'."""


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > LARGEST:
            raise too_much(response.host)
        yield chunk


async def _whole(response: aiohttp.ClientResponse) -> Attempted:
    return Attempted(await _text(response))


async def _text(response: aiohttp.ClientResponse) -> str:
    return b"".join([c async for c in _chunks(response)]).decode("utf-8-sig", "replace")


class HttpTarget(KeepsItsOwn):
    """One trial's talk with a chatbot behind HTTP."""

    def __init__(self, line: HttpLine, identity: Identity, *, prompts: Prompts, durable: Durable) -> None:
        super().__init__(identity, line.till, prompts, clock=line.spec.clock, remembers=line.spec.names_its_user, durable=durable)
        self._line = line
        self._spec = line.spec
        self._sessions = 0

    async def open(self, date: dt.date) -> None:
        """Make the opening call; before the first session, the reset call."""
        opening, first = self._spec.opening, self._sitting.index == 0
        before = copy(self._sitting)
        self._sitting.open(date)
        self.given = ""
        try:
            if first and self._spec.reset:
                await self._call(self._spec.reset, "reset")
            if opening:
                came = await self._call(opening, "opening")
                if opening.session_id:
                    self.given = self._id_in(came, opening.session_id)
        except CallFailed:
            self._sitting = before
            raise

    async def reply(self, message: str, key: str) -> TargetAnswer:
        """Send `message` with its idempotency key."""
        heard = self._sitting.heard(message)
        filling = self._filling(heard, key)
        body = filling.body(self._spec.template)
        headers = {**self._clock(), self._spec.idempotency_header: "{key}"}
        if self._spec.clock == "field" and isinstance(body, dict):
            body[self._spec.clock_name or "session_date"] = self._sitting.today
        answer = await self._till.ask(heard, lambda here: self._line.say(here, filling, headers, body))
        self._sitting.keep(heard, answer.text)
        return answer

    async def close_session(self) -> tuple[MemoryStep, ...]:
        """Make the closing call and wait until the chatbot has taken the session in; after the last session, delete its user."""
        if self._spec.closing:
            await self._call(self._spec.closing, "closing")
        await self._settle()
        if self._spec.delete and self._sitting.index == self._sessions:
            await self._call(self._spec.delete, "delete", fine=OK | GONE)
        return ()

    async def restore(self, trial: Trial) -> Survived:
        """Be the same user again, in the session that was cut short if there is one."""
        self._sessions = len(trial.cast.sessions)
        survived = await super().restore(trial)
        if survived == "all" and trial.sessions and not trial.sessions[-1].closed:
            self.given = trial.sessions[-1].given
        return survived

    def _survived(self, trial: Trial) -> Survived:
        """A session whose id the chatbot gave can be gone on with only where the record has the id."""
        opening, last = self._spec.opening, trial.sessions[-1] if trial.sessions else None
        if opening and opening.session_id and last and not last.closed and not last.given and talks_on(trial):
            return "memory" if self._durable == "memory" or not answered(last) else "nothing"
        return super()._survived(trial)

    def _clock(self) -> dict[str, str]:
        return {self._spec.clock_name or "X-Session-Date": "{date}"} if self._spec.clock == "header" else {}

    def _filling(self, heard: str = "", key: str = "") -> Filling:
        values = {
            "message": heard,
            "user_id": self._identity.user(self._life),
            "session_id": self.given or self._identity.session(self._take, self._sitting.index),
            "date": self._sitting.today if self._spec.clock != "none" else "",
            "key": self._identity.key(key),
        }
        return Filling(values, self._sitting.messages(heard), self._line.environ)

    async def _call(self, spec: HttpCallSpec, what: str = "", *, fine: frozenset[int] = OK, once: bool = False) -> str:
        """Make a call around the talk.

        Args:
            what: names it in its idempotency key; empty: it changes nothing there and has none.
        """
        headers = {**self._clock(), self._spec.idempotency_header: "{key}"} if what else self._clock()
        filling = self._filling(key=f"{what}/{self._sitting.index}.{self._take}")
        return await self._line.call(spec, filling, headers=headers, fine=fine, once=once)

    def _id_in(self, came: str, path: str) -> str:
        try:
            found = find(json.loads(came), path)
        except (ValueError, MissingPath, RecursionError):
            found = None
        if not isinstance(found, str | int) or not str(found).isprintable():
            message = f"{self._line.till.name}: no id stands at session_id: {path} in what the opening call brought"
            raise CallFailed("infrastructure", message, quote=scrub(came, self._line.environ))
        return str(found)

    async def _settle(self) -> None:
        settle = self._spec.settle
        if not isinstance(settle, PollSpec):
            if settle:
                await self._line.wait(settle)
            return
        loop = asyncio.get_running_loop()
        end = loop.time() + settle.within
        while not await self._settled(settle):
            if loop.time() >= end:
                raise CallFailed("infrastructure", f"{self._line.till.name}: the session was not taken in within {settle.within:g} s")
            await self._line.wait(settle.every)

    async def _settled(self, poll: PollSpec) -> bool:
        try:
            came = await self._call(poll, once=True)
        except CallFailed as failed:
            if failed.cause in ("budget", "interrupted"):
                raise
            return False
        if poll.at is None:
            return True
        try:
            return find(json.loads(came), poll.at) == poll.equals
        except (ValueError, MissingPath, RecursionError):
            return False


async def check_health(line: HttpLine) -> str | None:
    """Make the health call, if there is one; why it was not answered with a status 2xx, or None."""
    if line.spec.health is None:
        return None
    nobody = dict.fromkeys(("message", "user_id", "session_id", "date", "key"), "")
    try:
        await line.call(line.spec.health, Filling(nobody, [], line.environ), headers={})
    except CallFailed as failed:
        return failed.told
    return None
