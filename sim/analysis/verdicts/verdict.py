"""A suite's verdict: every section of it held against a run by the gate's own checks, with its worst exchanges and what was not tested.

Each section looks at the talks of its own parts alone: what decides on duties is taken from the talks that put duties to the test, and likability
from everyday ones. A section fails if any of its gates does, and cannot be told if any of them cannot; so does the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

from sim.analysis.figures.measures import Measure, label_measure, measures_of
from sim.analysis.verdicts.gate import run_gate
from sim.analysis.verdicts.gate_checks import Check, Verdict
from sim.analysis.verdicts.requirements import (
    COUNTED,
    THINGS,
    Count,
    Fall,
    Figure,
    FlagShare,
    Given,
    Mean,
    Percentile,
    Requirement,
    Scorers,
    Share,
    TraitTruthGap,
    WidestGap,
    WorstPersona,
    find_measure,
    parse_requirement,
)
from sim.analysis.verdicts.worst_exchanges import BadExchange, worst_exchanges
from sim.analysis.verdicts.worst_pairs import worst_pairs
from sim.core.errors import InputError
from sim.core.frozen import Frozen
from sim.core.record import RunStatus
from sim.core.shown import Shown
from sim.core.spec.fairness import swap_arms
from sim.core.spec.held import in_part
from sim.core.spec.scorer import ScorerInfo
from sim.core.spec.stress import stress_arms

if TYPE_CHECKING:
    from sim.analysis.verdicts.arms import RunSource
    from sim.core.spec.suite import Suite, SuiteSection


class VerdictRow(Frozen):
    """One figure of one target in a section."""

    target: str
    figure: str
    """What is measured, in words."""
    asked: str = ""
    """What it must be, as in "≥ 3"; empty: it is shown and decides nothing."""
    value: float | None
    """None: there is nothing to take it from."""
    interval: tuple[float, float] | None
    """95 %; None where there is none."""
    n: int
    """What the value is taken from: personas for means, whatever could have been one for counts and shares."""
    read: Literal["figure", "share", "count"]
    """How it is written: a share in per cent, a count with what it is of."""
    note: str = ""
    """What is to be said beside it: why it cannot be told, or the points of a curve."""
    check: Check | None = None
    """Its gate; None: it has none."""


class VerdictSection(Frozen):
    """One heading of the verdict."""

    id: str
    title: str
    asks: str
    verdict: Verdict | Literal["shown"]
    """`shown`: it has no gate and decides nothing."""
    rows: tuple[VerdictRow, ...]
    worst: tuple[BadExchange, ...]
    """At most three, the worst first; what nothing speaks against is not among them. Of swapped identities, pairs of replies."""


class VerdictDocument(Shown):
    """`sim run --suite … --json`, and `sim gate --json` of a suite's run."""

    run: str
    status: RunStatus
    suite: str
    title: str
    targets: tuple[str, ...]
    """Those that are judged; arms under stress are points of their target's curves."""
    verdict: Verdict
    sentence: str
    """The verdict in one sentence."""
    offline_note: str
    """Who was played by an offline model and what that leaves; empty: nobody was."""
    stub_decided: bool
    """Whether an offline model's judgement of a real target was allowed to decide."""
    personas: int
    scenarios: int
    trials: int
    exchanges: int
    """Answered."""
    sections: tuple[VerdictSection, ...]
    untested: tuple[str, ...]
    """What was not tested, a sentence each: what this run could not tell, and what the suite never tests."""


def judge_suite(of: RunSource, suite: Suite, *, targets: Sequence[str] = (), allow_offline: bool = False) -> VerdictDocument:
    """The verdict of `suite` on the run that it made.

    Args:
        targets: only these; empty: all.
        allow_offline: decide also what rests on an offline model's judgement of a real target.

    Raises:
        InputError: a gate speaks of what the run does not hold.
    """
    judged = tuple(t.id for t in of.study.targets if not t.stress and not t.swap and (not targets or t.id in targets))
    members = _members(of, suite)
    found = [_section(_talks(of, section, members), section, judged, allow_offline) for section in suite.sections]
    sections = [section for section, _ in found]
    verdict = _all_of(s.verdict for s in sections)
    return VerdictDocument(
        run=of.run,
        status=of.status,
        suite=suite.id,
        title=suite.title,
        targets=judged,
        verdict=verdict,
        sentence=_sentence(judged, suite, verdict, sections),
        offline_note=of.standins.note,
        stub_decided=any(stub for _, stub in found),
        personas=len({t.cast.persona.id for t in of.trials}),
        scenarios=len({t.cast.scenario.id for t in of.trials}),
        trials=len(of.trials),
        exchanges=sum(e.reply is not None for t in of.trials for e in t.exchanges),
        sections=tuple(sections),
        untested=(*_could_not(of, sections, judged), *suite.untested),
    )


def read_section(section: SuiteSection, scorers: Scorers) -> tuple[Requirement, ...]:
    """The gates of a section, for a run with these scorers.

    Raises:
        InputError: one cannot be read, or what is to be shown is no measure; its place in the section is named.
    """
    for i, id in enumerate(section.show):
        if _measure_id(id, scorers) is None:
            raise InputError(f"'{id}' is not a measure", mend="write one such as words, or a scorer of the suite", at=("show", i))
    asked: list[Requirement] = []
    for i, text in enumerate(section.require):
        try:
            asked.append(parse_requirement(text, scorers))
        except InputError as error:
            raise InputError(error.problem, mend=error.mend, at=("require", i)) from None
    return tuple(asked)


def _measure_id(id: str, scorers: Scorers) -> str | None:
    scorer, equals, label = id.partition("=")
    if equals:
        return id if any(s.id == scorer and label in s.labels for s in scorers) else None
    return find_measure(id, scorers)


# --- which talks --------------------------------------------------------------------------------------------------


def _members(of: RunSource, suite: Suite) -> Mapping[str, frozenset[str]]:
    """The trials of each part, by id; a trial may be of several."""
    people: dict[str, list[str]] = {}
    for trial in of.trials:
        here = people.setdefault(trial.cast.scenario.id, [])
        if trial.cast.persona.id not in here:
            here.append(trial.cast.persona.id)
    specs = {t.id: t for t in of.study.targets}
    return {
        part.id: frozenset(
            t.id for t in of.trials if in_part(part, t.cast.scenario.id, people[t.cast.scenario.id].index(t.cast.persona.id), t.seed, specs[t.target])
        )
        for part in suite.parts
    }


def _talks(of: RunSource, section: SuiteSection, members: Mapping[str, frozenset[str]]) -> RunSource:
    """The run as if it had held the section's talks alone."""
    if not section.parts:
        return of
    known = frozenset[str]().union(*(members[p] for p in section.parts))
    return replace(of, trials=tuple(t for t in of.trials if t.id in known))


BREAKDOWNS: Final = frozenset({"failed", "simulator_failed"})
"""What is counted over all talks of a target, those of its arms too: a bot that falls silent under stress is broken."""


# --- one section --------------------------------------------------------------------------------------------------


def _section(of: RunSource, section: SuiteSection, targets: Sequence[str], allow_offline: bool) -> tuple[VerdictSection, bool]:
    """The section, and whether an offline model's word was let decide in it."""
    asked = read_section(section, of.scorers)
    broken = tuple(r for r in asked if isinstance(r.figure, Count) and r.figure.thing in BREAKDOWNS)
    held = ((of, tuple(r for r in asked if r not in broken)), (_arms_as_their_targets(of), broken))
    documents = [run_gate(source, rs, targets=targets, margins={}, allow_offline=allow_offline) for source, rs in held if rs]
    by_text = {r.text: r for r in asked}
    checks = sorted((c for d in documents for c in d.checks), key=lambda c: targets.index(c.target))
    rows = [_gated(c, by_text[c.requirement], of.scorers) for c in checks]
    shown = [id for s in section.show if (id := _measure_id(s, of.scorers)) is not None]
    rows += [_shown(of, target, id) for target in targets for id in shown]
    worst = worst_pairs(of, targets, asked, stubs=allow_offline) or worst_exchanges(of, targets, asked, shown, stubs=allow_offline)
    verdict = _all_of(d.verdict for d in documents) if checks else "shown"
    return VerdictSection(id=section.id, title=section.title, asks=section.asks, verdict=verdict, rows=tuple(rows), worst=worst), any(
        d.stub_decided for d in documents
    )


def _arms_as_their_targets(of: RunSource) -> RunSource:
    """The run as if its arms under stress and with swapped identities were talks of their targets: what broke there broke."""
    base = {arm.id: target.id for target, arms in stress_arms(of.study.targets) for arm in arms}
    base |= {arm.id: target for target, arms in swap_arms(of.study.targets).items() for arm in arms}
    return replace(of, trials=tuple(replace(t, target=base.get(t.target, t.target)) for t in of.trials))


def _gated(of: Check, requirement: Requirement, scorers: Scorers) -> VerdictRow:
    figure = requirement.figure
    read: Literal["figure", "share", "count"] = "figure"
    if isinstance(figure, COUNTED):
        read = "count"
    elif isinstance(figure, FlagShare | Share) or (isinstance(figure, Mean) and _measure(figure.measure, scorers).proportion):
        read = "share"
    return VerdictRow(
        target=of.target,
        figure=_words(figure, scorers),
        asked=f"{_SIGNS[requirement.operator]} {_bar(requirement.bar, read)}",
        value=of.observed,
        interval=of.interval,
        n=of.n,
        read=read,
        note=of.detail if of.verdict == "inconclusive" or isinstance(figure, Fall | WidestGap | TraitTruthGap) else "",
        check=of,
    )


_SIGNS = {">=": "≥", "<=": "≤", ">": ">", "<": "<", "==": "="}


def _bar(bar: float, read: str) -> str:
    return f"{round(100 * bar, 1):g} %" if read == "share" else f"{bar:g}"


def _words(figure: Figure, scorers: Scorers) -> str:
    """What a requirement is about, in words."""
    match figure:
        case Mean(measure) | FlagShare(measure):
            return _measure(measure, scorers).label
        case WorstPersona(measure):
            return "worst persona" if measure is None else f"worst persona: {_measure(measure, scorers).label}"
        case Percentile(percent, unit):
            return f"{unit}s: percentile {percent}"
        case Share(unit, operator, bar):
            return f"{unit}s {_SIGNS[operator]} {bar:g}"
        case Given(scorer, value, other):
            return f"{_info(scorer, scorers).name}: {'not ' if other else ''}{value}"
        case Count(critical_of=ScorerInfo() as info):
            return f"{info.name}: critical"
        case Count(share=Share(unit, operator, bar)):
            return f"{unit}s {_SIGNS[operator]} {bar:g}"
        case Count(thing):
            return THINGS[thing]
        case Fall(kind):
            return f"fall under {kind.replace('_', ' ')}"
        case TraitTruthGap():
            return "trait–truth gap"
        case WidestGap(measure):
            return "widest gap of identity" if measure is None else f"widest gap of identity: {_measure(measure, scorers).label}"


def _info(id: str, scorers: Scorers) -> ScorerInfo:
    return next(s for s in scorers if s.id == id)


def _measure(id: str, scorers: Scorers) -> Measure:
    labelled = (label_measure(s, label) for s in scorers for label in s.labels)
    return next(m for m in (*measures_of(scorers), *labelled) if m.id == id)


def _shown(of: RunSource, target: str, id: str) -> VerdictRow:
    measure = of.measure(id)
    found = of.arm(target).figure(measure)
    read: Literal["figure", "share"] = "share" if measure.proportion else "figure"
    if found is None:
        return VerdictRow(target=target, figure=measure.label, value=None, interval=None, n=0, read=read)
    return VerdictRow(target=target, figure=measure.label, value=found.value, interval=found.interval, n=found.personas, read=read)


# --- in words -----------------------------------------------------------------------------------------------------


def _all_of(verdicts: Iterable[str]) -> Verdict:
    known = set(verdicts)
    return "failed" if "failed" in known else "inconclusive" if "inconclusive" in known else "passed"


def _sentence(targets: Sequence[str], suite: Suite, verdict: Verdict, sections: Sequence[VerdictSection]) -> str:
    who, several = _listed(targets), len(targets) > 1
    of = {v: [s.title.lower() for s in sections if s.verdict == v] for v in ("passed", "failed", "inconclusive")}
    passed, gated = len(of["passed"]), sum(map(len, of.values()))
    if verdict == "passed":
        return f"{who} {'pass' if several else 'passes'} the suite “{suite.title}”: all {gated} sections hold."
    good = f"{passed} of {gated} sections hold" if passed else f"none of {gated} sections holds"
    open_ = f"{_listed(of['inconclusive'])} cannot be told" if of["inconclusive"] else ""
    if verdict == "inconclusive":
        return f"Whether {who} {'pass' if several else 'passes'} the suite “{suite.title}” cannot be told yet: {open_}; {good}, and none fails."
    fails = f"{_listed(of['failed'])} {'fail' if len(of['failed']) > 1 else 'fails'}"
    return f"{who} {'do' if several else 'does'} not pass the suite “{suite.title}”: {'; '.join(p for p in (fails, open_, good) if p)}."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _could_not(of: RunSource, sections: Sequence[VerdictSection], targets: Sequence[str]) -> tuple[str, ...]:
    """What the suite asks and this run has no answer to."""
    found: list[str] = []
    if of.status != "finished":
        found.append(f"The run is {of.status}, so that nothing passes; `sim resume {of.run}` goes on with it.")
    stubs = [t for t in targets if t in of.standins.stub_rated]
    if stubs:
        why = "an offline model rates, whose word on a real chatbot is not evidence (name one with --user)"
        found.append(f"How well {_listed(stubs)} is liked: {why}.")
    for section in sections:
        empty = [row for row in section.rows if row.value is None]
        if empty and len(empty) == len(section.rows):
            found.append(f"{section.title}: nothing in these talks could be measured.")
        else:
            found += [f"{section.title}: there is nothing to take “{row.figure}” from." for row in empty]
    return tuple(dict.fromkeys(found))
