"""What is tested: a chat model with a memory policy, or a whole chatbot behind HTTP, in a Python callable or in a LangGraph graph.

Which of them it is shows in its one key of `model`, `http`, `callable` and `graph`.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag, field_validator

from sim.core.frozen import Frozen, Id, Text
from sim.core.spec.http import HttpSpec
from sim.core.spec.model import ModelSpec

Place = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$")]
"""`module:name`, importable from the working folder."""


class ChatTargetSpec(ModelSpec):
    """A chat model under test, with what it remembers between sessions."""

    id: Id
    memory: str = "full"
    """Memory policy, such as `none` or `full`."""
    system: Text | None = None
    """The target's own system prompt."""

    @field_validator("memory")
    @classmethod
    def _is_ours(cls, memory: str) -> str:
        if memory == "native":
            raise ValueError("native is the memory of http, callable and graph targets; a chat model is given one of ours, such as full")
        return memory


class _OwnTargetSpec(Frozen):
    """A chatbot that keeps its own memory."""

    id: Id
    memory: str = "native"
    """Always `native`: what it remembers is its own affair."""

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


class HttpTargetSpec(_OwnTargetSpec):
    """A chatbot behind HTTP."""

    http: HttpSpec

    @property
    def tells_dates(self) -> bool:
        """Whether it is told the date of a session."""
        return self.http.clock != "none"


class _CodeTargetSpec(_OwnTargetSpec):
    """A chatbot in this process."""

    clock: Literal["text", "argument", "none"] = "text"
    """How it is told the date: in front of a session's first message, as `date`, or not at all."""
    durable: bool = False
    """Whether what it remembers outlives this process. If not, a trial that was interrupted starts over, for what it was told is gone."""
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


_TAGS: dict[str, type[Frozen]] = {"model": ChatTargetSpec, "http": HttpTargetSpec, "callable": CallableTargetSpec, "graph": GraphTargetSpec}


def _kind(target: object) -> str | None:
    """The tag of the kind that `target` is meant to be; None when that cannot be told."""
    if isinstance(target, Frozen):
        return next((f"{key} target" for key, spec in _TAGS.items() if type(target) is spec), None)
    if not isinstance(target, dict):
        return "model target"
    named = [key for key in _TAGS if key in target]
    if not named:
        named = list({near for key in target for near in get_close_matches(str(key), _TAGS, n=1, cutoff=0.6)})
    if not named and set(target) & (set(ModelSpec.model_fields) | {"system"}):
        named = ["model"]
    return f"{named[0]} target" if len(named) == 1 else None


TargetSpec = Annotated[
    Annotated[ChatTargetSpec, Tag("model target")]
    | Annotated[HttpTargetSpec, Tag("http target")]
    | Annotated[CallableTargetSpec, Tag("callable target")]
    | Annotated[GraphTargetSpec, Tag("graph target")],
    Discriminator(
        _kind, custom_error_type="target_kind", custom_error_message="a target has exactly one of the keys model, http, callable and graph"
    ),
]
"""Told apart by their one key of `model`, `http`, `callable` and `graph`."""

OwnTargetSpec = HttpTargetSpec | CallableTargetSpec | GraphTargetSpec
"""Targets that keep their own memory."""


def tells_dates(target: ChatTargetSpec | OwnTargetSpec) -> bool:
    """Whether `target` learns when a session takes place; if not, nobody may speak to it of the time that passed."""
    return isinstance(target, ChatTargetSpec) or target.tells_dates
