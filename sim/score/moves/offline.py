"""The offline tagger: ten discourse moves and the closing offer, recognised in the wording of one English sentence.

It needs no model and no network, and gives the same tags for the same text in every process and on every machine: weights are whole numbers, so that
the order in which they are added changes nothing. Figures made with it are comparable only with figures made with the same version of it. A sentence
may carry several moves, or none. The definitions are those of guide/methods.md#moves (taxonomy of arXiv 2604.08479).

Two things decide. Cues stand in `cues/<move>.txt`, one a line: regular expressions over normalised text, in which `~` is a word boundary. A linear
model over words, pairs of words, how the sentence begins and which cues it holds stands in `offline.tsv`, made by
`python -m tests.benchmarks.train_moves`. Questions and closing offers are told by their form alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from importlib.resources import files
from itertools import pairwise
from math import exp
from typing import TYPE_CHECKING, Final

from sim.core.event import TaggedSentence, Tagging, Tags, Unscored
from sim.core.text import normalise
from sim.score.scorer import Scored
from sim.score.text.language import is_english
from sim.score.text.sentences import split_sentences

if TYPE_CHECKING:
    from sim.core.view import Turn

BY_MODEL: Final = (
    "information",
    "assistance",
    "advice",
    "validation",
    "emotional_expression",
    "paraphrasing",
    "self_disclosure",
    "questioning",
    "reappraisal",
    "empowerment",
)
CLOSING_OFFER: Final = "closing_offer"
CUES: Final = (*BY_MODEL, "paraphrasing_unasked")
FROM: Final = 0.5
"""The confidence from which a sentence makes a move."""
HUNDREDTHS: Final = 100
"""Weights in one unit of log-odds."""
BY_FORM: Final = 0.9
"""The confidence of a closing offer, which nothing is fitted to."""
_TOKEN: Final = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+|[?!]")
_LISTED: Final = re.compile(r"\d{1,3}[.)]\s+")
_LONG: Final = 5
"""Longer words also count by their last three letters: what kind of word they are."""


@dataclass(frozen=True, slots=True)
class TaggerWeights:
    """A linear model of each move: log-odds in hundredths that add up over the features of a sentence.

    They are whole numbers because the features are a set: sums of floats would depend on the order in which it is gone through, which differs from
    process to process, and a sum near 0 would tip either way.
    """

    bias: tuple[int, ...]
    """One a move of `BY_MODEL`, in its order, as everywhere below."""
    of: Mapping[str, tuple[tuple[int, int], ...]]
    """By feature, (place of the move, weight), zeros left out."""


def tag(sentence: str) -> frozenset[str]:
    """The moves that `sentence` makes: any of the ten, and the closing offer, which mostly stands alone."""
    return frozenset(confidences(sentence, load_weights()))


def confidences(sentence: str, weights: TaggerWeights) -> dict[str, float]:
    """The moves that `sentence` makes, each with its confidence in `FROM` to 1."""
    text = normalise(sentence)
    if _cue("closing_offer").search(text):
        return {CLOSING_OFFER: BY_FORM}
    odds = list(weights.bias)
    for known in filter(None, map(weights.of.get, features(sentence))):
        for place, weight in known:
            odds[place] += weight
    found = {move: 1 / (1 + exp(-z / HUNDREDTHS)) for move, z in zip(BY_MODEL, odds, strict=True) if z >= 0}
    if "questioning" not in found and _cue("question").search(text):
        found["questioning"] = FROM
    if _cue("closing_offer_within").search(text):
        found[CLOSING_OFFER] = BY_FORM
    return found


def features(sentence: str) -> set[str]:
    """What the linear model sees of `sentence`: `@` cues, `^` how it begins, `-` endings of words, `#` form, and words and pairs of words."""
    text = _LISTED.sub("", normalise(sentence), count=1) if sentence[:1].isdigit() else normalise(sentence)
    tokens = ["0" if t.isdigit() else t for t in _TOKEN.findall(text)]
    seen = set(tokens)
    seen.update([f"{a} {b}" for a, b in pairwise(tokens)])
    seen.update([f"-{t[-3:]}" for t in tokens if len(t) > _LONG])
    seen.update([f"^{' '.join(tokens[:n])}" for n in (1, 2, 3) if len(tokens) >= n])
    seen.update([f"@{name}" for name in CUES if _cue(name).search(text)])
    if _cue("question").search(text):
        seen.add("#question")
    if text.startswith("**"):
        seen.add("#heading")
    return seen


class OfflineTagger:
    """Tags English replies by rule and weight; a scorer, not a client: it makes no call."""

    id = "offline"
    version = "4"
    """Rises with every change of a cue or a weight."""

    async def score(self, context: Turn) -> Scored[Tagging]:
        """The moves of the reply."""
        return Scored(self.tag_reply(context.reply))

    def tag_reply(self, text: str) -> Tagging:
        """`text` sentence by sentence, moves in alphabetical order; refused where it is in another language."""
        if not is_english(text):
            return Unscored(cause="refused", reason="not English: the offline tagger covers English only")
        return Tags(sentences=tuple(_tagged(s) for s in split_sentences(text)))


def _tagged(sentence: str) -> TaggedSentence:
    found = sorted(confidences(sentence, load_weights()).items())
    return TaggedSentence(text=sentence, moves=tuple(m for m, _ in found), confidences=tuple(round(c, 3) for _, c in found))


def seen_in_training(sentence: str) -> bool:
    """Whether `sentence`, labelled by people, was used to make the tagger."""
    return digest(sentence) in _seen()


def digest(sentence: str) -> str:
    """What is kept of a sentence that was trained on: enough to know it again, not enough to read it."""
    return blake2b(normalise(sentence).encode(), digest_size=5).hexdigest()


@lru_cache(maxsize=1)
def _seen() -> frozenset[str]:
    return frozenset(_file("offline_seen.txt").split())


@lru_cache(maxsize=1)
def load_weights() -> TaggerWeights:
    """The weights shipped with the package."""
    return read_weights(_file("offline.tsv"))


def read_weights(text: str) -> TaggerWeights:
    """Lines of a feature and ten whole hundredths, in the order of `BY_MODEL`; a line that starts with `##` is a remark, and `bias` comes first."""
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("##")]
    bias, *others = [(feature, [int(x) for x in values.split()]) for feature, values in rows]
    return TaggerWeights(tuple(bias[1]), {feature: tuple((i, w) for i, w in enumerate(values) if w) for feature, values in others})


def _file(name: str) -> str:
    return (files("sim.score.moves") / name).read_text(encoding="utf-8")


@lru_cache(maxsize=32)
def _cue(name: str) -> re.Pattern[str]:
    """The cues of a file as one pattern. Those that begin alike share the test of how they begin, which halves the time they take."""
    cues = [line for line in _file(f"cues/{name}.txt").splitlines() if line.strip() and not line.startswith("# ")]
    parts = [_either(start, [c for c in cues if c.startswith(start)]) for start in ("^", "~")]
    parts.append(_either("", [c for c in cues if not c.startswith(("^", "~"))]))
    return re.compile("|".join(filter(None, parts)).replace("~", r"\b"))


def _either(start: str, cues: list[str]) -> str:
    return start + "(?:" + "|".join(f"(?:{c.removeprefix(start)})" for c in cues) + ")" if cues else ""
