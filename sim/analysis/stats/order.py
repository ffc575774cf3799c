"""Do two raters put the same systems, or targets, in the same order? The primary question of calibration, and of swapping a rater or a user."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from sim.analysis.stats.reliability import ranks, spearman
from sim.core.frozen import Frozen

FEWEST_SYSTEMS = 10
"""Systems below which figures on them are told with a warning."""
ALL_ORDERS = 7
"""Systems up to which every order is tried; beyond, `ORDERS` random ones are."""
ORDERS = 10_000
SEED = 20240611


class Order(Frozen):
    """How two sides order the same systems."""

    systems: int
    pairs: int
    """Of systems that differ on both sides."""
    alike: int
    """Of these, ordered alike."""
    spearman: float | None
    """None: below three systems, or one side puts them all level."""
    p: float | None
    """Of |Spearman| under random orders; every order up to seven systems, 10,000 beyond."""
    first: tuple[str, str] | None
    """Put first by the one side, and by the other. None: no system."""


def compare_orders(x: NDArray[np.float64], y: NDArray[np.float64], names: Sequence[str]) -> Order:
    """The orders that the figures `x` and `y` of the systems `names` make; higher is better."""
    first, second = np.triu_indices(len(x), 1)
    dx, dy = np.sign(np.round(x[first] - x[second], 9)), np.sign(np.round(y[first] - y[second], 9))
    apart = (dx != 0) & (dy != 0)
    rho = spearman(x, y)
    return Order(
        systems=len(x),
        pairs=int(apart.sum()),
        alike=int((dx == dy)[apart].sum()),
        spearman=rho,
        p=None if rho is None else _p(ranks(x), ranks(y), rho),
        first=(names[int(x.argmax())], names[int(y.argmax())]) if len(x) else None,
    )


def _p(x: NDArray[np.float64], y: NDArray[np.float64], rho: float) -> float:
    n = len(x)
    whole = n <= ALL_ORDERS
    rng = np.random.default_rng(SEED)
    orders = np.array(list(permutations(range(n)))) if whole else rng.permuted(np.tile(np.arange(n), (ORDERS, 1)), axis=1)
    dx, dy = x - x.mean(), y - y.mean()
    found = np.abs(dy[orders] @ dx) / np.sqrt((dx @ dx) * (dy @ dy))
    as_far = int((found >= abs(rho) - 1e-9).sum())
    return as_far / len(orders) if whole else (as_far + 1) / (ORDERS + 1)
