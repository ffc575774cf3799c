"""What one model's server has refused so far, found out once in a process and shared by every client that asks it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.llm.client import JsonSchema

BOUNDS: Final = frozenset({"maxItems", "minItems", "uniqueItems", "maxLength", "minLength"})
"""Keywords of a JSON Schema that bound an answer and that not every provider takes. What they say is measured in the answer too."""
FLOOR = 64
"""Tokens below which there is no room for an answer."""
SLOW_FROM = 0.1
"""Share of its time-out from which on an answer counts as slow: such a server is asked to stream."""
QUICK = 8
"""Answers in a row that are not slow, after which a server is not asked to stream any more."""

_SCHEMA_TOO_HARD = re.compile(
    r"grammar|(?:unsupported|not supported|invalid|cannot|failed).{0,80}schema|schema.{0,160}(?:unsupported|not supported|invalid)", re.IGNORECASE
)
_CONTEXT = re.compile(r"context length (?:is|of)\D{0,10}(\d+)", re.IGNORECASE)
_PROMPT = re.compile(r"(\d+) (?:in|of) the (?:messages|prompt|input)|(\d+) input tokens|prompt contains at least (\d+)", re.IGNORECASE)
_SUM = re.compile(r"(\d+) \+ \d+ > (\d+)")
_CEILING = re.compile(
    r"at most (\d+)|> (\d+), which is the maximum|range is from 1 \(inclusive\) to (\d+)|less than or equal to (\d+)", re.IGNORECASE
)


@dataclass
class Learnt:
    """Of one model at one server."""

    dropped: frozenset[str] = frozenset()
    """Keywords of schemas that are not sent any more."""
    limit_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """The parameter that bounds an answer."""
    ceiling: int | None = None
    """Tokens of an answer beyond which the server lets none be asked for; None: not known."""
    streams: bool = True
    """Whether it streams when it is asked to."""
    counts: bool = True
    """Whether it takes `stream_options`, by which usage is told of a stream."""
    _slow: bool = field(default=True, init=False)
    _quick: int = field(default=QUICK - 1, init=False)

    # --- schemas -----------------------------------------------------------------------------------------------------

    def admit(self, schema: JsonSchema) -> JsonSchema:
        """`schema` without the keywords that were refused."""
        return _without(schema, self.dropped) if self.dropped else schema  # type: ignore[return-value]

    def drop(self, said: str, schema: JsonSchema) -> bool:
        """Whether the refusal `said` is of keywords that `schema` has and can do without; they are dropped from now on."""
        used = _keywords(schema) & BOUNDS - self.dropped
        named = frozenset(word for word in used if word in said)
        if not named and used and _SCHEMA_TOO_HARD.search(said):
            named = used
        self.dropped |= named
        return bool(named)

    # --- the length of answers ---------------------------------------------------------------------------------------

    def room(self, tokens: int) -> int:
        """`tokens`, or as many of them as the server lets be asked for."""
        return tokens if self.ceiling is None else min(tokens, self.ceiling)

    def room_after(self, said: str, asked: int) -> int | None:
        """Tokens to ask for where the server refused `asked` with `said`; None: there is no room for an answer."""
        if ceiling := _number(_CEILING, said):
            self.ceiling = ceiling
            less = min(ceiling, asked - 1)
        elif both := _SUM.search(said):
            less = int(both[2]) - int(both[1])
        elif (context := _number(_CONTEXT, said)) and (prompt := _number(_PROMPT, said)):
            less = context - prompt - 1
        else:
            less = asked // 2
        return less if FLOOR <= less < asked else None

    # --- streaming ---------------------------------------------------------------------------------------------------

    @property
    def to_stream(self) -> bool:
        """Whether the next answer is to be streamed: reading a stream takes several times the processor time, so only where a time-out may matter."""
        return self.streams and self._slow

    def took(self, seconds: float, *, within: float) -> None:
        """Note how long an answer took that had the time-out `within`."""
        if seconds > SLOW_FROM * within:
            self._slow, self._quick = True, 0
        elif self._slow:
            self._quick += 1
            self._slow = self._quick < QUICK


def _number(pattern: re.Pattern[str], said: str) -> int:
    found = pattern.search(said)
    return int(next(filter(None, found.groups()))) if found else 0


def _without(schema: JsonValue, keywords: frozenset[str]) -> JsonValue:
    if isinstance(schema, dict):
        # Below `properties` stand names of ours, not keywords.
        return {
            name: {k: _without(v, keywords) for k, v in value.items()}
            if name == "properties" and isinstance(value, dict)
            else _without(value, keywords)
            for name, value in schema.items()
            if name not in keywords
        }
    return [_without(item, keywords) for item in schema] if isinstance(schema, list) else schema


def _keywords(schema: JsonValue) -> frozenset[str]:
    if isinstance(schema, dict):
        below = [v for name, value in schema.items() for v in (value.values() if name == "properties" and isinstance(value, dict) else (value,))]
        return frozenset(schema).union(*map(_keywords, below)) if below else frozenset(schema)
    return frozenset[str]().union(*map(_keywords, schema)) if isinstance(schema, list) else frozenset()
