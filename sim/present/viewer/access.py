"""Who may ask the viewer: whoever holds a token, under the viewer's own address, from a page of its own.

The token comes once in the address a person opens and lives on in a cookie. The Host header is checked, so that a name which somebody else's page
makes point here (DNS rebinding) is refused; the Origin of whatever changes something is checked, so that another page in the same browser cannot ask
on the reader's behalf. Everything else that a page could be made to do is closed by the headers of every answer.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

Part = Literal["owner", "guest"]
"""`owner` reads runs and labels; `guest` rates or chats and sees nothing else."""

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Scripts only from files of ours, never from a page's text; no other host is reached. Charts set styles on their elements."""
HEADERS: Final = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""Of every answer that does not say otherwise."""
GUESTS: Final = ("/rate/", "/static/")
"""What guests may reach: paths that begin so, with or without the last stroke."""
LONGEST: Final = 64 * 1024
"""Bytes of a request's body, beyond which it is refused."""
LONGEST_ADDRESS: Final = 8 * 1024
"""Characters of a request's path and query, likewise."""


@dataclass(frozen=True)
class AccessTokens:
    """What each part of the viewer is opened with."""

    owner: str
    guest: str

    @classmethod
    def draw(cls) -> AccessTokens:
        """Fresh ones, for one start of the viewer."""
        return cls(owner=secrets.token_urlsafe(24), guest=secrets.token_urlsafe(24))

    def part_of(self, token: str) -> Part | None:
        """Whose token it is; None: nobody's."""
        if secrets.compare_digest(token.encode(), self.owner.encode()):
            return "owner"
        return "guest" if secrets.compare_digest(token.encode(), self.guest.encode()) else None


class Guard:
    """Lets a request through to `app` when it may be answered; puts who asks into `scope["part"]`.

    Args:
        hosts: what may stand in the Host header, as `127.0.0.1:8000`.
    """

    def __init__(self, app: ASGIApp, *, tokens: AccessTokens, hosts: frozenset[str]) -> None:
        self._app = app
        self._tokens = tokens
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or refuse."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        headers = Headers(scope=scope)
        problem, part, fresh = self._judge(scope, headers)
        send = _with_headers(send, cookie=self._cookie(scope, fresh) if fresh else None)
        if problem:
            status = 405 if "method" in problem else 413 if "long" in problem else 403
            await PlainTextResponse(problem, status)(scope, receive, send)
            return
        await self._app({**scope, "part": part}, receive, send)

    def _judge(self, scope: Scope, headers: Headers) -> tuple[str, Part | None, str | None]:
        """What is wrong with the request, who asks, and the token that came with the address."""
        host = headers.get("host", "")
        if host not in self._hosts:
            return "this address is not the viewer's own", None, None
        if len(scope["path"]) + len(scope["query_string"]) > LONGEST_ADDRESS:
            return "the address is too long", None, None
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return f"the method {scope['method']} is not served", None, None
        origin = headers.get("origin")
        if origin is not None and origin not in {f"http://{h}" for h in self._hosts}:
            return "the request comes from another page", None, None
        if scope["method"] == "POST":
            if origin is None:
                return "the request does not say which page it comes from", None, None
            if not headers.get("content-type", "").startswith("application/json"):
                return "only JSON is taken", None, None
            length = headers.get("content-length", "")
            if "transfer-encoding" in headers or not length.isascii() or not length.isdecimal() or len(length) > 9 or int(length) > LONGEST:
                return "the request is too long", None, None
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        part = self._tokens.part_of(asked) if asked else self._tokens.part_of(_cookie_of(headers, self._name(scope)))
        if part is None:
            return "the token is missing or wrong: open the address that `sim view` printed", None, None
        if part == "guest" and not f"{scope['path']}/".startswith(GUESTS):
            return "this page is not for raters", None, None
        return "", part, asked or None

    def _name(self, scope: Scope) -> str:
        """The cookie's name, of the port, so that two viewers on one machine do not take each other's."""
        server = scope.get("server") or ("", 0)
        return f"rapport-{server[1]}"

    def _cookie(self, scope: Scope, token: str) -> str:
        return f"{self._name(scope)}={token}; Path=/; HttpOnly; SameSite=Strict"


def _cookie_of(headers: Mapping[str, str], name: str) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _with_headers(send: Send, *, cookie: str | None) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if cookie:
                headers.append("set-cookie", cookie)
        await send(message)

    return send_with_headers
