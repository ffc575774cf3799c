"""How true a written memory is to what the user said: a grade for each fact in it, by words alone (guide/methods.md#where-memory-fails).

A fact is a line of a profile, or a sentence of a summary; a date before it is not part of it. Support comes from one passage, a message of the user
or two sentences of it that follow each other, and is counted in stems of content words:

    supported     six in ten of its stems stand in one passage, and every name and figure of it in some message
    plausible     three in ten do, and every name and figure of it stands in some message
    contradicted  it has a value that was never told of that fact, while another was; or six in ten of the other stems stand in a passage with
                  names or figures of its own, and none of the fact's own stands in any message; or fact and passage differ in a "not"
    unsupported   all else

Words do not understand: what is said in quite other words counts as unsupported, and a judge's model does better. Words are the same every time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final, get_args

from sim.core.event import Truth
from sim.core.ledger import tells
from sim.core.text import normalise
from sim.llm.offline.wording import stems
from sim.score.text.sentences import split_sentences

TRUTHS: Final[tuple[Truth, ...]] = get_args(Truth)

SUPPORTS: Final = 0.6
"""Share of a fact's stems that must stand in one passage for it to be supported."""
SUGGESTS: Final = 0.3
"""Share from which it is plausible."""

# A date that a memory puts before a fact, behind a bullet or in brackets; it says when, and is no figure of the fact.
_DATED = re.compile(r"^[-*•\s]*\[?\d{4}-\d{2}-\d{2}\]?\s*[:–-]\s*")
# A capital inside a sentence is a name; at the beginning of one it may be any word. Figures may hold points, commas and colons: "1,200", "7:30".
_NAMED = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-Z][\w’'-]+|\b\d[\d.,:]*\b")
_NOT = re.compile(r"\b(?:not|never|no|none|nobody|nothing|without|hardly)\b|n't\b|\bno longer\b")
_ABOUT: Final = frozenset(("user", "they", "their", "person", "mention", "told", "say", "call", "nam"))
"""Stems by which a profile speaks of its user; no message says them of oneself."""


@dataclass(frozen=True, slots=True)
class KnownFact:
    """A fact of the cast, by what was told of it."""

    newest: tuple[str, ...]
    """Accepted answers of the value told last."""
    older: tuple[tuple[str, ...], ...] = ()
    """Of the values told before it."""
    untold: tuple[tuple[str, ...], ...] = ()
    """Of the values that were never told."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A written memory held against what was said."""

    truths: tuple[Truth, ...]
    """Of its facts, in order."""
    told: int
    """Facts of the cast that were told."""
    recalled: int
    """Of these, those whose newest value it holds."""
    changed: int
    """Told facts that were told with an older value before."""
    stale: int
    """Of these, those that it still holds in an old value, in a fact that does not hold the newest."""


def score_profile(content: str, *, messages: Sequence[str], known: Iterable[KnownFact]) -> Accuracy:
    """Grade `content`, a written memory, against the user's `messages` up to then and what they told."""
    facts, told = split_facts(content), tuple(known)
    said = _Said(messages)
    return Accuracy(
        truths=tuple(_grade(fact, said, told) for fact in facts),
        told=len(told),
        recalled=sum(any(_has(f, k.newest) for f in facts) for k in told),
        changed=sum(bool(k.older) for k in told),
        stale=sum(any(_has(f, old) and not _has(f, k.newest) for f in facts for old in k.older) for k in told),
    )


def split_facts(content: str) -> tuple[str, ...]:
    """The facts of a written memory: its lines where they are dated, else its sentences."""
    lines = [line.strip() for line in content.splitlines() if line.strip()]
    found: list[str] = []
    for line in lines:
        dated = _DATED.match(line)
        found += [line[dated.end() :]] if dated else [s.strip() for s in split_sentences(line)]
    return tuple(f for f in found if stems(f))


class _Said:
    """The user's messages, made ready to be searched."""

    def __init__(self, messages: Sequence[str]) -> None:
        self._all = normalise("\n".join(messages))
        self.passages = [(p, stems(p)) for m in messages for p in _passages(m)]

    def names(self, name: str) -> bool:
        """Whether some message has `name`."""
        return re.search(rf"(?<!\w){re.escape(normalise(name))}(?!\w)", self._all) is not None


@lru_cache(maxsize=8192)
def _passages(message: str) -> tuple[str, ...]:
    # Two sentences at a time: "I have a cat. Her name is Biscuit." supports a fact that needs both.
    parts = [s.strip() for s in split_sentences(message)]
    return tuple(f"{a} {b}" for a, b in pairwise(parts)) or (message,)


def _grade(fact: str, said: _Said, known: Sequence[KnownFact]) -> Truth:
    if any(_has(fact, never) and not _has(fact, k.newest) for k in known for never in k.untold):
        return "contradicted"
    named = [n.strip("’'.,:-") for n in _NAMED.findall(fact)]
    unknown = [n for n in named if not said.names(n)]
    wanted = stems(fact) - _ABOUT
    if not wanted:
        return "plausible"
    rest = wanted - stems(" ".join(named))
    best, there = max(said.passages, key=lambda p: len(wanted & p[1]), default=("", frozenset()))
    share = len(wanted & there) / len(wanted)
    if unknown:
        elsewhere = bool(rest) and len(rest & there) / len(rest) >= SUPPORTS and bool(_NAMED.search(best))
        return "contradicted" if elsewhere and len(unknown) == len(named) else "unsupported"
    if share >= SUPPORTS:
        return "supported" if _is_denied(fact) == _is_denied(best, wanted) else "contradicted"
    return "plausible" if share >= SUGGESTS else "unsupported"


def _is_denied(text: str, wanted: frozenset[str] = frozenset()) -> bool:
    """Whether there is a "not" in it; of a passage, in a sentence that shares the fact's words."""
    parts = [p for p in split_sentences(text) if not wanted or 2 * len(stems(p) & wanted) >= len(wanted)] or [text]
    return any(_NOT.search(normalise(p)) for p in parts)


def _has(fact: str, answers: Sequence[str]) -> bool:
    return tells(fact, answers)
