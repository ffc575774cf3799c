"""The seam to every model: `Client.complete(request) -> Completion`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal, NamedTuple, Protocol

from pydantic import JsonValue
from pydantic_core import to_json

from sim.core.errors import CallFailed
from sim.core.event import Call, Estimated, Role, Timing, Usage
from sim.core.tools import ToolUse

JsonSchema = dict[str, JsonValue]


class Message(NamedTuple):
    """One message of a prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class ResponseFormat:
    """The wish for JSON, as the OpenAI protocol puts it."""

    value: JsonSchema

    @cached_property
    def body(self) -> bytes:
        """It as it is sent; written once, for it is sent with every call."""
        return to_json(self.value)


@dataclass(frozen=True)
class Schema:
    """The shape an answer must have."""

    name: str
    json: JsonSchema
    """JSON Schema in the strict subset: every property required, no additional ones."""

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys that an answer has."""
        properties = self.json.get("properties")
        return frozenset(properties) if isinstance(properties, dict) else frozenset()

    @cached_property
    def strict(self) -> ResponseFormat:
        """The wish for an answer of exactly this shape."""
        return ResponseFormat({"type": "json_schema", "json_schema": {"name": self.name, "strict": True, "schema": self.json}})


@dataclass(frozen=True)
class Request:
    """One thing asked of a model."""

    role: Role
    messages: tuple[Message, ...]
    schema: Schema | None = None
    """None: free text."""
    inputs: object = None
    """The typed values the messages were rendered from. HTTP clients ignore them; offline users and raters read nothing else."""
    seed: int | None = None
    step: Literal["first", "repair", "regeneration"] = "first"


@dataclass(frozen=True)
class Completion:
    """What came back."""

    text: str
    value: JsonValue = None
    """The parsed answer to a request with a schema; None when the text holds no JSON, or when nobody can tell which of its objects is the answer."""
    finish: str = "stop"
    usage: Usage | None = None
    cost: float | None = None
    """US dollars; None: unknown."""
    latency: float = 0.0
    """Seconds from the first attempt to the answer."""
    attempts: int = 1
    clash: bool = False
    """Whether the text holds several answers that differ, of which one may be quoted from what was judged."""
    estimated: Estimated | None = None
    """What the call was settled at where its usage is unknown."""
    thought: str = ""
    """What the model thought before it answered, kept apart from the text."""
    askings: int = 1
    """Answers that were had until this one."""
    tools: tuple[ToolUse, ...] = ()
    """The tools that it calls for in free text's place or beside it; nobody runs them."""


class Client(Protocol):
    """A model that can be asked."""

    model: str
    """Its name, as the study gives it."""

    async def complete(self, request: Request) -> Completion:
        """Ask.

        Raises:
            CallFailed: no answer after all attempts (`infrastructure`), the provider refused the content (`refused`), the prompt does not fit the
                model's context or the answer does not end within its bound (`too_long`), the budget is used up (`budget`) or the run is being
                stopped (`interrupted`).
        """

    async def close(self) -> None:
        """Give back connections."""


class CallLog:
    """Asks, and keeps what every answered call cost, also when a later one fails."""

    def __init__(self, calls: Sequence[Call] = (), timings: Sequence[Timing] = ()) -> None:
        """Args:
        calls: what was paid for before, on the same account.
        """
        self._calls: list[Call] = list(calls)
        self._timings: list[Timing] = list(timings)

    @property
    def calls(self) -> tuple[Call, ...]:
        """What was paid for so far."""
        return tuple(self._calls)

    @property
    def timings(self) -> tuple[Timing, ...]:
        """How each call went."""
        return tuple(self._timings)

    async def ask(self, client: Client, request: Request) -> Completion:
        """Complete `request`.

        Raises:
            CallFailed: as `Client.complete`, with all calls of this tab.
        """
        try:
            completion = await client.complete(request)
        except CallFailed as failed:
            # A refusal is paid for too, and whoever makes a value of it keeps what this log holds.
            self._calls += failed.calls
            self._timings += failed.timings
            raise failed.paying(self.calls, self.timings) from failed
        self._calls.append(
            Call(
                role=request.role,
                model=client.model,
                step=request.step,
                prompt=prompt_hash(request.messages),
                usage=completion.usage,
                cost=completion.cost,
                estimated=completion.estimated,
                thought=completion.thought,
                askings=completion.askings,
            )
        )
        self._timings.append(Timing(latency=completion.latency, retries=completion.attempts - 1))
        return completion


def prompt_hash(messages: Sequence[Message]) -> str:
    """16 hexadecimal digits that change with any character of any message."""
    if not messages:
        return hashlib.blake2b(digest_size=8).hexdigest()
    first, *others = messages
    # Long, and the same for call after call.
    digest = _begun(first).copy() if first.role == "system" else _told(first, hashlib.blake2b(digest_size=8))
    for m in others:
        _told(m, digest)
    return digest.hexdigest()


def _told(message: Message, digest: hashlib.blake2b) -> hashlib.blake2b:
    digest.update(f"{message.role}\x1f{message.content}\x1e".encode())
    return digest


@lru_cache(maxsize=256)
def _begun(system: Message) -> hashlib.blake2b:
    return _told(system, hashlib.blake2b(digest_size=8))


class Scripted:
    """The double: answers from a function of the request, in this process."""

    def __init__(self, answer: Callable[[Request], Completion | Exception], *, model: str = "offline/scripted") -> None:
        self.model = model
        self.requests: list[Request] = []
        self._answer = answer

    async def complete(self, request: Request) -> Completion:
        """What the function says; an exception it returns is raised."""
        self.requests.append(request)
        answer = self._answer(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        """Nothing to give back."""
