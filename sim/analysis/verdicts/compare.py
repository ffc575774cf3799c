"""What a run says about which target is better: paired differences with intervals, p and effects, verdicts by tier, rankings
with ties (guide/methods.md#comparisons).

A verdict by the primary outcome takes Holm's p of at most .05 over all pairs. By any other measure it takes Holm's p of at most .05 over all pairs
and all those measures: whoever looks at thirty measures finds something. What Holm adjusts is the larger of two: the p of sign flips by persona,
which speaks of these scenarios, and that of the interval, which from four scenarios on speaks of scenarios like these too. So no verdict contradicts
either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from sim.analysis.figures.critical import caps, told_caps
from sim.analysis.figures.estimates import (
    DECIDE,
    DECIDE_SCENARIOS,
    EQUAL,
    EXACT,
    FEW,
    FEWEST_FOR_INTERVAL,
    FEWEST_SCENARIOS,
    FLIPS,
    SCREEN,
    Estimate,
    Tier,
    holm,
    tier,
)
from sim.analysis.figures.measures import BY_ID, LIKABILITY, Measure
from sim.analysis.figures.table import population
from sim.analysis.trust.diagnosis import Diagnosis, diagnose
from sim.analysis.trust.validity import RATES, PairWithout, without_flagged
from sim.analysis.verdicts.arms import Arm, By, Family, RunSource, build_families
from sim.analysis.verdicts.pairs import Paired, Place, Slots, align, compare_sides, leave_out
from sim.analysis.verdicts.policies import memory_pairs
from sim.analysis.verdicts.registered import RegistrationReport, Standing, hold, report_registration, reports_by_run, tell_apart
from sim.analysis.verdicts.sentence import PairSentences, headline, memory_sentence, sentence, turn
from sim.analysis.verdicts.versions import PairChange, condition_notes, pair_changes
from sim.core.frozen import Frozen
from sim.core.shown import Shown
from sim.core.spec.scorer import Better

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.core.spec import Study

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
    p_all: float | None
    """What the verdict goes by: of the primary outcome `p_holm`; of any other measure adjusted by Holm over all pairs and all the other measures that
    are shown."""
    split: dict[str, float]
    """What each dimension adds to `difference`, which is their sum; empty where the measure has one part."""
    few: dict[str, int]
    """The parts that fewer than five personas share, and how many do: what is said of them hangs on these, and the interval reckons with it."""
    unpaired_a: int
    """Persona × scenario pairs that only this side has, or that share nothing with the other side's; 0 where groups are unpaired by design."""
    unpaired_b: int
    tier: Tier
    verdict: Verdict
    sentence: str
    standing: Standing | None = None
    """Whether it was registered before the run (`sim.analysis.verdicts.registered`); None: nothing was."""
    hypothesis: str = ""
    """The id of the registered hypothesis that it is about; its `p_holm` and `p_all` are adjusted by Holm over all registered ones."""

    @property
    def turned(self) -> Comparison:
        """The same with the second side first."""
        sides = {"a": self.b, "b": self.a, "mean_a": self.mean_b, "mean_b": self.mean_a}
        left = {"unpaired_a": self.unpaired_b, "unpaired_b": self.unpaired_a, "left_out": turn(self.left_out) if self.left_out else None}
        less = {name: None if value is None else -value for name in ("difference", "d_av", "d_z") for value in (getattr(self, name),)}
        span = None if self.interval is None else (-self.interval[1], -self.interval[0])
        parts = {"adds": tuple(-by for by in self.adds), "split": {name: -by for name, by in self.split.items()}}
        verdict = {"higher": "lower", "lower": "higher"}.get(self.verdict, self.verdict)
        return self.model_copy(update={**sides, **left, **less, **parts, "interval": span, "verdict": verdict})


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


class CompareDocument(Shown):
    """`sim compare --json`."""

    runs: tuple[str, ...]
    by: By
    primary: str
    """The measure that verdicts and order are about: the first run's primary outcome."""
    offline: bool
    """Whether offline models took part in any."""
    offline_notes: tuple[str, ...]
    """Who was played by an offline model and what that leaves, a sentence for each run in which it differs; empty: nobody was."""
    raters: tuple[str, ...]
    arms: tuple[ArmFigures, ...]
    memory: tuple[str, ...]
    """What memory buys, a sentence for each target that differs in memory alone from its base; empty where nothing does."""
    sentences: tuple[str, ...]
    """What can be said, a paragraph a pair: the headlines' sentences."""
    headlines: tuple[PairSentences, ...]
    """Each pair's sentences, one by one."""
    measures: dict[str, MeasureComparison]
    """The primary outcome first."""
    newly_bad: tuple[PairChange, ...]
    """Between versions: persona × scenario pairs that were fine in the first run and are bad in the second."""
    fixed: tuple[PairChange, ...]
    versions: bool
    """Whether two runs of the same targets were compared."""
    soundness: dict[str, MeasureComparison]
    """How often the simulated user was flagged on either side: `critical_flags`, `serious_flags` and `rejected_drafts`, each as if looked at alone;
    empty: no model played it."""
    without_flagged: MeasureComparison | None
    """The primary outcome without the persona × scenario pairs in which the simulated user was critically flagged on either side; None: none was, or
    sides are of different people."""
    left_out: tuple[PairWithout, ...]
    """How many pairs that are, pair of sides by pair."""
    diagnosis: Diagnosis | None
    """Where the spread comes from, which n to raise, the noise floor, and items. None: more than one run."""
    notes: tuple[str, ...]
    registration: RegistrationReport | None = None
    """What was planned before the run, and what came of it; of several runs, before the first that was registered. None: nothing was."""
    registrations: dict[str, RegistrationReport] = Field(default_factory=dict)
    """Of several runs, by run, what was registered before each."""
    registrations_differ: str = ""
    """Which of several runs was not registered, or in what their registrations differ, in a line."""


def compare(sources: Sequence[RunSource], *, by: By = "target", conditions: Sequence[dict[str, str]] = ()) -> CompareDocument:
    """Compare the sides that `by` makes of `sources`.

    Args:
        sources: runs; of two that share targets the first is the older.
        conditions: hashes of what the runs were made with (`sim.analysis.verdicts.versions`); differences become notes.

    Raises:
        InputError: there are no two sides to compare.
    """
    families = build_families(sources, by)
    primary = sources[0].primary
    known = {m.id: m for s in (*sources, sources[0]) for m in s.measures if m.listed}
    measures = compare_measures(known.values(), families, primary=primary)
    pairs = list(by_pair(measures))
    headlines = tuple(headline(found, primary) for found in pairs)
    versions = by == "target" and len(sources) == 2 and any(a.target == b.target for f in families for a, b in f.pairs)
    cleaned = [without_flagged(f) for f in families if f.paired and by in ("target", "memory")]
    left_out = tuple(told for _, of in cleaned for told in of if told.left_out)
    rates = {m: compare_measure(BY_ID[m], families) for m in RATES}
    changes = [c for f in families for b, a in f.pairs for c in pair_changes(a, b)] if versions else []
    return CompareDocument(
        runs=tuple(s.run for s in sources),
        by=by,
        primary=primary.id,
        offline=any(s.offline for s in sources),
        offline_notes=tuple(dict.fromkeys(s.standins.note for s in sources if s.offline)),
        raters=tuple(dict.fromkeys(s.study.primary_rater for s in sources)),
        arms=tuple(_arm_figures(a, f.within) for f in families for a in f.arms),
        memory=bought_sentences(sources[0].study, pairs) if len(sources) == 1 and by == "target" else (),
        sentences=tuple(h.text for h in headlines),
        headlines=headlines,
        measures=measures,
        newly_bad=tuple(sorted((c for c in changes if c.kind == "newly_bad"), key=lambda c: (c.new is not None, c.change or 0.0))),
        fixed=tuple(sorted((c for c in changes if c.kind == "fixed"), key=lambda c: -(c.change or 0.0))),
        versions=versions,
        soundness={m: of for m, of in rates.items() if any(c.difference is not None for c in of.comparisons)},
        without_flagged=compare_measure(primary, [f.unplanned for f, _ in cleaned]) if left_out else None,
        left_out=left_out,
        diagnosis=diagnose(sources[0].study, sources[0].trials, sources[0].table.columns) if len(sources) == 1 else None,
        notes=(*condition_notes(sources, conditions), *_notes(families, sources)),
        registration=registration_report(families, measures),
        registrations=reports_by_run(sources) if len(sources) > 1 else {},
        registrations_differ=tell_apart(sources) if len(sources) > 1 else "",
    )


def registration_report(families: Sequence[Family], measures: Mapping[str, MeasureComparison]) -> RegistrationReport | None:
    """What the measures of `families` say of what was registered; None: nothing was."""
    known = next((f.registration for f in families if f.registration), None)
    if known is None:
        return None
    return report_registration(known, {m: of.comparisons for m, of in measures.items()}, {m: of.label for m, of in measures.items()})


def compare_measures(
    measures: Iterable[Measure], families: Sequence[Family], *, primary: Measure, together: bool = False
) -> dict[str, MeasureComparison]:
    """Measures over all pairs, the primary outcome first: Holm within it over the pairs of each family, and over all that is beside it.

    Args:
        together: the primary outcome is one of all, and Holm goes over all of them.
    """
    ordered = sorted(measures, key=lambda m: m.id != primary.id)
    comparisons: dict[str, list[Comparison]] = {m.id: [] for m in ordered}
    ranking: dict[str, dict[str, tuple[Rank, ...]]] = {m.id: {} for m in ordered}
    for family in families:
        rough = {m.id: _adjusted([_pair(m, a, b, family) for a, b in family.pairs]) for m in ordered}
        rough = _over_all(rough, "" if together else primary.id)
        if family.registration:
            rough = hold(family.registration, rough, partial(_pair_named, family))
        steady = rough.get("fixed_set")
        for m in ordered:
            judged = [judge(r, m, phrase=family.phrase, steady=steady[i] if steady else None) for i, r in enumerate(rough[m.id])]
            comparisons[m.id] += judged
            ranking[m.id][family.within or ""] = _rank(m, family, judged)
    return {
        m.id: MeasureComparison(
            measure=m.id, label=m.label, better=m.better, digits=m.digits, comparisons=tuple(comparisons[m.id]), ranking=ranking[m.id]
        )
        for m in ordered
    }


def compare_measure(measure: Measure, families: Sequence[Family]) -> MeasureComparison:
    """One measure over all pairs, as if it were the only one that anybody looked at: Holm within each family."""
    return compare_measures([measure], families, primary=measure)[measure.id]


def _adjusted(rough: Sequence[Comparison]) -> list[Comparison]:
    """With Holm's p over the pairs of one measure."""
    p = holm([None if r.p is None or r.p_interval is None else max(r.p, r.p_interval) for r in rough])
    return [r.model_copy(update={"p_holm": value, "p_all": value}) for r, value in zip(rough, p, strict=True)]


def _over_all(rough: Mapping[str, list[Comparison]], primary: str) -> dict[str, list[Comparison]]:
    """With Holm's p over all pairs of all measures but the primary outcome; never below that within the measure."""
    beside = [(m, i) for m, of in rough.items() if m != primary for i in range(len(of))]
    p = dict(zip(beside, holm([_tail(rough[m][i]) for m, i in beside]), strict=True))

    def adjusted(m: str, i: int, of: Comparison) -> Comparison:
        value = p.get((m, i))
        return of if value is None or of.p_holm is None else of.model_copy(update={"p_all": max(value, of.p_holm)})

    return {m: [adjusted(m, i, r) for i, r in enumerate(of)] for m, of in rough.items()}


def _tail(of: Comparison) -> float | None:
    """The p that is adjusted over all measures: the interval's where no drawn flip comes as far, for flips then say no more than "below .0001"."""
    if of.p is None or of.p_interval is None:
        return None
    least = 1 / (FLIPS + 1)
    return of.p_interval if of.personas > EXACT and of.p <= least + EQUAL else max(of.p, of.p_interval)


def bought_sentences(study: Study, pairs: Sequence[Mapping[str, Comparison]]) -> tuple[str, ...]:
    """What memory buys, for each target of a study that differs in memory alone from its base.

    Args:
        pairs: the pairs of its targets, each by every measure.
    """
    found = {frozenset((c.a, c.b)): pair for pair in pairs for c in (pair["fixed_set"],)}
    told = ((found.get(frozenset((own.id, base.id))), own, base) for own, base in memory_pairs(study))
    lines = (memory_sentence(pair, target=own.id, memory=own.memory, base_memory=base.memory) for pair, own, base in told if pair is not None)
    return tuple(line for line in lines if line)


def by_pair(measures: Mapping[str, MeasureComparison]) -> Iterator[dict[str, Comparison]]:
    """Each pair by every measure."""
    for at in zip(*(of.comparisons for of in measures.values()), strict=True):
        yield dict(zip(measures, at, strict=True))


def _pair(measure: Measure, a: Arm, b: Arm, family: Family) -> Comparison:
    if family.paired:
        these, those = a.slots(measure.parts), b.slots(measure.parts)
        sides = align(these, those)
        found, (mean_a, mean_b) = compare_sides(sides, scale=measure.differences), sides.means
        shared = sides.places
        alone = [_places(side) - shared for side in (these, those)]
    else:
        here, there = (None, None) if measure.of_two else (a.mean(measure.parts), b.mean(measure.parts))
        found = compare_groups(here, there, people=(a.people(measure.parts), b.people(measure.parts)))
        mean_a, mean_b = (float(e.value) if e else None for e in (here, there))
        alone = [set(), set()]
    names = measure.names if len(measure.names) > 1 else ()
    return Comparison(
        **dict(found),
        few={name: n for name, n in zip(names, found.holders, strict=False) if 0 < n < FEW},
        split=dict(zip(names, found.adds, strict=False)),
        a=a.label,
        b=b.label,
        within=family.within,
        paired=family.paired,
        mean_a=mean_a,
        mean_b=mean_b,
        p_holm=None,
        p_all=None,
        unpaired_a=len(alone[0]),
        unpaired_b=len(alone[1]),
        tier=tier(found.personas, found.scenarios),
        verdict="none",
        sentence="",
    )


def _pair_named(family: Family, measure: Measure, a: str, b: str) -> Comparison:
    arms = {arm.label: arm for arm in family.arms}
    return _pair(measure, arms[a], arms[b], family)


def _places(side: Sequence[Slots]) -> set[Place]:
    return {slot[:2] for slots in side for slot in slots}


def judge(rough: Comparison, measure: Measure, *, phrase: str = "{}", steady: Comparison | None = None) -> Comparison:
    """`rough` with its verdict and its sentence.

    Args:
        steady: the same pair by the fixed set, which is told beside a difference in likability.
    """
    verdict: Verdict = "none"
    if rough.difference is not None and rough.tier != "look":
        clear = rough.p_all is not None and rough.p_all <= ALPHA
        verdict = ("higher" if rough.difference > 0 else "lower") if clear else "not separable"
    judged = rough.model_copy(update={"verdict": verdict})
    return judged.model_copy(update={"sentence": sentence(judged, measure, phrase=phrase, steady=steady if measure.id == LIKABILITY else None)})


# --- unpaired groups ----------------------------------------------------------------------------------------------


def compare_groups(
    these: Estimate | None, those: Estimate | None, *, people: tuple[Sequence[str], Sequence[str]] = ((), ()), seed: int = 0
) -> Paired:
    """Two groups of different personas: Welch's t over personas; p from exchanging personas between the groups, Welch's statistic each time.

    Args:
        people: the personas of each group, in its estimate's order.
    """
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
    without = dict(zip(people[0], (these.without - those.value).tolist(), strict=False)) if n > 1 else {}
    without |= dict(zip(people[1], (these.value - those.without).tolist(), strict=False)) if m > 1 else {}
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
        adds=tuple((these.parts - those.parts).tolist()),
        left_out=leave_out(difference, without),
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


# --- the document ------------------------------------------------------------------------------------------------


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


def _notes(families: Sequence[Family], sources: Sequence[RunSource]) -> list[str]:
    scenarios = max((len({t.cast.scenario.id for t in s.trials}) for s in sources), default=0)
    notes = [
        f"verdict: p of .05 or less, and with it an interval that leaves 0 out; none below {SCREEN} personas (look); "
        f"decide from {DECIDE} personas and {DECIDE_SCENARIOS} scenarios",
        f"primary outcome: {sources[0].primary.label}; by the other measures verdicts and places go by p all, Holm's over all of them together",
    ]
    notes += [
        f"run '{s.run}' declares another primary outcome, {s.primary.label}; this comparison goes by that of '{sources[0].run}'"
        for s in sources[1:]
        if s.primary.id != sources[0].primary.id
    ]
    if not families[0].paired:
        notes.append("different personas on each side: unpaired, Welch's t over personas of these scenarios; d is Cohen's")
    elif scenarios < FEWEST_SCENARIOS or families[0].within is not None:
        notes.append(f"95 %: over {population(1 if families[0].within is not None else scenarios)}")
    else:
        notes.append(f"95 %: over {population(scenarios)}; p: sign flips by persona, in these scenarios")
    notes += list(dict.fromkeys(line for f in families for arm in f.arms for line in _caps(arm, sources)))
    notes += [f"run '{s.run}' is {s.status}: what is absent may change this" for s in sources if s.status != "finished"]
    return notes


def _caps(arm: Arm, sources: Sequence[RunSource]) -> list[str]:
    """What of one side no mean may hide, a line a scorer."""
    infos = {info.id: info for s in sources if s.run == arm.run for info in s.scorers if info.critical}
    return [
        f"{arm.label} by {info.name}: {told_caps(found)}; no mean makes up for it" for info in infos.values() if (found := caps(arm.trials, info))
    ]
