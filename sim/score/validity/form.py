"""What a message is like before anybody reads it: empty, an error, far too long, the reply given back, or wrapped in something.

What a model puts around a message may be taken off: a fence or quotation marks round the whole, one leading label. Nothing else is ever changed.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from sim.core.text import normalised, words

if TYPE_CHECKING:
    from sim.score.validity.situation import Situation
    from sim.score.validity.speech import Speech

MAX_CHARACTERS: Final = 6_000
"""Longer than any person writes in a chat."""
MAX_WORDS: Final = 600
"""The same in words, of a simulated user: people who paste documents are not simulated."""
ECHO_WORDS: Final = 8
"""Words below which a message is no echo: people give back short words all the time."""
ECHO_SHARE: Final = 0.85
"""Of a message's words, those that stand in the reply in the same order, in runs of three and more."""
RUN: Final = 3

_FENCE: Final = re.compile(r"\A```[\w-]*[ \t]*\n(.*?)\n?```\Z", re.DOTALL)
_LABEL: Final = re.compile(
    r"\A(?:\*\*|__)?(?:message|my message|reply|my reply|response|my response|user|me|human|you)(?:\*\*|__)?\s*:\s*(?:\*\*"
    r"|__)?\s*",
    re.IGNORECASE,
)
_QUOTES: Final = {'"': '"', "“": "”", "„": "“", "«": "»", "'": "'", "‘": "’"}
_NOTHING: Final = re.compile(
    r"\A[\s(\[<*_\"'`]*(?:no (?:message|response|reply|text|answer|output)|empty(?: message)?|nothing|null|undefined|silence"
    r"|blank)[\s)\]>*_\"'`.]*\Z",
    re.IGNORECASE,
)
_BARE: Final = re.compile(r"[\s\"'“”„«»‘’`]*")
_ERROR: Final = re.compile(
    r"\A\W*(?:traceback \(most recent call last\)|internal server error|service unavailable|bad gateway|gateway time-?out"
    r"|too many requests|rate limit (?:exceeded|reached)"
    r"|(?:(?:http|api|server|openai|litellm|model|provider|request)[\w. ]{0,30})?error(?: code)?\s*[:-]?\s*(?:4\d\d|5\d\d)\b"
    r"|(?:\w+\.)+\w*(?:Error|Exception)\b\s*:"
    r"|\{\s*[\"']error[\"']\s*:|<!doctype html|<html|the model is (?:currently )?overloaded|request timed out\b"
    r"|connection (?:refused|reset|timed out)\b|error (?:generating|while generating|in generating)\b)",
    re.IGNORECASE,
)


def unwrap(raw: str, name: str) -> str:
    """The message without what is wrapped round it; itself where nothing is.

    Args:
        name: of the person, which may be its label.
    """
    text = raw.strip()
    if fenced := _FENCE.match(text):
        text = fenced[1].strip()
    text = _unquoted(text)
    own = "|".join(re.escape(n) for n in dict.fromkeys((name, *name.split()[:1])) if n)
    unlabelled = _LABEL.sub("", text, count=1)
    if unlabelled == text and own and ":" in text:
        unlabelled = re.sub(rf"\A(?:\*\*|__)?(?:{own})(?:\*\*|__)?\s*:\s*(?:\*\*|__)?\s*", "", text, count=1)
    return _unquoted(unlabelled.strip())


def _unquoted(text: str) -> str:
    """Without the marks round the whole; where the same marks stand within, they are not round the whole."""
    if len(text) < 3 or text[0] not in _QUOTES or text[-1] != _QUOTES[text[0]]:
        return text
    inner = text[1:-1]
    if text[0] in "'‘":
        return text if re.search(r"(?<!\w)['‘’]|['‘’](?!\w)", inner) else inner.strip()
    return text if text[0] in inner or text[-1] in inner else inner.strip()


def is_empty(message: str) -> bool:
    """Whether nothing is said. An emoji says something, and so do three dots."""
    return bool(_BARE.fullmatch(message)) or bool(_NOTHING.match(message)) or not any(c.isprintable() and not c.isspace() for c in message)


def is_error(message: str) -> bool:
    """Whether it is what a server or a program says when it fails, and nothing else."""
    return bool(_ERROR.match(message)) and len(words(message)) <= 60


def is_too_long(speech: Speech, situation: Situation) -> bool:
    """Whether no person writes as much."""
    return len(speech.raw) > MAX_CHARACTERS or (situation.speaker is not None and speech.size > MAX_WORDS)


def is_echo(speech: Speech, situation: Situation) -> bool:
    """Whether it gives back what it answers. What it marks as quoted is not counted."""
    if not situation.heard:
        return False
    own = words(speech.own)
    if len(own) < ECHO_WORDS:
        return False
    # A word of the reply stands in its text, which is told sooner than its words are found.
    text = normalised(situation.heard)
    if sum(map(text.__contains__, own)) < ECHO_SHARE * len(own):
        return False
    heard = words(situation.heard)
    if len(heard) < ECHO_WORDS:
        return False
    common = set(own) & set(heard)
    if sum(map(common.__contains__, own)) < ECHO_SHARE * len(own):
        return False
    blocks = SequenceMatcher(None, own, heard, autojunk=False).get_matching_blocks()
    return sum(b.size for b in blocks if b.size >= RUN) >= ECHO_SHARE * len(own)
