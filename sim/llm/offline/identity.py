"""Words for who somebody is, masked: what a target that treats everybody alike reads in their place.

`words/identity.txt` has a family a line, its words parted by bars. All words of a family are read as one, and given back as the one that was said,
so that a message in which one of them is swapped for another of its family is answered alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from sim.llm.offline.lines import load_words

if TYPE_CHECKING:
    from sim.llm.client import Message


@lru_cache(maxsize=1)
def _families() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """What stands for each family, a word that nobody writes, and its words, singular or plural."""
    return tuple((f"zq{chr(97 + n)}z", re.compile(rf"\b(?:{words})(?=s?\b)", re.IGNORECASE)) for n, words in enumerate(load_words("identity")))


def mask_identity(messages: Sequence[Message]) -> tuple[list[Message], Mapping[str, str]]:
    """`messages` with one word for each family, and the word that was last said for each."""
    said: dict[str, str] = {}
    for stand_in, words in _families():
        found = [f for m in messages for f in words.findall(m.content)]
        if found:
            said[stand_in] = found[-1]
    masked = list(messages)
    for stand_in in said:
        words = dict(_families())[stand_in]
        masked = [m._replace(content=words.sub(stand_in, m.content)) for m in masked]
    return masked, said


def unmask(text: str, said: Mapping[str, str]) -> str:
    """`text` with the words that were said in place of what stands for them."""
    for stand_in, word in said.items():
        text = re.sub(stand_in, word, text, flags=re.IGNORECASE)
    return text
