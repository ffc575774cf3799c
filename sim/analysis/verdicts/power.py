"""How small a difference a study can tell, by simulating studies and judging each as `sim compare` would.

A simulated study is what `sim.analysis.figures.estimates` sees of a real one: paired differences by persona and scenario, made of what personas,
scenarios, their interaction and seeds add. Power is the share of them that comes to a verdict.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.figures.estimates import (
    DECIDE,
    DECIDE_SCENARIOS,
    FEWEST_SCENARIOS,
    Tier,
    estimate,
    interval_p,
    least_flip_p,
    scenario_freedom,
    sign_flip_p,
    tier,
)
from sim.analysis.verdicts.compare import ALPHA
from sim.analysis.verdicts.needed import POWER, PRIOR, PRIOR_SHARE, power_of, spread_points
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sim.analysis.figures.measures import Measure
    from sim.analysis.verdicts.arms import Arm

    Floats = NDArray[np.float64]

REPLICATES = 2_000
SCENARIOS = (1, 2, 3, 4, 6, 8)
"""Numbers of scenarios whose worth is told."""
MOST = 400
"""Hundredths of a point between the ends of the scale."""


class Spreads(Frozen):
    """Standard deviations of paired differences in the primary outcome, in points."""

    personas: float
    scenarios: float
    cells: float
    """Between persona × scenario pairs beyond both, seeds apart."""
    seeds: float
    """Between repeats of one pair."""
    source: str
    """Where they come from, in words."""
    seen: tuple[int, int] | None = None
    """Personas and scenarios of the pilot that they were taken from; None: they are assumed."""


ASSUMED = Spreads(personas=0.35, scenarios=0.15, cells=0.30, seeds=0.40, source="assumed: no pilot")
"""Between two arms of one model on offline and open models; a pilot's own are better."""


ASSUMED_LEVELS = Spreads(personas=0.6, scenarios=0.3, cells=0.30, seeds=0.30, source="assumed: no pilot")
"""Of one target's own primary outcome: people differ more from each other than in what they make of two targets."""


class Design(Frozen):
    """How large a study is."""

    personas: int
    scenarios: int
    seeds: int
    pairs: int = 1
    """Pairs of targets, over which Holm adjusts."""


class Detectable(Frozen):
    """What a design can tell."""

    design: Design
    tier: Tier
    difference: float | None
    """The smallest true difference that comes to a verdict with 80 % power. None: beyond 4 points, or too few personas for any to do so."""
    power: float | None
    """At that difference, by simulation."""
    standardised: float | None
    """`difference` over the standard deviation between personas of their differences (d_z)."""
    range: tuple[float, float] | None = None
    """Where `difference` lies in 80 % of what the pilot leaves open: a dozen personas tell spreads roughly, four scenarios hardly. None: no pilot."""


@dataclass(frozen=True)
class Simulated:
    """Noise of many simulated studies of one design, to which any difference can be added."""

    noise: Floats
    """(R, 1, P, S)"""
    design: Design

    def rejections(self, difference: float, *, seed: int = 0, flips: bool = True) -> float:
        """The share that comes to a verdict: the smallest p of the family has to bear all its pairs.

        Args:
            flips: False: by the interval alone, which is nearly the same and takes no time.
        """
        found = estimate(self.noise + difference)
        assert found is not None, "a simulated study has values"
        level = ALPHA / self.design.pairs
        clear = interval_p(found) <= level
        if flips and clear.any():
            clear[clear] = sign_flip_p(found.some(clear), seed=seed) <= level
        return float(clear.mean())


def simulate(design: Design, spreads: Spreads, *, replicates: int = REPLICATES, seed: int = 0) -> Simulated:
    """Draw so many studies in which nothing differs. Below four scenarios these are all there are, and what they do is no noise."""
    rng = np.random.default_rng([seed, design.personas, design.scenarios, design.seeds])
    p, s = design.personas, design.scenarios
    cell = math.sqrt(spreads.cells**2 + spreads.seeds**2 / design.seeds)
    noise = rng.normal(0, spreads.personas, (replicates, 1, p, 1)) + rng.normal(0, cell, (replicates, 1, p, s))
    if s >= FEWEST_SCENARIOS:
        noise = noise + rng.normal(0, spreads.scenarios, (replicates, 1, 1, s))
    return Simulated(noise, design)


def detectable(design: Design, spreads: Spreads, *, replicates: int = REPLICATES, seed: int = 0) -> Detectable:
    """The smallest difference that comes to a verdict with 80 % power, to a hundredth of a point."""
    size = tier(design.personas, design.scenarios)
    if design.personas < 3 or least_flip_p(design.personas) > ALPHA / design.pairs:
        return Detectable(design=design, tier=size, difference=None, power=None, standardised=None)
    studies = simulate(design, spreads, replicates=replicates, seed=seed)
    low, high = 0, MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if studies.rejections(middle / 100, flips=False) >= POWER else (middle, high)
    power = studies.rejections(high / 100, seed=seed)
    while power < POWER and high < MOST:
        high += 1
        power = studies.rejections(high / 100, seed=seed)
    if power < POWER:
        return Detectable(design=design, tier=size, difference=None, power=None, standardised=None)
    centre, low_high = by_t(design, spreads), _range(design, spreads)
    between = math.sqrt(spreads.personas**2 + (spreads.cells**2 + spreads.seeds**2 / design.seeds) / design.scenarios)
    return Detectable(
        design=design,
        tier=size,
        difference=high / 100,
        power=power,
        standardised=high / 100 / between if between else None,
        # What the simulation says of the spreads as they are, t is close to; what it says of others moves alike.
        range=(high / 100 * low_high[0] / centre, high / 100 * low_high[1] / centre) if low_high and centre else None,
    )


def by_t(design: Design, spreads: Spreads) -> float:
    """The difference that noncentral t gives 80 % power, without a draw: nearly what simulation finds."""
    p, s = design.personas, design.scenarios
    cells = (spreads.cells**2 + spreads.seeds**2 / design.seeds) / (p * s)
    along, down = spreads.personas**2 / p + cells, spreads.scenarios**2 / s + cells
    variance, df = along, p - 1.0
    if s >= FEWEST_SCENARIOS:
        variance = along + down - cells
        noise = along**2 / (p - 1) + down**2 / scenario_freedom(s) + cells**2 / ((p - 1) * (s - 1))
        df = max(variance**2 / noise if noise else 0.0, min(p, s) - 1)
    low, high = 0.0, 60.0
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if power_of(middle, df, level=ALPHA / design.pairs) >= POWER else (middle, high)
    return high * math.sqrt(variance)


def _range(design: Design, spreads: Spreads) -> tuple[float, float] | None:
    """The middle 80 % of `by_t` over spreads as likely as the pilot's mean squares say."""
    if spreads.seen is None:
        return None
    from scipy.special import chdtri

    n, k = spreads.seen
    u = spread_points()
    personas = spreads.personas**2 * (n - 1) / chdtri(n - 1, u[:, 0])
    pooled = max(k - 1, 0) * spreads.scenarios**2 + PRIOR * PRIOR_SHARE * spreads.personas**2
    scenarios = pooled / chdtri(max(k - 1, 0) + PRIOR, u[:, 1])
    cells = spreads.cells**2 * max((n - 1) * (k - 1), 1) / chdtri(max((n - 1) * (k - 1), 1), u[:, 2])
    drawn = np.sqrt([personas, scenarios, cells]).T.tolist()
    sizes = [by_t(design, spreads.model_copy(update={"personas": p, "scenarios": s, "cells": c})) for p, s, c in drawn]
    low, high = np.quantile(sizes, (0.1, 0.9))
    return float(low), float(high)


def by_scenarios(now: Detectable, spreads: Spreads, *, replicates: int = REPLICATES // 2) -> tuple[Detectable, ...]:
    """The same with one to eight scenarios: up to three speak of themselves alone, from four on what scenarios do is reckoned with."""
    known = {now.design.scenarios: now}
    return tuple(known.get(s) or detectable(now.design.model_copy(update={"scenarios": s}), spreads, replicates=replicates) for s in SCENARIOS)


def alternatives(design: Design, spreads: Spreads, *, replicates: int = REPLICATES // 2) -> dict[str, Detectable]:
    """What doubling personas, scenarios or seeds would buy, and the smallest design that decides."""
    doubled = {name: design.model_copy(update={name: 2 * getattr(design, name)}) for name in ("personas", "scenarios", "seeds")}
    bigger = {f"{name} × 2": d for name, d in doubled.items()}
    if tier(design.personas, design.scenarios) != "decide":
        up = {"personas": max(design.personas, DECIDE), "scenarios": max(design.scenarios, DECIDE_SCENARIOS)}
        bigger["enough to decide"] = design.model_copy(update=up)
    return {name: detectable(d, spreads, replicates=replicates) for name, d in bigger.items()}


# --- from a pilot -------------------------------------------------------------------------------------------------


def pilot_spreads(arms: Sequence[Arm], *, run: str, measure: Measure) -> Spreads | None:
    """The spreads of a pilot's paired differences, mean squares over all pairs of its targets. None: it has no pair over three personas, or
    one that never varies.

    Between seeds by half the squared difference of repeats, where it has any; else half of what is left in cells is taken to be theirs.
    """
    from sim.analysis.verdicts.pairs import align

    parts = measure.parts
    found = []
    for i, a in enumerate(arms):
        for b in arms[i + 1 :]:
            sides = align(a.slots(parts), b.slots(parts))
            difference = sides.these - sides.those
            squares = components(np.nanmean(difference, axis=0)) if difference.size else None
            if squares is not None:
                found.append(squares)
    if not any(any(of) for of in found):
        return None
    personas, scenarios, cells = (math.sqrt(max(float(np.mean([f[i] for f in found])), 0.0)) for i in range(3))
    seen = _seen(arms)
    scenarios, assumed = (scenarios, "") if seen[1] > 1 else assumed_scenarios(personas)
    seeds = max((len({t.seed for t in a.trials}) for a in arms), default=1)
    repeats = _repeats(arms, measure) if seeds > 1 else None
    noise = cells**2 / 2 if repeats is None else min(repeats / seeds, cells**2)
    source = f"pilot '{run}'{assumed}" + ("; half of what is left in cells taken as seeds'" if repeats is None else "")
    return Spreads(
        personas=personas, scenarios=scenarios, cells=math.sqrt(cells**2 - noise), seeds=math.sqrt(noise * seeds), source=source, seen=seen
    )


def assumed_scenarios(personas: float) -> tuple[float, str]:
    """What scenarios are taken to add where a pilot has one, and how that is said: half as much as personas do."""
    return personas * math.sqrt(PRIOR_SHARE), "; one scenario tells nothing of others, which are taken to differ half as much as personas"


def _seen(arms: Sequence[Arm]) -> tuple[int, int]:
    """Personas and scenarios of the pilot."""
    places = {place for arm in arms for group in arm.groups for place in group.places.values()}
    return len({p for p, _ in places}), len({s for _, s in places})


def components(values: Floats) -> tuple[float, float, float] | None:
    """Variances of personas, scenarios and cells, as a two-way analysis of variance over complete rows has them; None below three.

    Args:
        values: (P, S) by persona and scenario; NaN where there is none.
    """
    values = values[~np.isnan(values).any(axis=1)]
    if len(values) < 3:
        return None
    n, k = values.shape
    rows, columns, mean = values.mean(axis=1), values.mean(axis=0), values.mean()
    if k == 1:
        # One scenario tells a persona from a cell by nothing: half each.
        return float(rows.var(ddof=1)) / 2, 0.0, float(rows.var(ddof=1)) / 2
    left = ((values - rows[:, None] - columns + mean) ** 2).sum() / ((n - 1) * (k - 1))
    people = max(float(rows.var(ddof=1)) - left / k, 0.0)
    return people, max(float(columns.var(ddof=1)) - left / n, 0.0), float(left)


def _repeats(arms: Sequence[Arm], measure: Measure) -> float | None:
    """Variance between repeats of a paired difference: twice the mean variance between seeds of one arm's trials."""
    variances = []
    for arm in arms:
        for group in arm.groups:
            cells: dict[tuple[str, str], list[float]] = {}
            for trial, place in group.places.items():
                value = group.table.mean(measure.parts, [trial])
                if value is not None:
                    cells.setdefault(place, []).append(value)
            variances += [float(np.var(v, ddof=1)) for v in cells.values() if len(v) > 1]
    return 2 * float(np.mean(variances)) if variances else None


# --- people -------------------------------------------------------------------------------------------------------


class HumanPlan(Frozen):
    """What calibrating a rater against people takes, for one number of people an item."""

    raters_an_item: int
    items: int
    """Replies to rate, so that the people's ICC(2,1) is known to ± `precision`."""
    ratings: int
    """Items × people × seven dimensions."""
    people: int
    """Each rating `ITEMS_A_PERSON` replies."""
    hours: float
    """Of all together."""
    precision: float
    expected: float
    """The ICC taken for granted."""


ITEMS_A_PERSON, MINUTES_AN_ITEM = 40, 1.5
EXPECTED_ICC, PRECISION = 0.5, 0.1


def human_plan(raters: int, *, expected: float = EXPECTED_ICC, precision: float = PRECISION) -> HumanPlan:
    """Items for a 95 % interval of `precision` to either side (Bonett 2002, formula 3), with at least two people an item."""
    width, z = 2 * precision, 1.959964
    exact = 8 * z**2 * (1 - expected) ** 2 * (1 + (raters - 1) * expected) ** 2 / (raters * (raters - 1) * width**2) + 1
    items = math.ceil(exact)
    people = max(raters, math.ceil(items * raters / ITEMS_A_PERSON))
    return HumanPlan(
        raters_an_item=raters,
        items=items,
        ratings=items * raters * 7,
        people=people,
        hours=items * raters * MINUTES_AN_ITEM / 60,
        precision=precision,
        expected=expected,
    )
