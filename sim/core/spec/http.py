"""How a chatbot behind HTTP is spoken to: templates of requests, and where in what comes back the reply stands.

`{message}`, `{messages}`, `{user_id}`, `{session_id}`, `{date}` and `{key}` are filled in for every call. `${NAME}` is taken from the environment
when the run begins; only the name is ever written down.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Field, JsonValue, StringConstraints, model_validator

from sim.core.frozen import Frozen
from sim.core.spec.host import can_be_host
from sim.core.spec.keylike import key_like

Placeholder = Literal["message", "messages", "user_id", "session_id", "date", "key"]
PLACEHOLDERS: tuple[Placeholder, ...] = ("message", "messages", "user_id", "session_id", "date", "key")
SLOT = re.compile(r"\$\{(?P<variable>[A-Za-z_][A-Za-z0-9_]*)\}|\{(?P<name>" + "|".join(PLACEHOLDERS) + r")\}")
"""What is filled in in a template; in one pass, so that nothing a user says is ever filled in again."""

SECRET = re.compile(r"authorization|cookie|token|secret|passw|credential|api[-_]?key|auth[-_]?key|access[-_]?key", re.IGNORECASE)
_HEADER = re.compile(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


UNREAD = frozenset({"accept", "accept-encoding", "accept-language", "content-type", "user-agent", "traceparent", "tracestate"})
"""Headers that hold long words and never a key."""


def strings(template: JsonValue) -> Iterator[str]:
    """Every text in `template` that placeholders may be in."""
    if isinstance(template, str):
        yield template
    elif isinstance(template, list):
        for item in template:
            yield from strings(item)
    elif isinstance(template, dict):
        for value in template.values():
            yield from strings(value)


def _well_formed(text: str) -> str:
    if re.search(r"\$\{(?![A-Za-z_][A-Za-z0-9_]*\})", text):
        raise ValueError("${ begins the name of an environment variable and must be closed: ${BOT_KEY}")
    for name in re.findall(r"(?<!\$)\{(\w+)\}", text):
        near = get_close_matches(name, PLACEHOLDERS, n=1, cutoff=0.6)
        if name not in PLACEHOLDERS and near:
            raise ValueError(f"{{{name}}} is not a placeholder; did you mean '{{{near[0]}}}'?")
    return text


def _no_secret(name: str, value: str) -> None:
    if SECRET.search(name) and value.strip() and not SLOT.search(value):
        raise ValueError(f"{name}: a secret belongs into the environment; write ${{NAME}} and export NAME")


def _is_a_url(url: str) -> str:
    _well_formed(url)
    try:
        parts = urlsplit(url)
        named = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        raise ValueError(f"'{url}' is not a URL") from None
    if not url.startswith("${") and not (parts.scheme in ("http", "https") and parts.netloc):
        raise ValueError(f"'{url}' is not an http(s) URL, such as http://127.0.0.1:8000/chat")
    if any(c.isspace() for c in url):
        raise ValueError("a URL holds no spaces")
    if parts.netloc and "{" not in parts.netloc and not can_be_host(_host(url)):
        raise ValueError(f"'{parts.netloc}' is not a host and port that can be reached")
    if "@" in parts.netloc:
        raise ValueError("a URL must not carry a user name or password; send them in a header as ${NAME}")
    for name, value in named:
        _no_secret(name, value)
    if "{messages}" in url:
        raise ValueError("{messages} is a list and fits into a body only")
    return url


def _are_headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not _HEADER.match(name):
            raise ValueError(f"'{name}' is not a valid name for a header")
        _well_formed(value)
        _no_secret(name, value)
        if "{message}" in value or "{messages}" in value:
            raise ValueError(f"{name}: a message does not fit into a header; put it into the body")
        if not value.isprintable():
            raise ValueError(f"{name}: a header is one line")
    return headers


def _is_a_body(body: JsonValue) -> JsonValue:
    for text in strings(body):
        _well_formed(text)
        if "{messages}" in text and text != "{messages}":
            raise ValueError('{messages} is a list; let it stand alone, as in messages: "{messages}"')
    for name, value in _named(body):
        _no_secret(name, value)
    return body


def _named(body: JsonValue) -> Iterator[tuple[str, str]]:
    if isinstance(body, dict):
        for name, value in body.items():
            if isinstance(value, str):
                yield name, value
            yield from _named(value)
    elif isinstance(body, list):
        for item in body:
            yield from _named(item)


def _host(url: str) -> str:
    """The host of `url`; empty where its port is not a port."""
    parts = urlsplit(url)
    try:
        return (parts.hostname or "") if parts.port is None or parts.port > 0 else ""
    except ValueError:
        return ""


Url = Annotated[str, AfterValidator(_is_a_url)]
Headers = Annotated[dict[str, str], AfterValidator(_are_headers)]
Body = Annotated[JsonValue, AfterValidator(_is_a_body)]
HeaderName = Annotated[str, StringConstraints(pattern=_HEADER.pattern)]
Path = Annotated[str, StringConstraints(pattern=r"^(\$|(\$\.)?[^\s.\[\]]+(\.[^\s.\[\]]+|\[[0-9]+\])*)$")]
"""Where a value stands: `choices[0].message.content`; `$` is all of it, as it came."""
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]


class HttpCallSpec(Frozen):
    """A call beside the talk; the target's own headers are sent with it."""

    url: Url
    method: Method = "POST"
    headers: Headers = Field(default_factory=dict)
    """Added to the target's own."""
    body: Body = None

    def texts(self) -> Iterator[str]:
        """All its templates."""
        yield self.url
        yield from self.headers.values()
        yield from strings(self.body)


class OpeningSpec(HttpCallSpec):
    """Made when a session opens."""

    session_id: Path | None = None
    """Where in the answer the session's id stands, when the chatbot gives it; from then on that is `{session_id}`."""


class DeletionSpec(HttpCallSpec):
    """Made when a trial's last session has closed, so that nothing of its user stays."""

    method: Method = "DELETE"


class HealthSpec(HttpCallSpec):
    """Made once before a run begins; anything but a status 2xx ends it there."""

    method: Method = "GET"


class PollSpec(HttpCallSpec):
    """Asked after a session until the chatbot has taken it in: until a status 2xx comes, and, where `at` is given, `equals` is there."""

    method: Method = "GET"
    at: Path | None = None
    equals: str | int | bool = "done"
    every: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] = 1.0
    """Seconds between two questions."""
    within: Seconds = 60.0
    """Seconds after which the session counts as not taken in, and the trial stops until it is resumed."""


_DEFAULT_BODY: dict[str, JsonValue] = {"message": "{message}", "user_id": "{user_id}", "session_id": "{session_id}"}


class HttpSpec(Frozen):
    """How a message is sent, and what is called around it."""

    url: Url
    method: Method = "POST"
    headers: Headers = Field(default_factory=dict)
    body: Body = None
    """Left out: `message`, `user_id` and `session_id` as JSON; nothing with GET and DELETE. A text is sent as it stands, anything else as JSON."""
    reply: Path = "reply"
    """Where the reply is in what comes back; with `stream`, where a piece of it is in each event."""
    finish: Path | None = None
    """Where it says why the reply ended, as `choices[0].finish_reason`: replies that were cut off for length are marked then."""
    tools: Path | None = None
    """Where it says which tools it used for the reply, as `choices[0].message.tool_calls` or `steps`; with `stream`, where an event says so. A list
    of calls, or of messages with calls and results, as OpenAI, Anthropic, Gemini and LangChain write them."""
    stream: Literal["none", "sse", "lines"] = "none"
    """`sse`: `data:` lines up to `[DONE]`. `lines`: a JSON object on each line."""
    clock: Literal["header", "field", "text", "none"] = "text"
    """How it is told the date: in a header, in a field of the JSON body, in front of a session's first message, or not at all."""
    clock_name: str = ""
    """The header's name (left out: X-Session-Date) or the field's (left out: session_date); the value is as 2026-01-05."""
    idempotency_header: HeaderName = "Idempotency-Key"
    """Carries a key that is the same when a message is sent again."""
    opening: OpeningSpec | None = None
    closing: HttpCallSpec | None = None
    """Made when a session is over."""
    reset: HttpCallSpec | None = None
    """Made before a trial's first session, for chatbots that know one user only."""
    delete: DeletionSpec | None = None
    health: HealthSpec | None = None
    settle: Seconds | PollSpec = 0.0
    """Seconds to wait after a session, or what to ask until it is taken in."""
    timeout: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Seconds for one attempt of one call; left out, `limits.timeout`."""

    @property
    def template(self) -> JsonValue:
        """The body that messages are sent in."""
        return _DEFAULT_BODY if self.body is None and self.method not in ("GET", "DELETE") else self.body

    @property
    def texts(self) -> tuple[str, ...]:
        """The templates that a message is sent with."""
        return (self.url, *self.headers.values(), *strings(self.template))

    @property
    def calls(self) -> tuple[HttpCallSpec, ...]:
        """The calls around the talk."""
        around = (self.opening, self.closing, self.reset, self.delete, self.health, self.settle)
        return tuple(c for c in around if isinstance(c, HttpCallSpec))

    @property
    def names_its_user(self) -> bool:
        """Whether it is told which user or session a message belongs to, and so keeps the talk itself."""
        return any("{user_id}" in t or "{session_id}" in t for t in self.texts)

    @property
    def variables(self) -> frozenset[str]:
        """The environment variables it needs."""
        texts = (*self.texts, *(t for c in self.calls for t in c.texts()))
        return frozenset(m["variable"] for t in texts for m in SLOT.finditer(t) if m["variable"])

    def literal_keys(self) -> Iterator[str]:
        """Where something that looks like a key is written out, instead of the name of a variable."""
        made: tuple[HttpSpec | HttpCallSpec, ...] = (self, *self.calls)
        for call in made:
            yield from (f"header {n}" for n, v in call.headers.items() if n.lower() not in UNREAD and key_like(SLOT.sub(" ", v)))
            yield from ("url" for part in re.split("[/?&=:]", call.url) if key_like(SLOT.sub(" ", part)))
            yield from (f"body {n}" for n, v in _named(call.body) if key_like(SLOT.sub(" ", v)))

    @model_validator(mode="after")
    def _can_talk(self) -> Self:
        if not any("{message}" in t or "{messages}" in t for t in self.texts):
            raise ValueError("nothing carries the message; put {message} or {messages} into the body")
        if not self.names_its_user and not any("{messages}" in t for t in self.texts):
            raise ValueError("nothing tells it who speaks, so all trials would be one user's; put {user_id} or {session_id} into url, headers, body")
        if self.clock == "field" and not isinstance(self.template, dict):
            raise ValueError("clock: field needs a body of keys and values to put the date into")
        if self.clock == "header" and self.clock_name and not _HEADER.match(self.clock_name):
            raise ValueError(f"clock_name: '{self.clock_name}' is not a valid name for a header")
        if self.clock_name and self.clock not in ("header", "field"):
            raise ValueError(f"clock_name says nothing with clock: {self.clock}; take it out, or write clock: header or clock: field")
        return self
