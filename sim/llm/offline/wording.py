"""What can be read off the wording of any text: register, depth, warmth, mood, and the words that carry its content.

Users, raters and targets read through these functions; each looks at shares and presence more than at counts, so that a text said twice over reads
the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from sim.core.text import normalise, words
from sim.llm.offline.lines import load_cue, load_words

_SENTENCE = re.compile(r"(?:[^.!?…\n]|(?<=\d)\.(?=\d)|(?<=\b[A-Z][a-z])\.(?=\s[A-Z])|(?<=\bMrs)\.)+(?:[.!?…]+[\"'”’)]*)?")

_SHORTENED = re.compile(r"\b(?:\w+n't|(?:i|you|we|they|it|he|she|that|there|what|who|let|here)'(?:m|re|ve|ll|d|s))\b")
_SMILEY = re.compile(r"\w\)(?:\s|$)")
"""A closing bracket for a smile, as written in a hurry."""
_EMOJI = re.compile(r"[\U0001F300-\U0001FAFF\u2600-\u27BF]")
_NOT = re.compile(r"\b(?:not|no|never|hardly|n't)\W+(?:\w+\W+){0,1}$")


TELLING = 12
"""Words from which the choice of words tells something of depth."""
_DEPTHS = ((0.0, 2.0), (0.05, 3.0), (0.12, 4.0), (0.2, 5.0))
"""Levels by share of long words."""
_WARMTHS = ((0.0, 1.0), (0.1, 2.0), (0.3, 3.0), (0.55, 4.0), (0.85, 5.0))
"""Levels by share of warm sentences."""
_USUAL_WORDS = (0.5, 10)
_USUAL_SENTENCES = (0.25, 1)
"""What an ordinary text would hold, (hits, of how many), added to each: two or three sentences are little to judge by."""


@lru_cache(maxsize=4096)
def sentences(text: str) -> tuple[str, ...]:
    """Rough sentences of `text`, with their stops."""
    return tuple(s.strip() for s in _SENTENCE.findall(text) if any(c.isalnum() for c in s))


@lru_cache(maxsize=4096)
def stems(text: str) -> frozenset[str]:
    """The stems of the words of `text` that carry content."""
    return frozenset(_stem(w) for w in words(text) if len(w) > 2 and w not in load_words("stopwords") and "'" not in w)


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "er", "es", "ed", "ly", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


@lru_cache(maxsize=4096)
def formality(text: str) -> float:
    """Register of `text`, from 1 (slang) to 5 (ceremonious); 3 where nothing tells."""
    plain = normalise(text)
    said = max(len(sentences(text)), 1)
    shortened = len(_SHORTENED.findall(plain))
    level = 3.0
    if shortened:
        level -= 0.8 if shortened >= said / 2 else 0.5
    elif load_cue("in_full").search(plain):
        level += 0.7
    level -= 0.8 * min(len(load_cue("slang").findall(plain)) + len(_SMILEY.findall(plain)), 2)
    level -= 0.4 * ("!" in text) + 0.6 * bool(_EMOJI.search(text)) + 0.8 * writes_small(text)
    level += 0.8 * min(len(load_cue("ceremony").findall(plain)), 2)
    return min(max(level, 1.0), 5.0)


def habitual_formality(texts: Sequence[str]) -> float:
    """Register of someone who wrote `texts`: what one writes when off guard tells more than even sentences do."""
    levels = [formality(t) for t in texts]
    loose = [level for level in levels if level < 3]
    counted = loose if 5 * len(loose) >= len(levels) else levels
    return sum(counted) / len(counted) if counted else 3.0


def is_shortened(text: str) -> bool:
    """Whether `text` has a contraction."""
    return _SHORTENED.search(normalise(text)) is not None


def writes_small(text: str) -> bool:
    """Whether `text` begins without a capital, as people do in a hurry."""
    first = next((c for c in text if c.isalpha()), "")
    return first.islower()


@lru_cache(maxsize=4096)
def depth(text: str) -> int:
    """Depth of `text`, from 1 (explained for beginners) to 5 (for experts), by its share of long words and its explanations.

    A line of a few words goes into nothing: 2.
    """
    return round(depth_level(text))


@lru_cache(maxsize=4096)
def depth_level(text: str) -> float:
    """Depth of `text` between the whole steps."""
    found = words(text)
    if len(found) < TELLING:
        return 2
    long = sum(len(w) >= 9 for w in found)
    share = (long + _USUAL_WORDS[0]) / (len(found) + _USUAL_WORDS[1])
    if load_cue("plain").search(normalise(text)) and share < 0.12:
        return 1
    return _along(share, _DEPTHS)


@lru_cache(maxsize=4096)
def warmth(text: str) -> float:
    """Warmth of `text`, from 1 (dry) to 5 (very warm), by its share of warm sentences."""
    said = sentences(text)
    warm = sum(bool(load_cue("warm").search(normalise(s))) for s in said)
    return _along((warm + _USUAL_SENTENCES[0]) / (len(said) + _USUAL_SENTENCES[1]), _WARMTHS)


def _along(share: float, steps: Sequence[tuple[float, float]]) -> float:
    """The level of `share` on the line through `steps`, which are (share, level) in rising order."""
    for (low, below), (high, above) in pairwise(steps):
        if share <= high:
            return below + (above - below) * (share - low) / (high - low)
    return steps[-1][1]


def warm_sentence(text: str) -> str | None:
    """The first warm sentence of `text`."""
    return next((s for s in sentences(text) if load_cue("warm").search(normalise(s))), None)


CURT = 16
"""Words up to which a reply may be nothing but a way of ending the matter."""


def brushes_off(text: str, said: str) -> bool:
    """Whether `text` turns away who said `said`: a few words without warmth, laughter or question that take up no content word of it."""
    plain = normalise(text)
    met = "?" in text or load_cue("warm").search(plain) or load_cue("jokes").search(plain) or _EMOJI.search(text)
    return not met and len(words(text)) <= CURT and not stems(text) & stems(said)


def takes_up(text: str, valence: int) -> bool:
    """Whether `text` takes up a mood of that valence."""
    plain = normalise(text)
    return bool(load_cue("takes_up_low" if valence < 0 else "warm").search(plain))


def jars(text: str, valence: int) -> bool:
    """Whether `text` is cheerful at someone low, or commiserates with someone glad."""
    plain = normalise(text)
    if valence < 0:
        return bool(load_cue("cheerful").search(plain))
    return valence > 0 and bool(load_cue("sympathy").search(plain))


def valence(text: str, otherwise: int = 0) -> int:
    """-1, 0 or 1: whether low or high words prevail in `text`; `otherwise` where neither stands in it."""
    plain = normalise(text)
    low = sum(_NOT.search(plain[: m.start()]) is None for m in load_cue("low").finditer(plain))
    high = sum(_NOT.search(plain[: m.start()]) is None for m in load_cue("high").finditer(plain))
    return otherwise if low == high == 0 else (high > low) - (low > high)
