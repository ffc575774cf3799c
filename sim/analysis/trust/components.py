"""Where the spread of likability comes from, and which n to raise: variance components with their interactions
(guide/methods.md#variance-components).

A value is the fixed-set mean of one trial, because a mean whose ingredients change would put the change of ingredients into a component. All effects
are random: target, persona, scenario, target × persona ("for whom is it worse?"), target × scenario, persona × scenario, target × persona × scenario,
and between seeds. The estimator is Henderson's method I (1953): the sums of squares of the group totals of each effect, set equal to what they are
expected to be; unbiased for unbalanced data also, and the analysis of variance where data are balanced. Being unbiased, an estimate may be negative,
which says "about 0", and is shown as it is.

What cannot be told apart is not guessed: an effect with one level, or whose groups are those of another, is left out and named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from sim.analysis.figures.columns import Floats, Ints, RatingColumns, mean_over
from sim.core.codebook import ALWAYS
from sim.core.frozen import Frozen

Effect = Literal[
    "target", "persona", "scenario", "target × persona", "target × scenario", "persona × scenario", "target × persona × scenario", "residual"
]
EFFECTS: tuple[Effect, ...] = get_args(Effect)
SIMPLE: tuple[Effect, ...] = EFFECTS[:3]
Doubled = Literal["now", "personas", "scenarios", "seeds"]
DOUBLED: tuple[Doubled, ...] = get_args(Doubled)

GROUPS = 20
"""Groups of personas that are left out in turn for the intervals; with fewer personas, each by itself."""
FEWEST_PERSONAS = 3
"""Personas below which there is no interval."""


class Component(Frozen):
    """One effect's variance, in squared points of the scale."""

    variance: float | None
    """May be negative. None: not estimable here; `why` says for what reason."""
    interval: tuple[float, float] | None
    """95 %, jackknife over personas with a t quantile: over personas like these, with these targets and scenarios. None below three. Somewhat narrow
    below 24 personas, by a measure that `python -m tests.benchmarks.components` prints."""
    share: float | None
    """Of the sum of the variances, negative ones taken as 0."""
    levels: int
    """Groups that the data have."""
    why: str = ""


class Raise(Frozen):
    """What a change of the design would do to the standard error of the difference between two targets."""

    personas: int
    scenarios: int
    seeds: float
    """A cell of persona × scenario × target, on average."""
    standard_error: float | None
    """Points of the scale. None: not known, because there is one of what is doubled, so that its share of the residual is not."""
    times: float | None
    """Of the standard error as it is."""


class NoiseFloor(Frozen):
    """What differs when nothing differs: the same persona, scenario and target under another seed."""

    pairs: int
    """Persona × scenario × target cells with two seeds or more."""
    trial: float | None
    """Standard deviation between seeds, points of the fixed-set mean. None: no such cell."""
    target: float | None
    """By how much the means of one target in two runs like this one differ by chance alone, 95 times in 100."""


class Components(Frozen):
    """Of one run, as one rater saw it."""

    rater: str
    trials: int
    """With a fixed-set mean."""
    components: dict[Effect, Component]
    design: dict[Doubled, Raise]
    """As it is, and with twice the personas, scenarios or seeds: each doubles what the run costs."""
    noise: NoiseFloor


def estimate_components(columns: RatingColumns, *, rater: str) -> Components:
    """The components of the fixed-set means of the trials in `columns`, as `rater` saw them."""
    values = mean_over(columns.trial_means(slice(0, len(ALWAYS))))
    some = ~np.isnan(values)
    factors = {"target": columns.target[some], "persona": columns.persona[some], "scenario": columns.scenario[some]}
    return components_of(values[some], factors, rater=rater)


def components_of(values: Floats, factors: Mapping[str, Ints], *, rater: str = "") -> Components:
    """The same on plain arrays: one value a trial, and the code of its target, persona and scenario."""
    groups: dict[Effect, Ints] = {e: _crossed([factors[f] for f in e.split(" × ")]) for e in EFFECTS if e != "residual"}
    levels: dict[Effect, int] = {e: int(g.max()) + 1 if len(g) else 0 for e, g in groups.items()} | {"residual": len(values)}
    kept, why = _estimable(groups, levels, len(values))
    variances = _henderson(values, [groups[e] for e in kept]) if not why.get("residual") else None
    found: dict[Effect, float] = dict(zip((*kept, "residual"), variances, strict=True)) if variances is not None else {}
    spread = _jackknife(values, groups, kept, factors["persona"]) if found else None
    whole = sum(max(v, 0.0) for v in found.values())
    components: dict[Effect, Component] = {}
    for e in EFFECTS:
        value, half = found.get(e), None if spread is None else spread.get(e)
        components[e] = Component(
            variance=value,
            interval=None if value is None or half is None else (value - half, value + half),
            share=max(value, 0.0) / whole if value is not None and whole > 0 else None,
            levels=levels[e],
            why=why.get(e, ""),
        )
    cells = groups["target × persona × scenario"]
    n = _Size(len(np.unique(factors["persona"])), len(np.unique(factors["scenario"])), len(values) / max(1, len(np.unique(cells))))
    return Components(rater=rater, trials=len(values), components=components, design=_design(n, found), noise=_noise(values, cells, n))


def _crossed(factors: Sequence[Ints]) -> Ints:
    """The group that each value is in when `factors` are crossed, counted from 0."""
    group = np.zeros(len(factors[0]), dtype=np.int64)
    for factor in factors:
        group = _recoded(group * (int(factor.max(initial=0)) + 1) + factor)
    return group


def _recoded(group: Ints) -> Ints:
    """The same groups, counted from 0 without gaps."""
    return np.asarray(np.unique(group, return_inverse=True)[1], dtype=np.int64)


# --- Henderson's method I -----------------------------------------------------------------------------------------


def _henderson(values: Floats, groups: Sequence[Ints]) -> Floats:
    """Variances of the effects whose groups are given, and the residual's last."""
    # Taking the mean off changes no variance and spares the sums of squares most of their rounding.
    left, right = _equations(values - values.mean(), groups)
    return np.asarray(np.linalg.solve(left, right))


def _equations(values: Floats, groups: Sequence[Ints]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Expected and found sums of squares: for each effect Σ total² / n of its groups, for the residual Σ value², all less the same of the whole."""
    n = len(values)
    sizes = [np.bincount(g).astype(float) for g in groups]
    whole = np.array([*((s**2).sum() / n for s in sizes), 1.0])
    left = np.empty((len(groups) + 1, len(groups) + 1))
    right = np.empty(len(groups) + 1)
    for i, (g, size) in enumerate(zip(groups, sizes, strict=True)):
        right[i] = (np.bincount(g, weights=values) ** 2 / size).sum()
        left[i] = [*(_overlap(g, size, other) for other in groups), len(size)]
    left[-1], right[-1] = n, (values**2).sum()
    return left - whole, right - values.sum() ** 2 / n


def _overlap(group: Ints, size: Floats, other: Ints) -> float:
    """Σ over groups a of Σ over groups b of n(a and b)² / n(a)."""
    wide = int(other.max()) + 1
    pairs = group * wide + other
    if len(size) * wide <= 4 * len(group):
        met = np.bincount(pairs, minlength=len(size) * wide).reshape(len(size), wide)
        return float(((met.astype(float) ** 2).sum(axis=1) / size).sum())
    found, counts = np.unique(pairs, return_counts=True)
    return float((counts.astype(float) ** 2 / size[found // wide]).sum())


def _estimable(groups: Mapping[Effect, Ints], levels: Mapping[Effect, int], n: int) -> tuple[list[Effect], dict[Effect, str]]:
    """The effects that can be told apart, simple ones first, and why the others cannot."""
    kept: list[Effect] = []
    why: dict[Effect, str] = {}
    for e, g in groups.items():
        if levels[e] < 2:
            why[e] = "one level"
        elif levels[e] == n:
            why[e] = "in the residual"
        elif any(levels[f] < 2 for f in SIMPLE if f in e.split(" × ")):
            why[e] = "one level of a part"
        else:
            left, _ = _equations(np.zeros(n), [*(groups[k] for k in kept), g])
            # Rows differ in size by orders of magnitude; unscaled, the rank would depend on the number of trials.
            scaled = left / np.maximum(np.abs(left).max(axis=1, keepdims=True), 1e-12)
            if np.linalg.matrix_rank(scaled, tol=1e-9) == len(left):
                kept.append(e)
            else:
                why[e] = "cannot be told from the others"
    if n < 2:
        why["residual"] = "fewer than two trials"
    return kept, why


def _jackknife(values: Floats, groups: Mapping[Effect, Ints], kept: Sequence[Effect], persona: Ints) -> dict[Effect, float] | None:
    """Half widths by leaving out personas in turn; None with too few of them, or where a part of the design does not stand without one."""
    personas = np.unique(persona)
    if len(personas) < FEWEST_PERSONAS:
        return None
    draws = []
    many = min(GROUPS, len(personas))
    for left_out in range(many):
        stay = ~np.isin(persona, personas[left_out::many])
        left, right = _equations(values[stay] - values[stay].mean(), [_recoded(groups[e][stay]) for e in kept])
        if stay.sum() < 2 or np.linalg.matrix_rank(left) < len(left):
            return None
        draws.append(np.linalg.solve(left, right))
    # The variance of a grouped jackknife; its groups differ in size by one persona at most.
    errors = np.sqrt((many - 1) / many * ((np.array(draws) - np.mean(draws, axis=0)) ** 2).sum(axis=0))
    return dict(zip((*kept, "residual"), map(float, errors * stdtrit(many - 1, 0.975)), strict=True))


# --- which n to raise ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Size:
    """Personas and scenarios, and seeds a cell, which may differ from cell to cell."""

    personas: int
    scenarios: int
    seeds: float

    def times(self, what: Doubled) -> _Size:
        """Twice as many of `what`."""
        return replace(self, **{what: 2 * getattr(self, what)}) if what != "now" else self


def _standard_error(found: Mapping[Effect, float], n: _Size) -> float:
    """Of the difference between two targets met by the same people in the same scenarios: what they share cancels, what interacts does not."""
    over: dict[Effect, float] = {
        "target × persona": n.personas,
        "target × scenario": n.scenarios,
        "target × persona × scenario": n.personas * n.scenarios,
        "residual": n.personas * n.scenarios * n.seeds,
    }
    return sqrt(2 * sum(max(found.get(e, 0.0), 0.0) / of for e, of in over.items()))


def _design(n: _Size, found: Mapping[Effect, float]) -> dict[Doubled, Raise]:
    """Of what there is one alone, nobody knows how much of the residual it would take away."""
    single = {"personas": n.personas < 2, "scenarios": n.scenarios < 2, "seeds": n.seeds <= 1}
    now = _standard_error(found, n) if "residual" in found and not single["personas"] else None
    made: dict[Doubled, Raise] = {}
    for what in DOUBLED:
        more = n.times(what)
        error = None if now is None or single.get(what) else _standard_error(found, more)
        made[what] = Raise(
            personas=more.personas,
            scenarios=more.scenarios,
            seeds=more.seeds,
            standard_error=error,
            times=error / now if error is not None and now else None,
        )
    return made


def _noise(values: Floats, cells: Ints, n: _Size) -> NoiseFloor:
    sizes = np.bincount(cells) if len(cells) else np.zeros(0, dtype=np.int64)
    free = int((sizes[sizes > 1] - 1).sum())
    if not free:
        return NoiseFloor(pairs=0, trial=None, target=None)
    means = np.bincount(cells, weights=values) / np.maximum(sizes, 1)
    spread = sqrt(float(((values - means[cells]) ** 2).sum()) / free)
    of_target = 1.96 * sqrt(2 * spread**2 / (n.personas * n.scenarios * n.seeds))
    return NoiseFloor(pairs=int((sizes > 1).sum()), trial=spread, target=of_target)
