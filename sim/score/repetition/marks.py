"""Replies as bits: what is kept of a talk for measuring repetition, small enough that a log of any length can be read once and forgotten.

A reply takes three sets, of 2 bytes for codebooks of up to 16 moves and of 8 beyond, and a byte; a talk takes 16 bytes.
Texts are not kept, and of talks' names only those of the people whose sessions follow each other.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.core.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.core.codebook import Codebook
    from sim.core.moves import MarkedTalk

    Bits = NDArray[Any]
    """Move sets, a bit a move: uint16, or uint64 for codebooks of more than 16 moves."""
    Index = NDArray[np.int64]

WIDEST = 64
"""Moves of a codebook, those beside it included, that fit one set."""
CACHED = 4_096
"""Distinct sets, and distinct replies by the moves of their sentences, whose bits are remembered."""
DISTINCT = 100_000
"""Distinct templates counted at a time; see `Marks.templates`."""

_SIZES = np.unpackbits(np.arange(65_536, dtype=np.uint16).view(np.uint8)).reshape(-1, 16).sum(axis=1, dtype=np.uint8)


def sizes(sets: Bits) -> NDArray[Any]:
    """How many moves each set has."""
    found: NDArray[Any] = _SIZES[sets] if sets.dtype == np.uint16 else _SIZES[np.ascontiguousarray(sets)[..., None].view(np.uint16)].sum(axis=-1)
    return found


def jaccards(a: Bits, b: Bits) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """|a ∩ b| / |a ∪ b| of sets taken pairwise (0 where both are empty), and where it counts: not both are empty."""
    union = sizes(a | b)
    return sizes(a & b) / np.maximum(union, 1), union > 0


@dataclass(frozen=True, slots=True)
class MarkColumns:
    """All replies in a canonical order that does not depend on the order in which talks were added.

    N replies in T talks of C clusters; K counted moves. Rows of one talk stand together, in order.
    """

    codes: tuple[str, ...]
    """The counted moves, bit 0 first."""
    beside: tuple[str, ...]
    """Moves beside the codebook, on the bits after those."""
    marks: Bits
    """(N,) Every tagged move, those beside the codebook included; 0 where there are no tags."""
    sets: Bits
    """(N,) The counted ones alone."""
    opening: Bits
    """(N,) The counted moves of the first sentence that makes any."""
    closing: Bits
    """(N,) Of the last."""
    tagged: NDArray[np.bool_]
    """(N,)"""
    talk: Index
    """(N,) From 0."""
    place: Index
    """(N,) Of the reply in its talk, from 0."""
    starts: Index
    """(T + 1,) First row of each talk, and N."""
    cluster: Index
    """(T,) What is resampled together, from 0: the talks of one person."""
    person: Index
    """(T,) Whose sessions follow each other, a place in `people`; -1: nobody's."""
    people: tuple[str, ...]
    session: Index
    """(T,)"""

    @property
    def pairs(self) -> Index:
        """The rows of current replies: they and the reply before them in the same talk have tags."""
        rows = np.flatnonzero(self.tagged[1:] & self.tagged[:-1] & (self.talk[1:] == self.talk[:-1]))
        return rows + 1


class Marks:
    """Takes marked talks one at a time and keeps their bits."""

    def __init__(self, codebook: Codebook) -> None:
        """Empty, for the moves of `codebook`; labels it does not know are left out.

        Raises:
            InputError: the codebook has more than 64 moves.
        """
        self.codes = tuple(m.id for m in codebook.moves)
        self.beside = tuple(m.id for m in codebook.beside)
        width = len(self.codes) + len(self.beside)
        if width > WIDEST:
            raise InputError(f"codebook {codebook.id} has {width} moves", mend=f"measure on a codebook of at most {WIDEST}")
        self._bit = {move: 1 << i for i, move in enumerate((*self.codes, *self.beside))}
        self._counted = (1 << len(self.codes)) - 1
        kind = "H" if width <= 16 else "Q"
        self._marks, self._opening, self._closing = array(kind), array(kind), array(kind)
        self._tagged = bytearray()
        self._lengths, self._cluster, self._person, self._session = array("i"), array("i"), array("i"), array("i")
        self._people: dict[str, int] = {}
        self._clusters: dict[str, int] = {}
        self._masks: dict[frozenset[str], int] = {}
        self._sentences: dict[tuple[tuple[str, ...], ...], tuple[int, int, tuple[int, ...]]] = {}
        self._templates: Counter[tuple[int, ...]] = Counter()
        self._columns: MarkColumns | None = None
        self.words = 0
        """Over all replies."""
        self.with_sentences = 0
        """Replies whose sentences' moves are known."""

    @property
    def talks(self) -> int:
        """Talks with a reply."""
        return len(self._lengths)

    @property
    def replies(self) -> int:
        """Replies, tagged or not."""
        return len(self._marks)

    def add(self, talk: MarkedTalk, *, cluster: str = "") -> None:
        """Keep `talk`; one without a reply leaves no trace.

        Args:
            talk: the target's replies of one session.
            cluster: names what it is resampled with; empty: the talks of the same person, or itself where there is none.
        """
        if not talk.replies:
            return
        self._columns = None
        masks, marks, opening, closing, tagged = self._masks, self._marks, self._opening, self._closing, self._tagged
        for reply in talk.replies:
            self.words += reply.words
            moves = reply.moves
            if moves is None:
                marks.append(0)
                tagged.append(0)
            else:
                mask = masks.get(moves)
                marks.append(self._remember(moves) if mask is None else mask)
                tagged.append(1)
            if moves is None or reply.sentences is None:
                opening.append(0)
                closing.append(0)
            else:
                first, last, template = self._sentences.get(reply.sentences) or self._read(reply.sentences)
                opening.append(first)
                closing.append(last)
                self._templates[template] += 1
                self.with_sentences += 1
        if len(self._templates) > DISTINCT:
            self._prune()
        self._lengths.append(len(talk.replies))
        self._session.append(talk.session)
        self._person.append(self._people.setdefault(talk.person, len(self._people)) if talk.person else -1)
        name = cluster or talk.person
        self._cluster.append(self._clusters.setdefault(name, len(self._clusters)) if name else -1)

    @property
    def templates(self) -> Counter[tuple[int, ...]]:
        """How many replies have each sequence of sentences' counted moves, sentences without one left out and equal neighbours taken as one.

        Exact up to 100,000 distinct sequences. Beyond, the rarest half is forgotten each time that many are held, so that a count can be too low
        by a few in 100,000 replies.
        """
        return self._templates

    def columns(self) -> MarkColumns:
        """What has been added so far, in canonical order."""
        if self._columns is None:
            self._columns = self._arranged()
        return self._columns

    def named(self, mask: int) -> tuple[str, ...]:
        """The counted moves of a set, sorted."""
        return tuple(sorted(move for i, move in enumerate(self.codes) if mask >> i & 1))

    def _remember(self, moves: frozenset[str]) -> int:
        if len(self._masks) >= CACHED:
            self._masks.clear()
        mask = self._masks[moves] = sum(self._bit.get(move, 0) for move in moves)
        return mask

    def _read(self, sentences: tuple[tuple[str, ...], ...]) -> tuple[int, int, tuple[int, ...]]:
        """Opening, closing and template of a reply."""
        if len(self._sentences) >= CACHED:
            self._sentences.clear()
        masks = (sum({self._bit.get(move, 0) for move in moves}) & self._counted for moves in sentences)
        template = tuple(mask for mask, _ in groupby(m for m in masks if m))
        found = self._sentences[sentences] = (template[0], template[-1], template) if template else (0, 0, ())
        return found

    def _prune(self) -> None:
        self._templates = Counter(dict(self._templates.most_common(DISTINCT // 2)))

    def _arranged(self) -> MarkColumns:
        kind = np.uint16 if self._marks.typecode == "H" else np.uint64
        marks, opening, closing = (np.array(a, dtype=kind) for a in (self._marks, self._opening, self._closing))
        tagged = np.array(self._tagged, dtype=bool)
        lengths, person, session, cluster = (np.array(a, dtype=np.int64) for a in (self._lengths, self._person, self._session, self._cluster))
        before = np.cumsum(lengths) - lengths
        order = self._order(marks, tagged, before, lengths, session)
        lengths, person, session, cluster = lengths[order], person[order], session[order], cluster[order]
        starts = np.concatenate(([0], np.cumsum(lengths)))
        place = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
        rows = np.repeat(before[order], lengths) + place
        marks = marks[rows]
        return MarkColumns(
            codes=self.codes,
            beside=self.beside,
            marks=marks,
            sets=marks & kind(self._counted),
            opening=opening[rows],
            closing=closing[rows],
            tagged=tagged[rows],
            talk=np.repeat(np.arange(len(lengths)), lengths),
            place=place,
            starts=starts,
            cluster=_renumbered(cluster),
            person=person,
            people=tuple(self._people),
            session=session,
        )

    def _order(self, marks: Bits, tagged: NDArray[np.bool_], before: Index, lengths: Index, session: Index) -> Index:
        """Talks sorted by what was done in them, then by whose they are."""
        sets, known, width = marks.astype(marks.dtype.newbyteorder(">")).tobytes(), tagged.tobytes(), marks.itemsize
        people, clusters = list(self._people), list(self._clusters)
        keys = [
            (sets[a * width : (a + n) * width], known[a : a + n], people[p] if p >= 0 else "", clusters[c] if c >= 0 else "", s)
            for a, n, p, c, s in zip(before.tolist(), lengths.tolist(), self._person, self._cluster, session.tolist(), strict=True)
        ]
        return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)


def _renumbered(cluster: Index) -> Index:
    """Clusters counted from 0 in order of first appearance; a talk of none (-1) is one of its own."""
    alone = cluster < 0
    names = np.where(alone, cluster.max(initial=-1) + 1 + np.arange(len(cluster)), cluster)
    _, first, number = np.unique(names, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    found: Index = rank[number]
    return found
