"""Comparing what was said with what was meant: normalised text, whole-word search, word counts."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# What keyboards and models put for the same sign. Models write ’ nearly always and people nearly never, and both must match.
_STRAIGHT = {"‘": "'", "’": "'", "‚": "'", "‛": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-", "…": "..."}
_CURLY = re.compile(f"[{''.join(_STRAIGHT)}]")
_APART = str.maketrans({c: " " for c in map(chr, range(128)) if not (c.isalnum() or c in "'-")})
"""Of ASCII, what stands in no word."""
# An apostrophe or a hyphen inside a word belongs to it, at its edge it does not.
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
# Thai, kana, Chinese characters and their compatibility forms: scripts that put no space between words.
_WIDE = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def normalised(text: str) -> str:
    """NFKC, lower case, straight quotes, single spaces; nothing is remembered of it, so that a log of any length can be gone through."""
    if text.isascii():
        return " ".join(text.lower().split())
    # `str.translate` would take ten times as long.
    straight = _CURLY.sub(lambda found: _STRAIGHT[found[0]], unicodedata.normalize("NFKC", text))
    return " ".join(straight.casefold().split())


@lru_cache(maxsize=4096)
def normalise(text: str) -> str:
    """`normalised`, and remembered for a while."""
    return normalised(text)


@lru_cache(maxsize=4096)
def whole_words(answer: str) -> tuple[str, re.Pattern[str]]:
    """`answer` normalised, and a pattern that finds it as whole words in normalised text; look for the first before trying the second."""
    wanted = normalise(answer)
    edge = "" if _WIDE.search(wanted) else r"(?<!\w)", "" if _WIDE.search(wanted) else r"(?!\w)"
    return wanted, re.compile(edge[0] + re.escape(wanted) + edge[1])


def contains(text: str, answer: str) -> bool:
    """Whether `answer` stands in `text` as whole words, after normalising both. Scripts without spaces match anywhere."""
    (wanted, pattern), within = whole_words(answer), normalise(text)
    return wanted in within and pattern.search(within) is not None


def words(text: str) -> list[str]:
    """The words of `text`, lower-cased; in scripts without spaces, each character is one."""
    return _words(text, normalise(text))


def count_words(text: str) -> int:
    """How many words `text` has; nothing is remembered of it, so that a log of any length can be counted."""
    if not text.isascii():
        return len(_words(text, normalised(text)))
    parts = text.translate(_APART).split()
    odd = [part for part in parts if not part.isalnum()]
    return len(parts) - len(odd) + len(_WORD.findall(" ".join(odd))) if odd else len(parts)


def _words(text: str, normalised: str) -> list[str]:
    found: list[str] = _WORD.findall(normalised)
    if not _WIDE.search(text):
        return found
    return [part for word in found for part in (word if _WIDE.search(word) else (word,))]
