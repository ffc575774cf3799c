"""Where one sentence of a reply ends and the next begins: the unit that moves are tagged on."""

from __future__ import annotations

import re

_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|mr|mrs|ms|dr|prof|st|vs|cf|approx|no|fig|a\.m|p\.m|u\.s|u\.k)|(?<![A-Za-z])[A-Z])\.$", re.IGNORECASE)
_SPEAKS_OF_ONE = re.compile(r"(?<![A-Za-z])[a-z]\.$")
_END = re.compile(
    r"""
    (?: [.!?…]+ | (?<=[^\s.!?…])[\U0001F300-\U0001FAFF\u2600-\u27BF]+[\ufe0f\u200d]* )   # stops, or an emoji that stands for one
    [\"'”’»)\]*_]*                                                                      # closing quotes, brackets and markdown
    (?=\s)
    | [。！？｡]+[」』”’）]*
    """,
    re.VERBOSE,
)
_BULLET = re.compile(r"^\s*(?:[-*•–]\s+|\d{1,2}[.)]\s+|#{1,6}\s+|>\s+)")
_LETTER = re.compile(r"\w")


def split_sentences(text: str) -> list[str]:
    """The sentences of `text`, in order, without list markers; stretches without a letter or digit belong to the sentence before them."""
    found: list[str] = []
    for line in text.splitlines():
        start, line = 0, _BULLET.sub("", line).strip()
        for end in _END.finditer(line):
            head = line[start : end.end()].rstrip()
            if _goes_on(head, line[end.end() :]):
                continue
            _add(found, head.strip())
            start = end.end()
        _add(found, line[start:].strip())
    return found


def _goes_on(head: str, rest: str) -> bool:
    """Whether the stop at the end of `head` is not the end of a sentence."""
    following = rest.lstrip()
    if head.endswith(("...", "…")) or head.endswith(tuple("\"'”’»)")):
        return following[:1].islower()
    if not head.endswith("."):
        return False
    if _SPEAKS_OF_ONE.search(head):
        return False
    return bool(_ABBREVIATION.search(head)) and bool(following) and not (head.lower().endswith((".m.", "no.")) and following[:1].isupper())


def _add(found: list[str], sentence: str) -> None:
    if not sentence:
        return
    if found and not _LETTER.search(sentence):
        found[-1] = f"{found[-1]} {sentence}"
    elif _LETTER.search(sentence):
        found.append(sentence)
