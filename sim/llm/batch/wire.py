"""What providers of batches have in common: a file of requests goes there, is looked at now and then, and comes back as a file of results."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

import aiohttp
from pydantic import JsonValue

from sim.llm.attempts import Answer
from sim.llm.direct import Pool
from sim.llm.failures import LOOKED_AT, AttemptFailed, judge_status, parse_retry_after, timed_out
from sim.llm.reach import why_unreachable

JsonObject = dict[str, JsonValue]
PAGES = 20
"""Pages of a provider's list of batches that are looked through for one of ours."""
SLACK = 600.0
"""Seconds by which the provider's clock may be behind ours."""


class BatchItem(NamedTuple):
    """One request of a batch."""

    id: str
    """32 hexadecimal digits."""
    body: JsonObject


@dataclass(frozen=True, slots=True)
class Standing:
    """How a batch stands."""

    over: bool
    word: str
    """The provider's."""
    done: int
    of: int
    """How many requests it holds."""
    why: str = ""
    """Why nothing of it was done, where that is so."""
    results: tuple[str, ...] = ()
    """Where the results are, once it is over: the path of each file."""


class BatchWire(Protocol):
    """One provider's way of doing batches."""

    most: int
    """Requests in one batch."""
    room: int
    """Bytes of all of them."""

    async def submit(self, items: Sequence[BatchItem], label: str) -> str:
        """Have a batch made; its id.

        Raises:
            AttemptFailed: it was not made, as far as one can tell.
        """

    async def look(self, batch: str) -> Standing:
        """How it stands.

        Raises:
            AttemptFailed: nobody could say.
        """

    def results(self, standing: Standing) -> AsyncIterator[tuple[str, Answer | AttemptFailed]]:
        """What came of each request, by its id; what was never begun is left out, or is a failure.

        Raises:
            AttemptFailed: they cannot be had.
        """

    async def find(self, label: str, ids: Collection[str], *, since: float, known: Collection[str]) -> str | None:
        """The batch that was made under `label` although nobody heard its id; None: there is none.

        Args:
            ids: of its requests.
            since: Unix time before which it cannot have been made.
            known: ids of batches that it cannot be.

        Raises:
            AttemptFailed: nobody could say.
        """


class Http:
    """Requests to one provider, whose failures are told as those of any other call. Redirects are not followed, so the key goes nowhere else.

    Args:
        base: the URL that paths are added to.
        headers: sent with every request, the key among them.
        timeout: seconds for one request.
    """

    def __init__(self, base: str, headers: Mapping[str, str], *, timeout: float, pool: Pool) -> None:
        self.host = urlsplit(base).netloc
        self._base = base
        self._headers = dict(headers)
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._pool = pool

    async def post(self, path: str, body: JsonObject | aiohttp.FormData, *, headers: Mapping[str, str] | None = None) -> JsonObject:
        """Send `body`, as JSON unless it is a form."""
        if isinstance(body, aiohttp.FormData):
            return _object(await self._call("POST", path, body, headers or {}), self.host)
        data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        return _object(await self._call("POST", path, data, {"Content-Type": "application/json", **(headers or {})}), self.host)

    async def get(self, path: str) -> JsonObject:
        """The object at `path`."""
        return _object(await self._call("GET", path, None, {}), self.host)

    async def lines(self, path: str) -> AsyncIterator[JsonObject]:
        """The objects of the file at `path`, one a line."""
        for line in (await self._call("GET", path, None, {})).splitlines():
            if line.strip():
                yield _object(line, self.host)

    async def _call(self, method: str, path: str, data: bytes | aiohttp.FormData | None, headers: Mapping[str, str]) -> bytes:
        session = self._pool.session(self)
        sent = {**self._headers, **headers}
        try:
            async with session.request(
                method, f"{self._base}{path}", data=data, headers=sent, timeout=self._timeout, allow_redirects=False
            ) as response:
                raw = await response.read()
                if response.status == 200:
                    return raw
                wait = parse_retry_after(response.headers.get("Retry-After"), now=time.time())
                message = read_error(raw)
                if message:
                    raise judge_status(response.status, f"{self.host}: {message}", wait=wait)
                raise judge_status(response.status, self.host, quote=raw[:LOOKED_AT].decode("utf-8", "replace"), wait=wait)
        except TimeoutError:
            raise timed_out(self.host, self._timeout.total or 0.0) from None
        except aiohttp.ClientConnectorError as error:
            raise AttemptFailed("down", f"could not be reached at {self.host}: {why_unreachable(error)}") from None
        except (aiohttp.ClientError, OSError) as error:
            raise AttemptFailed("down", f"{self.host}: {error or type(error).__name__}") from None

    async def close(self) -> None:
        """Give the connections back."""
        await self._pool.give_back(self)


def read_error(raw: bytes | JsonValue) -> str:
    """What an error object says; empty where there is none."""
    try:
        found = json.loads(raw) if isinstance(raw, bytes) else raw
    except ValueError:
        return ""
    error = found.get("error") if isinstance(found, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return str(message) if message else ""


def text_of(value: JsonValue) -> str:
    """A text that a provider has sent; empty where it is none."""
    return value if isinstance(value, str) else ""


def count_of(value: JsonValue) -> int:
    """A count that a provider has sent; 0 where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def object_of(value: JsonValue) -> JsonObject:
    """An object that a provider has sent; empty where it is none."""
    return value if isinstance(value, dict) else {}


def list_of(value: JsonValue) -> list[JsonObject]:
    """The objects of a list that a provider has sent; empty where it is none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _object(raw: bytes, host: str) -> JsonObject:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise AttemptFailed("other", f"{host} answered with something other than a JSON object, {len(raw):,} bytes long")
    return found
