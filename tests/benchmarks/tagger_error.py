"""What a tagger's errors do to the measures of repetition: how far each is off at a given sensitivity and specificity. Half a minute.

python -m tests.benchmarks.tagger_error

Errors are either independent from reply to reply, or repeat: whether a move is missed, or seen where it is not, is then drawn once for a
conversation, as by a tagger that reads this person's or this target's wording the same wrong way each time. Both have the same rates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sim.analysis.stats.jackknife import leave_one_out
from sim.score.repetition.marks import sizes
from sim.score.repetition.shuffles import order_null
from tests.benchmarks.drawn import MODEL, Bools, World, drawn, marked

MEASURES = (
    *("stickiness", "base_rate", "excess", "sequential_excess", "jaccard", "repertoire", "repertoire_beyond_size"),
    *("conversation_fit", "conversation_fit_adjusted", "carry_over", "carry_over_adjusted", "moves_per_reply"),
)
SHORT = {
    "repertoire_beyond_size": "beyond size",
    "conversation_fit": "fit",
    "conversation_fit_adjusted": "fit, adj.",
    "carry_over_adjusted": "carry, adj.",
}
WORLDS = {"as people": World(spread=0.5, keep=0.05), "as a chat model": World(MODEL, spread=0.5, keep=0.05)}


@dataclass(frozen=True)
class Tagger:
    """How it errs."""

    sensitivity: float
    """Of the moves that are made, the share that it sees."""
    specificity: float
    """Of those that are not, the share that it does not see."""
    repeats: bool = False
    """Whether it errs in the same way through a conversation."""

    def sees(self, made: Bools, rng: np.random.Generator) -> Bools:
        """(T, n, K) What it says of the moves that were made."""
        shape = (made.shape[0], 1 if self.repeats else made.shape[1], made.shape[2])
        missed, added = rng.random(shape) >= self.sensitivity, rng.random(shape) >= self.specificity
        return np.where(made, ~missed, added)


TAGGERS = (
    *(Tagger(0.9, 1.0), Tagger(0.7, 1.0), Tagger(1.0, 0.95), Tagger(1.0, 0.9), Tagger(0.7, 0.95)),
    *(Tagger(0.9, 1.0, repeats=True), Tagger(0.7, 1.0, repeats=True), Tagger(1.0, 0.95, repeats=True), Tagger(1.0, 0.9, repeats=True)),
    Tagger(0.7, 0.95, repeats=True),
)


def figures(made: Bools, lengths: np.ndarray, world: World, *, seed: int) -> Mapping[str, float]:
    """Every measure of what is seen."""
    columns = marked(made, lengths, world).columns()
    values = leave_one_out(columns)[0]
    null = order_null(columns, permutations=20, seed=seed)
    assert null is not None
    assert null.mean_excess is not None
    assert sizes(columns.sets).any()
    return {**values, "sequential_excess": values["excess"] - null.mean_excess}


def biases(world: World, taggers: tuple[Tagger, ...], *, talks: int, seed: int = 3) -> tuple[Mapping[str, float], list[Mapping[str, float]]]:
    """The measures of `talks` conversations as they are, and how far each tagger's are off."""
    made, lengths = drawn(np.random.default_rng((seed, 0)), talks, world)
    true = figures(made, lengths, world, seed=seed)
    found = [figures(t.sees(made, np.random.default_rng((seed, i + 1))), lengths, world, seed=seed) for i, t in enumerate(taggers)]
    return true, [{name: of[name] - true[name] for name in MEASURES} for of in found]


def main() -> None:
    """Print a table for each world."""
    for name, world in WORLDS.items():
        true, off = biases(world, TAGGERS, talks=5_000)
        print(f"{name}: 5,000 conversations; how far each measure is off")
        print(f"{'sensitivity':>12}{'specificity':>12}  {'errors':<12}{''.join(f'{SHORT.get(m, m)[:12]:>14}' for m in MEASURES)}")
        print(f"{1:>12}{1:>12}  {'none':<12}{''.join(f'{true[m]:>14.3f}' for m in MEASURES)}")
        for tagger, of in zip(TAGGERS, off, strict=True):
            how = "repeat" if tagger.repeats else "independent"
            print(f"{tagger.sensitivity:>12}{tagger.specificity:>12}  {how:<12}{''.join(f'{of[m]:>+14.3f}' for m in MEASURES)}", flush=True)
        print()


if __name__ == "__main__":
    main()
