"""How far ratings of the same things agree: coefficients on a complete table of scores, each with its source.

A coefficient that the table does not determine is None, and never 0: fewer than two rows or columns, or scores without any variance. Negative
estimates are kept: cut off at 0 they would no longer be unbiased.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtri  # scipy.stats takes several times as long to import

from sim.core.frozen import Frozen

Scores = NDArray[np.float64]
Interval = tuple[float, float]

Form = Literal["1,1", "2,1", "3,1", "1,k", "2,k", "3,k"]
FORMS: tuple[Form, ...] = get_args(Form)

_UPPER = 0.975
_TINY = 1e-12
"""Share of the total sum of squares below which a mean square is rounding and counts as 0."""


class Icc(Frozen):
    """The six intraclass correlations of Shrout & Fleiss (1979), and their exact 95 % intervals; 2,1 and 2,k by Satterthwaite's degrees of freedom.

    1: raters differ from item to item; 2: raters are a sample, and a rater's level counts (absolute agreement); 3: these raters alone, level left out
    (consistency). 1 behind the comma is a single rater, k the mean of them all.
    """

    n: int
    """Items."""
    k: int
    """Raters."""
    icc: dict[Form, float | None]
    intervals: dict[Form, Interval | None]


@dataclass(frozen=True, slots=True)
class _Squares:
    """Mean squares of a table of n items × k raters."""

    n: int
    k: int
    items: float
    raters: float
    within: float
    error: float


def icc_forms(scores: Scores) -> Icc:
    """The six forms on `scores`, items × raters, nothing missing."""
    n, k = scores.shape
    found: dict[Form, float | None] = dict.fromkeys(FORMS)
    between: dict[Form, Interval | None] = dict.fromkeys(FORMS)
    if n >= 2 and k >= 2:
        s = _mean_squares(scores)
        found = {
            "1,1": _ratio(s.items - s.within, s.items + (k - 1) * s.within),
            "2,1": _ratio(s.items - s.error, s.items + (k - 1) * s.error + k * (s.raters - s.error) / n),
            "3,1": _ratio(s.items - s.error, s.items + (k - 1) * s.error),
            "1,k": _ratio(s.items - s.within, s.items),
            "2,k": _ratio(s.items - s.error, s.items + (s.raters - s.error) / n),
            "3,k": _ratio(s.items - s.error, s.items),
        }
        between = _intervals(s, found)
    return Icc(n=n, k=k, icc=found, intervals=between)


def _mean_squares(scores: Scores) -> _Squares:
    n, k = scores.shape
    grand, rows, columns = scores.mean(), scores.mean(axis=1), scores.mean(axis=0)
    total = float(((scores - grand) ** 2).sum())
    items = k * float(((rows - grand) ** 2).sum())
    raters = n * float(((columns - grand) ** 2).sum())
    error = float(((scores - rows[:, None] - columns + grand) ** 2).sum())
    # Sums of squares that should be 0 come out as 1e-31: taken for variance, they would make an F of any size.
    nothing = _TINY * max(total, 1.0)
    items, raters, error = (0.0 if part < nothing else part for part in (items, raters, error))
    return _Squares(n, k, items / (n - 1), raters / (k - 1), (raters + error) / (n * (k - 1)), error / ((n - 1) * (k - 1)))


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _intervals(s: _Squares, found: dict[Form, float | None]) -> dict[Form, Interval | None]:
    one = _one_way(s.items, s.within, s.n - 1, s.n * (s.k - 1), s.k)
    three = _one_way(s.items, s.error, s.n - 1, (s.n - 1) * (s.k - 1), s.k)
    two = _two_way(s, found["2,1"])
    return {
        "1,1": one,
        "2,1": two,
        "3,1": three,
        "1,k": _stepped_up(one, s.k),
        "2,k": _stepped_up(two, s.k),
        "3,k": _stepped_up(three, s.k),
    }


def _one_way(items: float, rest: float, df_items: int, df_rest: int, k: int) -> Interval | None:
    """Exact limits from F = MS of items / MS of the rest."""
    if not rest:
        return None
    f = items / rest
    # Quantiles of F with the degrees of freedom exchanged give the lower limit: 1 / F(a, b) is distributed as F(b, a).
    low, high = f / float(fdtri(df_items, df_rest, _UPPER)), f * float(fdtri(df_rest, df_items, _UPPER))
    return _limits((low - 1, low + k - 1), (high - 1, high + k - 1))


def _two_way(s: _Squares, rho: float | None) -> Interval | None:
    """Limits of form 2,1 (Shrout & Fleiss 1979, after Satterthwaite)."""
    if rho is None or not s.error:
        return None
    n, k, fj = s.n, s.k, s.raters / s.error
    # Names as in the paper, where v is the approximate degrees of freedom of the denominator and fj the F of raters.
    rest = n * (1 + (k - 1) * rho) - k * rho
    whole = (n - 1) * k**2 * rho**2 * fj**2 + rest**2
    v = (k - 1) * (n - 1) * (k * rho * fj + rest) ** 2 / whole if whole else 0.0
    if not v:
        return None
    above, below = float(fdtri(n - 1, v, _UPPER)), float(fdtri(v, n - 1, _UPPER))
    spread = k * s.raters + (k * n - k - n) * s.error
    low = n * (s.items - above * s.error), above * spread + n * s.items
    return _limits(low, (n * (below * s.items - s.error), spread + n * below * s.items))


def _stepped_up(single: Interval | None, k: int) -> Interval | None:
    """The same limits for the mean of k raters (Spearman–Brown). A limit at its pole is minus infinity, and there is then no interval."""
    return None if single is None else _limits(*((k * r, 1 + (k - 1) * r) for r in single))


def _limits(low: tuple[float, float], high: tuple[float, float]) -> Interval | None:
    """Two limits given as fractions; None where one is not finite: agreement so far below chance is outside what the formula was made for."""
    if not (low[1] > _TINY and high[1] > _TINY):
        return None
    found = low[0] / low[1], high[0] / high[1]
    return found if all(map(isfinite, found)) and found[0] <= found[1] else None


# --- two raters ---------------------------------------------------------------------------------------------------


class LimitsOfAgreement(Frozen):
    """Bland & Altman (1986)."""

    bias: float | None
    """Mean of y − x. None: no pair."""
    limits: Interval | None
    """Limits of agreement: bias ± 1.96 standard deviations of y − x. None: fewer than two pairs."""


def limits_of_agreement(x: Scores, y: Scores) -> LimitsOfAgreement:
    """How far `y` lies above `x`, and between which limits 95 % of single differences lie."""
    apart = y - x
    bias = float(apart.mean()) if apart.size else None
    if bias is None or apart.size < 2:
        return LimitsOfAgreement(bias=bias, limits=None)
    spread = 1.96 * float(apart.std(ddof=1))
    return LimitsOfAgreement(bias=bias, limits=(bias - spread, bias + spread))


def concordance(x: Scores, y: Scores) -> float | None:
    """Lin's concordance correlation coefficient (1989), variances over n.

    On scores it is Cohen's κ with quadratic weights (1968), the weights being squared differences of the scores: one formula, two names.
    """
    if x.size < 2:
        return None
    whole = float(x.var() + y.var() + (x.mean() - y.mean()) ** 2)
    return float(2 * ((x - x.mean()) * (y - y.mean())).mean()) / whole if whole > _TINY else None


def kappa(x: NDArray[np.bool_], y: NDArray[np.bool_]) -> float | None:
    """Cohen's κ (1960) of two yes-or-no judgements. None where chance alone makes agreement whole."""
    if not x.size:
        return None
    chance = float(x.mean() * y.mean() + (~x).mean() * (~y).mean())
    return (float((x == y).mean()) - chance) / (1 - chance) if 1 - chance > _TINY else None


def pearson(x: Scores, y: Scores) -> float | None:
    """Product-moment correlation. None where one side does not vary, or below three pairs."""
    if x.size < 3:
        return None
    dx, dy = x - x.mean(), y - y.mean()
    vx, vy = float(dx @ dx), float(dy @ dy)
    # Relative to the values themselves: a column of 4.3 has a variance of 1e-31 and not 0.
    flat = min(vx / max(1.0, float(x @ x)), vy / max(1.0, float(y @ y))) < _TINY
    return None if flat else float(np.clip((dx @ dy) / np.sqrt(vx * vy), -1, 1))


def spearman(x: Scores, y: Scores) -> float | None:
    """Rank correlation, ties at their mean rank. None as for `pearson`."""
    return pearson(ranks(x), ranks(y))


def ranks(values: Scores) -> Scores:
    """Ranks from 1; ties share the mean of theirs."""
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    # The last rank that a value takes, less half of how far back its ties reach.
    found: Scores = (np.cumsum(counts) - (counts - 1) / 2)[where]
    return found


# --- any number of raters, cells missing --------------------------------------------------------------------------


def alpha_ordinal(scores: Scores) -> float | None:
    """Krippendorff's α with the ordinal metric (2011), on items × raters with NaN where a rater gave no score.

    The ordinal distance of two scores is the number of scores given between them, half of their own included, which is the difference of their
    mid-ranks; so α is the interval α of the mid-ranks of all scores that stand beside another on their item. None: fewer than two items with two
    scores, or no variance.
    """
    given = ~np.isnan(scores)
    each = given.sum(axis=1)
    some = each >= 2
    given, each, values = given[some], each[some].astype(float), scores[some]
    if len(each) < 2:
        return None
    n = float(each.sum())
    placed = np.zeros(values.shape)
    placed[given] = ranks(values[given])
    sums, squares = placed.sum(axis=1), (placed**2).sum(axis=1)
    observed = float((2 * (each * squares - sums**2) / (each - 1)).sum()) / n
    expected = 2 * (n * float(squares.sum()) - float(sums.sum()) ** 2) / (n * (n - 1))
    return 1 - observed / expected if expected > _TINY * n * n else None
