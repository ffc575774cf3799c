"""Words in one form: what two texts are about is the same where they share the stems of their content words."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sim.core.text import words
from sim.llm.offline.lines import load_words

if TYPE_CHECKING:
    from collections.abc import Mapping

_STOP_WORDS: Final = """a an and any are as at be been but by can did do does for from had has have he her him his i if in is it its me my no not
of on or our she so than that the their them then there they this to up was we were what when which who will with would you your yours"""
STOP: Final = frozenset(_STOP_WORDS.split())
"""Words that say nothing of what a text is about."""
_PLURALS: Final = (("ies", "y"), ("sses", "ss"), ("es", "e"), ("s", ""))
_ENDINGS: Final = (("ied", "y"), ("ing", ""), ("ed", ""), ("ly", ""), ("e", ""))


@lru_cache(maxsize=4096)
def content_words(text: str) -> frozenset[str]:
    """The stems of the words of `text` that say what it is about."""
    return frozenset(stem(w) for w in words(text) if w not in STOP and (len(w) > 2 or w.isdigit()))


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    """`word` without its commonest endings, strong verbs in the present: thimbles → thimbl, collecting → collect, caught → catch."""
    plain = re.sub(r"'s?$", "", word)
    return _cut(_irregular().get(plain, plain))


def _cut(plain: str) -> str:
    for endings in (_PLURALS, _ENDINGS):
        for ending, rest in endings:
            if plain.endswith(ending) and len(plain) - len(ending) >= 3 and not plain.endswith("ss"):
                plain = plain[: -len(ending)] + rest
                break
    return re.sub(r"([^aeiouls\d])\1$", r"\1", plain)


@lru_cache(maxsize=1)
def _irregular() -> Mapping[str, str]:
    """Strong verbs: each form, and the one that stands for it."""
    return {form: line.split()[0] for line in load_words("irregular") for form in line.split()}
