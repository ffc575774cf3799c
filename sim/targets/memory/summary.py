"""`summary`: a running summary of all talks, written anew after each session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.core.text import words
from sim.targets.memory.writing import SLACK, Written

if TYPE_CHECKING:
    from sim.llm.prompts import Prompts

WORDS = 300
"""Words that the model is told to keep to."""
CHARACTERS = 6_000
"""Beyond them it is too long, whatever counts as a word in it: 1,500 tokens."""


class Summary(Written):
    """Plain text."""

    name = "summary"

    def instructions(self, prompts: Prompts) -> str:
        """What to keep, and how long it may be."""
        return prompts.render("memory_summary_system", words=WORDS)

    def read(self, text: str, held: str, *, marked: bool) -> str:
        """`text` itself, if it is not too long."""
        if not any(c.isalnum() for c in text):
            raise ValueError("nothing is in it")
        count = len(words(text))
        if count > SLACK * WORDS:
            raise ValueError(f"it has {count} words; write at most {WORDS}")
        if len(text) > CHARACTERS:
            raise ValueError(f"it has {len(text)} characters; write at most {CHARACTERS}")
        return text

    def parts(self, memory: str) -> tuple[str, ...]:
        """It is one text."""
        return (memory,) if memory else ()
