"""What an offline target can tell from its messages: who writes, how, in what mood, about what, and what was told before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.text import normalise, words
from sim.llm.offline.lines import load_cue
from sim.llm.offline.notes import read_notes
from sim.llm.offline.recall import Statement, find_statements, main_theme
from sim.llm.offline.wording import depth, habitual_formality, valence, writes_small

if TYPE_CHECKING:
    from sim.llm.client import Message

HABIT = 30
"""The latest user messages by which a habit is judged: enough to know it by, and a reply takes no longer to write late in a talk than early in it."""

_HEADER = re.compile(r"\A\[[^\]\n]{4,120}\]\s*")


@dataclass(frozen=True)
class VisibleScene:
    """What a target can tell from its messages."""

    message: str
    """What the user says now."""
    today: tuple[str, ...]
    """What the user said before it in this session."""
    replies: tuple[str, ...]
    """Own replies in this session."""
    own: tuple[str, ...]
    """All own replies that are known."""
    earlier: tuple[tuple[int, str], ...]
    """What the user said in earlier sessions, message by message, with the session."""
    statements: tuple[Statement, ...]
    """What the user told in earlier sessions, as far as it stands in what memory wrote or retrieved, or in these sessions themselves."""
    mood: int
    """-1, 0 or 1."""
    about: str | None
    """What is spoken of now, if that can be told."""
    register: float
    """1 to 5, as the user usually writes."""
    depth: int
    budget: int
    """Words that the user seems to like in a reply."""
    small: bool
    """The user writes without capitals."""
    loose: bool
    """The user writes slang, or without capitals, in one message of three or more."""
    pressed: bool
    """The user has insisted or contradicted in this session."""


def read_scene(messages: Sequence[Message]) -> VisibleScene:
    """What `messages` tell; a header line in square brackets begins a session."""
    turns = [m for m in messages if m.role != "system"]
    noted = read_notes("\n".join(m.content for m in messages if m.role == "system"))
    before = max((s.session for s in noted), default=0)
    opened = [i for i, m in enumerate(turns) if m.role == "user" and _HEADER.match(m.content)]
    start = opened[-1] if opened else 0
    said = [(i, _HEADER.sub("", m.content)) for i, m in enumerate(turns) if m.role == "user"]
    now = said[-1][1] if said else ""
    today = tuple(text for i, text in said[:-1] if i >= start)
    lately = [text for _, text in said][-HABIT:]
    return VisibleScene(
        message=now,
        today=today,
        replies=tuple(m.content for i, m in enumerate(turns) if m.role == "assistant" and i > start),
        own=tuple(m.content for m in turns if m.role == "assistant"),
        earlier=tuple((before + sum(o <= i for o in opened), text) for i, text in said if i < start),
        statements=(*noted, *(s for i, text in said if i < start for s in find_statements(text, before + sum(o <= i for o in opened)))),
        mood=_mood(now, today[-HABIT:]),
        about=main_theme(now, today[-HABIT:]),
        register=habitual_formality(lately),
        depth=depth(" ".join(lately)),
        budget=_budget(lately),
        small=sum(map(writes_small, lately)) > len(lately) / 2,
        loose=3 * sum(map(_is_loose, lately)) >= len(lately),
        pressed=any(load_cue("presses").search(normalise(text)) for text in (*today[-HABIT:], now)),
    )


def _mood(now: str, today: Sequence[str]) -> int:
    """The mood of the message, else of the session; a glad word in a low session is no good news yet."""
    said, session = valence(now), valence(" ".join((*today, now)))
    return session if said == 0 else 0 if said > session and session < 0 else said


def _budget(users: Sequence[str]) -> int:
    """Words for a reply: somewhat more than the user writes, fewer or more after a complaint."""
    wanted = 1.4 * sum(len(words(u)) for u in users) / max(len(users), 1)
    plain = normalise("\n".join(users))
    if load_cue("too_long").search(plain):
        wanted *= 0.5
    if load_cue("too_short").search(plain):
        wanted *= 2.2
    return int(min(max(wanted, 8), 130))


def _is_loose(message: str) -> bool:
    return writes_small(message) or load_cue("slang").search(normalise(message)) is not None
