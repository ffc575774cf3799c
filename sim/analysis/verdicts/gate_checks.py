"""One requirement of one target, decided by interval or by count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from sim.analysis.figures.critical import verdicts
from sim.analysis.figures.estimates import clip, proportion_interval
from sim.analysis.figures.figure import Figure, figure
from sim.analysis.figures.measures import RATED_BY, Measure
from sim.analysis.figures.robustness import summarise_robustness
from sim.analysis.figures.said_before import WORD_FOR_WORD
from sim.analysis.figures.scorers import results_of
from sim.analysis.figures.table import session_of
from sim.analysis.stats.proportions import effective
from sim.analysis.trust.validity import drafts_of
from sim.analysis.verdicts.arms import Arm, RunSource
from sim.analysis.verdicts.needed import MOST_PERSONAS, Needed, needed_by_error, needed_for_share
from sim.analysis.verdicts.needed import needed as needed_for
from sim.analysis.verdicts.requirements import (
    Count,
    Fall,
    FlagShare,
    Given,
    Mean,
    Percentile,
    Requirement,
    Share,
    TraitTruthGap,
    Unit,
    WidestGap,
    WorstPersona,
)
from sim.analysis.verdicts.worst import Unit as TalkUnit
from sim.analysis.verdicts.worst import know_personas
from sim.core.event import Assessment, Quote, Score, Unscored
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from sim.core.event import Flag, Rejected
    from sim.core.perturbation import PerturbationKind
    from sim.core.spec.scorer import ScorerInfo

FEWEST = 5
"""Personas below which no mean is judged."""

Verdict = Literal["passed", "failed", "inconclusive"]


class Check(Frozen):
    """One requirement of one target."""

    target: str
    requirement: str
    verdict: Verdict
    observed: float | None
    """None: there is nothing to take it from."""
    interval: tuple[float, float] | None
    """95 %; None where there is none."""
    n: int
    """What `observed` is taken from: personas for means, units for shares and percentiles, for counts whatever could have been one."""
    personas: int
    needed: int | None = None
    """Personas at which four fresh runs in five would settle it (`sim.analysis.verdicts.needed`); None: it is settled, or up to 1,000 would not."""
    needed_scenarios: int | None = None
    """Scenarios that go with them; None: these."""
    detail: str
    """In words: what stands behind the verdict."""


def check(new: RunSource, target: str, requirement: Requirement) -> Check:
    """One requirement of one target."""
    arm = new.arm(target)
    match requirement.figure:
        case Mean(measure):
            return _check_mean(arm, new.measure(measure), requirement)
        case WorstPersona(measure):
            return _check_worst(arm, arm.primary if measure is None else new.measure(measure), requirement)
        case Percentile() | Share() as figure:
            return _check_units(arm, figure, requirement)
        case Count() as figure:
            return _check_count(arm, figure, requirement)
        case FlagShare(measure):
            return _check_flags(arm, new.measure(measure), requirement)
        case Given() as figure:
            return _check_given(arm, figure, new.scorers, requirement)
        case Fall(kind):
            return _check_fall(new, target, kind, requirement)
        case WidestGap() | TraitTruthGap():
            raise AssertionError("a gap is between arms, and not of one (`gate_gaps`, `gate_trait_truth`)")


def nothing_measured(arm: Arm, requirement: str, what: str) -> Check:
    """Inconclusive: there is nothing that could be held against the requirement."""
    return Check(
        target=arm.label,
        requirement=requirement,
        verdict="inconclusive",
        observed=None,
        interval=None,
        n=0,
        personas=0,
        detail=f"there is nothing to take {what} from",
    )


_HOLDS: dict[str, Callable[[float, float], bool]] = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    "==": lambda a, b: a == b,
}


def holds(value: float, requirement: Requirement) -> bool:
    """Whether `value` is as required."""
    return _HOLDS[requirement.operator](value, requirement.bar)


def by_interval(bounds: tuple[float, float], requirement: Requirement) -> Verdict:
    """Passed if all of the interval is as required, failed if none of it is."""
    ends = [holds(b, requirement) for b in bounds]
    return "passed" if all(ends) else "inconclusive" if any(ends) else "failed"


def _check_mean(arm: Arm, measure: Measure, requirement: Requirement) -> Check:
    found = arm.figure(measure)
    if found is None:
        return nothing_measured(arm, requirement.text, measure.label)
    value, n, bounds = found.value, found.personas, found.interval
    verdict: Verdict = "inconclusive"
    needed: Needed | None = None
    if n < FEWEST:
        detail, needed = f"{count_people(n)}: a mean is not judged below {FEWEST}", FEWEST_NEEDED
    elif bounds is None and not measure.judge and measure.scale is None:
        verdict = "passed" if holds(value, requirement) else "failed"
        detail = f"the same with all {n} personas, as counted"
    elif bounds is None:
        verdict = "inconclusive" if holds(value, requirement) else "failed"
        detail = f"all {n} personas are equal, which tells nothing of others"
    else:
        verdict = by_interval(bounds, requirement)
        detail = f"mean over {count_people(n)}"
        if verdict == "inconclusive":
            needed = _needed(found, bounds, abs(value - requirement.bar))
            detail += say_what_settles(needed)
    if found.pooled is not None and found.pooled.remark:
        detail += f"; {found.pooled.remark}"
    return Check(
        target=arm.label,
        requirement=requirement.text,
        verdict=verdict,
        observed=value,
        interval=bounds,
        n=n,
        personas=n,
        **as_fields(needed),
        detail=detail,
    )


FEWEST_NEEDED = Needed(personas=FEWEST, scenarios=1, more_scenarios=False)


def _needed(found: Figure, bounds: tuple[float, float], gap: float) -> Needed | None:
    if found.estimate is not None:
        return needed_for(found.estimate, gap)
    # Of what is pooled only the interval is known.
    from scipy.special import stdtrit

    return needed_by_error(gap, (bounds[1] - bounds[0]) / 2 / float(stdtrit(max(found.personas - 1, 1), 0.975)), found.personas)


def as_fields(needed: Needed | None) -> dict[str, int | None]:
    """`needed` as the fields of a check; empty: nothing would settle it, or it is settled."""
    return {"needed": needed.personas, "needed_scenarios": needed.scenarios if needed.more_scenarios else None} if needed else {}


def say_what_settles(needed: Needed | None) -> str:
    """What would settle it, in words."""
    return f"; {needed.words} would settle it four times in five" if needed else f"; no study of up to {MOST_PERSONAS:,} personas would settle it"


def count_people(n: int) -> str:
    """`n` personas in words."""
    return f"{n:,} persona{'s' * (n != 1)}"


def _check_worst(arm: Arm, measure: Measure, requirement: Requirement) -> Check:
    """Passed if every persona's own interval is as required, failed if some persona's is not, though it is the worst of so many."""
    talks, means = _persona_talks(arm, measure), _persona_figures(arm, measure)
    if not talks:
        return nothing_measured(arm, requirement.text, measure.label)
    known = know_personas(talks)
    worst = (max if requirement.operator in ("<=", "<") else min)(means, key=lambda p: (means[p], p))
    each = {p: by_interval(_around(means[p], known.half(p)), requirement) for p in talks}
    failed = any(by_interval(_around(means[p], known.half(p, of=len(talks))), requirement) == "failed" for p in talks)
    doubtful = sum(v != "passed" for v in each.values())
    verdict: Verdict = "failed" if failed else "inconclusive" if doubtful else "passed"
    count = sum(len(of) for of in talks[worst].values())
    detail = f"{measure.label} of {worst}, of {count_people(len(talks))}, over {count:,} talk{'s' * (count != 1)}{_OF_TALKS[known.unit]}"
    if verdict == "inconclusive":
        detail += f"; {doubtful} may be on either side: more seeds or scenarios would tell"
    return Check(
        target=arm.label,
        requirement=requirement.text,
        verdict=verdict,
        observed=means[worst],
        interval=clip(_around(means[worst], known.half(worst)), means[worst], measure.scale) if known.df else None,
        n=count,
        personas=len(talks),
        detail=detail,
    )


_OF_TALKS: dict[TalkUnit, str] = {"scenarios": "", "seeds": ", of these scenarios", "sessions": ", of these very talks"}


def _around(value: float, half: float) -> tuple[float, float]:
    return value - half, value + half


def _persona_trials(arm: Arm) -> dict[str, list[str]]:
    (group,) = arm.groups
    found: dict[str, list[str]] = {}
    for trial, (persona, _) in group.places.items():
        found.setdefault(persona, []).append(trial)
    return found


def _persona_figures(arm: Arm, measure: Measure) -> dict[str, float]:
    """Each persona's own figure."""
    table = arm.groups[0].table
    found: dict[str, float] = {}
    for persona, trials in _persona_trials(arm).items():
        own = figure(measure, table, trials)
        value = own.value if own else table.mean(measure.parts, trials)
        if value is not None:
            found[persona] = value
    return found


def _persona_talks(arm: Arm, measure: Measure) -> dict[str, dict[str, list[list[float]]]]:
    """By persona and scenario: each talk's values by session."""
    group = arm.groups[0]
    table, parts = group.table, [group.table.values(p) for p in measure.parts]
    found: dict[str, dict[str, list[list[float]]]] = {}
    for trial, (persona, scenario) in group.places.items():
        sessions = sorted({session_of(m) for values in parts for m in values.get(trial, {})})
        values = [v for s in sessions if (v := table.mean(measure.parts, [trial], session=s)) is not None]
        if values:
            found.setdefault(persona, {}).setdefault(scenario, []).append(values)
    return found


def unit_values(arm: Arm, unit: Unit) -> list[tuple[str, float]]:
    """Persona and primary outcome of each exchange, session, trial or persona that has any."""
    (group,) = arm.groups
    table, parts = group.table, arm.primary.parts
    values: list[tuple[str, float | None]]
    match unit:
        case "exchange":
            values = [(t.cast.persona.id, e.mean(table.view.rater, RATED_BY[table.view.primary])) for t in arm.trials for e in t.exchanges]
        case "session":
            values = [(t.cast.persona.id, table.mean(parts, [t.id], session=s.index)) for t in arm.trials for s in t.sessions]
        case "trial":
            values = [(t.cast.persona.id, table.mean(parts, [t.id])) for t in arm.trials]
        case "persona":
            values = [(persona, table.mean(parts, trials)) for persona, trials in _persona_trials(arm).items()]
    return [(persona, value) for persona, value in values if value is not None]


def _check_units(arm: Arm, figure: Percentile | Share, requirement: Requirement) -> Check:
    """A percentile is a share in other words: p10 ≥ 3 says that at most a tenth lies below 3."""
    values = unit_values(arm, figure.unit)
    if not values:
        return nothing_measured(arm, requirement.text, arm.primary.label)
    people = len({p for p, _ in values})
    scores = np.sort(np.array([v for _, v in values]))
    if isinstance(figure, Share):
        hits = [(p, _HOLDS[figure.operator](v, figure.bar)) for p, v in values]
        observed, size = effective(hits)
        bounds = proportion_interval(observed * size, size)
        verdict = by_interval(bounds, requirement)
        detail = f"{sum(h for _, h in hits):,} of {len(hits):,} {figure.unit}s of {count_people(people)}, by {arm.primary.label}"
        needed = needed_for_share(observed, size, people, partial(_settled, requirement)) if verdict == "inconclusive" else None
    else:
        level = figure.percent / 100
        observed = float(np.quantile(scores, level, method="inverted_cdf"))
        _, size = effective([(p, v <= observed) for p, v in values])
        low, high = proportion_interval(level * size, size)
        bounds = tuple(float(np.quantile(scores, q, method="inverted_cdf")) for q in (low, high))  # type: ignore[assignment]
        verdict = by_interval(bounds, requirement)
        detail = f"{arm.primary.label} over {len(values):,} {figure.unit}s of {count_people(people)}"
        needed = None
    if verdict == "inconclusive" and isinstance(figure, Share):
        detail += say_what_settles(needed)
    elif verdict == "inconclusive":
        detail += "; more personas would tell"
    if people < FEWEST and verdict != "inconclusive":
        verdict, needed, detail = "inconclusive", FEWEST_NEEDED, f"{detail}: not judged below {FEWEST}"
    return Check(
        target=arm.label,
        requirement=requirement.text,
        verdict=verdict,
        observed=observed,
        interval=bounds,
        n=len(values),
        personas=people,
        **as_fields(needed),
        detail=detail,
    )


def _settled(requirement: Requirement, share: float, size: float) -> bool:
    return by_interval(proportion_interval(share * size, size), requirement) != "inconclusive"


def _check_count(arm: Arm, figure: Count, requirement: Requirement) -> Check:
    if figure.share is not None:
        share = figure.share
        hits = [(p, _HOLDS[share.operator](v, share.bar)) for p, v in unit_values(arm, share.unit)]
        noun = f"{share.unit}s, by {arm.primary.label}"
    elif figure.critical_of is not None:
        hits = [(v.persona, v.stands) for v in verdicts(arm.trials, figure.critical_of)]
        if not hits:
            return nothing_measured(arm, requirement.text, f"a verdict of {figure.critical_of.name}")
        noun = f"verdicts of {figure.critical_of.name} are critical"
    else:
        hits, noun = _things(arm, figure.thing)
    return _counted(arm, hits, noun, requirement)


def _check_given(arm: Arm, figure: Given, scorers: Sequence[ScorerInfo], requirement: Requirement) -> Check:
    """A scorer that never applied has counted nothing: then there is nothing to hold against the requirement."""
    info = next(s for s in scorers if s.id == figure.scorer)
    given = [(t.cast.persona.id, r) for t in arm.trials for r in results_of(t, info)]
    hits = [(p, said_so(r.value, figure)) for p, r in given if isinstance(r, Assessment)]
    if not hits:
        why = "of no reply could it be told" if given else "nobody was asked"
        return nothing_measured(arm, requirement.text, info.name).model_copy(update={"detail": f"{info.name} has no result: {why}"})
    return _counted(arm, hits, f"{info.grain}s that {info.name} is about", requirement)


def said_so(value: bool | float | str, figure: Given) -> bool:
    """Whether a scorer's result is one that is counted."""
    same = value == figure.value if isinstance(value, str) else bool(value) == (figure.value == "yes")
    return same != figure.other


def _check_fall(new: RunSource, target: str, kind: PerturbationKind, requirement: Requirement) -> Check:
    """The undisturbed outcome less the disturbed one, paired, at the highest strength: which strength is judged is fixed before anything is seen."""
    arm = new.arm(target)
    curve = next((c for c in summarise_robustness(new.study, new.table) if c.target == target and c.kinds == (kind,)), None)
    less = curve.points[-1].less if curve else None
    if curve is None or less is None or less.difference is None:
        return nothing_measured(arm, requirement.text, f"a fall under {kind.replace('_', ' ')}")
    fall, bounds = -less.difference, (-less.interval[1], -less.interval[0]) if less.interval else None
    steps = ", ".join(f"{p.value:.2f} at {p.strength:g}" for p in curve.points if p.value is not None)
    detail = f"{arm.primary.label} by strength: {steps}; paired over {count_people(less.personas)}"
    verdict: Verdict = "inconclusive"
    if less.personas < FEWEST:
        detail += f": not judged below {FEWEST}"
    elif bounds is not None:
        verdict = by_interval(bounds, requirement)
    elif not holds(fall, requirement):
        verdict = "failed"
    return Check(
        target=arm.label,
        requirement=requirement.text,
        verdict=verdict,
        observed=fall,
        interval=bounds,
        n=less.personas,
        personas=less.personas,
        detail=detail,
    )


def _counted(arm: Arm, hits: Sequence[tuple[str, bool]], noun: str, requirement: Requirement) -> Check:
    observed = sum(h for _, h in hits)
    bounds = None
    detail = f"{observed:,} of {len(hits):,} {noun}"
    if hits:
        value, size = effective(hits)
        limits = proportion_interval(value * size, size)
        bounds = limits[0] * len(hits), limits[1] * len(hits)
        detail += f", up to {100 * limits[1]:.1f} % may be so (95 %, {count_people(len({p for p, _ in hits}))})"
    return Check(
        target=arm.label,
        requirement=requirement.text,
        verdict="passed" if holds(observed, requirement) else "failed",
        observed=float(observed),
        interval=bounds,
        n=len(hits),
        personas=len({p for p, _ in hits}),
        detail=detail,
    )


def _check_flags(arm: Arm, measure: Measure, requirement: Requirement) -> Check:
    """Decided as counted: how sound the simulated user was in this run is a fact of its record, and no estimate of other runs."""
    found = arm.figure(measure)
    if found is None:
        return nothing_measured(arm, requirement.text, measure.label)
    messages = [_MESSAGES[measure.id](flags, drafts) for t in arm.trials for *_, flags, drafts in drafts_of(t)]
    detail = f"{sum(messages):,} of {len(messages):,} messages of the simulated user, over {count_people(found.personas)}"
    if found.interval is not None:
        detail += f", up to {100 * found.interval[1]:.1f} % with personas like these (95 %)"
    return Check(
        target=arm.label,
        requirement=requirement.text,
        verdict="passed" if holds(found.value, requirement) else "failed",
        observed=found.value,
        interval=found.interval,
        n=len(messages),
        personas=found.personas,
        detail=detail,
    )


_MESSAGES: dict[str, Callable[[Sequence[Flag], Sequence[Rejected]], bool]] = {
    "critical_flags": lambda flags, _: any(f.severity == "critical" for f in flags),
    "serious_flags": lambda flags, _: any(f.severity == "serious" for f in flags),
    "rejected_drafts": lambda _, drafts: bool(drafts),
}


def _things(arm: Arm, thing: str) -> tuple[list[tuple[str, bool]], str]:
    """Everything that could have been `thing`, of whom, and whether it was; and what it is called."""
    trials, rater = arm.trials, arm.groups[0].table.view.rater
    if thing == "failed":
        return [(t.cast.persona.id, t.status == "failed") for t in trials], "trials"
    if thing == "repeated":
        people, said = {t.id: t.cast.persona.id for t in trials}, arm.groups[0].table.said.found
        return [(people[t], how in WORD_FOR_WORD) for (t, *_), how in said.items() if t in people and how != "short"], "replies"
    if thing in ("left", "simulator_failed"):
        return [(t.cast.persona.id, s.closed == thing) for t in trials for s in t.sessions if s.closed], "sessions"
    ratings = [(t.cast.persona.id, dimension, rating) for t in trials for e in t.exchanges for dimension, rating in e.ratings.get(rater, {}).items()]
    if thing == "unscored":
        return [(p, isinstance(r, Unscored)) for p, _, r in ratings], "ratings"
    if thing == "false_memory":
        return [(p, r.false_memory) for p, d, r in ratings if d == "callback" and isinstance(r, Score)], "callback ratings"
    if thing == "quote_not_found":
        quoted = [(p, r.evidence) for p, _, r in ratings if isinstance(r, Score)]
        return [(p, not e.found) for p, e in quoted if isinstance(e, Quote)], "quotes"
    messages = [(t.cast.persona.id, any(f.kind == thing for f in e.flags)) for t in trials for s in t.sessions for e in s.exchanges]
    unsent = [(t.cast.persona.id, True) for t in trials for s in t.sessions if any(f.kind == thing for f in s.flags)]
    return messages + unsent, "messages"
