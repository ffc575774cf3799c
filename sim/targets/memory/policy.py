"""The seam of every memory policy: what of earlier sessions a chat model is shown, and what is written down when a session ends.

Write a class with `recall`, derived from `Policy`, and name it behind `memory:` in a study. What it knows must follow from the sessions it has heard
and the steps it has returned, and from nothing else: then the journal can restore it after an interruption, and it can be copied for a probe.
`sim.targets.memory.conformance` tests that; the package's own policies pass the same tests.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from sim.llm.client import Message
from sim.targets.target import MemoryStep

if TYPE_CHECKING:
    from sim.core.event import Call, MemoryWritten, Timing
    from sim.llm.prompts import Prompts
    from sim.targets.memory.tools import Tools


@dataclass(frozen=True, slots=True)
class Heard:
    """A session as the target heard it."""

    date: dt.date
    since: dt.date | None = None
    """Date of the session before it."""
    header: str = ""
    """How its first message begins, which tells the date; empty: nothing tells it."""
    said: tuple[Message, ...] = ()
    """User and assistant messages in turn, the first without its header."""

    @property
    def messages(self) -> tuple[Message, ...]:
        """What was said, as a model is shown it."""
        if not self.said:
            return ()
        first, *rest = self.said
        return (Message(first.role, self.header + first.content), *rest)

    @property
    def exchanges(self) -> tuple[tuple[Message, Message], ...]:
        """User message and reply, one after another."""
        return tuple(zip(self.said[::2], self.said[1::2], strict=True))


@dataclass(frozen=True, slots=True)
class Recalled:
    """What stands in a context beside the present session."""

    shown: str = ""
    """What is put below the system prompt."""
    texts: tuple[str, ...] = ()
    """What `shown` tells of earlier sessions, without the words around it; whether a fact was retrieved is looked up here."""
    talks: tuple[Heard, ...] = ()
    """Of the earlier sessions, those that are shown word for word, oldest first; of these the oldest exchanges give way when the context is full."""
    calls: tuple[Call, ...] = ()
    timings: tuple[Timing, ...] = ()


class Memory(Protocol):
    """One trial's memory, as its chat target holds it. What it holds is immutable, so that `copy` is a fork."""

    async def recall(self, earlier: Sequence[Heard], message: str) -> Recalled:
        """What is shown before the present session when `message` is to be answered.

        Args:
            earlier: the sessions that are over and in which something was said, oldest first; those before the study are among them.
            message: the user's, about to be answered.

        Raises:
            CallFailed: a call that was needed came to nothing for reasons outside any model.
        """

    async def consolidate(self, talks: Sequence[Heard], *, seed: int) -> tuple[MemoryStep, ...]:
        """What is written down now that the last of `talks` has ended.

        Args:
            talks: all that were heard, oldest first.
            seed: the sampling seed of what is asked.

        Raises:
            CallFailed: a call came to nothing for reasons outside any model; the memory is as before.
        """

    def restore(self, step: MemoryWritten, talks: int) -> None:
        """Be as after `step`, which was returned when `talks` talks had been heard."""

    def holds(self, talks: Sequence[Heard]) -> tuple[str, ...] | None:
        """All it could show of `talks`, the last of which has been consolidated; None: it cannot tell."""


class Policy(ABC):
    """The class that a study names: what it can do, and how one trial's memory is made.

    All methods but `recall` have a default, which is that of a policy that writes nothing. `recall` and `consolidate` may be plain functions as well
    as async ones. The constructor, `restore` and `holds` must be quick. What any of them raises stops the trial, which `sim resume` goes on with; a
    session that the model refuses to write about, or that does not fit its context, leaves the memory as it was, and the journal says so.
    """

    counts: ClassVar[str] = ""
    """What the number after the name counts, as in `window:5`; empty: there is none."""
    calls_per_session: ClassVar[int] = 0
    """Calls of the role `memory` that it makes when a session ends, for the forecast of a run."""
    calls_per_message: ClassVar[int] = 0
    """Calls of the role `memory` that it makes for each message of a later session."""
    shows: ClassVar[int | None] = 500
    """About how many tokens of earlier sessions it shows, for the forecast; None: all of them, and 0: none."""
    graded: ClassVar[bool] = False
    """Whether its steps are called `summary` or `profile` and are the whole memory in words, which a study's `judge` grades in the end."""

    def __init__(self, tools: Tools) -> None:
        """Args:
        tools: whose writer and embedder it asks, and how long a prompt may be.
        """
        self.tools = tools

    @abstractmethod
    async def recall(self, earlier: Sequence[Heard], message: str) -> Recalled:
        """What is shown before the present session when `message` is to be answered; see `Memory.recall`."""

    async def consolidate(self, talks: Sequence[Heard], *, seed: int) -> tuple[MemoryStep, ...]:
        """Write nothing down: what was said is there as it was said."""
        return ()

    def restore(self, step: MemoryWritten, talks: int) -> None:
        """Refuse: a policy that writes nothing has no step to restore, unless the journal is of an earlier one of its name."""
        raise TypeError(f"{type(self).__name__} returned the step '{step.part}' and has no restore of its own")

    def holds(self, talks: Sequence[Heard]) -> tuple[str, ...] | None:
        """Nobody can tell."""
        return None


def told(prompts: Prompts, talk: Heard, exchanges: Sequence[tuple[Message, Message]]) -> str:
    """Some of the exchanges of `talk` as a block of text, a line for each message."""
    lines = [(" ".join(user.content.split()), " ".join(reply.content.split())) for user, reply in exchanges]
    return prompts.render("memory_talk", date=talk.date, since=talk.since, exchanges=lines)


def words_of(talks: Sequence[Heard]) -> tuple[str, ...]:
    """Every message of `talks`, without headers."""
    return tuple(m.content for talk in talks for m in talk.said)
