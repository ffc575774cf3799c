"""The two nulls of repetition, by permutation: is there carry-over from reply to reply, and do replies fit their conversation?

*Order* puts the tagged replies of each conversation in random order and looks at the Jaccard of neighbours. It is exact where the replies of a
conversation are exchangeable, however conversations differ from each other. Where talks have a course (opening, middle, end) they are not: it then
answers to that, and the figure to go by is the one of `sim.score.repetition.course`.

*Conversation* deals the tagged replies at each position out over conversations and looks at the mean Jaccard of all pairs of replies within a
conversation, whatever their distance: that of neighbours would answer to carry-over as well. It is exact where conversations are independent and
alike, however positions differ from each other. Positions with fewer than five conversations keep their replies.

p = (1 + permutations that come to at least what was observed) / (1 + permutations), one-sided. Empty places keep where they are, so that the pairs
stay the same. Talks are permuted in canonical order: the order in which they were added changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.score.repetition.course import FEWEST
from sim.score.repetition.marks import jaccards
from sim.score.repetition.overlap import AT_ONCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.score.repetition.marks import Bits, Index, MarkColumns

    Floats = NDArray[np.float64]

WORK = 30_000_000
"""Replies moved over all permutations, beyond which there are fewer permutations than asked for."""
FEWEST_PERMUTATIONS = 99
"""Or as many as asked for, if that is less."""
MOST_PAIRS = 300_000
"""Pairs of replies within conversations, beyond which the conversation null looks at a seeded draw of so many of them."""
TIE = 1e-9
"""Statistics closer than this are equal: they are sums of the same fractions in another order."""


@dataclass(frozen=True, slots=True)
class Null:
    """One null, drawn."""

    observed: float
    values: Floats
    """(permutations,) The statistic under it."""
    excess: Floats
    """(permutations,) Stickiness − base rate under it; empty for the conversation null, and NaN where no previous reply has a move."""

    @property
    def p(self) -> float:
        """One-sided, ties counted against."""
        return float((1 + (self.values >= self.observed - TIE).sum()) / (1 + len(self.values)))

    @property
    def mean_excess(self) -> float | None:
        """Over the permutations that have any. None: none has."""
        known = self.excess[~np.isnan(self.excess)]
        return float(known.mean()) if len(known) else None


def permutations_for(columns: MarkColumns, asked: int) -> int:
    """How many permutations are made: as many as asked for up to 30 million replies moved in all, but 99 in any case."""
    affordable = WORK // max(1, int(columns.tagged.sum()))
    return min(asked, max(FEWEST_PERMUTATIONS, affordable))


def order_null(columns: MarkColumns, *, permutations: int, seed: int) -> Null | None:
    """Jaccard and excess of neighbours, replies in random order within each conversation.

    None: no conversation with a pair has three tagged replies, or every pair is of two empty sets.
    """
    now, talks = columns.pairs, len(columns.starts) - 1
    tagged = np.flatnonzero(columns.tagged)
    n = np.bincount(columns.talk[tagged], minlength=talks)
    if not (n[columns.talk[now]] > 2).any():
        return None
    row = np.cumsum(columns.tagged) - 1
    previous, current = row[now - 1], row[now]
    sets, group = columns.sets[tagged], columns.talk[tagged]
    observed, counted = jaccards(sets[previous], sets[current])
    if not counted.any():
        return None
    values, excess = [], []
    for dealt in _permuted(sets, group, permutations, seed=(seed, 1)):
        a, b = dealt[:, previous], dealt[:, current]
        values.append(_ratio(*jaccards(a, b)))
        excess.append(_excess(a, b, len(columns.codes)))
    return Null(float(observed.sum() / counted.sum()), np.concatenate(values), np.concatenate(excess))


def conversation_null(columns: MarkColumns, *, permutations: int, seed: int) -> Null | None:
    """Mean Jaccard of replies of the same conversation, replies dealt out over conversations at the same position.

    A conversation weighs as many pairs of neighbours as it has, as in *within* of guide/methods.md#repetition.
    None: no position has five conversations, there is no pair, or every pair is of two empty sets.
    """
    tagged = np.flatnonzero(columns.tagged)
    tagged = tagged[np.argsort(columns.place[tagged], kind="stable")]
    place = columns.place[tagged]
    free = np.bincount(place)[place] >= FEWEST if len(place) else np.zeros(0, dtype=bool)
    now = columns.pairs
    if not len(now) or not free.any():
        return None
    row = np.empty(len(columns.tagged), dtype=np.int64)
    row[tagged] = np.arange(len(tagged))
    first, second, weight = _within_talks(columns, seed=(seed, 2))
    first, second = row[first], row[second]
    sets = columns.sets[tagged]
    # Permuting within groups of one changes nothing, and so no case is needed for what is fixed.
    # A position of its own for each reply that stays where it is.
    group = np.where(free, place, place.max(initial=0) + 1 + np.arange(len(place)))
    observed, counted = jaccards(sets[first], sets[second])
    if not counted.any():
        return None
    values = [
        _ratio(*jaccards(dealt[:, first], dealt[:, second]), weight) for dealt in _permuted(sets, group, permutations, seed=(seed, 3), by=len(first))
    ]
    return Null(float(_ratio(observed[None], counted[None], weight)[0]), np.concatenate(values), np.empty(0))


def _within_talks(columns: MarkColumns, *, seed: tuple[int, int]) -> tuple[Index, Index, Floats]:
    """Rows of every two tagged replies of a conversation, and what they weigh; a seeded draw by weight where there are too many."""
    talks = len(columns.starts) - 1
    tagged = np.flatnonzero(columns.tagged)
    talk = columns.talk[tagged]
    n = np.bincount(talk, minlength=talks)
    pairs = np.bincount(columns.talk[columns.pairs], minlength=talks)
    start = np.cumsum(n) - n
    both = n * (n - 1) // 2
    if both[pairs > 0].sum() <= MOST_PAIRS:
        after = np.arange(len(tagged)) - start[talk]
        second = np.repeat(np.arange(len(tagged)), after)
        first = np.arange(len(second)) - np.repeat(np.cumsum(after) - after, after) + start[talk[second]]
        weight = (pairs / np.maximum(both, 1))[talk[second]]
        kept = weight > 0
        return tagged[first[kept]], tagged[second[kept]], weight[kept]
    rng = np.random.default_rng(seed)
    chosen = rng.choice(talks, MOST_PAIRS, p=pairs / pairs.sum())
    a = rng.integers(0, n[chosen])
    b = rng.integers(0, n[chosen] - 1)
    # The second of two different replies: drawn from all but the first, by stepping over it.
    b += b >= a
    return tagged[start[chosen] + a], tagged[start[chosen] + b], np.ones(MOST_PAIRS)


def _permuted(sets: Bits, group: Index, permutations: int, *, seed: tuple[int, int], by: int = 0) -> Iterator[Bits]:
    """(some, N) `sets`, of which those of a group stand together, each row in random order within groups; `permutations` rows in all."""
    rng = np.random.default_rng(seed)
    blocks = list(_blocks(group))
    some = max(1, AT_ONCE // max(len(sets), by))
    for done in range(0, permutations, some):
        dealt = np.repeat(sets[None], min(some, permutations - done), axis=0)
        for rows in blocks:
            dealt[:, rows] = rng.permuted(dealt[:, rows], axis=2)
        yield dealt


def _blocks(group: Index) -> Iterator[Index]:
    """(G, n) The rows of the groups of n, for each n of two or more: a group of one has no order."""
    first = np.flatnonzero(np.diff(group, prepend=-1))
    length = np.diff(first, append=len(group))
    for n in np.unique(length[length > 1]):
        yield first[length == n][:, None] + np.arange(n)


def _ratio(overlap: Floats, counted: NDArray[np.bool_], weight: Floats | None = None) -> Floats:
    """(R,) Weighted mean overlap over what counts; 0 where nothing does."""
    if weight is None:
        total, of = overlap.sum(axis=1), counted.sum(axis=1)
    else:
        total, of = overlap @ weight, counted @ weight
    found: Floats = total / np.maximum(of, np.finfo(float).tiny)
    return found


def _excess(previous: Bits, current: Bits, moves: int) -> Floats:
    """(R,) Stickiness − base rate of each row of pairs."""
    total, occur = np.zeros(len(previous)), np.zeros(len(previous))
    one: Any = previous.dtype.type(1)
    both = previous & current
    for k in range(moves):
        was, now, again = (((of >> previous.dtype.type(k)) & one).sum(axis=1, dtype=np.uint32) for of in (previous, current, both))
        total += np.where(was > 0, again / np.maximum(was, 1) - now / previous.shape[1], 0)
        occur += was > 0
    found: Floats = np.divide(total, occur, out=np.full(len(total), np.nan), where=occur > 0)
    return found
