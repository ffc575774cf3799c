"""One voice in a message: a scenario's lines as the persona who says them would write them, and a message put together from its parts.

A scenario's lines are written for anybody. A persona that writes without capitals, or with contractions, writes these lines so too, and a line is
recognised in a message however it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from sim.core.text import contains, normalise, words
from sim.llm.offline.manner import in_full, shortened, small
from sim.llm.offline.wording import is_shortened, sentences, writes_small

if TYPE_CHECKING:
    from sim.core.spec import Persona, Value

_CONTRACTS: Final = 0.15
"""Share of own lines with a contraction from which somebody is said to contract."""
_CLOSED: Final = re.compile(r"[.!?…)\"'”’\U0001F300-\U0001FAFF\u2600-\u27BF]$")
_BARE: Final = re.compile(r"\b(?:im|ive|dont|doesnt|isnt|arent|wouldnt|couldnt|its|thats|whats|theres|youre|theyre|were|youve|theyve|weve)\b")
"""Contractions without their apostrophe, and the two words that look like one."""
_APOSTROPHE: Final = re.compile(r"(?<=\w)'(?=(?:m|re|ve|s|t)\b)")
_PUT_BACK: Final = re.compile(r"(?<=n)(?=t$)|(?<=[^n])(?=m$|re$|ve$|s$)")
_GOES_ON: Final = re.compile(
    r",? because\b|[,;:] (?:so|but|and|though|although|which|as if|for|yet|or|with)\b| and (?=(?:i|it|we|they|he|she|there|now|then)\b)",
    re.IGNORECASE,
)
"""Where a sentence goes on to what could be left out."""
_LEADS_IN: Final = re.compile(r"(?:if|when|while|because|since|as|though|although|after|before|for|every|now that|whenever)\b", re.IGNORECASE)
"""How a sentence begins whose statement comes later."""
_STATEMENT: Final = 5
"""Words that a statement has at least."""


class Spelling(NamedTuple):
    """How somebody writes."""

    small: bool
    """Without capitals."""
    short: bool
    """With contractions."""
    bare: bool
    """And these without an apostrophe."""


def spelling_of(persona: Persona) -> Spelling:
    """How the persona's own lines are written."""
    voice = persona.voice
    signals = (line.says for p in persona.preferences.values() for line in (p.signals.met, p.signals.missed))
    return _spelling((*voice.hello, *voice.bye, *voice.carries_on, *voice.jokes, voice.storms_off, *signals, *(f.text for f in persona.facts)))


@lru_cache(maxsize=256)
def _spelling(lines: tuple[str, ...]) -> Spelling:
    bare = sum(map(_is_bare, lines)) >= _CONTRACTS * len(lines)
    return Spelling(
        small=sum(map(writes_small, lines)) > len(lines) / 2,
        short=bare or sum(map(is_shortened, lines)) >= _CONTRACTS * len(lines),
        bare=bare,
    )


def _is_bare(line: str) -> bool:
    return bool(set(_BARE.findall(normalise(line))) - {"its", "were"})


@lru_cache(maxsize=4096)
def as_written(line: str, manner: Spelling) -> str:
    """`line` as somebody of that manner writes it."""
    if manner.short:
        line = shortened(line)
    if manner.small:
        line = small(line)
    return _APOSTROPHE.sub("", line) if manner.bare else line


def as_told(value: Value, manner: Spelling) -> str:
    """The sentence of `value`, in that manner unless one of its answers would be lost by it."""
    text = as_written(value.text, manner)
    return text if all(contains(text, a) for a in value.answers if contains(value.text, a)) else value.text


@lru_cache(maxsize=4096)
def split_question(line: str) -> tuple[str, str]:
    """`line` up to the questions it closes with, and these."""
    said = list(sentences(line))
    asked: list[str] = []
    while said and said[-1].rstrip("\"'”’)").endswith("?"):
        asked.insert(0, said.pop())
    return (" ".join(said), " ".join(asked)) if asked else (line, "")


def stands_in(line: str, messages: Iterable[str]) -> bool:
    """Whether one of `messages` says `line`, in whatever manner, and whatever was told in between its sentences."""
    wanted = _core(line)
    return any(wanted in _plain(m) for m in messages)


def joined(parts: Sequence[str]) -> str:
    """`parts` as one message, with a full stop where one ends without any and another follows."""
    closed = [part if _CLOSED.search(part) else f"{part}." for part in parts[:-1]]
    return " ".join((*closed, *parts[-1:]))


def longest(line: str) -> str:
    """The longest sentence of `line`."""
    return max(sentences(line), key=lambda s: len(_plain(s)), default=line)


def head(sentence: str) -> str:
    """`sentence` up to where it goes on with a reason, a contrast or a second statement; all of it where that leaves less than a statement."""
    if _LEADS_IN.match(sentence):
        return sentence
    parts = (sentence[: found.start()] for found in _GOES_ON.finditer(sentence))
    return next((part for part in parts if len(words(part)) >= _STATEMENT), sentence)


@lru_cache(maxsize=4096)
def _core(line: str) -> str:
    """What of `line` is said in any case, plainly."""
    return _plain(head(longest(line)))


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    """The words of `text`, the same in whatever manner they were written."""
    spelt = _BARE.sub(lambda found: _PUT_BACK.sub("'", found.group(), count=1), normalise(text))
    return f" {' '.join(words(in_full(spelt)))} ".replace("'", "")
