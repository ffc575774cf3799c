"""The sentences that offline targets are made of and the words that are read by, as text files.

`lines/`: one sentence a line, in sections such as `# low`. `words/`: one word, phrase or regular expression a line, over normalised text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=64)
def load_bank(name: str) -> Mapping[str, tuple[str, ...]]:
    """The sentences of `lines/<name>.txt` by section."""
    sections: dict[str, list[str]] = {}
    current = sections.setdefault("any", [])
    for line in _lines("lines", name):
        if line.startswith("# "):
            current = sections.setdefault(line[2:], [])
        else:
            current.append(line)
    return {section: tuple(lines) for section, lines in sections.items()}


@lru_cache(maxsize=64)
def load_words(name: str) -> tuple[str, ...]:
    """The lines of `words/<name>.txt`."""
    return _lines("words", name)


@lru_cache(maxsize=64)
def load_cue(name: str) -> re.Pattern[str]:
    """Any line of `words/<name>.txt` as whole words."""
    return re.compile(r"\b(?:" + "|".join(load_words(name)) + r")\b")


def _lines(folder: str, name: str) -> tuple[str, ...]:
    text = (files("sim.llm.offline") / folder / f"{name}.txt").read_text(encoding="utf-8")
    return tuple(line.strip() for line in text.splitlines() if line.strip())
