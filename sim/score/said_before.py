"""Said before: the share of replies that repeat, word for word or nearly, a reply that the same target has given already.

Moves do not see words: a bot that says one sentence for ever makes the same moves as one that says it in a hundred ways, and one that says "OK."
makes none at all. Here only words count, normalised by `sim.core.text.normalise`. No figure depends on the order in which talks are read: of n replies that
are the same, n − 1 repeat another. An opening reply of fewer than four words is a greeting, which anybody repeats; it is counted apart and enters no
share. What is kept of a reply is a hash, and the texts of the first `MOST_DIFFERENT` different replies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b

from rapidfuzz import fuzz, process

from sim.core.frozen import small
from sim.core.text import normalise

ALIKE = 90.0
"""Ratio (0 to 100, of rapidfuzz) from which two replies are nearly the same."""
GREETING = 4
"""Words from which an opening reply is more than a greeting."""
MOST_DIFFERENT = 20_000
"""Different replies of one target up to which near repeats are looked for, which takes about a tenth of a millisecond for each; beyond it, only
word-for-word repeats are told."""

_SHORTEST = ALIKE / (200 - ALIKE)
"""Length, over that of a longer text, below which no two reach `ALIKE`: the ratio is 2 × matching / (sum of the lengths)."""
_ASKED, _LISTED, _LONGEST = 8, 16, 64
"""Of a text: its rarest words that are looked up, and those it is listed under; and of each word, how many of the texts listed last are looked at.
Texts that share half of the rarest words are held against each other."""
_SPACED = 20
"""Characters a word, on average, from which a text is taken to be in a script without spaces: its pairs of characters then stand for words."""


@small
class SaidBefore:
    """How often a target says again what it has said. Shares of `n`, in 0 to 1; None: there is no reply to take them of."""

    n: int
    """Replies, greetings apart."""
    greetings: int
    """Opening replies of fewer than four words, left out."""
    same_user: float | None
    """Word for word what it has told the same user."""
    anybody: float | None
    """Word for word what it has told anybody, the same user included."""
    nearly: float | None
    """The same as, or nearly the same as, what it has told anybody; None also where there are more than `MOST_DIFFERENT` different replies."""


def is_greeting(reply: str, *, opening: bool) -> bool:
    """Whether `reply` is left out: the first of its talk, and shorter than four words."""
    return opening and len(reply.split()) < GREETING


class SaidSoFar:
    """Takes the replies of one target and counts which of them repeat another."""

    def __init__(self) -> None:
        self._n = self._greetings = 0
        self._users: set[bytes] = set()
        self._different: set[bytes] = set()
        self._texts: list[str] = []

    def add(self, user: str, replies: Iterable[str]) -> None:
        """One talk with `user`, its replies in order, the opening one first."""
        for place, reply in enumerate(replies):
            if is_greeting(reply, opening=place == 0):
                self._greetings += 1
                continue
            said = normalise(reply)
            key = _hash(said)
            self._n += 1
            self._users.add(_hash(f"{user}\0{said}"))
            if key not in self._different:
                self._different.add(key)
                if len(self._different) <= MOST_DIFFERENT:
                    self._texts.append(said)

    def figures(self) -> SaidBefore:
        """The shares of all that was added."""
        if not self._n:
            return SaidBefore(n=0, greetings=self._greetings, same_user=None, anybody=None, nearly=None)
        own, anybody = (1 - len(different) / self._n for different in (self._users, self._different))
        nearly = 1 - unlike(self._texts) / self._n if len(self._different) <= MOST_DIFFERENT else None
        return SaidBefore(n=self._n, greetings=self._greetings, same_user=own, anybody=anybody, nearly=nearly)


def repeats(talks: Iterable[tuple[str, Iterable[str]]]) -> list[list[bool | None]]:
    """For each talk, given as its user and replies, whether each reply repeats word for word one that stands earlier in the list; None: a greeting.

    Given in one order everywhere, the share of True is `SaidBefore.anybody`.
    """
    known: set[bytes] = set()
    found: list[list[bool | None]] = []
    for _, replies in talks:
        here: list[bool | None] = []
        for place, reply in enumerate(replies):
            if is_greeting(reply, opening=place == 0):
                here.append(None)
                continue
            key = _hash(normalise(reply))
            here.append(key in known)
            known.add(key)
        found.append(here)
    return found


def unlike(texts: Iterable[str]) -> int:
    """How many of `texts`, normalised and all different, are left when each that is nearly like one before it is taken away; the shortest come first.

    A text is held against those that share its rarest words and are of like length, so that the time grows with the number of texts.
    """
    ordered = sorted(texts, key=lambda t: (len(t), t))
    words = [_tokens(text) for text in ordered]
    times = Counter(word for of in words for word in of)
    # A word that stands in one text alone leads to no other.
    rank = {word: i for i, word in enumerate(sorted((w for w, n in times.items() if n > 1), key=lambda w: (times[w], w)))}
    listed: dict[int, list[int]] = {}
    left = 0
    for i, text in enumerate(ordered):
        rare = sorted(rank[word] for word in words[i] if word in rank)[:_LISTED]
        least = len(text) * _SHORTEST
        shared: Counter[int] = Counter()
        for word in rare[:_ASKED]:
            shared.update(other for other in listed.get(word, ())[-_LONGEST:] if len(ordered[other]) >= least)
        near = [ordered[other] for other, n in shared.items() if 2 * n >= min(_ASKED, len(rare))]
        if near and process.extractOne(text, near, scorer=fuzz.ratio, score_cutoff=ALIKE):
            continue
        left += 1
        for word in rare:
            listed.setdefault(word, []).append(i)
    return left


def _tokens(text: str) -> set[str]:
    words = text.split()
    return set(words) if len(words) * _SPACED > len(text) else {text[i : i + 2] for i in range(len(text))}


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
