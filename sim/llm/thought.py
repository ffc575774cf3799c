"""What a reasoning model thought, kept apart from what it said.

Providers send it beside the answer, or it stands in the text between tags. In an answer of a judge a tag may be quoted from what is judged, so there
only what the text begins with is taken for thought. In a talk nobody gains by hiding words of their own, so there a block at the start of any line
is, and whatever stands before a closing tag at the end of a line that nothing opened: templates put the opening one into the prompt.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LONGEST = 50_000
"""Characters of a thought that are kept."""

_NAME = r"(?:seed:)?(?:think|thinking|thought|reasoning)"
_TAG = re.compile(rf"^[ \t]*(?P<opening><{_NAME}>|\[THINK\])|</{_NAME}>|\[/THINK\]", re.IGNORECASE | re.MULTILINE)
_ANYWHERE = re.compile(rf"</?{_NAME}>|\[/?THINK\]", re.IGNORECASE)
"""A tag wherever it stands. Nearly no answer has one, and this is told in a fraction of the time, for it begins with one of two signs."""
_LINE_ENDS = re.compile(r"[ \t]*(?:\n|\Z)")


class Parted(NamedTuple):
    """A text taken apart."""

    text: str
    thought: str = ""


def part(text: str, *, talk: bool = False, beside: str = "") -> Parted:
    """What of `text` was said, and what was thought; linear in its length.

    Args:
        talk: whether it is a reply in a talk.
        beside: what the provider sent of the thought apart from the text.
    """
    if not (("<" in text or "[" in text) and _ANYWHERE.search(text)):
        return Parted(text, cut(beside)) if beside else Parted(text)
    said: list[str] = []
    thoughts = [beside] if beside else []
    at, inside, opened = 0, False, False
    for tag in _TAG.finditer(text):
        if inside:
            if not tag["opening"]:
                thoughts.append(text[at : tag.start()].strip())
                at, inside = tag.end(), False
        elif tag["opening"]:
            before = text[at : tag.start()]
            if before.strip() and not talk:
                break
            said.append(before)
            at, inside, opened = tag.end(), True, True
        elif not talk:
            break
        elif not opened and _LINE_ENDS.match(text, tag.end()):
            thoughts.append(text[: tag.start()].strip())
            at, opened = tag.end(), True
    (thoughts if inside else said).append(text[at:])
    if not opened:
        return Parted(text, cut(beside))
    return Parted("".join(said).strip(), cut("\n\n".join(t for t in thoughts if t.strip())))


def cut(thought: str) -> str:
    """`thought`, or as much of it as is kept, with a mark."""
    thought = thought.strip()
    return thought if len(thought) <= LONGEST else thought[:LONGEST] + "…"


def share(thought: str, said: str, output: int) -> int:
    """Tokens of `output` that were thought where the provider does not count them: as many of them as of the characters."""
    whole = len(thought) + len(said)
    return round(output * len(thought) / whole) if whole else 0
