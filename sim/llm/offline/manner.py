"""How a sentence is said: in full and ceremoniously, evenly, or shortened and small, to go with how the user writes."""

from __future__ import annotations

import re
from typing import Final

_IN_FULL: Final = {
    "n't": " not", "'m": " am", "'re": " are", "'ve": " have", "'ll": " will", "'d": " would",
}  # fmt: skip
_IRREGULAR: Final = {"can't": "cannot", "won't": "will not", "let's": "let us", "shan't": "shall not"}
_IS: Final = re.compile(r"\b(it|that|there|what|here|who|he|she|where|how)'s\b(?! been)", re.IGNORECASE)
_HAS_BEEN: Final = re.compile(r"\b(it|that|there|he|she)'s been\b", re.IGNORECASE)
_WORD = re.compile(r"\b[\w]+'[a-z]+\b|\b\w+n't\b", re.IGNORECASE)
_SHORT: Final = (
    (re.compile(r"\b(I) am\b(?=\s\w)"), r"\1'm"),
    (re.compile(r"(?<!at )(?<!see )(?<!about )\b([Ii]t|[Tt]hat|[Ww]hat|[Tt]here) is\b(?=\s(?!it\b)\w)"), r"\1's"),
    (re.compile(r"\b([Yy]ou|[Tt]hey|[Ww]e) are\b"), r"\1're"),
    (re.compile(r"\b([Yy]ou|[Tt]hey|[Ww]e|I) have\b(?= (?:been|\w+ed|thought|put|had|got|half|tried|just))"), r"\1've"),
    (re.compile(r"\b([Dd]o|[Dd]oes|[Ii]s|[Aa]re|[Ww]ould|[Cc]ould) not\b"), r"\1n't"),
)


def in_full(text: str) -> str:
    """`text` without contractions."""
    text = _HAS_BEEN.sub(r"\1 has been", _IS.sub(r"\1 is", text))
    return _WORD.sub(lambda m: _expanded(m.group()), text)


def shortened(text: str) -> str:
    """`text` with the usual contractions."""
    for full, short in _SHORT:
        text = full.sub(short, text)
    return text


def small(text: str) -> str:
    """`text` without capitals at the start of its sentences, but for names."""
    begun = re.sub(r"(^|[.!?…]\s+)([A-Z])(?=[a-z]|\s)", lambda m: m.group(1) + m.group(2).lower(), text)
    return re.sub(r"\bI\b(?!\.)", "i", begun)


def _expanded(word: str) -> str:
    plain = word.lower()
    if plain in _IRREGULAR:
        full = _IRREGULAR[plain]
        return full.capitalize() if word[0].isupper() else full
    for short, full in _IN_FULL.items():
        if plain.endswith(short):
            return word[: -len(short)] + full
    return word
