"""A reward for trainers of the GRPO kind: replies that serve, and do not do again what was just done.

Novelty is MINT's (arXiv 2604.11742): the divergence of a reply's moves from those of the replies before it. Alone it is gamed by replies that make
every move at once (entropy as reward ends at 8.6 to 8.8 moves a reply) or that never end; two guards take off for both, and quality is the caller's.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sim.core.codebook import Codebook
from sim.core.text import words
from sim.score.repetition import divergence

Moves = Collection[str]


@dataclass(frozen=True, slots=True)
class Weights:
    """What each term counts; a guard's is what one unit too many takes off."""

    quality: float = 1.0
    novelty_last: float = 0.5
    novelty_history: float = 0.5
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
    """Nats, KL(moves ‖ those of the own last reply), additive smoothing 0.1; 0 without one."""
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
    weights: Weights = Weights(),
) -> Rewards:
    """Reward each completion.

    Args:
        completions: the replies.
        moves: of each, its moves, as one tagger found them; those the codebook does not count are left out.
        histories: of each, the moves of the same speaker's replies before it in the conversation, oldest first.
        quality: of each, the caller's own judgement; without it novelty is all there is to win.
        codebook: names the moves that count.

    Raises:
        ValueError: the four sequences differ in length.
    """
    counted, codes = codebook.counted, sorted(codebook.counted)
    last, history, crammed, long = [], [], [], []
    for text, made, before, _ in zip(completions, moves, histories, quality, strict=True):
        now = frozenset(made) & counted
        earlier = [frozenset(m) & counted for m in before]
        last.append(divergence([now], earlier[-1:], codes) if earlier else 0.0)
        history.append(divergence([now], earlier, codes) if earlier else 0.0)
        crammed.append(float(max(0, len(now) - weights.moves_free)))
        long.append(float(max(0, len(words(text)) - weights.words_free)))
    total = [
        weights.quality * q + weights.novelty_last * a + weights.novelty_history * b - weights.cramming * c - weights.length * w
        for q, a, b, c, w in zip(quality, last, history, crammed, long, strict=True)
    ]
    return Rewards(total, list(quality), last, history, crammed, long)
