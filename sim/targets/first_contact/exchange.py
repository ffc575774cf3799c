"""One real exchange with a chatbot behind HTTP, kept as it went, so that it can be shown and read."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
from pydantic import JsonValue

from sim.core.errors import InputError
from sim.core.secrets import SECRETS
from sim.core.spec.http import HttpSpec
from sim.llm.bounds import AT_MOST
from sim.llm.keys import hold
from sim.targets.template import Filling

GREETING = "Hi! How are you today?"
"""What a target is told first."""
MUCH = 2_000_000
"""Bytes of an answer that are read."""


@dataclass(frozen=True)
class Exchanged:
    """A request and what came back; secrets stand as `${NAME}` in both."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str
    status: int
    content_type: str
    answer: str
    seconds: float


async def exchange(spec: HttpSpec, message: str, *, user: str, session: str, environ: Mapping[str, str], seconds: float) -> Exchanged:
    """Send `message` once.

    Args:
        user: the user's id.
        session: the session's.
        environ: holds the variables that `spec` names.
        seconds: how long nothing may come.

    Raises:
        InputError: there was no answer, or one with a status other than 2xx; says how to mend it.
    """
    values = {"message": message, "user_id": user, "session_id": session, "date": "", "key": session}
    said = [{"role": "user", "content": message}]
    true, masked = (Filling(values, said, e) for e in (environ, {name: f"${{{name}}}" for name in spec.variables}))
    headers = {name: true.text(value) for name, value in spec.headers.items()}
    data = _data(true.body(spec.template), headers)
    host = urlsplit(true.text(spec.url, quoted=True)).netloc
    for name in spec.variables:
        hold(environ[name])
    started = time.perf_counter()
    try:
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), headers={"User-Agent": "rapport-sim"}) as client,
            client.request(
                spec.method,
                true.text(spec.url, quoted=True),
                data=data,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=AT_MOST * seconds, sock_read=seconds),
                allow_redirects=False,
            ) as response,
        ):
            raw = await _read(response)
            status, kind, location = response.status, response.headers.get("Content-Type", ""), response.headers.get("Location", "")
    except TimeoutError:
        raise InputError(f"{host} did not answer within {seconds:g} s", mend="see that it is not stuck, or raise --timeout") from None
    except aiohttp.ClientConnectorCertificateError as error:
        raise InputError(f"{host} has a certificate that is not trusted ({error})", mend="use http:// or a certificate that is") from None
    except (aiohttp.ClientConnectorSSLError, ssl.SSLError):
        raise InputError(f"{host} does not speak TLS", mend="write http:// instead of https://") from None
    except aiohttp.ClientConnectorError:
        raise InputError(f"nothing answers at {host}", mend="start the chatbot, or mend the URL") from None
    except (aiohttp.ClientError, OSError, ValueError, asyncio.IncompleteReadError) as error:
        raise InputError(f"{host} broke off: {error or type(error).__name__}", mend="see what the chatbot logged") from None
    took = time.perf_counter() - started
    answer = _mask(raw.decode("utf-8-sig", "replace"), spec.variables, environ)
    if not 200 <= status < 300:
        raise InputError(f"{host} answered with status {status}{_told(answer)}", mend=_mend(status, location, spec))
    sent = {name: masked.text(value) for name, value in spec.headers.items()}
    shown = _data(masked.body(spec.template), sent)
    url = masked.text(spec.url, quoted=True)
    return Exchanged(spec.method, url, sent, (shown or b"").decode(), status, kind, answer, took)


def _data(body: JsonValue, headers: dict[str, str]) -> bytes | None:
    """The bytes of `body`; their kind is added to `headers` where it lacks."""
    if body is None:
        return None
    if "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"
    return body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode()


async def _read(response: aiohttp.ClientResponse) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        pieces.append(chunk)
        size += len(chunk)
        if size > MUCH:
            raise ValueError(f"more than {MUCH / 1e6:g} MB came")
    return b"".join(pieces)


def _mask(text: str, names: frozenset[str], environ: Mapping[str, str]) -> str:
    for name in sorted(names, key=lambda n: -len(environ[n])):
        text = text.replace(environ[name].strip(), f"${{{name}}}") if len(environ[name].strip()) >= 4 else text
    return SECRETS.strike(text)


def _told(answer: str) -> str:
    if answer.lstrip()[:1] == "<":
        return " and a web page"
    return f": {answer.strip()[:200]}" if answer.strip() else ""


def _mend(status: int, location: str, spec: HttpSpec) -> str:
    if status in (401, 403):
        named = ", ".join(f"${n}" for n in sorted(spec.variables))
        return f"see that {named} holds a key that is good" if named else "add its key: --curl 'curl … -H \"Authorization: Bearer …\"'"
    if 300 <= status < 400:
        return f"give the URL it points to ({location.partition('?')[0]})" if location else "give the URL it points to"
    if status in (404, 405):
        return "mend path or method; give the whole request with --curl"
    if status in (400, 415, 422):
        return "give a request that it takes, with --curl"
    if status == 429:
        return "wait a while and try again"
    return "see what the chatbot logged"
