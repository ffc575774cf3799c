"""A message as rules read it: in straight signs, without what it quotes, sentence by sentence.

What stands in quotation marks, in code, or after somebody's "said:" is another's word, whoever that is: it is never held against the speaker.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from sim.core.text import words

_STRAIGHT = str.maketrans({"‘": "'", "’": "'", "‛": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-", "…": "..."})
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
_QUOTED = re.compile(r'"[^"\n]*(?:"|$)|(?<![\w])\'[^\'\n]{3,}\'(?!\w)')
# "Theo says:", "I told him:", "Antje meint,": what follows up to the end of the sentence is another's word, or was said to another.
_REPORTED = re.compile(
    r"\b(?:say|says|said|saying|tell|tells|told|ask|asks|asked|answer|answers|answered|wrote|write|writes|reads?|shout(?:s|ed)?"
    r"|sagt|sagte|meint|fragt|dice|dijo|dicen|digo|preguntan?)\b[^.!?:\n]{0,30}:[^.!?\n]*[.!?]?",
    re.IGNORECASE,
)
_BY_OTHERS = re.compile(r",\s*(?:he|she|they|it|you|i)\s+(?:say|says|said|ask|asks|asked)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]]*\s+|\n+")
_TOLD = re.compile(
    r"\b(?:i|we|he|she|they|\w+)\s+(?:told|tell|tells|said|say|says|asked|promised|wrote)\s+(?:to\s+)?(?:my\s+\w+|him|her"
    r"|them|everyone|everybody|people|that|[a-z]+)\b"
)


@dataclass(frozen=True)
class Speech:
    """One message."""

    raw: str
    plain: str
    """In straight signs."""
    own: str
    """Without what it quotes, lower case."""
    sentences: tuple[str, ...]
    """Of `own`, those in which the speaker speaks for itself and now."""
    written: dict[str, str]
    """Each of them as it is written."""
    size: int
    """Words of the message."""


@lru_cache(maxsize=256)
def read_speech(message: str) -> Speech:
    """The message, taken apart."""
    plain = unicodedata.normalize("NFKC", message).translate(_STRAIGHT)
    own = own_words(plain)
    parts = [" ".join(part.split()) for part in _SENTENCE.split(own)]
    written = {part.casefold(): part for part in parts if part and not _BY_OTHERS.search(part)}
    return Speech(message, plain, own.casefold(), tuple(written), written, len(words(message)))


def own_words(plain: str) -> str:
    """`plain` without what is quoted, reported or code; an ellipsis stands for each."""
    return _REPORTED.sub(" … ", _QUOTED.sub(" … ", _CODE.sub(" … ", plain)))


def without_code(plain: str) -> str:
    """`plain` without what stands in code."""
    return _CODE.sub(" … ", plain)


def told_another(sentence: str, at: int) -> bool:
    """Whether what stands at `at` of a sentence was said to somebody else: "I told her I'd be happy to help"."""
    return any(found.end() <= at for found in _TOLD.finditer(sentence))
