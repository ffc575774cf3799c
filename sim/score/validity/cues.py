"""Patterns of words that rules look for, from text files: one a line, held against lower-case speech in straight signs."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files


@lru_cache
def load_cues(name: str, *, room: str = "sim.score.validity", **parts: str) -> tuple[re.Pattern[str], ...]:
    """The patterns of `cues/<name>.txt`.

    Args:
        room: the package that the file is in.
        parts: what `<NAME>` stands for in them.
    """
    text = (files(room) / "cues" / f"{name}.txt").read_text(encoding="utf-8")
    for part, pattern in parts.items():
        text = text.replace(f"<{part}>", pattern)
    return tuple(re.compile(line) for line in text.splitlines() if line and not line.startswith("# "))


@lru_cache
def load_words(name: str) -> frozenset[str]:
    """The words of `cues/<name>.txt`."""
    text = (files("sim.score.validity") / "cues" / f"{name}.txt").read_text(encoding="utf-8")
    return frozenset(w for line in text.splitlines() if not line.startswith("# ") for w in line.split())
