"""How somebody's own chatbot is spoken to: from what a person names to a target that has answered once."""

from __future__ import annotations

import math
import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue, TypeAdapter, ValidationError

from sim.app.waiting import saying_so
from sim.core.errors import InputError
from sim.core.spec import HttpTargetSpec, TargetSpec
from sim.targets.first_contact.curl import FLAG, check_url, parse_curl
from sim.targets.first_contact.exchange import GREETING, Exchanged, exchange
from sim.targets.first_contact.finding import Finding
from sim.targets.first_contact.naming import is_url, read_name
from sim.targets.first_contact.request import Draft, draft_request, draft_url
from sim.targets.first_contact.response import ReplyReading, read_response

if TYPE_CHECKING:
    from sim.engine.first_contact import Spoken

NAME = "my-bot"
"""What a chatbot is called as long as nobody has named it."""
PREFIX = "MYBOT"
"""Of the variables that its secrets are moved to."""
PATIENCE = 60.0
"""Seconds for one reply."""


@dataclass(frozen=True)
class TargetWish:
    """What flags say of a chatbot."""

    target: str | None = None
    """A URL, a model, `module:function`."""
    curl: str | None = None
    model: str | None = None
    api_base: str | None = None
    api_key_env: str | None = None
    timeout: float | None = None

    @property
    def named(self) -> bool:
        """Whether it names any."""
        return any(given is not None for given in (self.target, self.curl, self.model))

    def check(self, *, what: str, mend: str) -> None:
        """Refuse flags that do not go together.

        Args:
            what: is missing where nothing is named, and what to do about it.

        Raises:
            InputError: says which.
        """
        named = [name for name, given in (("a target", self.target), ("--curl", self.curl), ("--model", self.model)) if given is not None]
        if len(named) > 1:
            raise InputError(f"give either {' or '.join(named)}, not {'both' if len(named) == 2 else 'all'}", mend="name your chatbot once")
        if not named and self.api_base:
            raise InputError("nobody can tell which model it is to be", mend="name it with --model, as its server does", where="--api-base")
        if not named:
            raise InputError(what, mend=mend)
        if (self.api_base or self.api_key_env) and (self.curl or is_url(self.target or "")):
            flag = "--api-base" if self.api_base else "--api-key-env"
            raise InputError("goes with a model, and not with a request", mend="name the model with --model, or leave it out", where=flag)
        if self.timeout is not None and not (self.timeout > 0 and math.isfinite(self.timeout)):
            raise InputError("must be a number of seconds above 0", mend=f"such as {PATIENCE:g}", where="--timeout")


@dataclass
class Contact:
    """A target, and what was found out about it."""

    target: TargetSpec
    exports: tuple[str, ...]
    """Variables that must be set before it can be spoken to again."""
    findings: list[Finding]
    made: Exchanged | Spoken | None = None


class Visit:
    """From what a person named to a target that has answered once.

    Args:
        admit: is asked before anything is sent.
        show: is given the one exchange that was made with a chatbot behind HTTP.
        say: is given what is no part of the output, such as that it is waited for.
    """

    def __init__(
        self, wish: TargetWish, *, admit: Callable[[TargetSpec], None], show: Callable[[Exchanged], None], say: Callable[[str], None]
    ) -> None:
        self._wish = wish
        self._admit = admit
        self._show = show
        self._say = say

    def draft(self) -> TargetSpec:
        """The target as far as it is known without speaking to it: of one behind HTTP, not where its reply stands.

        Raises:
            InputError: it is none.
        """
        draft = self._draft()
        return _named(self._wish) if draft is None else _http_target(draft, {"reply": "$"})

    async def make(self) -> Contact:
        """Speak to it, if it is behind HTTP.

        Raises:
            InputError: it cannot be reached, or nobody can tell how to speak to it.
        """
        draft = self._draft()
        if draft is not None:
            return await self._http(draft)
        target = _named(self._wish)
        self._admit(target)
        return Contact(target, (), [])

    def _draft(self) -> Draft | None:
        """The request that is meant; None: it is not behind HTTP."""
        wish = self._wish
        if wish.curl is not None:
            return draft_request(parse_curl(_command(wish.curl)), os.environ, prefix=PREFIX)
        if wish.target is not None and is_url(wish.target):
            return draft_request(draft_url(check_url(wish.target, where="TARGET")), os.environ, prefix=PREFIX)
        return None

    async def _http(self, draft: Draft) -> Contact:
        asked = _http_target(draft, {"reply": "$"})
        os.environ.update(draft.secrets)
        self._admit(asked)
        user, session = (f"{part}-{secrets.token_hex(4)}" for part in ("contact", "hello"))
        async with saying_so(self._say):
            seconds = self._wish.timeout or PATIENCE
            made = await exchange(asked.http, GREETING, user=user, session=session, environ=os.environ, seconds=seconds)
        self._show(made)
        reading: ReplyReading = read_response(made.answer, made.content_type, said=GREETING)
        fields: dict[str, JsonValue] = {"reply": reading.path}
        if reading.path.startswith("choices[0]."):  # the OpenAI protocol, which says there whether a reply was cut off
            fields["finish"] = "choices[0].finish_reason"
        if reading.stream != "none":
            fields["stream"] = reading.stream
        if reading.tools is not None:
            fields["tools"] = reading.tools
        target = _http_target(draft, fields)
        exports = tuple(name for name in sorted(asked.http.variables) if name in draft.secrets)
        return Contact(target, exports, [*draft.findings, *reading.findings], made)


def _named(wish: TargetWish) -> TargetSpec:
    """The target that is named in words: a model, with the server it is at, or a place in code."""
    where = "TARGET" if wish.target is not None else "--model"
    name = wish.target if wish.target is not None else wish.model or ""
    if wish.target is None and "/" not in name and wish.api_base:
        name = f"openai/{name}"
    fields = dict(read_name(name, id=NAME)) if wish.target is not None else {"id": NAME, "model": name, "memory": "full"}
    reached = {"api_base": wish.api_base, "api_key_env": wish.api_key_env}
    if "model" not in fields and any(reached.values()):
        raise InputError("goes with a model, and not with code", mend="leave it out", where="--api-base" if wish.api_base else "--api-key-env")
    return _target({**fields, **{flag: value for flag, value in reached.items() if value}}, where=where)


def _command(curl: str) -> str:
    return sys.stdin.read() if curl == "-" else curl


def _http_target(draft: Draft, reply: dict[str, JsonValue]) -> HttpTargetSpec:
    found = _target({"id": NAME, "http": {**draft.fields, **reply}}, where=FLAG)
    assert isinstance(found, HttpTargetSpec)
    return found


def _target(fields: dict[str, Any], *, where: str) -> TargetSpec:
    try:
        found: TargetSpec = TypeAdapter(TargetSpec).validate_python(fields)
    except ValidationError as error:
        raise InputError(str(error.errors()[0]["msg"]).removeprefix("Value error, "), where=where) from None
    return found
