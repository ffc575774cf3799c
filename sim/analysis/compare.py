"""What a run says about which target is better: paired differences with intervals, p and effects, verdicts by tier, rankings
with ties (guide/methods.md#comparisons).

A verdict takes Holm's p of at most .05 over all pairs within the measure. What Holm adjusts is the larger of two: the p of sign flips by persona,
which speaks of these scenarios, and that of the interval, which from four scenarios on speaks of scenarios like these too. So no verdict contradicts
either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from sim.analysis.arms import Arm, By, Family, Source, build_families
from sim.analysis.diagnosis import Diagnosis, diagnose
from sim.analysis.estimates import (
    DECIDE,
    DECIDE_SCENARIOS,
    EQUAL,
    FEW,
    FEWEST_FOR_INTERVAL,
    FEWEST_SCENARIOS,
    FLIPS,
    SCREEN,
    Estimate,
    Tier,
    different,
    holm,
    tier,
)
from sim.analysis.measures import PRIMARY, Measure
from sim.analysis.pairs import Paired, Place, Slots, align, compare_sides
from sim.analysis.table import population
from sim.analysis.versions import PairChange, condition_notes, pair_changes
from sim.core.frozen import Frozen
from sim.core.spec.scorer import Better

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ALPHA = 0.05

Verdict = Literal["higher", "lower", "not separable", "none"]
"""Of the first side against the second; `none`: too few personas for one, or nothing in common."""


class Comparison(Paired):
    """One pair of sides by one measure."""

    a: str
    b: str
    within: str | None
    """The target that both sides are about, when scenarios or types of persona are compared."""
    paired: bool
    """False: different people on each side. Then d_av is Cohen's d, and d_z has no meaning."""
    mean_a: float | None
    """Over what both sides have in common, so that `difference` is `mean_a` − `mean_b`, and not what a side is in all; of unpaired groups, in all."""
    mean_b: float | None
    p_holm: float | None
    """The larger of `p` and `p_interval`, adjusted by Holm over all pairs within the measure."""
    few: dict[str, int]
    """The parts that fewer than five personas share, and how many do: what is said of them hangs on these, and the interval reckons with it."""
    unpaired_a: int
    """Persona × scenario pairs that only this side has, or that share nothing with the other side's; 0 where groups are unpaired by design."""
    unpaired_b: int
    tier: Tier
    verdict: Verdict
    sentence: str


class Rank(Frozen):
    """One side by one measure, with its place among all; 1 is best."""

    arm: str
    mean: float | None
    """Over everything on this side, as in every other table; None: it has no value."""
    first: int | None
    """The best place it may have: behind those that a verdict puts before it. None: of this measure the most or the least is no best."""
    last: int | None


class MeasureComparison(Frozen):
    """One measure over all pairs."""

    measure: str
    label: str
    better: Better
    digits: int
    """Decimals that its figures are shown with."""
    comparisons: tuple[Comparison, ...]
    ranking: dict[str, tuple[Rank, ...]]
    """By the target it is within, '' where targets themselves are compared, best first; sides whose places overlap are tied. Where there is no best,
    sides stand in the order of the study and have no places."""


class ArmFigures(Frozen):
    """One side."""

    arm: str
    within: str | None
    run: str
    target: str | None
    trials: int
    failed: int
    personas: int
    scenarios: int


class CompareDocument(Frozen):
    """`sim compare --json`."""

    runs: tuple[str, ...]
    by: By
    offline: bool
    """Whether offline models took part in any."""
    offline_notes: tuple[str, ...]
    """Who was played by an offline model and what that leaves, a sentence for each run in which it differs; empty: nobody was."""
    raters: tuple[str, ...]
    arms: tuple[ArmFigures, ...]
    sentences: tuple[str, ...]
    """What can be said of the primary measure, a sentence a pair."""
    measures: dict[str, MeasureComparison]
    newly_bad: tuple[PairChange, ...]
    """Between versions: persona × scenario pairs that were fine in the first run and are bad in the second."""
    fixed: tuple[PairChange, ...]
    versions: bool
    """Whether two runs of the same targets were compared."""
    diagnosis: Diagnosis | None
    """Where the spread comes from, which n to raise, the noise floor, and items. None: more than one run."""
    notes: tuple[str, ...]


def compare(sources: Sequence[Source], *, by: By = "target", conditions: Sequence[dict[str, str]] = ()) -> CompareDocument:
    """Compare the sides that `by` makes of `sources`.

    Args:
        sources: runs; of two that share targets the first is the older.
        conditions: hashes of what the runs were made with (`sim.analysis.versions`); differences become notes.

    Raises:
        InputError: there are no two sides to compare.
    """
    families = build_families(sources, by)
    known = {m.id: m for s in (*sources, sources[0]) for m in s.measures if m.listed}
    measures = {m: compare_measure(measure, families) for m, measure in known.items()}
    versions = by == "target" and len(sources) == 2 and any(a.target == b.target for f in families for a, b in f.pairs)
    changes = [c for f in families for b, a in f.pairs for c in pair_changes(a, b)] if versions else []
    return CompareDocument(
        runs=tuple(s.run for s in sources),
        by=by,
        offline=any(s.offline for s in sources),
        offline_notes=tuple(dict.fromkeys(s.standins.note for s in sources if s.offline)),
        raters=tuple(dict.fromkeys(s.study.primary_rater for s in sources)),
        arms=tuple(_arm_figures(a, f.within) for f in families for a in f.arms),
        sentences=tuple(c.sentence for c in measures[PRIMARY].comparisons),
        measures=measures,
        newly_bad=tuple(sorted((c for c in changes if c.kind == "newly_bad"), key=lambda c: (c.new is not None, c.change or 0.0))),
        fixed=tuple(sorted((c for c in changes if c.kind == "fixed"), key=lambda c: -(c.change or 0.0))),
        versions=versions,
        diagnosis=diagnose(sources[0].study, sources[0].trials) if len(sources) == 1 else None,
        notes=(*condition_notes(sources, conditions), *_notes(families, sources)),
    )


def compare_measure(measure: Measure, families: Sequence[Family]) -> MeasureComparison:
    """One measure over all pairs, Holm within each family."""
    comparisons: list[Comparison] = []
    ranking: dict[str, tuple[Rank, ...]] = {}
    for family in families:
        rough = [_pair(measure, a, b, family) for a, b in family.pairs]
        adjusted = holm([None if r.p is None or r.p_interval is None else max(r.p, r.p_interval) for r in rough])
        judged = [judge(r, p, measure, phrase=family.phrase) for r, p in zip(rough, adjusted, strict=True)]
        comparisons += judged
        ranking[family.within or ""] = _rank(measure, family, judged)
    return MeasureComparison(
        measure=measure.id, label=measure.label, better=measure.better, digits=measure.digits, comparisons=tuple(comparisons), ranking=ranking
    )


def _pair(measure: Measure, a: Arm, b: Arm, family: Family) -> Comparison:
    if family.paired:
        these, those = a.slots(measure.compared), b.slots(measure.compared)
        sides = align(these, those)
        found, (mean_a, mean_b) = compare_sides(sides, scale=measure.differences), sides.means
        alone = [_places(side) - set(sides.pairs) for side in (these, those)]
    else:
        here, there = a.mean(measure.parts), b.mean(measure.parts)
        found = compare_groups(here, there)
        mean_a, mean_b = (float(e.value) if e else None for e in (here, there))
        alone = [set(), set()]
    names = measure.names if family.paired and len(measure.names) > 1 else ()
    return Comparison(
        **dict(found),
        few={name: n for name, n in zip(names, found.holders, strict=False) if 0 < n < FEW},
        a=a.label,
        b=b.label,
        within=family.within,
        paired=family.paired,
        mean_a=mean_a,
        mean_b=mean_b,
        p_holm=None,
        unpaired_a=len(alone[0]),
        unpaired_b=len(alone[1]),
        tier=tier(found.personas, found.scenarios),
        verdict="none",
        sentence="",
    )


def _places(side: Sequence[Slots]) -> set[Place]:
    return {slot[:2] for slots in side for slot in slots}


def judge(rough: Comparison, p_holm: float | None, measure: Measure, *, phrase: str = "{}") -> Comparison:
    """`rough` with its verdict and its sentence."""
    verdict: Verdict = "none"
    if rough.difference is not None and rough.tier != "look":
        clear = p_holm is not None and p_holm <= ALPHA
        verdict = ("higher" if rough.difference > 0 else "lower") if clear else "not separable"
    judged = rough.model_copy(update={"p_holm": p_holm, "verdict": verdict})
    return judged.model_copy(update={"sentence": sentence(judged, measure, phrase=phrase)})


# --- unpaired groups ----------------------------------------------------------------------------------------------


def compare_groups(these: Estimate | None, those: Estimate | None, *, seed: int = 0) -> Paired:
    """Two groups of different personas: Welch's t over personas; p from exchanging personas between the groups, Welch's statistic each time."""
    if these is None or those is None:
        return Paired(difference=None, interval=None, p=None, p_interval=None, d_av=None, d_z=None, personas=0, scenarios=0, pairs=0)
    a, b = these.each, those.each
    n, m = len(a), len(b)
    difference = float(these.value - those.value)
    interval, p, p_interval, d = None, None, None, None
    if min(n, m) >= FEWEST_FOR_INTERVAL:
        va, vb = a.var(ddof=1) / n, b.var(ddof=1) / m
        if va + vb > EQUAL:
            from scipy.special import stdtr, stdtrit

            df = (va + vb) ** 2 / (va**2 / (n - 1) + vb**2 / (m - 1))
            half = float(stdtrit(df, 0.975) * np.sqrt(va + vb))
            interval = difference - half, difference + half
            p = _exchange_p(np.concatenate([a, b]), n, seed)
            p_interval = float(2 * stdtr(df, -abs(difference) / np.sqrt(va + vb)))
            d = difference / float(np.sqrt((n * va + m * vb) / 2))
    pairs = int(these.present.sum() + those.present.sum())
    scenarios = min(these.scenarios, those.scenarios)
    return Paired(
        difference=difference,
        interval=interval,
        p=p,
        p_interval=p_interval,
        d_av=d,
        d_z=None,
        personas=min(n, m),
        scenarios=scenarios,
        pairs=pairs,
    )


def _exchange_p(values: Floats, n: int, seed: int) -> float:
    rng = np.random.default_rng([seed, len(values), n])
    orders = np.concatenate([np.arange(len(values))[None], rng.permuted(np.tile(np.arange(len(values)), (FLIPS, 1)), axis=1)])
    a, b = values[orders[:, :n]], values[orders[:, n:]]
    spread = np.sqrt(a.var(axis=1, ddof=1) / n + b.var(axis=1, ddof=1) / (len(values) - n))
    t = np.abs(a.mean(axis=1) - b.mean(axis=1)) / np.maximum(spread, EQUAL)
    return float(np.count_nonzero(t >= t[0] - EQUAL) / len(t))


# --- ranking ------------------------------------------------------------------------------------------------------


def _rank(measure: Measure, family: Family, judged: Sequence[Comparison]) -> tuple[Rank, ...]:
    """Places by verdicts alone: who is not separable may stand on either side of the other."""
    means = {a.label: _mean(a, measure, family) for a in family.arms}
    if not measure.ranked:
        return tuple(Rank(arm=arm, mean=mean, first=None, last=None) for arm, mean in means.items())
    sign = -1.0 if measure.better == "lower" else 1.0
    before, behind = dict.fromkeys(means, 0), dict.fromkeys(means, 0)
    for c in judged:
        if c.verdict in ("higher", "lower"):
            better, worse = (c.a, c.b) if (c.verdict == "higher") == (sign > 0) else (c.b, c.a)
            before[worse] += 1
            behind[better] += 1
    ranks = [Rank(arm=arm, mean=mean, first=1 + before[arm], last=len(means) - behind[arm]) for arm, mean in means.items()]
    return tuple(sorted(ranks, key=lambda r: (r.mean is None, -sign * (r.mean or 0.0), r.arm)))


def _mean(arm: Arm, measure: Measure, family: Family) -> float | None:
    """Of unpaired groups the mean that their difference is made of."""
    if family.paired:
        figure = arm.figure(measure)
        return figure.value if figure else None
    found = arm.mean(measure.parts)
    return float(found.value) if found else None


# --- words --------------------------------------------------------------------------------------------------------


def sentence(of: Comparison, measure: Measure, *, phrase: str = "{}") -> str:
    """What can be said, in plain words, the larger side first.

    Args:
        phrase: how a side is spoken of where both are about one target: "in {}".
    """
    if of.difference is None:
        about = f"{of.within}: " if of.within else ""
        return f"{about}{of.a} and {of.b} have nothing in common to compare {measure.label} by"
    a, b, low_high = of.a, of.b, of.interval
    if of.difference < 0:
        a, b = b, a
        low_high = (-low_high[1], -low_high[0]) if low_high else None
    size, equal = f"{abs(of.difference):.{measure.digits}f}", abs(of.difference) < EQUAL
    if of.within:
        who, a, b = of.within.split(",")[0], phrase.format(a), phrase.format(b)
        is_so = f"{who} is liked" if measure.id == PRIMARY else f"{measure.label} of {who} is"
        said = f"{is_so} as much {a} as {b}" if equal else f"{is_so} {size} {'more' if measure.id == PRIMARY else 'higher'} {a} than {b}"
    elif measure.id == PRIMARY:
        said = f"{a} is liked as much as {b}" if equal else f"{a} is liked {size} more than {b}"
    else:
        said = f"{measure.label} is the same for {a} and {b}" if equal else f"{measure.label} is {size} higher for {a} than for {b}"
    people = f"{of.personas} persona{'s' * (of.personas != 1)}" + ("" if of.paired else " a side, different ones")
    return f"{said}, {_bounds(low_high, of, measure.digits)}, {people}: {_conclusion(of)}"


def _bounds(interval: tuple[float, float] | None, of: Comparison, digits: int) -> str:
    if interval is not None:
        return f"95 % interval {_signed(interval[0], digits)} to {_signed(interval[1], digits)}"
    if of.personas < FEWEST_FOR_INTERVAL:
        return "no interval below 3 personas"
    return f"no interval, for all differ by the same: others may in up to {different(of.personas):.0%} of personas like these"


def _signed(value: float, digits: int) -> str:
    return f"{value:z.{digits}f}".replace("-", "−")


def _conclusion(of: Comparison) -> str:
    if of.tier == "look":
        return "look, no verdict"
    return f"{of.tier}, not separable" if of.verdict == "not separable" else of.tier


def _arm_figures(arm: Arm, within: str | None) -> ArmFigures:
    trials = arm.trials
    return ArmFigures(
        arm=arm.label,
        within=within,
        run=arm.run,
        target=arm.target,
        trials=len(trials),
        failed=sum(t.status == "failed" for t in trials),
        personas=len({t.cast.persona.id for t in trials}),
        scenarios=len({t.cast.scenario.id for t in trials}),
    )


def _notes(families: Sequence[Family], sources: Sequence[Source]) -> list[str]:
    scenarios = max((len({t.cast.scenario.id for t in s.trials}) for s in sources), default=0)
    notes = [
        f"verdict: p of .05 or less, and with it an interval that leaves 0 out; none below {SCREEN} personas (look); "
        f"decide from {DECIDE} personas and {DECIDE_SCENARIOS} scenarios"
    ]
    if not families[0].paired:
        notes.append("different personas on each side: unpaired, Welch's t over personas of these scenarios; d is Cohen's")
    elif scenarios < FEWEST_SCENARIOS or families[0].within is not None:
        notes.append(f"95 %: over {population(1 if families[0].within is not None else scenarios)}")
    else:
        notes.append(f"95 %: over {population(scenarios)}; p: sign flips by persona, in these scenarios")
    notes += [f"run '{s.run}' is {s.status}: what is absent may change this" for s in sources if s.status != "finished"]
    return notes
