"""Conversations that took place elsewhere, as a log tells them: what every scorer of a log reads, before anything is tagged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sim.core.tools import ToolUse

SCENARIO: Final = "logged"
"""The scenario of talks that were read from a log: nobody knows on which day they took place."""


@dataclass(frozen=True, slots=True)
class Labels:
    """The moves that the log itself gives one reply."""

    moves: frozenset[str]
    """Its move set."""
    sentences: tuple[tuple[str, ...], ...] | None = None
    """The moves of each sentence, in order; None where the log has only the set."""


@dataclass(frozen=True, slots=True)
class LoggedReply:
    """One message of the assistant."""

    index: int
    """Of the message among all messages of its conversation, from 0."""
    user: str
    """What was said to it since its last reply; empty: nothing was."""
    text: str
    labels: Labels | None = None
    tools: tuple[ToolUse, ...] = ()
    """What it says was done for it since the reply before."""


@dataclass(frozen=True, slots=True)
class LoggedMessage:
    """One message of either side."""

    index: int
    """Among all messages of its conversation, from 0."""
    by_user: bool
    text: str


@dataclass(frozen=True, slots=True)
class LoggedMessages:
    """One conversation message by message, answered or not: what the user's side is checked in."""

    id: str
    messages: tuple[LoggedMessage, ...]
    persona: str = ""
    """The name of who talks, where the log tells it."""


@dataclass(frozen=True, slots=True)
class LoggedTalk:
    """One conversation, with at least one reply."""

    id: str
    replies: tuple[LoggedReply, ...]
    line: int
    """Where it begins in the log, from 1."""
    person: str = ""
    """Whose sessions follow each other; empty: this conversation follows no other."""
    session: int = 1
    group: str | None = None
    """What it has at the key that figures are wanted by; None: none are, or it has no such key."""
    cluster: str = ""
    """What it is resampled with; empty: the conversations of its person, or itself."""
