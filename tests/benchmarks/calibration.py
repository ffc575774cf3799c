"""How often intervals of agreement cover the truth where replies come in conversations, and where an equal person stands to the ceiling.

    python -m tests.benchmarks.calibration

Two raters see an item as its truth (a part shared within the conversation), and err (a part shared too); consistency between them is known.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.analysis.stats.clustered import clustered_intervals
from sim.analysis.stats.reliability import icc_forms
from sim.analysis.trust.ceiling import find_ceiling

Floats = NDArray[np.float64]

SHARED, OWN = 0.5, 0.5
"""Variance of what is true of a conversation, and of an item of it."""
ERR_SHARED, ERR_OWN = 0.4, 0.6
"""Variance of a rater's error over a conversation, and over an item of it."""
TRUTH = (SHARED + OWN) / (SHARED + OWN + ERR_SHARED + ERR_OWN)


def draw_ratings(rng: np.random.Generator, *, clusters: int, size: int, raters: int = 2) -> tuple[Floats, NDArray[np.int64]]:
    """(items, raters) of so many conversations of `size` items, and the conversation of each item."""
    of = np.repeat(np.arange(clusters), size)
    true = rng.normal(0, SHARED**0.5, clusters)[of] + rng.normal(0, OWN**0.5, len(of))
    errors = rng.normal(0, ERR_SHARED**0.5, (clusters, raters))[of] + rng.normal(0, ERR_OWN**0.5, (len(of), raters))
    return true[:, None] + errors, of


def draw_equal_people(rng: np.random.Generator, *, clusters: int = 24, size: int = 5, people: int = 5) -> tuple[Floats, NDArray[np.int64]]:
    """Ratings 1 to 5 by people who are alike but for their level; all but the last leave out a fifth of the items."""
    of = np.repeat(np.arange(clusters), size)
    true = rng.normal(0, 0.7, clusters)[of] + rng.normal(0, 0.5, len(of))
    scores = np.clip(np.rint(3 + true[:, None] + rng.normal(0, 0.3, people) + rng.normal(0, 1, (len(of), people))), 1, 5)
    scores[:, :-1][rng.random((len(of), people - 1)) < 0.2] = np.nan
    return scores, of


def covered(*, draws: int, clusters: int, size: int, raters: int = 2, seed: int = 1) -> tuple[float, float]:
    """How often the 95 % interval of ICC(C,1) holds the truth: over conversations, and as if items were independent."""
    rng = np.random.default_rng(seed)
    hits = np.zeros(2)
    for _ in range(draws):
        scores, of = draw_ratings(rng, clusters=clusters, size=size, raters=raters)
        for i, interval in enumerate((clustered_intervals(scores, of)["3,1"], icc_forms(scores).intervals["3,1"])):
            hits[i] += interval is not None and interval[0] <= TRUTH <= interval[1]
    return float(hits[0] / draws), float(hits[1] / draws)


def main(draws: int = 2000) -> None:
    """Print both tables."""
    print(f"Coverage of 95 % intervals of ICC(C,1), {draws:,} draws a row: over conversations · as if independent")
    for clusters in (10, 20, 50):
        for size, raters in ((5, 2), (10, 2), (5, 4)):
            jackknife, exact = covered(draws=draws, clusters=clusters, size=size, raters=raters)
            print(f"  {clusters:>3} conversations × {size:>2} items, {raters} raters   {jackknife:.1%} · {exact:.1%}")
    found = [find_ceiling(*_named(np.random.default_rng(seed))) for seed in range(draws // 4)]
    differences = [c.raters["e"].difference or 0.0 for c in found]
    bounds = [c.raters["e"].difference_interval or (0.0, 0.0) for c in found]
    print(f"A fifth, equal person less the ceiling of four: mean {np.mean(differences):+.3f}, spread {np.std(differences):.3f}")
    print(f"  0 inside the 95 % interval of the difference: {np.mean([low <= 0 <= high for low, high in bounds]):.1%}")
    print(f"  ceiling {np.mean([c.icc_consistency for c in found]):.2f}; one person with one other {np.mean([c.single for c in found]):.2f}")


def _named(rng: np.random.Generator) -> tuple[Floats, list[str], list[str], NDArray[np.int64]]:
    scores, of = draw_equal_people(rng)
    return scores, list("abcde"), list("abcd"), of


if __name__ == "__main__":
    main()
