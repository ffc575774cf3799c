"""May this be released? Requirements held against a run, each with a verdict by interval: passed, failed, or not to be told.

A requirement on a mean passes when its whole 95 % interval does. Below five personas it cannot pass or fail, and where all personas are equal it
cannot pass: a rater that always says the same measures nothing. Words and costs are counted, and can. Proportions take Clopper and Pearson's interval
on as many independent observations as the spread between personas leaves of them. Counts are facts and decided as such, with the upper limit of what
may come beside them. The worst persona is judged by its talks, not by the sessions within them (`sim.analysis.worst`). A run that is not finished
passes nothing, and one in which no call was answered decides nothing. What an offline model judges of a real target is not evidence about it and
decides nothing, unless that is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from sim.analysis.arms import Arm, RunSource
from sim.analysis.estimates import FEW, FEWEST_SCENARIOS, Estimate, clip, different, estimate, interval, proportion_interval
from sim.analysis.figures import Figure, figure
from sim.analysis.measures import RATED_BY, Measure
from sim.analysis.needed import MOST_PERSONAS, Needed, needed_by_error, needed_for_share
from sim.analysis.needed import needed as needed_for
from sim.analysis.outages import find_outages
from sim.analysis.pairs import Sides, align, leave_out
from sim.analysis.proportions import effective
from sim.analysis.requirements import Count, FlagShare, Mean, Percentile, Requirement, Share, Unit, WorstPersona
from sim.analysis.sentence import signed, split
from sim.analysis.table import session_of
from sim.analysis.validity import drafts_of
from sim.analysis.worst import Unit as TalkUnit
from sim.analysis.worst import know_personas
from sim.core.event import Quote, Score, Unscored
from sim.core.frozen import Frozen
from sim.core.standins import RATER, USER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.core.event import Flag, Rejected

    Floats = NDArray[np.float64]

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
    """Personas at which four fresh runs in five would settle it (`sim.analysis.needed`); None: it is settled, or up to 1,000 would not."""
    needed_scenarios: int | None = None
    """Scenarios that go with them; None: these."""
    detail: str
    """In words: what stands behind the verdict."""


class GateDocument(Frozen):
    """`sim gate --json`."""

    run: str
    baseline: str | None
    offline: bool
    """Whether any offline model took part."""
    offline_note: str
    """Who was played by an offline model and what that leaves; empty: nobody was."""
    stub_decided: bool
    """Whether an offline model's judgement of a real target was allowed to decide a check."""
    finished: bool
    verdict: Verdict
    """Failed if any check is, else inconclusive if any is."""
    checks: tuple[Check, ...]


def run_gate(
    new: RunSource,
    requirements: Sequence[Requirement],
    *,
    targets: Sequence[str] = (),
    baseline: RunSource | None = None,
    margins: dict[str, float],
    allow_offline: bool = False,
) -> GateDocument:
    """Hold `requirements`, and non-inferiority within `margins` against `baseline`, against every target of `new`.

    Args:
        targets: only these; empty: all.
        allow_offline: decide also what rests on an offline model's judgement of a real target.
    """
    names = [t.id for t in new.study.targets if not targets or t.id in targets]
    judged = [(check(new, target, r), _judge(new, r.figure)) for target in names for r in requirements]
    if baseline is not None:
        judged += [
            (not_worse(new, baseline, target, measure, margin), new.measure(measure).judge) for target in names for measure, margin in margins.items()
        ]
    stubs = [_stub(c, judge, new, baseline) for c, judge in judged]
    checks = [c if stub is None or allow_offline else _no_evidence(c, stub) for (c, _), stub in zip(judged, stubs, strict=True)]
    finished = new.status == "finished" and (baseline is None or baseline.status == "finished")
    if not finished:
        checks = [_incomplete(c) for c in checks]
    checks = _without_calls(checks, new)
    verdicts = {c.verdict for c in checks}
    verdict: Verdict = "failed" if "failed" in verdicts else "inconclusive" if "inconclusive" in verdicts else "passed"
    return GateDocument(
        run=new.run,
        baseline=baseline.run if baseline else None,
        offline=bool(new.offline),
        offline_note=new.standins.note,
        stub_decided=allow_offline and any(stubs),
        finished=finished,
        verdict=verdict,
        checks=tuple(checks),
    )


def _judge(source: RunSource, figure: Mean | WorstPersona | Percentile | Share | Count | FlagShare) -> str:
    """Whose judgement a figure rests on; empty: it is counted, or decided by accepted answers."""
    match figure:
        case Mean(str() as measure) | WorstPersona(str() as measure):
            return source.measure(measure).judge
        case Count(thing, None):
            return _JUDGES.get(thing, "")
        case FlagShare():
            return ""
    return RATER


_JUDGES = {"false_memory": RATER, "unscored": RATER, "quote_not_found": RATER, "left": USER}
"""Of what can be counted: who decides that it is so. Failures and flags are facts of the record."""


def _stub(of: Check, judge: str, new: RunSource, baseline: RunSource | None) -> str | None:
    """The offline model whose word on a real target the check rests on, in either run."""
    return next((stub for run in (new, baseline) if run and (stub := run.standins.judged_by(judge, of.target))), None)


def _no_evidence(of: Check, stub: str) -> Check:
    detail = f"{stub} is an offline model, whose word on a real chatbot is no evidence: name a real model in the study, or allow it (--allow-offline)"
    return of.model_copy(update={"verdict": "inconclusive", "needed": None, "detail": detail})


def _incomplete(of: Check) -> Check:
    if of.verdict != "passed":
        return of
    return of.model_copy(update={"verdict": "inconclusive", "detail": f"{of.detail}; the run is incomplete"})


def _without_calls(checks: Sequence[Check], new: RunSource) -> list[Check]:
    """What cannot be told of whoever was never reached: a run in which every call came to nothing says nothing of a target, good or bad."""
    reached = {t.target for t in new.trials if t.failed}
    silent = {o.target: o.cause for o in find_outages(new.trials) if o.target not in reached}
    if None in silent:
        silent |= {t.id: f"the simulated user never spoke: {silent[None]}" for t in new.study.targets}
    return [
        c.model_copy(update={"verdict": "inconclusive", "needed": None, "detail": f"no call was answered: {silent[c.target]}"})
        if c.target in silent
        else c
        for c in checks
    ]


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


def _nothing(arm: Arm, requirement: str, what: str) -> Check:
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


# --- verdicts -----------------------------------------------------------------------------------------------------

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
        return _nothing(arm, requirement.text, measure.label)
    value, n, bounds = found.value, found.personas, found.interval
    verdict: Verdict = "inconclusive"
    needed: Needed | None = None
    if n < FEWEST:
        detail, needed = f"{_people(n)}: a mean is not judged below {FEWEST}", _FEWEST
    elif bounds is None and not measure.judge and measure.scale is None:
        verdict = "passed" if holds(value, requirement) else "failed"
        detail = f"the same with all {n} personas, as counted"
    elif bounds is None:
        verdict = "inconclusive" if holds(value, requirement) else "failed"
        detail = f"all {n} personas are equal, which tells nothing of others"
    else:
        verdict = by_interval(bounds, requirement)
        detail = f"mean over {_people(n)}"
        if verdict == "inconclusive":
            needed = _needed(found, bounds, abs(value - requirement.bar))
            detail += _settle(needed)
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
        **_as_fields(needed),
        detail=detail,
    )


_FEWEST = Needed(personas=FEWEST, scenarios=1, more_scenarios=False)


def _needed(found: Figure, bounds: tuple[float, float], gap: float) -> Needed | None:
    if found.estimate is not None:
        return needed_for(found.estimate, gap)
    # Of what is pooled only the interval is known.
    from scipy.special import stdtrit

    return needed_by_error(gap, (bounds[1] - bounds[0]) / 2 / float(stdtrit(max(found.personas - 1, 1), 0.975)), found.personas)


def _as_fields(needed: Needed | None) -> dict[str, int | None]:
    return {"needed": needed.personas, "needed_scenarios": needed.scenarios if needed.more_scenarios else None} if needed else {}


def _settle(needed: Needed | None) -> str:
    """What would settle it, in words."""
    return f"; {needed.words} would settle it four times in five" if needed else f"; no study of up to {MOST_PERSONAS:,} personas would settle it"


def _people(n: int) -> str:
    return f"{n:,} persona{'s' * (n != 1)}"


def _check_worst(arm: Arm, measure: Measure, requirement: Requirement) -> Check:
    """Passed if every persona's own interval is as required, failed if some persona's is not, though it is the worst of so many."""
    talks, means = _persona_talks(arm, measure), _persona_figures(arm, measure)
    if not talks:
        return _nothing(arm, requirement.text, measure.label)
    known = know_personas(talks)
    worst = (max if requirement.operator in ("<=", "<") else min)(means, key=lambda p: (means[p], p))
    each = {p: by_interval(_around(means[p], known.half(p)), requirement) for p in talks}
    failed = any(by_interval(_around(means[p], known.half(p, of=len(talks))), requirement) == "failed" for p in talks)
    doubtful = sum(v != "passed" for v in each.values())
    verdict: Verdict = "failed" if failed else "inconclusive" if doubtful else "passed"
    count = sum(len(of) for of in talks[worst].values())
    detail = f"{measure.label} of {worst}, of {_people(len(talks))}, over {count:,} talk{'s' * (count != 1)}{_OF_TALKS[known.unit]}"
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


# --- shares and percentiles ---------------------------------------------------------------------------------------


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
        return _nothing(arm, requirement.text, arm.primary.label)
    people = len({p for p, _ in values})
    scores = np.sort(np.array([v for _, v in values]))
    if isinstance(figure, Share):
        hits = [(p, _HOLDS[figure.operator](v, figure.bar)) for p, v in values]
        observed, size = effective(hits)
        bounds = proportion_interval(observed * size, size)
        verdict = by_interval(bounds, requirement)
        detail = f"{sum(h for _, h in hits):,} of {len(hits):,} {figure.unit}s of {_people(people)}, by {arm.primary.label}"
        needed = needed_for_share(observed, size, people, partial(_settled, requirement)) if verdict == "inconclusive" else None
    else:
        level = figure.percent / 100
        observed = float(np.quantile(scores, level, method="inverted_cdf"))
        _, size = effective([(p, v <= observed) for p, v in values])
        low, high = proportion_interval(level * size, size)
        bounds = tuple(float(np.quantile(scores, q, method="inverted_cdf")) for q in (low, high))  # type: ignore[assignment]
        verdict = by_interval(bounds, requirement)
        detail = f"{arm.primary.label} over {len(values):,} {figure.unit}s of {_people(people)}"
        needed = None
    if verdict == "inconclusive" and isinstance(figure, Share):
        detail += _settle(needed)
    elif verdict == "inconclusive":
        detail += "; more personas would tell"
    if people < FEWEST and verdict != "inconclusive":
        verdict, needed, detail = "inconclusive", _FEWEST, f"{detail}: not judged below {FEWEST}"
    return Check(
        target=arm.label,
        requirement=requirement.text,
        verdict=verdict,
        observed=observed,
        interval=bounds,
        n=len(values),
        personas=people,
        **_as_fields(needed),
        detail=detail,
    )


def _settled(requirement: Requirement, share: float, size: float) -> bool:
    return by_interval(proportion_interval(share * size, size), requirement) != "inconclusive"


# --- counts -------------------------------------------------------------------------------------------------------


def _check_count(arm: Arm, figure: Count, requirement: Requirement) -> Check:
    if figure.share is not None:
        share = figure.share
        hits = [(p, _HOLDS[share.operator](v, share.bar)) for p, v in unit_values(arm, share.unit)]
        noun = f"{share.unit}s, by {arm.primary.label}"
    else:
        hits, noun = _things(arm, figure.thing)
    observed = sum(h for _, h in hits)
    bounds = None
    detail = f"{observed:,} of {len(hits):,} {noun}"
    if hits:
        value, size = effective(hits)
        limits = proportion_interval(value * size, size)
        bounds = limits[0] * len(hits), limits[1] * len(hits)
        detail += f", up to {limits[1]:.1%} may be so (95 %, {_people(len({p for p, _ in hits}))})"
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
        return _nothing(arm, requirement.text, measure.label)
    messages = [_MESSAGES[measure.id](flags, drafts) for t in arm.trials for *_, flags, drafts in drafts_of(t)]
    detail = f"{sum(messages):,} of {len(messages):,} messages of the simulated user, over {_people(found.personas)}"
    if found.interval is not None:
        detail += f", up to {found.interval[1]:.1%} with personas like these (95 %)"
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


# --- non-inferiority ----------------------------------------------------------------------------------------------


def not_worse(new: RunSource, old: RunSource, target: str, measure_id: str, margin: float) -> Check:
    """Whether `target` is worse than its older version by less than `margin`, paired by persona and scenario."""
    measure = new.measure(measure_id)
    older = {t.id for t in old.study.targets}
    before = target if target in older else next(iter(older))
    text = f"{measure_id} not worse by {margin:g}"
    arm, other = new.arm(target), old.arm(before)
    sides = align(arm.slots(measure.parts), other.slots(measure.parts))
    found = sides.difference
    if found is None:
        return _nothing(arm, text, f"a difference in {measure.label}")
    value, n = float(found.value), found.personas
    bounds = interval(found, measure.differences)
    worse = -1.0 if measure.better == "lower" else 1.0
    verdict: Verdict = "inconclusive"
    needed: Needed | None = None
    detail = f"{measure.label} new − old, paired over {_people(n)}, {int(found.present.sum()):,} pairs{_these(found)}"
    if n < FEWEST:
        detail, needed = f"{_people(n)}: a difference is not judged below {FEWEST}", _FEWEST
    elif bounds is not None:
        low, high = sorted(worse * b for b in bounds)
        verdict = "passed" if low > -margin else "failed" if high < -margin else "inconclusive"
        if verdict == "inconclusive":
            needed = needed_for(found, worse * value + margin)
            detail += _settle(needed)
    elif _vary(sides):
        # Where people differ and no difference between versions does, the versions do the same: a fact, as a count is.
        verdict = "passed" if worse * value > -margin else "failed"
        detail += f": the same for all, as it may not be for up to {different(n):.0%} of personas like these"
    else:
        detail = f"all {n} personas are equal in both runs, which tells nothing of others"
    detail += _split(measure, found) + _hangs(measure, sides, value) + _few(measure, found)
    return Check(
        target=target,
        requirement=text,
        verdict=verdict,
        observed=value,
        interval=bounds,
        n=int(found.present.sum()),
        personas=n,
        **_as_fields(needed),
        detail=detail,
    )


def _these(found: Estimate) -> str:
    """Where there are too few scenarios to speak of others."""
    return "" if found.scenarios >= FEWEST_SCENARIOS else " in this scenario" if found.scenarios == 1 else " in these scenarios"


def _split(measure: Measure, found: Estimate) -> str:
    """What the difference is made of, dimension by dimension."""
    sign = -1.0 if found.value < 0 else 1.0
    told = split({name: sign * by for name, by in zip(measure.names, found.parts.tolist(), strict=False)}) if len(measure.names) > 1 else ""
    return f"; {told}" if told else ""


def _hangs(measure: Measure, sides: Sides, value: float) -> str:
    """How far it hangs on one persona."""
    difference = sides.difference
    left = leave_out(value, dict(zip(sides.personas, difference.without.tolist(), strict=True))) if difference is not None else None
    if left is None:
        return ""
    low, high = signed(left.low, measure.digits), signed(left.high, measure.digits)
    return f"; {low} to {high} without any one persona, of whom {left.persona} moves it most" if low != high else ""


def _few(measure: Measure, found: Estimate) -> str:
    """The dimensions that hang on so few personas that they are named."""
    shared = zip(measure.names, found.holders.tolist(), strict=True) if len(measure.names) > 1 else ()
    named = [f"{name} by {n}" for name, n in shared if 0 < n < FEW]
    return f"; shared by few: {', '.join(named)}" if named else ""


def _vary(sides: Sides) -> bool:
    """Whether the scores themselves differ between personas: the same answer twice is no news, a rater that never moves is not a rater."""
    found = estimate(sides.these)
    return found is not None and interval(found) is not None
