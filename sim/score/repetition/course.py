"""Repetition with the course of a talk taken off: replies against other people's at the same places (guide/methods.md#repetition).

Talks have a course. Whoever speaks, openings are alike, and what stands one place apart is more alike than what stands five apart. A null that puts
the replies of a talk in random order takes all of that for carry-over, and leaves less than nothing for person and topic. So every two places are
compared with themselves:

    repertoire                   J of different people's replies at the places of neighbours
    conversation fit, adjusted   J of replies of one talk, two or three apart − J of different people's at the same two places
    carry-over, adjusted         J of neighbours of one talk − J of different people's at the same two places − conversation fit, adjusted
    repertoire beyond size       (repertoire − R) / (1 − R), with R the J of random sets of the same sizes

J is the mean Jaccard of pairs that are not both empty. A person's replies are never held against the person's own, neither those of the same talk nor
those of another. Places that fewer than five talks reach are left out. Every figure comes with its values without each person, which is what
intervals are made of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from sim.score.repetition.marks import jaccards, sizes
from sim.score.repetition.overlap import AT_ONCE, overlaps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.score.repetition.marks import Bits, Index, MarkColumns
    from sim.score.repetition.overlap import Like

    Floats = NDArray[np.float64]

FEWEST = 5
"""Talks that reach a place, below which nothing is compared there."""
MOST_APART = 3
"""Replies of one talk further apart are not looked at: they are those at its ends, while most neighbours stand in the middle."""


@dataclass(frozen=True, slots=True)
class Course:
    """Over all people, and without each: (1 + C,). NaN where there is nothing to take a figure from."""

    repertoire: Floats
    random: Floats
    """J of random sets of the sizes that `repertoire` was taken from."""
    conversation_fit: Floats
    carry_over: Floats

    @property
    def beyond_size(self) -> Floats:
        """(1 + C,) What of the repertoire does not come from how many moves a reply makes."""
        return ratio(self.repertoire - self.random, 1 - self.random)


@dataclass(frozen=True, slots=True)
class TalkCourse:
    """Of each talk, its replies against other people's: (T,), NaN where a talk has too few replies for it."""

    repertoire: Floats
    beyond_size: Floats
    carry_over: Floats


def follow_course(columns: MarkColumns) -> Course:
    """The figures of all talks; what a talk has further apart weighs together as much as its pairs of neighbours."""
    places, sets, numbers = _Places(columns), _by_moves(columns), _by_size(columns)
    near, far = np.zeros((4, 1 + places.people)), np.zeros((4, 1 + places.people))
    repertoire, random = np.zeros((2, 1 + places.people)), np.zeros((2, 1 + places.people))
    further = places.weight_further_apart()
    for apart, here in places.pairs():
        across, known = _across(places, here, sets)
        within = _within(places, here, sets, further if apart > 1 else (further > 0).astype(float)) * known
        (near if apart == 1 else far)[:] += np.concatenate([within[:2], within[2] * across])
        if apart == 1:
            pairs = _left_out(np.bincount(places.owner[here.second], minlength=places.people).astype(float))
            repertoire += pairs * across
            random += pairs * _across(places, here, numbers)[0]
    fit = ratio(*far[:2]) - ratio(*far[2:])
    return Course(ratio(*repertoire), ratio(*random), fit, ratio(*near[:2]) - ratio(*near[2:]) - fit)


def follow_talks(columns: MarkColumns) -> TalkCourse:
    """The figures of each talk."""
    places, sets, numbers = _Places(columns), _by_moves(columns), _by_size(columns)
    talks = len(columns.starts) - 1
    near, far = np.zeros((4, talks)), np.zeros((4, talks))
    likeness = {id(sets): np.zeros((2, talks)), id(numbers): np.zeros((2, talks))}
    for apart, here in places.pairs():
        across = _across(places, here, sets)[0][:, :1]
        talk = columns.talk[here.second]
        overlap, counted = sets.like(sets.values[here.first], sets.values[here.second])
        seen = np.stack([np.bincount(talk, of, talks) for of in (overlap, counted, np.ones(len(talk)))])
        (near if apart == 1 else far)[:] += np.concatenate([seen[:2], seen[2] * across])
        for of, found in ((k, likeness[id(k)]) for k in (sets, numbers) if apart == 1):
            for rows, value in zip((here.first, here.second), _to_others(places, here, of), strict=True):
                some = ~np.isnan(value)
                found += [np.bincount(columns.talk[rows[some]], weights, talks) for weights in (value[some], np.ones(some.sum()))]
    repertoire, random = (ratio(*found) for found in likeness.values())
    carried = ratio(*near[:2]) - ratio(*near[2:]) - (ratio(*far[:2]) - ratio(*far[2:]))
    return TalkCourse(repertoire, ratio(repertoire - random, 1 - random), carried)


def ratio(a: Floats, b: Floats) -> Floats:
    """a / b, NaN where b is 0 or less, as a difference of equal sums can be by rounding."""
    found: Floats = np.divide(a, b, out=np.full(np.broadcast_shapes(a.shape, b.shape), np.nan), where=b > 1e-9)
    return found


# --- places -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Here:
    """Two places of a talk."""

    at: int
    """The first."""
    to: int
    before: Index
    """Every tagged reply at the first place, of whatever talk."""
    after: Index
    """At the second."""
    first: Index
    """The replies at the first place whose talk has a tagged reply at the second too."""
    second: Index


class _Places:
    """Tagged replies by their place in the talk."""

    def __init__(self, columns: MarkColumns) -> None:
        self.columns = columns
        self.owner = columns.cluster[columns.talk]
        """(N,)"""
        self.people = int(columns.cluster.max(initial=-1)) + 1
        tagged = np.flatnonzero(columns.tagged)
        order = tagged[np.argsort(columns.place[tagged], kind="stable")]
        ends = np.searchsorted(columns.place[order], np.arange(int(columns.place.max(initial=-1)) + 2))
        self.at = [order[a:b] for a, b in pairwise(ends)]
        """Rows, by place."""

    def pairs(self) -> Iterator[tuple[int, _Here]]:
        """Every two places up to `MOST_APART` apart that enough talks reach, and how far apart they are."""
        talk, tagged = self.columns.talk, self.columns.tagged
        for apart in range(1, min(MOST_APART, len(self.at) - 1) + 1):
            for at in range(len(self.at) - apart):
                before, after = self.at[at], self.at[at + apart]
                if min(len(before), len(after)) >= FEWEST:
                    to = before + apart
                    both = to < len(talk)
                    first = before[both][(talk[to[both]] == talk[before[both]]) & tagged[to[both]]]
                    yield apart, _Here(at, at + apart, before, after, first, first + apart)

    def weight_further_apart(self) -> Floats:
        """(T,) What each pair of a talk's replies further apart weighs: together as much as its neighbours. 0: it has none of one or the other."""
        talks = len(self.columns.starts) - 1
        near, far = np.zeros(talks), np.zeros(talks)
        for apart, here in self.pairs():
            (near if apart == 1 else far)[:] += np.bincount(self.columns.talk[here.second], minlength=talks)
        return np.where(far > 0, near / np.maximum(far, 1), 0.0)


def _left_out(by_person: Floats) -> Floats:
    """(…, 1 + C) From (…, C): the sum, and the sum without each."""
    total = by_person.sum(axis=-1, keepdims=True)
    return np.concatenate([total, total - by_person], axis=-1)


def _within(places: _Places, here: _Here, kind: _Kind, weight: Floats) -> Floats:
    """(3, 1 + C) Of pairs within talks, weighted by talk: overlap, how many it is defined for, and how many there are."""
    overlap, counted = kind.like(kind.values[here.first], kind.values[here.second])
    each = weight[places.columns.talk[here.second]]
    return _left_out(np.stack([np.bincount(places.owner[here.second], of, places.people) for of in (overlap * each, counted * each, each)]))


def _across(places: _Places, here: _Here, kind: _Kind) -> tuple[Floats, NDArray[np.bool_]]:
    """(2, 1 + C) Of any two replies of different people at these places: the mean overlap, and the share that it is defined for.

    And (1 + C,) where there are any such two; the others are 0.
    """
    size, owner = places.people, places.owner
    a, b = here.before, here.after
    own = overlaps(owner[a], kind.values[a], owner[b], kind.values[b], like=kind.like)
    times_a, times_b = (np.bincount(owner[rows], minlength=size).astype(float) for rows in (a, b))
    number = len(a) * len(b) - (times_a * times_b).sum() - np.concatenate([[0.0], times_a * (len(b) - times_b) + times_b * (len(a) - times_a)])
    found = []
    for table, of in zip((kind.overlap, kind.counted), own, strict=True):
        with_b, with_a, with_own = table[kind.code[a], here.to], table[kind.code[b], here.at], np.bincount(owner[a], of, size)
        involved = np.bincount(owner[a], with_b, size) + np.bincount(owner[b], with_a, size) - 2 * with_own
        found.append(ratio(with_b.sum() - with_own.sum() - np.concatenate([[0.0], involved]), number))
    return np.nan_to_num(np.stack(found)), number > 0


def _to_others(places: _Places, here: _Here, kind: _Kind) -> tuple[Floats, Floats]:
    """The mean overlap of each reply of a pair of neighbours with other people's at the other's place; NaN where there is none to compare with."""
    owner, found = places.owner, []
    for rows, others, place in ((here.first, here.after, here.to), (here.second, here.before, here.at)):
        own = overlaps(owner[rows], kind.values[rows], owner[others], kind.values[others], like=kind.like)
        found.append(ratio(kind.overlap[kind.code[rows], place] - own[0], kind.counted[kind.code[rows], place] - own[1]))
    return found[0], found[1]


# --- what replies are compared by ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Kind:
    """Something of each reply that two replies can be alike in."""

    values: Bits
    """(N,)"""
    like: Like
    code: Index
    """(N,) Which of the distinct values it is."""
    overlap: Floats
    """(U, P) Σ of the overlap of each distinct value with every tagged reply at each place."""
    counted: Floats
    """(U, P) With how many it is defined."""


def _by_moves(columns: MarkColumns) -> _Kind:
    """By which moves they make."""
    return _kind(columns, columns.sets, jaccards)


def _by_size(columns: MarkColumns) -> _Kind:
    """By how many moves they make: the Jaccard to be expected of two random sets of these sizes."""
    table = random_jaccards(len(columns.codes))

    def like(a: Bits, b: Bits) -> tuple[Floats, NDArray[np.bool_]]:
        return table[a, b], np.asarray((a | b) > 0)

    return _kind(columns, sizes(columns.sets).astype(np.uint16), like)


def _kind(columns: MarkColumns, values: Bits, like: Like) -> _Kind:
    places = int(columns.place.max(initial=-1)) + 1
    distinct, code = np.unique(values, return_inverse=True)
    tagged = columns.tagged
    times = np.bincount(code[tagged] * places + columns.place[tagged], minlength=len(distinct) * places).reshape(len(distinct), places)
    overlap, counted = np.zeros(times.shape), np.zeros(times.shape)
    some = max(1, AT_ONCE // max(1, len(distinct)))
    for start in range(0, len(distinct), some):
        chosen = slice(start, start + some)
        mine, theirs = np.broadcast_arrays(distinct[chosen, None], distinct[None])
        alike, defined = like(mine, theirs)
        overlap[chosen], counted[chosen] = alike @ times, defined @ times.astype(float)
    return _Kind(values, like, code, overlap, counted)


def random_jaccards(moves: int) -> Floats:
    """(moves + 1, moves + 1) The expected Jaccard of two sets of so many moves each, drawn at random from `moves`; 0 for two empty ones."""
    table = np.zeros((moves + 1, moves + 1))
    for m in range(moves + 1):
        for n in range(1 if m == 0 else 0, moves + 1):
            ways = [(both, comb(m, both) * comb(moves - m, n - both)) for both in range(max(0, m + n - moves), min(m, n) + 1)]
            table[m, n] = sum(k * both / (m + n - both) for both, k in ways) / comb(moves, n)
    return table
