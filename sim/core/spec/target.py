"""What is tested: a chat model with a memory policy, or a whole chatbot behind HTTP, in a Python callable or in a LangGraph graph.

Which of them it is shows in its one key of `model`, `http`, `callable` and `graph`.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, StringConstraints, Tag, field_validator, model_validator

from sim.core.frozen import Frozen, Id, Text
from sim.core.spec.character import PlayedCharacter
from sim.core.spec.fairness import SwappedIdentity
from sim.core.spec.http import HttpSpec
from sim.core.spec.memory import MemorySpec, PolicyName, read_memory, slug
from sim.core.spec.model import ModelSpec, PriceSpec
from sim.core.spec.stress import Stress
from sim.core.spec.twins import refuse_twins

Place = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$")]
"""`module:name`, importable from the working folder."""


class Successor(ModelSpec):
    """The model that takes over from a target's first one, in the middle of the talks. What memory writes goes on being written by the first."""

    system: Text | None = None
    """Its own system prompt; left out: that of the target."""
    at: int | None = Field(default=None, strict=True, ge=2)
    """The session from which it speaks; left out: where the scenario says `target: next`."""


class _ChatSpec(ModelSpec):
    """A chat model under test."""

    id: Id
    system: Text | None = None
    """The target's own system prompt."""
    context_tokens: int | None = Field(default=None, strict=True, ge=50)
    """Tokens, 4 characters each, that a prompt may have. Beyond them the oldest exchanges are left out, those of earlier sessions first, and counted;
    never the system prompt, what memory wrote, or the message to answer. Left out: the provider's own limit."""
    embedding: ModelSpec | None = None
    """For `retrieval:K`: exchanges are compared by this model's embeddings instead of by BM25; reached through LiteLLM."""
    next: Successor | None = None
    """The model that speaks from a later session on: a change of model half-way, under the same memory."""
    stress: Stress = Field(default={}, exclude_if=lambda stress: not stress)
    """How the user is disturbed who talks with it, as `{typos: 0.25}`; a study's `stress` makes such arms of every target (guide/stress.md)."""
    swap: SwappedIdentity | None = Field(default=None, exclude_if=lambda swap: swap is None)
    """The identity of the user who talks with it: written by a study's `fairness`, which makes such arms (guide/fairness.md)."""
    character: PlayedCharacter | None = Field(default=None, exclude_if=lambda character: character is None)
    """That it plays a character, as `{without: plain, agreeableness: 0.8}`: what that costs is the trait–truth gap (guide/conduct.md)."""

    @field_validator("embedding")
    @classmethod
    def _embeds(cls, embedding: ModelSpec | None) -> ModelSpec | None:
        if embedding and embedding.client:
            raise ValueError("embeddings go through LiteLLM; take client out")
        if embedding and embedding.sampling:
            raise ValueError("nothing is drawn in an embedding; take sampling out")
        return embedding


class ChatTargetSpec(_ChatSpec):
    """A chat model under test, with what it remembers between sessions."""

    memory: PolicyName = "full"
    """Memory policy: `none`, `full`, `window:K`, `summary`, `profile`, `retrieval:K`, or one of the study's own: `module:Class`, `file.py:Class`."""

    @model_validator(mode="after")
    def _embeds_for_retrieval(self) -> Self:
        if self.embedding and not self.policy.embeds:
            raise ValueError(f"embedding is for retrieval:K, not for {self.memory}; take it out, or write memory: retrieval:8")
        return self

    @property
    def policy(self) -> MemorySpec:
        """Its memory policy."""
        return read_memory(self.memory)

    @property
    def speakers(self) -> tuple[ModelSpec, ...]:
        """The models that speak for it, the first one first."""
        return (self, self.next) if self.next else (self,)


class ChatArmsSpec(_ChatSpec):
    """A chat model under several memory policies: one target for each."""

    memory: tuple[PolicyName, ...] = Field(min_length=1)
    """Memory policies; the target of `window:5` has the id `<id>-window-5`, that of `mine:PenPal` the id `<id>-pen-pal`."""

    @model_validator(mode="after")
    def _stand_apart(self) -> Self:
        refuse_twins("memory", list(self.memory), mend="name each once")
        refuse_twins("target", [f"{self.id}-{slug(m)}" for m in self.memory], mend="write one of them as a target with an id of its own")
        longest = max((f"{self.id}-{slug(m)}" for m in self.memory), key=len)
        if len(longest) > 64:
            raise ValueError(f"the id {longest} would be longer than 64 characters; shorten {self.id}")
        if self.embedding and not any(read_memory(m).embeds for m in self.memory):
            raise ValueError("embedding is for retrieval:K; take it out, or add retrieval:8 to memory")
        return self

    def arms(self) -> tuple[ChatTargetSpec, ...]:
        """A target for each policy, in their order."""
        return tuple(self._arm(m) for m in self.memory)

    def _arm(self, memory: str) -> ChatTargetSpec:
        given = {name: getattr(self, name) for name in self.model_fields_set}
        if not read_memory(memory).embeds:
            given.pop("embedding", None)
        return ChatTargetSpec(**{**given, "id": f"{self.id}-{slug(memory)}", "memory": memory})


Durable = bool | Literal["memory"]
"""What a chatbot still knows when a run goes on that was cut short.

`true`: all of it, so that the talk goes on where it stopped. `memory`: what it took in of sessions that are over, so that the session under way
starts over. `false`: nothing, so that the whole trial starts over, as another user.
"""


class _CustomTargetSpec(Frozen):
    """A chatbot that keeps its own memory."""

    id: Id
    memory: str = "native"
    """Always `native`: what it remembers is its own affair."""
    price: PriceSpec | None = None
    """What a message to it costs, as `price: {call: 0.002}`. Left out: unknown."""
    stress: Stress = Field(default={}, exclude_if=lambda stress: not stress)
    """As of a chat model."""
    swap: SwappedIdentity | None = Field(default=None, exclude_if=lambda swap: swap is None)
    """As of a chat model."""
    character: PlayedCharacter | None = Field(default=None, exclude_if=lambda character: character is None)
    """As of a chat model."""

    @field_validator("memory")
    @classmethod
    def _is_its_own(cls, memory: str) -> str:
        if memory != "native":
            raise ValueError(f"{memory} is a policy for chat models; a target that keeps its own memory has native")
        return memory

    @property
    def offline(self) -> bool:
        """Somebody's chatbot is never one of the offline models."""
        return False


class HttpTargetSpec(_CustomTargetSpec):
    """A chatbot behind HTTP."""

    http: HttpSpec
    durable: Durable = True
    """What it knows on its side outlives this process, as a rule; `memory` where a session under way does not, `false` where nothing does."""

    @property
    def tells_dates(self) -> bool:
        """Whether it is told the date of a session."""
        return self.http.clock != "none"


class _CodeTargetSpec(_CustomTargetSpec):
    """A chatbot in this process."""

    clock: Literal["text", "argument", "none"] = "text"
    """How it is told the date: in front of a session's first message, as `date`, or not at all."""
    durable: Durable = False
    """What it remembers ends with this process, unless it keeps it elsewhere."""
    timeout: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Seconds for one reply; left out, `limits.timeout`."""

    @property
    def tells_dates(self) -> bool:
        """Whether it is told the date of a session."""
        return self.clock != "none"


class CallableTargetSpec(_CodeTargetSpec):
    """A Python function or class, sync or async."""

    callable: Place


class GraphTargetSpec(_CodeTargetSpec):
    """A compiled LangGraph graph, or whatever has its `ainvoke` or `invoke`."""

    graph: Place


class LoggedTargetSpec(_CustomTargetSpec):
    """A system whose talks are in a log: nobody can talk with it any more. Written by `sim score LOG`, never by hand."""

    log: Text
    """The log's file name."""
    group: str = ""
    """What it is called there; empty: the log does not say."""

    @property
    def tells_dates(self) -> bool:
        """A log does not say what its systems knew of the date."""
        return False


_TAGS: dict[str, type[Frozen]] = {
    "model": ChatTargetSpec,
    "http": HttpTargetSpec,
    "callable": CallableTargetSpec,
    "graph": GraphTargetSpec,
    "log": LoggedTargetSpec,
}
_ARMS = "model under several memories"


def _kind(target: object) -> str | None:
    """The tag of the kind that `target` is meant to be; None when that cannot be told."""
    if isinstance(target, Frozen):
        return _ARMS if type(target) is ChatArmsSpec else next((f"{key} target" for key, spec in _TAGS.items() if type(target) is spec), None)
    if not isinstance(target, dict):
        return "model target"
    named = [key for key in _TAGS if key in target]
    if not named:
        named = list({near for key in target for near in get_close_matches(str(key), _TAGS, n=1, cutoff=0.6)})
    if not named and set(target) & (set(ModelSpec.model_fields) | {"system"}):
        named = ["model"]
    if named == ["model"] and isinstance(target.get("memory"), list | tuple):
        return _ARMS
    return f"{named[0]} target" if len(named) == 1 else None


_TOLD_APART = Discriminator(
    _kind, custom_error_type="target_kind", custom_error_message="a target has exactly one of the keys model, http, callable and graph"
)

TargetSpec = Annotated[
    Annotated[ChatTargetSpec, Tag("model target")]
    | Annotated[HttpTargetSpec, Tag("http target")]
    | Annotated[CallableTargetSpec, Tag("callable target")]
    | Annotated[GraphTargetSpec, Tag("graph target")]
    | Annotated[LoggedTargetSpec, Tag("log target")],
    _TOLD_APART,
]
"""Told apart by their one key of `model`, `http`, `callable` and `graph`."""

if TYPE_CHECKING:
    Targets = tuple[TargetSpec, ...]
else:
    Entry = Annotated[
        Annotated[ChatTargetSpec, Tag("model target")]
        | Annotated[ChatArmsSpec, Tag(_ARMS)]
        | Annotated[HttpTargetSpec, Tag("http target")]
        | Annotated[CallableTargetSpec, Tag("callable target")]
        | Annotated[GraphTargetSpec, Tag("graph target")]
        | Annotated[LoggedTargetSpec, Tag("log target")],
        _TOLD_APART,
    ]

    def _spread(targets: tuple[Frozen, ...]) -> tuple[Frozen, ...]:
        return tuple(arm for t in targets for arm in (t.arms() if isinstance(t, ChatArmsSpec) else (t,)))

    Targets = Annotated[tuple[Entry, ...], AfterValidator(_spread)]
"""A study's targets. One that names several memories is written once and stands here as one target for each."""

CustomTargetSpec = HttpTargetSpec | CallableTargetSpec | GraphTargetSpec | LoggedTargetSpec
"""Targets that keep their own memory."""


def tells_dates(target: ChatTargetSpec | CustomTargetSpec) -> bool:
    """Whether `target` learns when a session takes place; if not, nobody may speak to it of the time that passed."""
    return isinstance(target, ChatTargetSpec) or target.tells_dates
