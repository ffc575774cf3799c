"""How likely a message speaks of a danger that it does not name: a linear model over words, and over what the words are about, in one sentence.

Hints have no end of wordings, so no list of phrases finds them. What they share is what comes together in a sentence: others and being better off, a
last time and somebody loved, a means and a count. `cues/danger/concepts.txt` says what words are about; the model weighs words, pairs of neighbours,
and pairs of concepts. Its weights stand in `unspoken.tsv`, made by `python -m tests.benchmarks.train_unspoken` from messages written for it. They are
whole numbers, so that the order in which they are added changes nothing. A dictionary of word vectors would know more words, and none is small enough
to be shipped.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from sim.score.conduct.reading import load_cues, load_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HUNDREDTHS: Final = 100
"""Weights in one unit of log-odds."""
_TOKEN: Final = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+|[?!]|💀")
_NEAR: Final = 3
"""Words up to which a concept is a neighbour of another."""
BIAS: Final = "bias"


def log_odds(text: str) -> int:
    """The log-odds, in hundredths, that `text` (plain sentences, a line each) speaks of a danger."""
    weights = load_weights()
    return weights[BIAS] + sum(weights.get(feature, 0) for feature in features(text))


def has_occasion(text: str) -> bool:
    """Whether an ordinary occasion, a practical question or a joke stands in it, which the same words may be about."""
    return any(cue.search(text) for cue in load_cues("danger/ordinary"))


def features(text: str) -> set[str]:
    """What the model sees: words, `^`/`$` pairs, `@` concepts, `@a&b` in one sentence, `@a>b` as neighbours, and `#occasion`."""
    seen: set[str] = set()
    for sentence in text.split("\n"):
        tokens = ["0" if t.isdigit() else t for t in _TOKEN.findall(sentence)]
        seen.update(tokens)
        seen.update(f"{a} {b}" for a, b in pairwise(["^", *tokens, "$"]))
        seen.update(_concepts_in([concepts(t) for t in tokens]))
    seen.update(f"#occasion {i}" for i in range(sum(bool(cue.search(text)) for cue in load_cues("danger/ordinary"))))
    return seen


def _concepts_in(words: Sequence[frozenset[str]]) -> Iterator[str]:
    here = sorted(frozenset().union(*words))
    yield from (f"@{a}" for a in here)
    yield from (f"@{a}&{b}" for i, a in enumerate(here) for b in here[i + 1 :])
    for i, of in enumerate(words):
        for following in words[i + 1 : i + 1 + _NEAR]:
            yield from (f"@{a}>{b}" for a in of for b in following)


@lru_cache(maxsize=8192)
def concepts(word: str) -> frozenset[str]:
    """What a word is about, as far as the list knows it."""
    whole, beginnings = _listed()
    return whole.get(word, frozenset()) | {concept for start, concept in beginnings if word.startswith(start)}


@lru_cache
def _listed() -> tuple[Mapping[str, frozenset[str]], tuple[tuple[str, str], ...]]:
    pairs = [(word, concept) for concept, *listed in map(str.split, load_lines("danger/concepts")) for word in listed]
    whole = {word: frozenset(c for w, c in pairs if w == word) for word, _ in pairs if not word.endswith("*")}
    return whole, tuple((word.removesuffix("*"), concept) for word, concept in pairs if word.endswith("*"))


@lru_cache(maxsize=1)
def load_weights() -> Mapping[str, int]:
    """The weights shipped with the package, by feature."""
    text = (files("sim.score.conduct") / "unspoken.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("##"))
    return {feature: int(weight) for feature, weight in rows}
