"""A message as rules read it: in straight signs, without what it quotes, sentence by sentence.

What stands in quotation marks, in code, or after somebody's "said:" is another's word, whoever that is: it is never held against the speaker.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from sim.core.text import count_words, normalised

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
    """One message; what several rules ask of it is found out once."""

    raw: str
    plain: str
    """In straight signs."""
    said: str
    """Without what it quotes, as it is written."""
    own: str
    """The same in lower case."""
    sentences: tuple[str, ...]
    """Of `own`, those in which the speaker speaks for itself and now."""
    written: dict[str, str]
    """Each of them as it is written."""

    @cached_property
    def size(self) -> int:
        """Words of the message."""
        return count_words(self.raw)

    @cached_property
    def normal(self) -> str:
        """The message, normalised."""
        return normalised(self.raw)

    @cached_property
    def joined(self) -> str:
        """The sentences as one text."""
        return " ".join(self.sentences)


def read_speech(message: str) -> Speech:
    """The message, taken apart."""
    plain = message if message.isascii() else unicodedata.normalize("NFKC", message).translate(_STRAIGHT)
    said = own_words(plain)
    parts = [" ".join(part.split()) for part in _SENTENCE.split(said)]
    written = {part.casefold(): part for part in parts if part and not ("," in part and _BY_OTHERS.search(part))}
    return Speech(message, plain, said, said.casefold(), tuple(written), written)


def own_words(plain: str) -> str:
    """`plain` without what is quoted, reported or code; an ellipsis stands for each."""
    text = without_code(plain)
    if '"' in text or "'" in text:
        text = _QUOTED.sub(" … ", text)
    return _REPORTED.sub(" … ", text) if ":" in text else text


def without_code(plain: str) -> str:
    """`plain` without what stands in code."""
    return _CODE.sub(" … ", plain) if "`" in plain else plain


def told_another(sentence: str, at: int) -> bool:
    """Whether what stands at `at` of a sentence was said to somebody else: "I told her I'd be happy to help"."""
    return any(found.end() <= at for found in _TOLD.finditer(sentence))
