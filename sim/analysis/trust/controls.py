"""Noise and halo of the primary rater, from the exchanges it rated more than once (guide/methods.md#halo-and-noise;
drawn in `sim.core.controls`).

Noise: the same exchange rated twice in the same words. Per dimension, the mean absolute difference of the two scores and the share of ratings that
moved by a point or more.

Halo: the same exchange rated in one call and in seven. The pooled within-persona correlation of two dimensions is taken over scores less their
persona's mean, so that neither a generous persona nor a strict one makes one; the figure is its mean over pairs of dimensions. Dimensions may
truly go together, so no level of it is halo: halo is how much higher it is when they are rated together. Both sides rest on the same exchanges,
those in which both dimensions were scored both ways. The shift is the mean of joint − one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import fsum, sqrt
from statistics import fmean
from typing import TYPE_CHECKING

from sim.core.codebook import DIMENSIONS, Dimension
from sim.core.controls import control_parts
from sim.core.event import Score
from sim.core.frozen import Frozen
from sim.core.panel import Panel

if TYPE_CHECKING:
    from sim.core.record import Ratings, Trial
    from sim.core.spec import Study

FEWEST_FREE = 10
"""Exchanges beyond one a persona, below which two dimensions are not correlated."""


class DimensionNoise(Frozen):
    """How far a rating moves when nothing has changed."""

    n: int
    """Ratings scored both times."""
    difference: float | None
    """Mean absolute difference of the two scores, in scale points. None: nothing was scored twice."""
    moved: float | None
    """Share of `n` that differ by a point or more."""


class NoiseFigures(DimensionNoise):
    """The ratings of all dimensions taken together, and each apart."""

    share: float
    """Of exchanges, as the study asks."""
    exchanges: int
    """Rated twice."""
    changed_kind: int
    """Ratings with a score one time and none the other; not in `n`."""
    dimensions: dict[Dimension, DimensionNoise]


class Shift(Frozen):
    """How much higher a dimension is rated together with the others than alone."""

    n: int
    """Ratings scored both ways."""
    mean: float | None
    """Mean of joint − one by one, in scale points. None: nothing was scored both ways."""


class HaloFigures(Frozen):
    """Dimensions rated together against dimensions rated one by one."""

    share: float
    """Of exchanges, as the study asks."""
    exchanges: int
    """Rated both ways."""
    personas: int
    """Of those exchanges."""
    joint: float | None
    """Mean within-persona correlation of two dimensions in joint ratings. None: no pair of dimensions has enough exchanges."""
    one_by_one: float | None
    """The same in ratings made one by one."""
    pairs: int
    """Pairs of dimensions that both are means over, of 21: those with ten exchanges or more beyond one a persona, and with scores that vary."""
    changed_kind: int
    """Ratings with a score one way and none the other; not in any `n`."""
    dimensions: dict[Dimension, Shift]


class ControlFigures(Frozen):
    """What second ratings say of the primary rater, over all targets of the run."""

    rater: str
    noise: NoiseFigures
    halo: HaloFigures


@dataclass(frozen=True, slots=True)
class _Twice:
    """The scores an exchange was given at first and then again, for dimensions that have both."""

    persona: str
    scores: Mapping[Dimension, tuple[int, int]]
    changed_kind: int


def summarise_controls(study: Study, trials: Iterable[Trial]) -> ControlFigures:
    """Noise and halo of the study's primary rater, over all of `trials`."""
    rater, trials = study.primary_rater, tuple(trials)
    parts, shares = control_parts(rater), Panel.of(study).controls.shares
    return ControlFigures(
        rater=rater,
        noise=_noise(_twice(trials, rater, parts["repeat"]), share=shares.repeat),
        halo=_halo(_twice(trials, rater, parts["one_by_one"]), share=shares.one_by_one),
    )


def _twice(trials: Sequence[Trial], rater: str, control: str) -> list[_Twice]:
    return [
        _pair_up(t.cast.persona.id, e.ratings[rater], e.ratings[control])
        for t in trials
        for s in t.sessions
        for e in s.exchanges
        if control in e.ratings and rater in e.ratings and e.reply is not None
    ]


def _pair_up(persona: str, first: Ratings, again: Ratings) -> _Twice:
    scores: dict[Dimension, tuple[int, int]] = {}
    changed = 0
    for d in DIMENSIONS:
        one, two = first.get(d), again.get(d)
        if isinstance(one, Score) and isinstance(two, Score):
            scores[d] = one.score, two.score
        changed += isinstance(one, Score) != isinstance(two, Score)
    return _Twice(persona, scores, changed)


# --- noise --------------------------------------------------------------------------------------------------------


def _noise(twice: Sequence[_Twice], *, share: float) -> NoiseFigures:
    each = {d: [t.scores[d] for t in twice if d in t.scores] for d in DIMENSIONS}
    together = _moves([pair for pairs in each.values() for pair in pairs])
    return NoiseFigures(
        **dict(together),
        share=share,
        exchanges=len(twice),
        changed_kind=sum(t.changed_kind for t in twice),
        dimensions={d: _moves(pairs) for d, pairs in each.items()},
    )


def _moves(pairs: Sequence[tuple[int, int]]) -> DimensionNoise:
    apart = [abs(one - two) for one, two in pairs]
    return DimensionNoise(n=len(apart), difference=fmean(apart) if apart else None, moved=fmean(a >= 1 for a in apart) if apart else None)


# --- halo ---------------------------------------------------------------------------------------------------------


def _halo(twice: Sequence[_Twice], *, share: float) -> HaloFigures:
    found = [r for a, b in combinations(DIMENSIONS, 2) if (r := _correlations(twice, a, b)) is not None]
    each = {d: [joint - alone for t in twice if d in t.scores for joint, alone in (t.scores[d],)] for d in DIMENSIONS}
    return HaloFigures(
        share=share,
        exchanges=len(twice),
        personas=len({t.persona for t in twice}),
        joint=fmean(joint for joint, _ in found) if found else None,
        one_by_one=fmean(alone for _, alone in found) if found else None,
        pairs=len(found),
        changed_kind=sum(t.changed_kind for t in twice),
        dimensions={d: Shift(n=len(shifts), mean=fmean(shifts) if shifts else None) for d, shifts in each.items()},
    )


def _correlations(twice: Sequence[_Twice], a: Dimension, b: Dimension) -> tuple[float, float] | None:
    """Within-persona correlation of two dimensions rated jointly and one by one; None where either cannot be told."""
    both = [t for t in twice if a in t.scores and b in t.scores]
    personas = [t.persona for t in both]
    if len(both) - len(set(personas)) < FEWEST_FREE:
        return None
    joint = _within(personas, [t.scores[a][0] for t in both], [t.scores[b][0] for t in both])
    alone = _within(personas, [t.scores[a][1] for t in both], [t.scores[b][1] for t in both])
    return None if joint is None or alone is None else (joint, alone)


def _within(personas: Sequence[str], x: Sequence[int], y: Sequence[int]) -> float | None:
    """Correlation of `x` and `y`, each less its persona's mean; None where one does not vary."""
    dx, dy = _less_own_mean(personas, x), _less_own_mean(personas, y)
    spread = sqrt(fsum(v * v for v in dx) * fsum(v * v for v in dy))
    return fsum(v * w for v, w in zip(dx, dy, strict=True)) / spread if spread > 1e-9 else None


def _less_own_mean(personas: Sequence[str], values: Sequence[int]) -> list[float]:
    count, total = Counter(personas), Counter[str]()
    for persona, value in zip(personas, values, strict=True):
        total[persona] += value
    return [value - total[persona] / count[persona] for persona, value in zip(personas, values, strict=True)]
