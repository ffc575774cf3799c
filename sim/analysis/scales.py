"""Are the seven dimensions seven, and do they measure more than length? What every summary says about its own scales (METHODS §5, halo).

All correlations are within personas: each value less its persona's mean, so that neither a generous persona nor a strict one makes one.

* *told apart*: the correlation of each dimension with each other one. From .90 on, two dimensions say the same thing here.
* *criterion*: the session's mean on a dimension with how the same session was looked back on, in a call that saw no score.
* *length alone*: the share of a dimension's variance within personas that a line in log2 of the reply's words explains, beside what that line does
  for one doubling. A score that a word count foretells needs no rater.
* *ceiling, floor*: shares of scores at 5 and at 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.columns import Columns, Floats, Ints, extract_columns, less_own_mean, means_by
from sim.analysis.families import SameFamily, same_families
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


class Length(Frozen):
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
    length: Length
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


def check_scales(study: Study, trials: Iterable[Trial]) -> ScaleChecks:
    """The scales of the study's primary rater, over all of `trials`."""
    columns = extract_columns(trials, study.primary_rater)
    persona = columns.persona[columns.trial]
    of = dict(zip(DIMENSIONS, columns.scores.T, strict=True))
    together = {(a, b): _correlate(of[a], of[b], persona) for a, b in combinations(DIMENSIONS, 2)}
    known = [c.r for c in together.values() if c.r is not None]
    enough = {pair: c for pair, c in together.items() if c.n >= FEWEST_FOR_TWINS}
    twins = [Twins(dimensions=pair, r=c.r, n=c.n) for pair, c in enough.items() if c.r is not None and c.r >= NOT_APART]
    return ScaleChecks(
        rater=study.primary_rater,
        exchanges=len(persona),
        personas=len(np.unique(persona)),
        dimensions={d: _figures(columns, persona, i, {o: together[_pair(d, o)] for o in DIMENSIONS if o != d}) for i, d in enumerate(DIMENSIONS)},
        twins=tuple(sorted(twins, key=lambda t: -t.r)),
        mean_correlation=float(np.mean(known)) if known else None,
        same_family=same_families(study),
    )


def _pair(a: Dimension, b: Dimension) -> tuple[Dimension, Dimension]:
    return (a, b) if DIMENSIONS.index(a) < DIMENSIONS.index(b) else (b, a)


def _figures(columns: Columns, persona: Ints, i: int, others: dict[Dimension, Correlation]) -> ScaleFigures:
    scores = columns.scores[:, i]
    given = scores[~np.isnan(scores)]
    sessions = means_by(scores[:, None], columns.session, len(columns.session_trial))[:, 0]
    met = columns.persona[columns.session_trial]
    return ScaleFigures(
        n=len(given),
        occasions=int(columns.occasion[:, i].sum()),
        not_applicable=len(scores) - len(given),
        quotes_not_found=int(columns.not_found[:, i].sum()),
        ceiling=float((given == 5).mean()) if len(given) else None,
        floor=float((given == 1).mean()) if len(given) else None,
        length=explain_by_length(scores, columns.words, persona),
        criterion={c: _correlate(sessions, columns.criterion[:, k], met) for k, c in enumerate(CRITERIA)},
        others=others,
    )


def explain_by_length(scores: Floats, words: Floats, group: Ints) -> Length:
    """A line in log2 of the words through `scores` (NaN: none), both less the mean of their group."""
    some = ~np.isnan(scores)
    own = _centred(scores[some], np.log2(words[some] + 1), group[some])
    if own is None:
        return Length(n=int(some.sum()), r_squared=None, per_doubling=None)
    y, x = own
    return Length(n=len(y), r_squared=float((x @ y) ** 2 / ((x @ x) * (y @ y))), per_doubling=float((x @ y) / (x @ x)))


def _correlate(x: Floats, y: Floats, group: Ints) -> Correlation:
    both = ~np.isnan(x) & ~np.isnan(y)
    own = _centred(x[both], y[both], group[both])
    r = None if own is None else float(np.clip((own[0] @ own[1]) / np.sqrt((own[0] @ own[0]) * (own[1] @ own[1])), -1, 1))
    return Correlation(n=int(both.sum()), r=r)


def _centred(x: Floats, y: Floats, group: Ints) -> tuple[Floats, Floats] | None:
    """Both less their group's mean; None where there are too few values or one does not vary."""
    if len(x) - np.count_nonzero(np.bincount(group)) < FEWEST_FREE:
        return None
    groups = int(group.max()) + 1
    dx, dy = less_own_mean(x, group, groups), less_own_mean(y, group, groups)
    return (dx, dy) if min(dx @ dx, dy @ dy) > 1e-9 * len(x) else None
