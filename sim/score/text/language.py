"""Whether a text is in English, told by its script and its commonest words; what cannot be told counts as English.

It guards the offline tagger, whose cues are English: better no tags than tags that mean nothing. It names no other language.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import Final

OTHER_SCRIPT: Final = 0.3
"""Share of letters outside the Latin script from which a text is not English."""
FEW: Final = 0.12
"""Share of English function words below which a text of `ENOUGH` words is not English; English talk has from .3 to .7."""
ENOUGH: Final = 6
_LETTER: Final = re.compile(r"[^\W\d_]")
_LATIN: Final = re.compile(r"[A-Za-zªº\u00C0-\u024F\u1E00-\u1EFF\uFF21-\uFF3A\uFF41-\uFF5A]")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def is_english(text: str) -> bool:
    """Whether `text` is English, mostly English, or too short to tell."""
    if not text.isascii():
        letters = len(_LETTER.findall(text))
        if letters - len(_LATIN.findall(text)) > OTHER_SCRIPT * letters:
            return False
    words = [w.replace("’", "'") for w in _WORD.findall(text.casefold())]
    english, other = _words("english"), _words("other")
    ours, theirs = sum(map(english.__contains__, words)), sum(map(other.__contains__, words))
    if theirs > ours:
        return False
    if len(words) < ENOUGH or ours >= FEW * len(words):
        return True
    return sum(w in english or (w in _words("plain") and w not in other) for w in words) >= FEW * len(words)


def is_plainly_english(text: str) -> bool:
    """Whether `text` can only be English: the stricter of the two, for short texts of people who may write another language."""
    words = [w.replace("’", "'") for w in _WORD.findall(text.casefold())]
    plain = _words("plain")
    ours, theirs = sum(w in plain for w in words), sum(w in _words("other") and w not in plain for w in words)
    return ours >= 0.25 * len(words) and theirs <= 0.05 * len(words)


@lru_cache
def _words(name: str) -> frozenset[str]:
    """The words of `words/<name>.txt`."""
    text = (files("sim.score.text") / "words" / f"{name}.txt").read_text(encoding="utf-8")
    return frozenset(w for line in text.splitlines() if not line.startswith("# ") for w in line.split())
