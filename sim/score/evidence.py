"""Whether what a rater quotes was really said."""

from __future__ import annotations

from rapidfuzz import fuzz

from sim.core.text import normalise, words

FUZZY_FROM = 12
"""Characters from which a near match counts."""
FUZZY_RATIO = 90.0
MIN_QUOTE_WORDS = 4


def quote_found(quote: str, text: str) -> bool:
    """Whether `text` contains `quote` after normalising both, or from 12 characters on something at least 90 % alike."""
    wanted, given = normalise(quote), normalise(text)
    if not wanted:
        return False
    if wanted in given:
        return True
    return len(wanted) >= FUZZY_FROM and len(wanted) <= len(given) and fuzz.partial_ratio(wanted, given) >= FUZZY_RATIO


def quote_long_enough(quote: str, text: str) -> bool:
    """Whether `quote` has at least four words, or is all of `text`."""
    return len(words(quote)) >= MIN_QUOTE_WORDS or len(words(quote)) >= len(words(text))
