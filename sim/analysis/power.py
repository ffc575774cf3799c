"""How small a difference a study can tell, by simulating studies and judging each as `sim compare` would.

A simulated study is what `sim.analysis.estimates` sees of a real one: paired differences by persona and scenario, made of what personas, scenarios,
their interaction and seeds add. Power is the share of them that comes to a verdict.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.compare import ALPHA
from sim.analysis.estimates import DECIDE, DECIDE_SCENARIOS, FEWEST_SCENARIOS, Tier, estimate, interval_p, sign_flip_p, tier
from sim.analysis.measures import BY_ID, PRIMARY
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sim.analysis.arms import Arm
    from sim.analysis.pairs import Sides

    Floats = NDArray[np.float64]

POWER = 0.8
REPLICATES = 2_000
MOST = 400
"""Hundredths of a point between the ends of the scale."""


class Spreads(Frozen):
    """Standard deviations of paired differences in likability, in points."""

    personas: float
    scenarios: float
    cells: float
    """Between persona × scenario pairs beyond both, seeds apart."""
    seeds: float
    """Between repeats of one pair."""
    source: str
    """Where they come from, in words."""


ASSUMED = Spreads(personas=0.35, scenarios=0.15, cells=0.30, seeds=0.40, source="assumed: no pilot")
"""Between two arms of one model on offline and open models; a pilot's own are better."""


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
    """The smallest true difference that comes to a verdict with 80 % power. None: beyond 4 points, or no interval at all."""
    power: float | None
    """At that difference, by simulation."""
    standardised: float | None
    """`difference` over the standard deviation between personas of their differences (d_z)."""


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
    if design.personas < 3:
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
    between = math.sqrt(spreads.personas**2 + (spreads.cells**2 + spreads.seeds**2 / design.seeds) / design.scenarios)
    return Detectable(
        design=design,
        tier=size,
        difference=high / 100,
        power=power,
        standardised=high / 100 / between if between else None,
    )


def alternatives(design: Design, spreads: Spreads, *, replicates: int = REPLICATES // 2) -> dict[str, Detectable]:
    """What doubling personas, scenarios or seeds would buy, and the smallest design that decides."""
    doubled = {name: design.model_copy(update={name: 2 * getattr(design, name)}) for name in ("personas", "scenarios", "seeds")}
    bigger = {f"{name} × 2": d for name, d in doubled.items()}
    if tier(design.personas, design.scenarios) != "decide":
        up = {"personas": max(design.personas, DECIDE), "scenarios": max(design.scenarios, DECIDE_SCENARIOS)}
        bigger["enough to decide"] = design.model_copy(update=up)
    return {name: detectable(d, spreads, replicates=replicates) for name, d in bigger.items()}


# --- from a pilot -------------------------------------------------------------------------------------------------


def pilot_spreads(arms: Sequence[Arm], *, run: str) -> Spreads | None:
    """The spreads of a pilot's paired differences, mean squares over all pairs of its targets. None: it has no pair over three personas.

    Between seeds by half the squared difference of repeats, where it has any; else half of what is left in cells is taken to be theirs.
    """
    from sim.analysis.pairs import align

    parts = BY_ID[PRIMARY].compared
    found = []
    for i, a in enumerate(arms):
        for b in arms[i + 1 :]:
            sides = align(a.slots(parts), b.slots(parts))
            squares = _components(sides)
            if squares is not None:
                found.append(squares)
    if not found:
        return None
    personas, scenarios, cells = (math.sqrt(max(float(np.mean([f[i] for f in found])), 0.0)) for i in range(3))
    seeds = max((len({t.seed for t in a.trials}) for a in arms), default=1)
    repeats = _repeats(arms) if seeds > 1 else None
    noise = cells**2 / 2 if repeats is None else min(repeats / seeds, cells**2)
    source = f"pilot '{run}'" + ("; half of what is left in cells taken as seeds'" if repeats is None else "")
    return Spreads(personas=personas, scenarios=scenarios, cells=math.sqrt(cells**2 - noise), seeds=math.sqrt(noise * seeds), source=source)


def _components(sides: Sides) -> tuple[float, float, float] | None:
    """Variances of personas, scenarios and cells, as a two-way analysis of variance over complete rows has them."""
    values = np.nanmean(sides.these - sides.those, axis=0) if sides.these.size else np.empty((0, 0))
    values = values[~np.isnan(values).any(axis=1)] if values.size else values
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


def _repeats(arms: Sequence[Arm]) -> float | None:
    """Variance between repeats of a paired difference: twice the mean variance between seeds of one arm's trials."""
    parts = BY_ID[PRIMARY].parts
    variances = []
    for arm in arms:
        for group in arm.groups:
            cells: dict[tuple[str, str], list[float]] = {}
            for trial, place in group.places.items():
                value = group.table.mean(parts, [trial])
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
