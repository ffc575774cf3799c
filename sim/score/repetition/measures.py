"""Repetition of discourse moves from one reply to the next of the same conversation: numbers on move sets and nothing
else (guide/methods.md#repetition).

A conversation is the sequence of a target's own replies within one session, each given as its move set, or without tags. Two consecutive replies
with tags are a pair (previous, current), own *t−1* and own *t*; a reply without tags breaks the pairs it would stand in.
Figures are comparable only for the same tagger and codebook: name both wherever one is shown.

Jaccard has three values here. *Observed*: of pairs as they stand. *Within*: its expectation when the replies of each conversation are put in random
order. *Repertoire*: of different people's replies at the same places. Expectations are computed exactly, as the expected overlap over the expected
number of pairs that are not both empty; `sim.score.repetition.shuffles` draws the orders where a p is wanted. What the course of a talk does to the
differences of the three, `sim.score.repetition.course` takes off.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from sim.core.event import Tags
from sim.core.moves import MarkedReply, MarkedTalk
from sim.score.repetition.course import follow_course
from sim.score.repetition.marks import MarkColumns, Marks, jaccards, sizes
from sim.score.repetition.overlap import chunks, overlaps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sim.core.codebook import Codebook
    from sim.core.event import Tagging
    from sim.core.record import Session, Trial
    from sim.score.repetition.marks import Bits, Index

    Floats = NDArray[np.float64]

MoveSet = frozenset[str]
Edge = Literal["opening", "closing"]

SMOOTHING = 0.1
"""Added to every move's count before novelty is computed (guide/methods.md#repetition)."""


# --- from a run ---------------------------------------------------------------------------------------------------


def move_sets(session: Session, tagger: str) -> tuple[MoveSet | None, ...]:
    """The move sets that `tagger` found in the answered exchanges of `session`; None where it found none to be had."""
    tags = (e.tags.get(tagger) for e in session.exchanges if e.reply is not None)
    return tuple(t.moves if isinstance(t, Tags) else None for t in tags)


def mark_trials(trials: Iterable[Trial], *, tagger: str, codebook: Codebook) -> Marks:
    """All sessions of `trials` as `tagger` marked them, clustered by persona; those of one trial follow each other."""
    marks = Marks(codebook)
    # Alike tags are one object in a run that was read without its words.
    known: dict[int, tuple[MoveSet | None, tuple[tuple[str, ...], ...] | None]] = {}
    for trial in trials:
        for session in trial.sessions:
            replies: list[MarkedReply] = []
            for exchange in session.exchanges:
                if exchange.reply is not None:
                    tags = exchange.tags.get(tagger)
                    made = known.get(id(tags)) or known.setdefault(id(tags), _made(tags))
                    replies.append(MarkedReply(*made, exchange.reply.words))
            talk = MarkedTalk(f"{trial.id}/{session.index}", tuple(replies), person=trial.id, session=session.index)
            marks.add(talk, cluster=trial.cast.persona.id)
    return marks


def _made(tags: Tagging | None) -> tuple[MoveSet | None, tuple[tuple[str, ...], ...] | None]:
    """The moves of a reply, and of each of its sentences."""
    return (tags.moves, tuple(s.moves for s in tags.sentences)) if isinstance(tags, Tags) else (None, None)


# --- pairs --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PairFigures:
    """What is said of pairs as they stand. Shares lie in 0 to 1."""

    pairs: int
    stickiness: float | None
    """Unweighted mean, over the moves that occur in a previous reply, of P(in the current | in the previous) (MINT). None: no such move."""
    base_rate: float | None
    """The same mean of P(in the current), over the current replies of all pairs."""
    excess: float | None
    """Stickiness − base rate."""
    pooled: float | None
    """Σ|previous ∩ current| / Σ|previous|. None: no previous reply has a move."""
    expected: float | None
    """What `pooled` would be were both replies independent, each move at its own rate among previous and among current replies."""
    jaccard: float | None
    """Mean |previous ∩ current| / |previous ∪ current|; pairs of two empty sets are left out. None: no other pair."""


def counts(sets: Bits, moves: int) -> Floats:
    """(moves,) How many of `sets` have each move."""
    one = sets.dtype.type(1)
    return np.array([float(np.count_nonzero(sets & (one << sets.dtype.type(k)))) for k in range(moves)])


def pair_figures(previous: Bits, current: Bits, moves: int) -> PairFigures:
    """The figures of pairs given as two arrays of sets, over a codebook of so many moves."""
    times, now, both = counts(previous, moves), counts(current, moves), counts(previous & current, moves)
    stickiness = base_rate = pooled = expected = jaccard = None
    if times.any():
        occurs = times > 0
        rates = now / len(current)
        stickiness = float((both[occurs] / times[occurs]).mean())
        base_rate = float(rates[occurs].mean())
        pooled = float(both.sum() / times.sum())
        expected = float(times @ rates / times.sum())
    overlap, counted = jaccards(previous, current)
    if counted.any():
        jaccard = float(overlap.sum() / counted.sum())
    return PairFigures(len(current), stickiness, base_rate, less(stickiness, base_rate), pooled, expected, jaccard)


def less(a: float | None, b: float | None) -> float | None:
    """a − b, or None where either is."""
    return None if a is None or b is None else a - b


# --- observed and within -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Alike:
    """Two of Jaccard's values as sums over the talks of a set of columns, from which any of them can be left out again.

    Each is a pair of expectations: of the overlap, and of the number of pairs that are not both empty.
    """

    observed: Floats
    """(T, 2)"""
    within: Floats | None
    """(T, 2) None: no conversation has three tagged replies, so that order means nothing."""


def alike(columns: MarkColumns) -> Alike:
    """The sums behind observed and within."""
    talks = len(columns.starts) - 1
    now = columns.pairs
    overlap, counted = jaccards(columns.sets[now - 1], columns.sets[now])
    at = columns.talk[now]
    observed: Floats = np.stack([np.bincount(at, overlap, talks), np.bincount(at, counted, talks)], axis=1).astype(float)
    return Alike(observed, _within(columns, np.bincount(at, minlength=talks)))


def _within(columns: MarkColumns, pairs: Index) -> Floats | None:
    """Each ordered pair of different tagged replies of a conversation is equally likely to stand at each of its pairs."""
    n = np.bincount(columns.talk[columns.tagged], minlength=len(pairs))
    if not ((n > 2) & (pairs > 0)).any():
        return None
    sums = np.zeros((len(pairs), 2))
    for some in _whole_talks(columns):
        rows = some.start + np.flatnonzero(columns.tagged[some])
        talk, sets = columns.talk[rows], columns.sets[rows]
        for i, of in enumerate(overlaps(talk, sets, talk, sets)):
            np.add.at(sums[:, i], talk, of - (sizes(sets) > 0))
    # Of n (n − 1) ordered pairs of different replies, each is as likely as any other at every one of the conversation's pairs.
    weight: Floats = pairs / np.maximum(n * (n - 1), 1)
    return sums * weight[:, None]


def known(figure: Floats) -> float | None:
    """The figure of all people, from those of all and without each. None: there is nothing to take it from."""
    return None if np.isnan(figure[0]) else float(figure[0])


def mean_of(sums: Floats | None) -> float | None:
    """A Jaccard from its sums. None: there are none, or every pair is of two empty sets."""
    if sums is None:
        return None
    overlap, defined = sums.sum(axis=0)
    return float(overlap / defined) if defined else None


# --- the measures -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Novelty:
    """How much the moves of replies differ from what came before, in nats; each move counts once a reply."""

    previous: float | None
    """Mean KL(current ‖ previous reply), over pairs."""
    history: float | None
    """Mean KL(current ‖ all replies before it in the conversation together), over tagged replies with one before them."""
    entropy: float | None
    """Mean entropy of a reply's own moves, unsmoothed; replies without a move are left out."""


@dataclass(frozen=True, slots=True)
class Repetition(PairFigures):
    """The measures of guide/methods.md#repetition that need no random draw, pooled over all pairs."""

    conversations: int
    """With at least one reply."""
    broken: int
    """Replies without tags."""
    within: float | None
    """Jaccard expected when the replies of each conversation are put in random order. None: no conversation has three tagged replies."""
    repertoire: float | None
    """Jaccard of different people's replies at the places of neighbours. None: no place is reached by five conversations of two people."""
    repertoire_beyond_size: float | None
    """What of it does not come from how many moves a reply makes: 0 for random sets of the same sizes, 1 for equal ones."""
    conversation_fit: float | None
    """Within − repertoire: what person and topic explain, were replies of a conversation exchangeable. The course of a talk lowers it."""
    conversation_fit_adjusted: float | None
    """The same against other people's replies at the same places (`sim.score.repetition.course`): what person and topic explain."""
    carry_over: float | None
    """Observed − within: what came just before, were replies of a conversation exchangeable. The course of a talk raises it."""
    carry_over_adjusted: float | None
    """The same at the same places: the only part that is about what came just before."""
    novelty: Novelty
    moves_per_reply: float | None
    """Mean size of the move set, over all replies with tags. None: no reply has tags."""
    words_per_reply: float | None
    """Over all replies. None: no reply has a word."""


def measure(marks: Marks) -> Repetition:
    """Repetition over everything added to `marks`, on the codebook's counted moves."""
    columns = marks.columns()
    now = columns.pairs
    pairs = pair_figures(columns.sets[now - 1], columns.sets[now], len(columns.codes))
    sums, course = alike(columns), follow_course(columns)
    within, repertoire = mean_of(sums.within), known(course.repertoire)
    size = sizes(columns.sets[columns.tagged])
    return Repetition(
        **asdict(pairs),
        conversations=marks.talks,
        broken=int((~columns.tagged).sum()),
        within=within,
        repertoire=repertoire,
        repertoire_beyond_size=known(course.beyond_size),
        conversation_fit=less(within, repertoire),
        conversation_fit_adjusted=known(course.conversation_fit),
        carry_over=less(pairs.jaccard, within),
        carry_over_adjusted=known(course.carry_over),
        novelty=_novelty(columns),
        moves_per_reply=float(size.mean()) if len(size) else None,
        words_per_reply=marks.words / marks.replies if marks.words else None,
    )


@dataclass(frozen=True, slots=True)
class MoveFigures:
    """One move."""

    rate: float | None
    """Share of tagged replies that have it."""
    again: float | None
    """P(in the current | in the previous), over pairs. None: it is in no previous reply."""
    base: float | None
    """P(in the current), over pairs."""
    n: int
    """Pairs whose previous reply has it."""


def measure_moves(marks: Marks) -> dict[str, MoveFigures]:
    """Each move of the codebook, then those beside it."""
    columns = marks.columns()
    names = (*columns.codes, *columns.beside)
    now = columns.pairs
    before, after, tagged = columns.marks[now - 1], columns.marks[now], columns.marks[columns.tagged]
    rows = zip(names, *(counts(of, len(names)) for of in (tagged, before, after, before & after)), strict=True)
    return {
        name: MoveFigures(
            rate=had / len(tagged) if len(tagged) else None,
            again=both / was if was else None,
            base=comes / len(now) if len(now) else None,
            n=int(was),
        )
        for name, had, was, comes, both in rows
    }


def consecutive_sessions(marks: Marks) -> tuple[Index, Index]:
    """(2, S) talks of the same person that follow each other, by session number, then by content where two have the same."""
    columns = marks.columns()
    order = np.lexsort((np.arange(len(columns.person)), columns.session, columns.person))
    order = order[columns.person[order] >= 0]
    follows = columns.person[order][1:] == columns.person[order][:-1]
    return order[:-1][follows], order[1:][follows]


def measure_sessions(marks: Marks) -> dict[Edge, PairFigures]:
    """`opening`: from the first reply of a session to that of the person's next; `closing`: from last to last."""
    columns = marks.columns()
    before, after = consecutive_sessions(marks)
    found: dict[Edge, PairFigures] = {}
    edges: dict[Edge, Index] = {"opening": columns.starts[:-1], "closing": columns.starts[1:] - 1}
    for name, row in edges.items():
        a, b = row[before], row[after]
        known = columns.tagged[a] & columns.tagged[b]
        found[name] = pair_figures(columns.sets[a[known]], columns.sets[b[known]], len(columns.codes))
    return found


def _novelty(columns: MarkColumns) -> Novelty:
    now = columns.pairs
    size = sizes(columns.sets[columns.tagged])
    entropy = np.log(size[size > 0].astype(float))
    history = np.concatenate([_against_history(columns, rows) for rows in _whole_talks(columns)] or [np.empty(0)])
    previous = _against_sets(columns.sets[now], columns.sets[now - 1], len(columns.codes))
    means = (float(of.mean()) if len(of) else None for of in (previous, history, entropy))
    return Novelty(*means)


def _against_sets(sets: Bits, reference: Bits, moves: int) -> Floats:
    """Smoothed KL(set ‖ reference). Every move weighs either 1 + s or s, so that three sizes tell it all."""
    m, n, both = (sizes(of).astype(float) for of in (sets, reference, sets & reference))
    mass = m + SMOOTHING * moves
    gain = ((m - both) * (1 + SMOOTHING) - (n - both) * SMOOTHING) / mass
    found: Floats = np.log((n + SMOOTHING * moves) / mass) + np.log((1 + SMOOTHING) / SMOOTHING) * gain
    return np.maximum(found, 0)


def _whole_talks(columns: MarkColumns) -> Iterator[slice]:
    """Rows of whole talks, so many at a time that their counts stay small."""
    for talks in chunks(np.diff(columns.starts) * len(columns.codes)):
        yield slice(int(columns.starts[talks.start]), int(columns.starts[min(talks.stop, len(columns.starts) - 1)]))


def _against_history(columns: MarkColumns, rows: slice) -> Floats:
    """Smoothed KL(set ‖ counts of all before it in the talk), for the tagged replies of `rows` with a tagged one before them."""
    sets, tagged, talk, moves = columns.sets[rows], columns.tagged[rows], columns.talk[rows], len(columns.codes)
    start = columns.starts[talk] - rows.start
    earlier: Index = np.cumsum(tagged) - tagged
    some = np.flatnonzero(tagged & (earlier > earlier[start]))
    mass = sizes(sets[some]).astype(float) + SMOOTHING * moves
    total = np.full(len(some), SMOOTHING * moves)
    found = -np.log(mass)
    for k in range(moves):
        has = (sets >> sets.dtype.type(k) & sets.dtype.type(1)).astype(np.int64)
        before = np.cumsum(has) - has
        count = (before - before[start])[some]
        total += count
        p = has[some] + SMOOTHING
        found += p / mass * (np.log(p) - np.log(count + SMOOTHING))
    found += np.log(total)
    return np.maximum(found, 0)


# --- live ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Running:
    """What can be said of one reply as soon as it is tagged; nothing depends on a later one."""

    repeated: tuple[str, ...]
    """Moves of the reply just before that occur again, sorted."""
    jaccard: float | None
    """With the reply just before. None: there is none, one of the two has no tags, or both sets are empty."""
    novelty_previous: float | None
    """KL(this reply's moves ‖ the previous reply's), in nats, each move counted once a reply, additive smoothing 0.1.
    None: there is none, or one of the two has no tags."""
    novelty: float | None
    """The same against all replies before it in the session together. None: the reply has no tags, or none before it has."""
    repertoire: float | None
    """Repertoire so far: mean Jaccard with every earlier reply of the trial, sessions before this one included.
    None: the reply has no tags, or there is no earlier reply with which it is defined."""


NOTHING_YET = Running(repeated=(), jaccard=None, novelty_previous=None, novelty=None, repertoire=None)
"""Of a message without a reply."""


def running(
    sets: Sequence[MoveSet | None], counted: frozenset[str], *, sessions_before: Sequence[Sequence[MoveSet | None]] = ()
) -> tuple[Running, ...]:
    """Live values after each reply of one session, in order, on the moves in `counted` alone.

    Args:
        sets: the session's replies.
        counted: the codebook's counted moves.
        sessions_before: the trial's earlier sessions.
    """
    seen = [s & counted for session in sessions_before for s in session if s is not None]
    codes = sorted(counted)
    history: list[MoveSet] = []
    values: list[Running] = []
    before: MoveSet | None = None
    for reply in sets:
        now = None if reply is None else reply & counted
        values.append(
            Running(
                repeated=() if now is None or before is None else tuple(sorted(now & before)),
                jaccard=None if now is None or before is None else _mean_overlap(now, [before]),
                novelty_previous=None if now is None or before is None else divergence([now], [before], codes),
                novelty=None if now is None or not history else divergence([now], history, codes),
                repertoire=None if now is None else _mean_overlap(now, seen),
            )
        )
        if now is not None:
            history.append(now)
            seen.append(now)
        before = now
    return tuple(values)


def divergence(replies: Sequence[MoveSet], reference: Sequence[MoveSet], codes: Sequence[str]) -> float:
    """KL(`replies` ‖ `reference`) in nats over `codes`, each move counted once a reply, additive smoothing 0.1."""
    p, q = (np.array([sum(c in s for s in sets) for c in codes]) + SMOOTHING for sets in (replies, reference))
    # Rounding can take it below 0 by a few units in the last place.
    return max(0.0, float((p / p.sum()) @ np.log((p / p.sum()) / (q / q.sum()))))


def _mean_overlap(now: MoveSet, others: Sequence[MoveSet]) -> float | None:
    found = [len(now & s) / len(now | s) for s in others if now | s]
    return sum(found) / len(found) if found else None
