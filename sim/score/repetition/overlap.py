"""How alike the replies of a group are: the mean Jaccard of every reply with every other one, counted by distinct move sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from sim.score.repetition.marks import jaccards

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.score.repetition.marks import Bits, Index

    Floats = NDArray[np.float64]
    Like = Callable[[Bits, Bits], tuple[Floats, NDArray[np.bool_]]]

AT_ONCE = 250_000
"""Elements of the largest intermediate array."""


def overlaps(group: Index, sets: Bits, others: Index, other_sets: Bits, *, like: Like = jaccards) -> tuple[Floats, Floats]:
    """For each row, Σ of its likeness with every row of `other_sets` in the same group, and with how many of them it is defined.

    Time goes with the distinct sets of each group, not with its rows: a codebook of ten moves has at most 1,024.

    Args:
        group: (N,) from 0.
        sets: (N,)
        others: (M,) the groups of `other_sets`.
        other_sets: (M,)
        like: the likeness of sets taken pairwise, and where it is defined.
    """
    groups, values, _, where = _distinct(group, sets)
    their_groups, theirs, times, _ = _distinct(others, other_sets)
    low = np.searchsorted(their_groups, groups, "left")
    many = np.searchsorted(their_groups, groups, "right") - low
    total, defined = np.zeros(len(groups)), np.zeros(len(groups))
    for some in chunks(many):
        n = many[some]
        mine = np.repeat(np.arange(len(n)), n)
        theirs_at = np.repeat(low[some] - (np.cumsum(n) - n), n) + np.arange(n.sum())
        overlap, counted = like(values[some][mine], theirs[theirs_at])
        weight = times[theirs_at]
        total[some] = np.bincount(mine, overlap * weight, len(n))
        defined[some] = np.bincount(mine, counted * weight, len(n))
    return total[where], defined[where]


def _distinct(group: Index, sets: Bits) -> tuple[Index, Bits, Floats, Index]:
    """The distinct (group, set), sorted by group, how often each stands, and which of them each row is."""
    # One key of both, where it fits one, sorts three times as fast.
    order = np.argsort(group << 16 | sets) if sets.dtype == np.uint16 else np.lexsort((sets, group))
    g, s = group[order], sets[order]
    new = np.ones(len(g), dtype=bool)
    new[1:] = (g[1:] != g[:-1]) | (s[1:] != s[:-1])
    number = np.cumsum(new) - 1
    where = np.empty(len(g), dtype=np.int64)
    where[order] = number
    return g[new], s[new], np.bincount(number).astype(float), where


def chunks(many: Index) -> Iterator[slice]:
    """Consecutive elements of `many` that come to about `AT_ONCE` together."""
    ends = np.cumsum(many)
    start = 0
    while start < len(many):
        done = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + AT_ONCE, "right")))
        yield slice(start, stop)
        start = stop
