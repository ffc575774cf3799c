"""Which persona × scenario pairs tell targets apart, and which are broken: classical item analysis, with targets as the test-takers.

An item's value for a target is the fixed-set mean of its trials there. *Item–total*: its correlation over targets with the mean of all other items
(corrected: an item is not held against itself). With few targets such a correlation says little, so n stands beside it and a verdict takes
`FEWEST_TARGETS`. *Spread*: the standard deviation over targets. An item is `flat` when its targets differ by no more than seeds differ (or not at
all), and `against` when it runs against the total.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np

from sim.analysis.figures.columns import Floats, Ints, RatingColumns, mean_over
from sim.analysis.stats.rasch import FEWEST_TARGETS as FEWEST_FOR_RASCH
from sim.analysis.stats.rasch import Rasch, fit_rasch
from sim.analysis.stats.reliability import pearson
from sim.core.codebook import ALWAYS
from sim.core.frozen import Frozen

FEWEST_TARGETS = 4
"""Targets below which an item–total correlation gets no verdict."""
AGAINST = -0.2
"""Item–total correlation below which an item runs against the total."""
FLAT = 0.05
"""Spread in points below which an item does not separate at all, where no seeds tell what noise is."""
GOOD = 3.5
"""Fixed-set mean from which a target counts as liked on an item, for Rasch."""

Verdict = Literal["separates", "flat", "against", "too few"]


class Item(Frozen):
    """One persona × scenario pair."""

    persona: str
    scenario: str
    targets: int
    """With a value."""
    mean: float
    spread: float | None
    """Standard deviation over targets, points of the fixed-set mean. None: one target."""
    item_total: float | None
    """None: fewer than three targets, or no variance."""
    verdict: Verdict


class Items(Frozen):
    """All pairs of a run, the broken ones first."""

    targets: int
    items: tuple[Item, ...]
    noise: float | None
    """Standard deviation between seeds of one target on one item. None: one seed each."""
    rasch: Rasch | None
    """None: fewer than 15 targets."""
    refused: str
    """Why there is no Rasch model; empty where there is one."""


def analyse_items(columns: RatingColumns) -> Items:
    """The items of the trials in `columns`."""
    values = mean_over(columns.trial_means(slice(0, len(ALWAYS))))
    some = ~np.isnan(values)
    pair = columns.persona * max(1, len(columns.scenarios)) + columns.scenario
    pairs, item = np.unique(pair[some], return_inverse=True)
    table, noise = _table(values[some], columns.target[some], item, (len(columns.targets), len(pairs)))
    names = [(columns.personas[p // len(columns.scenarios)], columns.scenarios[p % len(columns.scenarios)]) for p in pairs.tolist()]
    return items_of(table, names, noise=noise)


def items_of(table: Floats, names: Iterable[tuple[str, str]], *, noise: float | None) -> Items:
    """The same on a plain table of targets × items, NaN where a target has no value."""
    there = ~np.isnan(table)
    targets = int(there.any(axis=1).sum())
    found = []
    for i, (persona, scenario) in enumerate(names):
        mine = there[:, i]
        column, rest = table[mine, i], mean_over(np.delete(table, i, axis=1)[mine])
        both = ~np.isnan(rest)
        spread = float(column.std(ddof=1)) if len(column) > 1 else None
        r = pearson(column[both], rest[both])
        found.append(
            Item(
                persona=persona,
                scenario=scenario,
                targets=len(column),
                mean=float(column.mean()),
                spread=spread,
                item_total=r,
                verdict=_verdict(len(column), spread, r, noise),
            )
        )
    order = {"against": 0, "flat": 1, "separates": 2, "too few": 3}
    enough = targets >= FEWEST_FOR_RASCH
    return Items(
        targets=targets,
        items=tuple(sorted(found, key=lambda f: (order[f.verdict], f.item_total if f.item_total is not None else 1.0))),
        noise=noise,
        rasch=fit_rasch(np.where(there, table >= GOOD, np.nan), [f"{p}/{s}" for p, s in names]) if enough else None,
        refused="" if enough else f"Rasch takes {FEWEST_FOR_RASCH} targets or more, and there are {targets}",
    )


def _verdict(targets: int, spread: float | None, r: float | None, noise: float | None) -> Verdict:
    if targets < FEWEST_TARGETS or spread is None:
        return "too few"
    if spread <= (FLAT if noise is None else max(noise, FLAT)):
        return "flat"
    return "against" if r is not None and r < AGAINST else "separates"


def _table(values: Floats, target: Ints, item: Ints, shape: tuple[int, int]) -> tuple[Floats, float | None]:
    """Means over seeds, and the standard deviation between seeds."""
    cell = target * shape[1] + item
    n = np.bincount(cell, minlength=shape[0] * shape[1])
    sums = np.bincount(cell, weights=values, minlength=len(n))
    means = np.where(n > 0, sums / np.maximum(n, 1), np.nan)
    free = int((n[n > 1] - 1).sum())
    noise = float(np.sqrt(((values - means[cell]) ** 2).sum() / free)) if free else None
    return means.reshape(shape), noise
