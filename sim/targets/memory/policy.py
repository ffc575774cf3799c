"""The seam of every memory policy: what of earlier sessions a chat model is shown, and what is written down when a session ends.

A policy holds immutable values only, so that `copy` is a fork; what it holds follows from the talks heard and the steps it has returned, so that the
record restores it. `sim.targets.memory` builds one by name.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sim.llm.client import Message
from sim.targets.target import MemoryStep

if TYPE_CHECKING:
    from sim.core.event import Call, MemoryWritten, Timing
    from sim.llm.prompts import Prompts


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
    """What `shown` tells of earlier sessions, without the words around it."""
    talks: tuple[Heard, ...] = ()
    """Earlier sessions that are shown word for word, oldest first."""
    calls: tuple[Call, ...] = ()
    timings: tuple[Timing, ...] = ()


class Memory(Protocol):
    """One trial's memory."""

    async def recall(self, earlier: Sequence[Heard], message: str) -> Recalled:
        """What is shown before the present session when `message` is to be answered.

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

    def holds(self, talks: Sequence[Heard]) -> tuple[str, ...]:
        """All it could show of `talks`, the last of which has been consolidated."""


class Unwritten:
    """What policies have in common that write nothing: the words themselves are there."""

    async def consolidate(self, talks: Sequence[Heard], *, seed: int) -> tuple[MemoryStep, ...]:
        """Nothing to do."""
        return ()

    def restore(self, step: MemoryWritten, talks: int) -> None:
        """Never called: there are no steps."""
        raise AssertionError(f"{type(self).__name__} writes nothing, and was given '{step.part}'")


def told(prompts: Prompts, talk: Heard, exchanges: Sequence[tuple[Message, Message]]) -> str:
    """Some of the exchanges of `talk` as a block of text, a line for each message."""
    lines = [(" ".join(user.content.split()), " ".join(reply.content.split())) for user, reply in exchanges]
    return prompts.render("memory_talk", date=talk.date, since=talk.since, exchanges=lines)


def words_of(talks: Sequence[Heard]) -> tuple[str, ...]:
    """Every message of `talks`, without headers."""
    return tuple(m.content for talk in talks for m in talk.said)
