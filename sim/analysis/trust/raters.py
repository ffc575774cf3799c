"""Would another rater, or another simulated user, have come to the same end? (guide/methods.md#other-raters-and-users)

*Order*: do both put the targets in the same order by their fixed-set mean? *Flips*: on one persona × scenario one of two targets is preferred; a
preference flips when the other side prefers the other target. The same two figures serve both swaps, because another user leads other conversations,
which have no exchange in common. Raters of one run have: there the share of scores that differ on the same reply stands beside.

Two habits of a rater are looked at as well. *Verbosity*: points for twice as many words, within persona × target, so that targets that write more and
are better do not enter. *Order of asking*: points for a dimension asked last rather than first, less the dimension's own mean; the order is drawn by
seed, so it should tell nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.figures.columns import RatingColumns, extract_columns, less_own_mean, mean_over
from sim.analysis.stats.order import Order, compare_orders
from sim.analysis.trust.families import SameFamily, same_families
from sim.analysis.trust.scales import LengthEffect, explain_by_length
from sim.core.codebook import ALWAYS, DIMENSIONS
from sim.core.controls import control_parts
from sim.core.event import Score
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from sim.core.record import Trial
    from sim.core.spec import Study

FEWEST_ASKED = 30
"""Scores below which the order of asking is not looked at."""


class Flips(Frozen):
    """Preferences between two targets on one persona × scenario."""

    n: int
    """Of which both sides have one; ties are none."""
    flipped: int
    share: float | None
    """None: no preference to compare."""


class Swap(Frozen):
    """One side against another: two raters, or two runs with different users."""

    order: Order
    """Of targets, by their fixed-set mean over the persona × scenario cells that both sides have."""
    flips: Flips
    cells: int
    """Persona × scenario × target that both sides have."""
    difference: float | None
    """Mean of the other − the first, in points of the fixed-set mean. None: no common cell."""


class Moved(Frozen):
    """Scores of two raters for the same reply and dimension."""

    n: int
    moved: float | None
    """Share that differ by a point or more."""
    by_two: float | None
    """Share that differ by two points or more."""


class AskingOrder(Frozen):
    """What the order of asking does to scores."""

    n: int
    last_less_first: float | None
    """Points of the scale over the whole list. None: too few scores, or always the same order."""
    interval: tuple[float, float] | None
    """95 %, normal, by persona."""


class RaterHabits(Frozen):
    """What a rater goes by beside the reply."""

    verbosity: LengthEffect
    """Of its fixed-set score of an exchange, within persona × target."""
    asked: AskingOrder


class OtherRater(Frozen):
    """Another rater against the primary one."""

    swap: Swap
    scores: Moved
    habits: RaterHabits


class RaterSensitivity(Frozen):
    """Whether the run's conclusions hang on its rater."""

    primary: str
    habits: RaterHabits
    """Of the primary rater."""
    others: dict[str, OtherRater]
    """By rater id; empty where nobody else rated."""
    same_family: tuple[SameFamily, ...]


def compare_raters(study: Study, trials: Sequence[Trial]) -> RaterSensitivity:
    """Every other rater of the run against the primary one."""
    primary = study.primary_rater
    own = extract_columns(trials, primary)
    left_out = {primary, *control_parts(primary).values()}
    others = sorted({r for t in trials for e in t.exchanges for r in e.ratings} - left_out)
    found = {}
    for rater in others:
        theirs = extract_columns(trials, rater)
        found[rater] = OtherRater(swap=_swap(_cells(own), _cells(theirs)), scores=_moved(trials, primary, rater), habits=_habits(theirs))
    return RaterSensitivity(primary=primary, habits=_habits(own), others=found, same_family=same_families(study, others))


def compare_simulators(these: Sequence[Trial], those: Sequence[Trial], *, rater: str, other_rater: str | None = None) -> Swap:
    """Two runs of the same targets with different simulated users, each as its own rater saw it; targets, personas and scenarios are paired by id."""
    return _swap(_cells(extract_columns(these, rater)), _cells(extract_columns(those, other_rater or rater)))


# --- swaps --------------------------------------------------------------------------------------------------------

_Cells = dict[tuple[str, str], dict[str, float]]
"""Fixed-set means by persona × scenario, then by target; seeds are averaged."""


def _cells(columns: RatingColumns) -> _Cells:
    values = mean_over(columns.trial_means(slice(0, len(ALWAYS))))
    found: dict[tuple[str, str], dict[str, list[float]]] = {}
    for t in np.flatnonzero(~np.isnan(values)):
        place = (columns.personas[columns.persona[t]], columns.scenarios[columns.scenario[t]])
        found.setdefault(place, {}).setdefault(columns.targets[columns.target[t]], []).append(float(values[t]))
    return {place: {target: sum(of) / len(of) for target, of in targets.items()} for place, targets in found.items()}


def _swap(these: _Cells, those: _Cells) -> Swap:
    both = {
        place: {t: (value, those[place][t]) for t, value in targets.items() if t in those[place]}
        for place, targets in these.items()
        if place in those
    }
    by_target: dict[str, list[tuple[float, float]]] = {}
    for targets in both.values():
        for target, pair in targets.items():
            by_target.setdefault(target, []).append(pair)
    means = {t: np.mean(pairs, axis=0) for t, pairs in by_target.items()}
    names = list(means)
    table = np.array([means[t] for t in names]).reshape(-1, 2)
    pairs = [pair for of in by_target.values() for pair in of]
    return Swap(
        order=compare_orders(table[:, 0], table[:, 1], names),
        flips=_flips(both),
        cells=len(pairs),
        difference=float(np.mean([other - one for one, other in pairs])) if pairs else None,
    )


def _flips(both: dict[tuple[str, str], dict[str, tuple[float, float]]]) -> Flips:
    n = flipped = 0
    for targets in both.values():
        for (a, b), (c, d) in combinations(targets.values(), 2):
            one, other = round(a - c, 9), round(b - d, 9)
            if one and other:
                n += 1
                flipped += (one > 0) != (other > 0)
    return Flips(n=n, flipped=flipped, share=flipped / n if n else None)


def _moved(trials: Sequence[Trial], one: str, other: str) -> Moved:
    apart = [
        abs(a.score - b.score)
        for t in trials
        for e in t.exchanges
        if one in e.ratings and other in e.ratings
        for d in DIMENSIONS
        if isinstance(a := e.ratings[one].get(d), Score) and isinstance(b := e.ratings[other].get(d), Score)
    ]
    n = len(apart)
    return Moved(n=n, moved=sum(a >= 1 for a in apart) / n if n else None, by_two=sum(a >= 2 for a in apart) / n if n else None)


# --- habits -------------------------------------------------------------------------------------------------------


def _habits(columns: RatingColumns) -> RaterHabits:
    persona, target = columns.persona[columns.trial], columns.target[columns.trial]
    fixed = mean_over(columns.scores[:, : len(ALWAYS)])
    return RaterHabits(
        verbosity=explain_by_length(fixed, columns.words, persona * max(1, len(columns.targets)) + target),
        asked=_asked(columns),
    )


def _asked(columns: RatingColumns) -> AskingOrder:
    """The slope of the score on the place of asking, over the whole list, with the dimension's and the exchange's mean taken off both."""
    some = ~np.isnan(columns.scores) & (columns.asked > 0)
    rows, of = np.nonzero(some)
    n = len(rows)
    if n < FEWEST_ASKED:
        return AskingOrder(n=n, last_less_first=None, interval=None)
    y, x = columns.scores[some], columns.asked[some].astype(float)
    exchanges = len(columns.scores)
    for _ in range(20):
        y, x = (less_own_mean(less_own_mean(v, rows, exchanges), of, len(DIMENSIONS)) for v in (y, x))
    spread = float(x @ x)
    if spread < 1e-6 * n:
        return AskingOrder(n=n, last_less_first=None, interval=None)
    slope = float(x @ y) / spread
    persona = columns.persona[columns.trial][rows]
    each = np.bincount(persona, weights=x * (y - slope * x))
    error = float(np.sqrt((each**2).sum())) / spread
    whole = len(DIMENSIONS) - 1
    several = len(np.unique(persona)) >= 3
    return AskingOrder(
        n=n, last_less_first=slope * whole, interval=(whole * (slope - 1.96 * error), whole * (slope + 1.96 * error)) if several else None
    )
