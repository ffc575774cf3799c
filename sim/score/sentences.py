"""Where one sentence of a reply ends and the next begins: the unit that moves are tagged on."""

from __future__ import annotations

import re

_EMOJI = r"[\U0001F300-\U0001FAFF\u2600-\u27BF]"
_END = re.compile(
    rf"""
    [.!?…]+ [\"'”’»)\]*_]* (?=\s)          # stops with what closes after them, before a space
    | {_EMOJI}+ [\ufe0f\u200d]* (?=\s+[A-Z])   # an emoji that stands for a stop
    | [。！？｡]+ [」』”’）]*
    """,
    re.VERBOSE,
)
_BEFORE_ANYTHING = re.compile(r"(?:\b(?i:e\.g|i\.e|mr|mrs|ms|dr|prof|vs|cf|approx)|(?<![A-Za-z.'])[A-HJ-Z])\.$")
"""Abbreviations that never end a sentence, and initials; "I" may well end one."""
_BEFORE_SMALL = re.compile(r"\b(?:a\.m|p\.m|u\.s|u\.k|etc|st|inc|ltd)\.$", re.IGNORECASE)
_BEFORE_FIGURES = re.compile(r"\b(?:no|fig|nr|p|pp)\.$", re.IGNORECASE)
_OPEN_ENDED = ("...", "…", '"', "'", "”", "’", "»", ")")
_MARKER = re.compile(r"^\s*(?:[-*•–]\s+|\d{1,2}[.)]\s+|#{1,6}\s+|>\s+)+")


def split_sentences(text: str) -> list[str]:
    """The sentences of `text`, in order, without list markers; what holds no letter or digit stays with the sentence before it."""
    found: list[str] = []
    for line in text.splitlines():
        body, start = _MARKER.sub("", line).strip(), 0
        for end in _END.finditer(body):
            if not _goes_on(body[start : end.end()], body[end.end() :].lstrip()):
                _add(found, body[start : end.end()].strip())
                start = end.end()
        _add(found, body[start:].strip())
    return found


def _goes_on(head: str, following: str) -> bool:
    """Whether the sentence does not end with `head`."""
    if head.endswith(_OPEN_ENDED) or _BEFORE_SMALL.search(head):
        return following[:1].islower()
    if _BEFORE_FIGURES.search(head):
        return following[:1].isdigit()
    return bool(_BEFORE_ANYTHING.search(head)) and bool(following)


def _add(found: list[str], sentence: str) -> None:
    if any(c.isalnum() for c in sentence):
        found.append(sentence)
    elif sentence and found:
        found[-1] = f"{found[-1]} {sentence}"
