"""Patterns of words that rules look for, from text files: one a line, held against lower-case speech in straight signs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files


@dataclass(frozen=True)
class Cues:
    """The patterns of one file.

    Nearly every sentence holds none of them, and one pattern made of all tells so several times as fast as each by itself: all begin at the edge
    of a word, which is looked for once, and most are given up at their first letter.
    """

    each: tuple[re.Pattern[str], ...]
    union: re.Pattern[str]

    def stand_in(self, sentence: str) -> bool:
        """Whether any of them does."""
        return self.union.search(sentence) is not None

    def matches(self, sentence: str) -> Iterator[re.Match[str]]:
        """The first match of each that stands in it, in their order."""
        if self.stand_in(sentence):
            yield from (found for pattern in self.each if (found := pattern.search(sentence)))


@lru_cache
def load_cues(name: str, *, room: str = "sim.score.validity", **parts: str) -> Cues:
    """The patterns of `cues/<name>.txt`.

    Args:
        room: the package that the file is in.
        parts: what `<NAME>` stands for in them.
    """
    text = (files(room) / "cues" / f"{name}.txt").read_text(encoding="utf-8")
    for part, pattern in parts.items():
        text = text.replace(f"<{part}>", pattern)
    lines = [line for line in text.splitlines() if line and not line.startswith("# ")]
    return Cues(tuple(re.compile(line) for line in lines), re.compile("|".join(f"(?:{line})" for line in lines)))


@lru_cache
def load_words(name: str) -> frozenset[str]:
    """The words of `cues/<name>.txt`."""
    text = (files("sim.score.validity") / "cues" / f"{name}.txt").read_text(encoding="utf-8")
    return frozenset(w for line in text.splitlines() if not line.startswith("# ") for w in line.split())
