"""How far a tagger agrees with people, move by move, on sentences that people have labelled.

A move with fewer than `ENOUGH` sentences in which people see it has figures too, but they decide nothing and enter no mean. Intervals resample whole
replies (percentile bootstrap, seeded): sentences of one reply are not independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.core.frozen import Frozen

ENOUGH = 15
"""Positives from which a move's κ enters the mean."""
RESAMPLES = 2000
SEED = 20240611


@dataclass(frozen=True, slots=True)
class JudgedSentence:
    """A sentence, as people labelled it and as the tagger did."""

    reply: str
    """What is resampled as a whole."""
    people: frozenset[str]
    tagger: frozenset[str]


class MoveAgreement(Frozen):
    """One move, each sentence a yes or a no."""

    positives: int
    """Sentences in which people see it."""
    found: int
    """Sentences in which the tagger sees it."""
    enough: bool
    """Whether there are `ENOUGH` positives."""
    precision: float | None
    """None: the tagger never sees it."""
    recall: float | None
    """None: people never see it."""
    f1: float | None
    """None: nobody sees it."""
    kappa: float | None
    """Cohen's κ (1960): agreement beyond chance. None: chance alone makes it whole."""
    interval: tuple[float, float] | None
    """95 % interval of κ; None where the positives are too few."""


class TaggerAgreement(Frozen):
    """The tagger against people."""

    sentences: int
    replies: int
    moves: dict[str, MoveAgreement]
    mean_kappa: float | None
    """Mean κ of the moves with enough positives. None: there is no such move."""
    mean_over: tuple[str, ...]
    """Those moves."""


def agree(judged: Sequence[JudgedSentence], moves: Sequence[str]) -> TaggerAgreement:
    """The agreement on each of `moves`, in that order."""
    replies = sorted({j.reply for j in judged})
    counts = _counts(judged, moves, {reply: i for i, reply in enumerate(replies)})
    drawn = np.random.default_rng(SEED).multinomial(len(replies), np.full(len(replies), 1 / len(replies)), RESAMPLES) if replies else None
    figures = {m: _figures(counts[:, k], drawn) for k, m in enumerate(moves)}
    over = {m: f.kappa for m, f in figures.items() if f.enough and f.kappa is not None}
    return TaggerAgreement(
        sentences=len(judged),
        replies=len(replies),
        moves=figures,
        mean_kappa=sum(over.values()) / len(over) if over else None,
        mean_over=tuple(over),
    )


def _counts(judged: Sequence[JudgedSentence], moves: Sequence[str], row: dict[str, int]) -> NDArray[np.int64]:
    """Replies × moves × (both, tagger alone, people alone, neither)."""
    counts = np.zeros((len(row), len(moves), 4), dtype=np.int64)
    for j in judged:
        for k, move in enumerate(moves):
            counts[row[j.reply], k, (0 if move in j.tagger else 2) if move in j.people else (1 if move in j.tagger else 3)] += 1
    return counts


def _figures(counts: NDArray[np.int64], drawn: NDArray[np.int64] | None) -> MoveAgreement:
    both, alone, missed, _ = (int(n) for n in counts.sum(axis=0))
    enough = both + missed >= ENOUGH
    kappa = float(_kappa(counts.sum(axis=0)))
    interval = None
    if enough and drawn is not None:
        low, high = np.nanpercentile(_kappa(drawn @ counts), (2.5, 97.5))
        interval = (float(low), float(high))
    return MoveAgreement(
        positives=both + missed,
        found=both + alone,
        enough=enough,
        precision=_share(both, both + alone),
        recall=_share(both, both + missed),
        f1=_share(2 * both, 2 * both + alone + missed),
        kappa=None if np.isnan(kappa) else kappa,
        interval=interval,
    )


def _kappa(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """κ of tables whose last axis is (both, tagger alone, people alone, neither); NaN where chance alone makes agreement whole."""
    both, alone, missed, neither = np.moveaxis(counts.astype(float), -1, 0)
    n = both + alone + missed + neither
    chance = (both + alone) * (both + missed) + (missed + neither) * (alone + neither)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: NDArray[np.float64] = (n * (both + neither) - chance) / (n * n - chance)
    return found


def _share(part: int, of: int) -> float | None:
    return part / of if of else None
