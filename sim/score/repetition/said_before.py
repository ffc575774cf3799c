"""Said before: which replies repeat, word for word or nearly, an earlier reply of the same target
(guide/methods.md#said-before). It sees words, where moves do not.

Replies are compared after normalising (case, quotes, spaces). Of the replies that are alike, the first does not repeat anything: first by person and
then by place in the talk, whatever the order in which they come, so that the same run always gives the same figure. An opening reply of under four
words is a greeting, which anybody repeats: it is left out, and counted. Later in a talk no reply is too short: a bot that answers "OK." to everything
has said it before.

*Nearly* is a fuzzy ratio of 90 or more. Comparing every two replies would take a hundred thousand of them an hour. Two replies as near as that share
most of their runs of three words, so only those are compared that share a run, the rarest runs first; a reply in which every third word is misspelt
is not found.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from sim.core.forget import WORD
from sim.core.text import count_words, normalised, words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

FEWEST_WORDS = 4
"""Words below which a reply that opens a talk is a greeting."""
NEAR = 90.0
"""Fuzzy ratio, of 0 to 100, from which a reply nearly repeats another."""
RUN = 3
"""Words of a run that near replies share."""
SHARED = 0.2
"""Of the runs of the shorter reply, the share that another must have to be compared with it."""
BACK = 4
"""Earlier replies with the same run that are looked at, the nearest first: what is near shares many runs, so that one of them leads to it."""
MOST = 200_000
"""Different replies beyond which nobody looks for near ones."""

Repeat = Literal["same_user", "anybody", "nearly"]
"""The closest kind: word for word to the same user, word for word to somebody else, or nearly, to anybody."""


Said = Repeat | Literal["new", "short"]
"""What a reply is: a repeat, new, or a greeting, too short to count."""


@dataclass(frozen=True, slots=True)
class SaidBefore:
    """How much of what a target says it has said before."""

    replies: int
    """Greetings apart; the shares are of these."""
    short: int
    """Greetings: opening replies of under four words, in no share."""
    same_user: int
    """That repeat word for word what the same person was told."""
    anybody: int
    """That repeat word for word what anybody was told, the same person included."""
    nearly: int | None
    """That repeat it nearly, or word for word. None: there are too many different replies to look."""


class Sayings:
    """Everything that one target has said, reply by reply: a digest of each, and each different text once as long as there are not too many."""

    def __init__(self) -> None:
        self._seen: dict[bytes, int] = {}
        """By digest of the reply as it is: the number of its text."""
        self._numbers: dict[bytes, int] = {}
        """By digest of the normalised text."""
        self._texts: list[str] | None = []
        """By number; None: there are too many."""
        self._said: list[tuple[str, tuple[int, ...], int]] = []

    def add(self, text: str, *, person: str, place: tuple[int, ...], opening: bool) -> None:
        """One reply.

        Args:
            person: who it was said to.
            place: where it stands in all that was said to them, such as session and exchange.
            opening: whether it is the first of its session.
        """
        if not counts(text, opening=opening):
            self._said.append((person, place, _SHORT))
            return
        seen = _digest(text)
        number = self._seen.get(seen)
        if number is None:
            number = self._seen[seen] = self._number(text)
        self._said.append((person, place, number))

    def _number(self, text: str) -> int:
        plain = normalised(text)
        number = self._numbers.setdefault(_digest(plain), len(self._numbers))
        if self._texts is not None and number == len(self._texts):
            self._texts.append(plain)
            if len(self._texts) > MOST:
                self._texts = None
        return number

    @property
    def looks(self) -> bool:
        """Whether near repeats are looked for."""
        return self._texts is not None

    def found(self) -> list[Said]:
        """What each reply is, in the order in which they were added."""
        found: list[Said] = ["new"] * len(self._said)
        first: dict[int, int] = {}
        told: set[tuple[int, str]] = set()
        for i in sorted(range(len(self._said)), key=lambda i: self._said[i][:2]):
            person, _, number = self._said[i]
            if number == _SHORT:
                found[i] = "short"
                continue
            if (number, person) in told:
                found[i] = "same_user"
            elif number in first:
                found[i] = "anybody"
            else:
                first[number] = i
            told.add((number, person))
        if self._texts is not None:
            order = list(first)
            for n in near_repeats([self._texts[number] for number in order]):
                found[first[order[n]]] = "nearly"
        return found


_SHORT = -1


def count_repeats(found: Iterable[Said], *, looked: bool = True) -> SaidBefore:
    """What `Sayings.found` gave, counted.

    Args:
        looked: whether near repeats were looked for.
    """
    times = Counter(found)
    word_for_word = times["same_user"] + times["anybody"]
    replies = times.total() - times["short"]
    return SaidBefore(replies, times["short"], times["same_user"], word_for_word, word_for_word + times["nearly"] if looked else None)


def counts(text: str, *, opening: bool) -> bool:
    """Whether a reply is looked at: it is no greeting, and was not forgotten."""
    if opening and count_words(text) < FEWEST_WORDS:
        return False
    return not set(text.split()) <= {WORD} if WORD in text else bool(text.strip())


def fingerprint(text: str, *, opening: bool) -> bytes | None:
    """The same for replies that are alike word for word, and for no others; None: it does not count."""
    return _digest(normalised(text)) if counts(text, opening=opening) else None


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()


# --- near ones ----------------------------------------------------------------------------------------------------


def near_repeats(texts: Sequence[str]) -> list[int]:
    """Which of `texts`, all different and in order, are near an earlier one."""
    if not 1 < len(texts) <= MOST:
        return []
    from rapidfuzz import fuzz, process

    later, earlier = _candidates(texts)
    found = np.zeros(len(texts), dtype=bool)
    for start in range(0, len(later), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        asked = ~found[later[some]]
        a, b = later[some][asked], earlier[some][asked]
        scores = process.cpdist([texts[i] for i in a], [texts[i] for i in b], scorer=fuzz.ratio, score_cutoff=NEAR)
        found[a[scores >= NEAR]] = True
    return np.flatnonzero(found).tolist()


AT_ONCE = 20_000
"""Pairs compared at a time, so that a reply that was found near one is not compared with others."""


def _candidates(texts: Sequence[str]) -> tuple[Ints, Ints]:
    """Pairs of texts, the later and the earlier one, that may be near: those with most runs in common first."""
    numbers: dict[str, int] = {}
    flat, sizes = array("q"), np.zeros(len(texts), dtype=np.int64)
    for i, text in enumerate(texts):
        tokens = _tokens(text)
        sizes[i] = len(tokens)
        # Two ends, so that a text of W words has W runs, and one changed word leaves some.
        flat.append(0)
        flat.extend(numbers.setdefault(token, len(numbers) + 2) for token in tokens)
        flat.append(1)
    owner = np.repeat(np.arange(len(texts)), sizes + 2)
    hashed = np.frombuffer(flat, dtype=np.uint64)
    key = np.zeros(len(hashed) - RUN + 1, dtype=np.uint64)
    for k in range(RUN):
        key = key * np.uint64(0x9E3779B97F4A7C15) + (hashed[k : len(hashed) - RUN + 1 + k] + np.uint64(1)) * np.uint64(0xC2B2AE3D27D4EB4F)
        key ^= key >> np.uint64(29)
    whole = owner[: len(key)] == owner[RUN - 1 :]
    key, owner = key[whole], owner[: len(whole)][whole]
    order = np.lexsort((owner, key))
    key, owner = key[order], owner[order]
    pairs = []
    for back in range(1, BACK + 1):
        same = (key[back:] == key[:-back]) & (owner[back:] != owner[:-back])
        pairs.append(owner[back:][same] * len(texts) + owner[:-back][same])
    pair, shared = np.unique(np.concatenate(pairs), return_counts=True)
    later, earlier = pair // len(texts), pair % len(texts)
    lengths = np.array([len(t) for t in texts], dtype=np.int64)
    # The least that deletions and insertions alone would take, and a fifth of the runs.
    near = np.abs(lengths[later] - lengths[earlier]) * 100 <= (100 - NEAR) * (lengths[later] + lengths[earlier])
    near &= shared >= SHARED * np.minimum(sizes[later], sizes[earlier])
    later, earlier, shared = later[near], earlier[near], shared[near]
    best = np.lexsort((earlier, -shared))
    return later[best], earlier[best]


def _tokens(text: str) -> list[str]:
    """Split at spaces; in scripts without them, character by character."""
    split = text.split()
    return split if len(split) >= FEWEST_WORDS else words(text)
