"""Replies as what they do: the input of every measure of repetition, whether they come from a run or from somebody's log."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MarkedReply:
    """One reply of the target."""

    moves: frozenset[str] | None
    """Its move set; None: it has no tags, which breaks the pairs it stands in. An empty set is a set."""
    sentences: tuple[tuple[str, ...], ...] | None = None
    """The moves of each sentence, in order; None where only the set is known."""
    words: int = 0


@dataclass(frozen=True, slots=True)
class MarkedTalk:
    """A target's own replies within one session, in order: what guide/methods.md#repetition calls a conversation."""

    id: str
    replies: tuple[MarkedReply, ...]
    person: str = ""
    """Whose sessions follow each other; empty: this talk follows no other."""
    session: int = 1
    """Its place among the sessions of that person, from 1."""
