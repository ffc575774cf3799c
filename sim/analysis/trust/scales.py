"""Are the seven dimensions seven, and do they measure more than length? What every summary says about its own scales
(guide/methods.md#scales).

All correlations are within personas: each value less its persona's mean, so that neither a generous persona nor a strict one makes one.

* *told apart*: the correlation of each dimension with each other one. From .90 on, two dimensions say the same thing here.
* *criterion*: the session's mean on a dimension with how the same session was looked back on, in a call that saw no score.
* *length alone*: the share of a dimension's variance within personas that a line in log2 of the reply's words explains, beside what that line does
  for one doubling. A score that a word count foretells needs no rater.
* *ceiling, floor*: shares of scores at 5 and at 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.figures.columns import Floats, Ints, RatingColumns, extract_columns, means_by
from sim.analysis.trust.families import SameFamily, same_families
from sim.core.codebook import CRITERIA, DIMENSIONS, Criterion, Dimension
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from sim.core.record import Trial
    from sim.core.spec import Study

FEWEST_FREE = 10
"""Values beyond one a persona, below which nothing is correlated."""
FEWEST_FOR_TWINS = 30
"""Values of both below which nobody says that two dimensions cannot be told apart."""
NOT_APART = 0.9
"""Correlation from which two dimensions cannot be told apart."""


class Correlation(Frozen):
    """A pooled within-persona correlation."""

    n: int
    r: float | None
    """None: too few values, or one side does not vary."""


class LengthEffect(Frozen):
    """What the number of words alone tells of a score."""

    n: int
    r_squared: float | None
    """Share of the variance within personas, 0 to 1. None: too few scores, or nothing varies."""
    per_doubling: float | None
    """Points of the scale for twice as many words."""


class ScaleFigures(Frozen):
    """One dimension over all targets."""

    n: int
    """Scores."""
    occasions: int
    """Scores to which the user gave occasion."""
    not_applicable: int
    """Rated exchanges without a score: not applicable, or unscored."""
    quotes_not_found: int
    ceiling: float | None
    """Share of scores of 5. None: no score."""
    floor: float | None
    """Share of scores of 1."""
    length: LengthEffect
    criterion: dict[Criterion, Correlation]
    others: dict[Dimension, Correlation]
    """With each other dimension."""


class Twins(Frozen):
    """Two dimensions that cannot be told apart in this run."""

    dimensions: tuple[Dimension, Dimension]
    r: float
    n: int


class ScaleChecks(Frozen):
    """What the primary rater's scales are worth in this run."""

    rater: str
    exchanges: int
    """Rated by it."""
    personas: int
    dimensions: dict[Dimension, ScaleFigures]
    twins: tuple[Twins, ...]
    """The most alike first."""
    mean_correlation: float | None
    """Mean over the pairs of dimensions that can be correlated."""
    same_family: tuple[SameFamily, ...]
    """Raters and users that are of a target's model family, and may prefer their own kind."""


def check_scales(study: Study, trials: Iterable[Trial], columns: RatingColumns | None = None) -> ScaleChecks:
    """The scales of the study's primary rater, over all of `trials`.

    Args:
        columns: of that rater and these trials, where they are known already.
    """
    columns = columns or extract_columns(trials, study.primary_rater)
    persona = columns.persona[columns.trial]
    within = pool_within(np.column_stack([columns.scores, np.log2(columns.words + 1)]), persona)
    sessions = means_by(columns.scores, columns.session, len(columns.session_trial))
    looked_back = pool_within(np.column_stack([sessions, columns.criterion]), columns.persona[columns.session_trial])
    together = {(a, b): within.correlation(i, j) for (i, a), (j, b) in combinations(enumerate(DIMENSIONS), 2)}
    known = [c.r for c in together.values() if c.r is not None]
    enough = {pair: c for pair, c in together.items() if c.n >= FEWEST_FOR_TWINS}
    twins = [Twins(dimensions=pair, r=c.r, n=c.n) for pair, c in enough.items() if c.r is not None and c.r >= NOT_APART]
    return ScaleChecks(
        rater=study.primary_rater,
        exchanges=len(persona),
        personas=len(np.unique(persona)),
        dimensions={d: _figures(columns, i, within, looked_back) for i, d in enumerate(DIMENSIONS)},
        twins=tuple(sorted(twins, key=lambda t: -t.r)),
        mean_correlation=float(np.mean(known)) if known else None,
        same_family=same_families(study),
    )


def _figures(columns: RatingColumns, i: int, within: Within, looked_back: Within) -> ScaleFigures:
    scores = columns.scores[:, i]
    given = scores[~np.isnan(scores)]
    dimensions = len(DIMENSIONS)
    return ScaleFigures(
        n=len(given),
        occasions=int(columns.occasion[:, i].sum()),
        not_applicable=len(scores) - len(given),
        quotes_not_found=int(columns.not_found[:, i].sum()),
        ceiling=float((given == 5).mean()) if len(given) else None,
        floor=float((given == 1).mean()) if len(given) else None,
        length=within.line(i, on=dimensions),
        criterion={c: looked_back.correlation(i, dimensions + k) for k, c in enumerate(CRITERIA)},
        others={d: within.correlation(i, j) for j, d in enumerate(DIMENSIONS) if j != i},
    )


def explain_by_length(scores: Floats, words: Floats, group: Ints) -> LengthEffect:
    """A line in log2 of the words through `scores` (NaN: none), both less the mean of their group."""
    return pool_within(np.column_stack([scores, np.log2(words + 1)]), group).line(0, on=1)


# --- pooled within groups -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Within:
    """Of each two columns, over the rows that have both: how many, how many beyond one a group, and the products of what they are less their
    group's mean, added up. The square of the first of the two stands in `squares`."""

    n: Floats
    free: Floats
    products: Floats
    squares: Floats

    def correlation(self, i: int, j: int) -> Correlation:
        """Of columns `i` and `j`."""
        r = self.products[i, j] / np.sqrt(self.squares[i, j] * self.squares[j, i]) if self._varies(i, j) else None
        return Correlation(n=int(self.n[i, j]), r=None if r is None else float(np.clip(r, -1, 1)))

    def line(self, i: int, *, on: int) -> LengthEffect:
        """A line in column `on` through column `i`."""
        n = int(self.n[i, on])
        if not self._varies(i, on):
            return LengthEffect(n=n, r_squared=None, per_doubling=None)
        product, square = float(self.products[i, on]), float(self.squares[on, i])
        return LengthEffect(n=n, r_squared=min(1.0, product**2 / (square * float(self.squares[i, on]))), per_doubling=product / square)

    def _varies(self, i: int, j: int) -> bool:
        return bool(self.free[i, j] >= FEWEST_FREE and min(self.squares[i, j], self.squares[j, i]) > 1e-9 * self.n[i, j])


def pool_within(values: Floats, group: Ints) -> Within:
    """Pairwise complete sums over rows × columns with NaN, by `group`; a few products of small matrices for each group."""
    k = values.shape[1]
    n, free, products, squares = (np.zeros((k, k)) for _ in range(4))
    given = ~np.isnan(values)
    counts = np.maximum(given.sum(axis=0), 1)
    filled = np.where(given, values - np.where(given, values, 0.0).sum(axis=0) / counts, 0.0)
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    for x, there in zip(np.split(filled[order], starts[1:]), np.split(given[order].astype(float), starts[1:]), strict=True):
        both = there.T @ there
        sums = x.T @ there
        size = np.maximum(both, 1)
        n += both
        free += np.maximum(both - 1, 0)
        products += x.T @ x - sums * sums.T / size
        squares += (x * x).T @ there - sums**2 / size
    return Within(n, free, products, squares)
