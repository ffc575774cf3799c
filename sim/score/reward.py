"""A reward for trainers of the GRPO kind: replies that serve, and do not do again what was just done.

Novelty is MINT's (arXiv 2604.11742): the divergence of a reply's moves from those of the replies before it. Alone it is gamed by replies that make
every move at once (entropy as reward ends at 8.6 to 8.8 moves a reply), that make none, or that never end. So a reply without a move is never new,
two guards take off for moves and words beyond what is free, and quality, the caller's on a scale of 0 to 1, counts for more than novelty can.
A reward function as trainers call it is then three lines::

    def reward(completions, histories, **columns):
        moves = [tags.moves if isinstance(tags := tagger.tag_reply(text), Tags) else None for text in completions]
        return reward_novelty(completions, moves, histories, judge(completions, **columns), codebook=codebook).total
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import isfinite

from sim.core.codebook import Codebook
from sim.core.text import count_words
from sim.score.repetition.measures import divergence

Moves = Collection[str] | None
"""What one reply does; None: it could not be tagged."""


@dataclass(frozen=True, slots=True)
class RewardWeights:
    """What each term counts; a guard's is what one unit too many takes off."""

    quality: float = 1.0
    novelty_last: float = 0.2
    """A nat; the most there can be is some 2."""
    novelty_history: float = 0.15
    """A nat; the most is some 4, after twenty replies that do the same."""
    cramming: float = 0.5
    """A move beyond `moves_free`."""
    length: float = 0.01
    """A word beyond `words_free`."""
    moves_free: int = 4
    """Moves a reply may make: people make 2, chat models 4 to 5."""
    words_free: int = 120


@dataclass(frozen=True, slots=True)
class Rewards:
    """One value a completion in each column; `total` is their weighted sum."""

    total: list[float]
    quality: list[float]
    novelty_last: list[float]
    """Nats, KL(moves ‖ those of the own last reply), additive smoothing 0.1; 0 where there is none, or one of the two makes or shows no move."""
    novelty_history: list[float]
    """The same against all own replies before it together."""
    cramming: list[float]
    """Moves beyond the free ones."""
    length: list[float]
    """Words beyond the free ones."""


def reward_novelty(
    completions: Sequence[str],
    moves: Sequence[Moves],
    histories: Sequence[Sequence[Moves]],
    quality: Sequence[float],
    *,
    codebook: Codebook,
    weights: RewardWeights = RewardWeights(),
) -> Rewards:
    """Reward each completion.

    Args:
        completions: the replies.
        moves: of each, its moves, as one tagger found them; those the codebook does not count are left out.
        histories: of each, the moves of the same speaker's replies before it in the conversation, oldest first.
        quality: of each, the caller's own judgement, from 0 to 1; without it novelty is all there is to win.
        codebook: names the moves that count.
        weights: of the terms.

    Raises:
        ValueError: the four sequences differ in length, or a quality is no finite number.
    """
    if bad := [i for i, q in enumerate(quality) if not isfinite(q)]:
        raise ValueError(f"quality of completion {bad[0]} is {quality[bad[0]]}")
    last, history, crammed, long = [], [], [], []
    for text, made, before, _ in zip(completions, moves, histories, quality, strict=True):
        now = frozenset(made or ()) & codebook.counted
        last.append(_novelty(now, before[-1:], codebook))
        history.append(_novelty(now, before, codebook))
        crammed.append(float(max(0, len(now) - weights.moves_free)))
        long.append(float(max(0, count_words(text) - weights.words_free)))
    total = [
        weights.quality * q + weights.novelty_last * a + weights.novelty_history * b - weights.cramming * c - weights.length * w
        for q, a, b, c, w in zip(quality, last, history, crammed, long, strict=True)
    ]
    return Rewards(total, list(quality), last, history, crammed, long)


def _novelty(now: frozenset[str], before: Sequence[Moves], codebook: Codebook) -> float:
    """Nats; smoothing would make doing nothing new after anything, and anything new after nothing."""
    known = [made for made in (frozenset(m or ()) & codebook.counted for m in before) if made]
    return divergence([now], known, sorted(codebook.counted)) if now and known else 0.0
