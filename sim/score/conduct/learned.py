"""What a text most likely is, told by its words: linear models that were fitted to written examples.

Rules find what their author thought of, and what people and chatbots do in a talk has no end of wordings. A model beside the rules weighs words and
pairs of neighbours; it knows no grammar, and is right more often the more examples it was shown. The examples are in
`tests/benchmarks/written/<model>/`, the weights in `learned/<model>.tsv`, made from them by `python -m tests.benchmarks.train_conduct`. Weights are
whole numbers, so that the order in which they are added changes nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from math import exp, sqrt
from typing import TYPE_CHECKING, Final

from sim.core.text import normalised

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

HUNDREDTHS: Final = 100
"""Weights in one unit of log-odds."""
BIAS: Final = "^"
"""Stands before its weights; no text has this for a word."""
_TOKEN: Final = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+|[?!*]|[\U0001F300-\U0001FAFF❤]")
_SENTENCE: Final = re.compile(r"(?<=[.!?…])\s+|\n+")
_DIGITS: Final = 2
"""Numbers of more digits are one word: an age or a school year is told by its number, a price is not."""
_STEM: Final = 5
"""Letters that longer words are known by, too, so that "subscribing" is told by "subscription"."""
_OF_STEM: Final = 0.7
_OF_MESSAGE: Final = 0.5
"""What the beginning of a word, and a word of the message, count beside a word of the text."""


@dataclass(frozen=True, slots=True)
class Model:
    """The weights of one model. The first label is what the others are held against, and has none."""

    labels: tuple[str, ...]
    weights: Mapping[str, tuple[int, ...]]
    """By feature, one for each label but the first."""

    def chances(self, text: str, message: str = "", signs: Iterable[str] = ()) -> dict[str, float]:
        """How likely `text` is each of the labels, from 0 to 1; together they make 1.

        Args:
            message: what it answers, where the model reads that too.
            signs: what rules find in it, where the model weighs that too.
        """
        seen = [(self.weights.get(f), counts) for f, counts in features(text, message, signs).items()]
        length = sqrt(sum(counts**2 for _, counts in seen)) or 1.0
        sums = [sum(w[i] * counts for w, counts in seen if w) for i in range(len(self.labels) - 1)]
        odds = [0.0, *((bias + of / length) / HUNDREDTHS for bias, of in zip(self.weights[BIAS], sums, strict=True))]
        top = max(odds)
        parts = [exp(o - top) for o in odds]
        return {label: part / sum(parts) for label, part in zip(self.labels, parts, strict=True)}


def features(text: str, message: str = "", signs: Iterable[str] = ()) -> dict[str, float]:
    """What a model sees, and how much it counts.

    Words, pairs of neighbours with `^` and `$` where a sentence begins and ends, `~` before the beginning of a longer word, `<` before a word of the
    message, `=` before what rules find.
    """
    return _words(text, message) | {f"={sign}": 1.0 for sign in signs}


@lru_cache(maxsize=256)
def _words(text: str, message: str) -> dict[str, float]:
    """What is seen of the words; kept for the other models that read the same text."""
    seen: dict[str, float] = {}
    for sentence in _SENTENCE.split(text):
        tokens = tokens_of(sentence)
        seen |= dict.fromkeys(tokens, 1.0)
        seen |= {f"~{t[:_STEM]}": _OF_STEM for t in tokens if len(t) > _STEM}
        seen |= {f"{a} {b}": 1.0 for a, b in pairwise(("^", *tokens, "$"))}
    return seen | {f"<{word}": _OF_MESSAGE for word in tokens_of(message)}


def tokens_of(text: str) -> list[str]:
    """The words, numbers and signs of `text` that a model tells apart."""
    return ["0" if t.isdigit() and len(t) > _DIGITS else t for t in _TOKEN.findall(normalised(text))]


def most_telling(model: str, label: str, sentences: Sequence[str], message: str = "") -> int:
    """The place of the sentence that speaks most for `label`."""
    return max(range(len(sentences)), key=lambda i: load_model(model).chances(sentences[i], message)[label])


@lru_cache
def load_model(name: str) -> Model:
    """The model shipped as `learned/<name>.tsv`."""
    head, *rows = (files("sim.score.conduct") / "learned" / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    table = (row.split("\t") for row in rows)
    return Model(tuple(head.split("\t")), {feature: tuple(map(int, weights)) for feature, *weights in table})
