"""What a call to a model cost, and how it went this time: what events carry beside what happened."""

from __future__ import annotations

from functools import partial
from operator import eq, not_
from typing import Annotated, Literal, get_args

from pydantic import Field, GetCoreSchemaHandler, ValidationError
from pydantic_core import core_schema

from sim.core.frozen import Frozen

Role = Literal["user", "target", "rater", "tagger", "memory", "probe", "judge"]
"""What a call is made for; budget and cost are split by it. `memory` is a target's own work on what it remembers, `probe` its answer to a question
on a fork, `judge` the grading of such answers and of what memory wrote, and whatever the study's own scorers ask of a model."""
ROLES: tuple[Role, ...] = get_args(Role)
MOST_TOKENS = 1_000_000_000
"""Of one call; no model takes or gives as many."""
Count = Annotated[int, Field(strict=True, ge=0, le=MOST_TOKENS)]


class Usage(Frozen):
    """Tokens as the provider counted them."""

    input: Count
    output: Count
    cached: Count = 0
    """Of `input`, those read from the provider's prompt cache."""
    cache_write: Count = 0
    """Of `input`, those written to it."""
    reasoning: Count = 0
    """Of `output`, those the model thought with and did not say."""


def read_usage(input: object, output: object, cached: object = 0, *, cache_write: object = 0, reasoning: object = 0) -> Usage | None:
    """Tokens as a provider says it counted them; None where it does not say, or says what no count can be."""
    try:
        return Usage(
            input=input,
            output=output,
            cached=0 if cached is None else cached,
            cache_write=0 if cache_write is None else cache_write,
            reasoning=0 if reasoning is None else reasoning,
        )
    except ValidationError:
        return None


class _OrUnknown:
    """Reads what is not valid as unknown: an earlier version took a provider's word that a call had taken fewer than no tokens."""

    def __get_pydantic_core_schema__(self, source: type, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.with_default_schema(handler(source), default=None, on_error="default")


class Estimated(Frozen):
    """What a call was reckoned to take, where its provider did not say what it took."""

    input: Count
    output: Count
    cost: float | None = None
    """US dollars; None: its price is unknown."""


class Call(Frozen):
    """One answered call."""

    role: Role
    model: str
    step: Literal["first", "repair", "regeneration"] = "first"
    prompt: str
    """Hash of the messages sent; the text itself is rebuilt from the run's header and events."""
    usage: Annotated[Usage | None, _OrUnknown()] = None
    """None: the provider did not say."""
    cost: float | None = None
    """US dollars; None: unknown, which is not 0."""
    estimated: Estimated | None = None
    """What counts against the budget in place of usage and cost that are unknown; it feeds no figure. None: they are known, or an earlier version
    made the call."""
    thought: str = Field(default="", exclude_if=not_)
    """What a reasoning model thought before it answered; nobody else in the talk sees it."""
    askings: int = Field(default=1, exclude_if=partial(eq, 1))
    """Answers that usage and cost are of: 2 where the first reached its bound and was asked for again with more room."""


class Timing(Frozen):
    """How one call went this time."""

    latency: float
    """Seconds from the first attempt to the answer."""
    retries: int = 0


class Meta(Frozen):
    """What may differ between two executions of the same study."""

    at: float = 0.0
    """Unix time of the event."""
    timings: tuple[Timing, ...] = ()
    """One for each of the event's calls."""
    resent: bool = False
    """The message had perhaps reached a stateful target before; it was sent again under the same key."""


class OpeningMeta(Meta):
    """The circumstances of a session's beginning."""

    given: str = ""
    """The name that the target gave the session, which it is gone on with; empty: none, or one that looks like a key and is never written down."""
    again: bool = False
    """The session was begun before, and what was said in it went with the process that ended."""
