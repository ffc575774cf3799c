"""Repetition of discourse moves from one reply to the next of the same conversation: numbers on move sets, nothing else.

A conversation is the sequence of a target's own replies within one session, each given as its move set, or as None where the reply has no tags.
Two consecutive replies with tags are a pair (previous, current); a reply without tags breaks the pairs it would stand in.
Figures are comparable only for the same tagger and codebook: name both wherever one is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from sim.core.event import Tags

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.core.record import Session

MoveSet = frozenset[str]

SMOOTHING = 0.1
"""Added to every move's count before novelty is computed (METHODS §4)."""


@dataclass(frozen=True, slots=True)
class Repetition:
    """The measures of METHODS §4 that need no permutation, pooled over all pairs. Shares lie in 0 to 1."""

    pairs: int
    broken: int
    """Replies without tags."""
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
    moves_per_reply: float | None
    """Mean size of the move set, over all replies with tags. None: no reply has tags."""


@dataclass(frozen=True, slots=True)
class Running:
    """What can be said of one reply as soon as it is tagged."""

    repeated: tuple[str, ...]
    """Moves of the reply just before that occur again, sorted."""
    jaccard: float | None
    """With the reply just before. None: there is none, one of the two has no tags, or both sets are empty."""
    novelty: float | None
    """KL(this reply's moves ‖ those of all replies before it in the session), in nats, each move counted once a reply, additive smoothing 0.1.
    None: the reply has no tags, or none before it has."""


def move_sets(session: Session, tagger: str) -> tuple[MoveSet | None, ...]:
    """The move sets that `tagger` found in the answered exchanges of `session`; None where it found none to be had."""
    tags = (e.tags.get(tagger) for e in session.exchanges if e.reply is not None)
    return tuple(t.moves if isinstance(t, Tags) else None for t in tags)


def score_repetition(conversations: Iterable[Sequence[MoveSet | None]], counted: frozenset[str]) -> Repetition:
    """Repetition over `conversations`, on the moves in `counted` alone.

    Moves outside `counted` (a codebook's `beside`, such as `closing_offer`) are dropped before anything is computed.
    """
    codes = sorted(counted)
    talks = [tuple(talk) for talk in conversations]
    tagged = [s for talk in talks for s in talk if s is not None]
    pairs = [(a, b) for talk in talks for a, b in pairwise(talk) if a is not None and b is not None]
    previous = _incidence([a for a, _ in pairs], codes)
    current = _incidence([b for _, b in pairs], codes)
    both = previous & current
    times = previous.sum(axis=0)
    moves_before = int(times.sum())
    stickiness = base_rate = pooled = expected = jaccard = None
    if moves_before:
        occurs = times > 0
        rates = current.mean(axis=0)
        stickiness = float((both.sum(axis=0)[occurs] / times[occurs]).mean())
        base_rate = float(rates[occurs].mean())
        pooled = float(both.sum() / moves_before)
        expected = float(times @ rates / moves_before)
    union = (previous | current).sum(axis=1)
    if union.any():
        jaccard = float((both.sum(axis=1)[union > 0] / union[union > 0]).mean())
    return Repetition(
        pairs=len(pairs),
        broken=sum(s is None for talk in talks for s in talk),
        stickiness=stickiness,
        base_rate=base_rate,
        excess=None if stickiness is None or base_rate is None else stickiness - base_rate,
        pooled=pooled,
        expected=expected,
        jaccard=jaccard,
        moves_per_reply=float(_incidence(tagged, codes).sum() / len(tagged)) if tagged else None,
    )


def running(sets: Sequence[MoveSet | None], counted: frozenset[str]) -> tuple[Running, ...]:
    """Live values after each reply of one session, in order, on the moves in `counted` alone; no value depends on a later reply."""
    codes = sorted(counted)
    history = np.zeros(len(codes))
    seen = False
    values: list[Running] = []
    before: MoveSet | None = None
    for now in sets:
        now = None if now is None else now & counted
        novelty = None
        if now is not None:
            counts = _incidence([now], codes)[0].astype(float)
            if seen:
                novelty = _divergence(counts, history)
            history += counts
            seen = True
        values.append(Running(() if now is None or before is None else tuple(sorted(now & before)), _jaccard(before, now), novelty))
        before = now
    return tuple(values)


def _incidence(sets: Sequence[MoveSet], codes: Sequence[str]) -> NDArray[np.bool_]:
    """One row a set, one column a move."""
    return np.array([[c in s for c in codes] for s in sets], dtype=bool).reshape(len(sets), len(codes))


def _jaccard(a: MoveSet | None, b: MoveSet | None) -> float | None:
    if a is None or b is None or not a | b:
        return None
    return len(a & b) / len(a | b)


def _divergence(counts: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    """KL divergence in nats of two count vectors, smoothed. Rounding can take it below 0 by a few units in the last place."""
    p = (counts + SMOOTHING) / (counts + SMOOTHING).sum()
    q = (reference + SMOOTHING) / (reference + SMOOTHING).sum()
    return max(0.0, float((p * np.log(p / q)).sum()))
