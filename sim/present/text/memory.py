"""Memory, adaptability and what memory buys, as columns for the tables of `sim show RUN`; a row is a target throughout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sim.analysis.verdicts.sentence import split
from sim.core.codebook import DIMENSIONS, LABELS
from sim.present.words import NONE, half_width, many, number, percent, share, signed
from sim.score.memory.profile import TRUTHS

if TYPE_CHECKING:
    from sim.analysis.figures.memory import Point, ProfileFigures, Unprobed
    from sim.analysis.figures.run_summary import RunSummary, TargetSummary
    from sim.analysis.stats.proportions import Proportion
    from sim.analysis.verdicts.policies import InCommon, MemoryArm
from sim.core.event import ProbeKind, Truth

Column = tuple[str, Sequence[str]]
"""Heading, and a cell for each target."""

DELAYS: Final = 8
"""Delays shown; `--json` has all."""
SHOWN: Final[tuple[ProbeKind, ...]] = ("explicit", "implicit", "update", "temporal", "control")
WHY: Final[dict[Unprobed, str]] = {
    "not_asked": "the study asks nothing; `probes: {}` in it does",
    "cannot_fork": "it cannot be copied, and probing would leave traces in it: no probes",
    "not_yet": "no session has been probed yet",
}


@dataclass(frozen=True, slots=True)
class MemoryTable:
    """One table and what stands below it."""

    title: str
    columns: tuple[Column, ...]
    notes: tuple[str, ...] = ()


def memory_sections(summary: RunSummary) -> list[MemoryTable]:
    """Every section that has something to show."""
    of = summary.targets
    sections = [_remembered(of)]
    if any(t.memory.written is not None for t in of):
        sections.append(_split(of))
    if any(t.memory.profile for t in of):
        sections.append(_profile(of))
    if any(len(t.memory.forgetting.sessions) > 1 for t in of):
        sections += _forgetting(of)
    if any(t.adaptability.gain is not None or t.recovery.drifts for t in of):
        sections.append(_adaptability(of))
    if summary.bought:
        sections.append(_bought(summary))
    return sections


def _remembered(of: Sequence[TargetSummary]) -> MemoryTable:
    columns = [_column("core facts", of, lambda t: number(t.memory.core_facts_disclosed, 1))]
    columns.append(_column("elicited", of, lambda t: number(t.memory.elicited_facts, 1)))
    notes = ["in a trial: core facts told to every target alike; elicited ones that it drew out beside them"]
    if any(t.memory.probes for t in of):
        columns.append(_column("accuracy", of, lambda t: _with_interval(t.memory.accuracy)))
        columns.append(_column("n", of, lambda t: f"{t.memory.accuracy.n:,}"))
        columns += [_column(kind, of, lambda t, kind=kind: _kind(t, kind)) for kind in SHOWN if any(kind in t.memory.probes for t in of)]  # type: ignore[misc]
        columns.append(_column("balanced", of, lambda t: share(t.memory.abstention.balanced_accuracy)))
        columns.append(_column("false abst.", of, lambda t: share(t.memory.abstention.false_abstention)))
        columns.append(_column("old value", of, lambda t: f"{sum(k.stale for k in t.memory.probes.values()):,}" if t.memory.probes else NONE))
        notes += [
            "accuracy: explicit, implicit, update and temporal probes of told facts; n: answers; [ ]: 95 %,",
            "Clopper–Pearson on the persona-effective n; control: asked while it was in the context",
            "balanced: tells what it was told from what it was not, .50 is a coin; false abst.: told, denied",
        ]
        ungraded = sum(k.unscored for t in of for k in t.memory.probes.values())
        notes += [f"{many(ungraded, 'answer')} could not be graded and {'is' if ungraded == 1 else 'are'} in no figure"] if ungraded else []
    reasons: dict[Unprobed, list[str]] = {}
    for t in of:
        if t.memory.unprobed:
            reasons.setdefault(t.memory.unprobed, []).append(t.target)
    for why, targets in reasons.items():
        notes.append(f"{'no probes' if len(targets) == len(of) else ', '.join(targets)}: {WHY[why]}")
    return MemoryTable("Memory", tuple(columns), tuple(notes))


def _split(of: Sequence[TargetSummary]) -> MemoryTable:
    columns = (
        _column("written", of, lambda t: share(t.memory.written)),
        _column("retrieved", of, lambda t: share(t.memory.retrieved)),
        _column("used", of, lambda t: share(t.memory.used)),
        _column("not written", of, lambda t: _traced(t, t.memory.split.not_written)),
        _column("not retrieved", of, lambda t: _traced(t, t.memory.split.not_retrieved)),
        _column("not used", of, lambda t: _traced(t, t.memory.split.not_used)),
        _column("right", of, lambda t: _traced(t, t.memory.split.used)),
    )
    notes = ("shares of what came through the step before; counts: answers, by the first step that failed",)
    return MemoryTable("Where memory fails, of facts told and asked for", columns, notes)


def _profile(of: Sequence[TargetSummary]) -> MemoryTable:
    graded = ", ".join(dict.fromkeys(t.memory.profile.by for t in of if t.memory.profile))

    def column(heading: str, cell: Callable[[ProfileFigures], str]) -> Column:
        return _column(heading, of, lambda t: cell(t.memory.profile) if t.memory.profile else NONE)

    def graded_so(truth: Truth) -> Column:
        return column(truth, lambda p: share(p.precision.get(truth)))

    columns = (
        column("facts", lambda p: number(p.facts, 1)),
        *map(graded_so, TRUTHS),
        column("recall", lambda p: share(p.recall)),
        column("stale", lambda p: share(p.stale)),
        column("n", lambda p: f"{p.memories:,}"),
    )
    notes: tuple[str, ...] = (
        "four grades against the user's messages; recall: told facts whose newest value it holds; n: memories",
        "stale: facts that changed, of which it holds an old value and not the newest",
    )
    ungraded = sum(t.memory.profile.ungraded for t in of if t.memory.profile)
    notes += (f"{many(ungraded, 'memory', 'memories')} not graded by the judge",) if ungraded else ()
    return MemoryTable(f"Memories that were written (graded by {graded})", columns, notes)


def _forgetting(of: Sequence[TargetSummary]) -> list[MemoryTable]:
    def columns(points: Callable[[TargetSummary], Sequence[Point]], heading: Callable[[int], str]) -> tuple[Column, ...]:
        delays = sorted({p.delay for t in of for p in points(t)}, key=lambda d: (d < 0, d))[:DELAYS]
        return tuple(
            _column(heading(d), of, lambda t, d=d: next((f"{share(p.accuracy)} ({p.n})" for p in points(t) if p.delay == d), NONE))  # type: ignore[misc]
            for d in delays
        )

    note = (
        "accuracy (answers); 1 session: told in the talk just before" + (f"; the first {DELAYS}, `--json` has all" if _longest(of) > DELAYS else ""),
    )
    days = columns(lambda t: t.memory.forgetting.days, lambda d: f"≤ {d} d" if d > 0 else "longer")
    return [
        MemoryTable("Forgetting by sessions", columns(lambda t: t.memory.forgetting.sessions, str), note),
        MemoryTable("Forgetting by days", days),
    ]


def _longest(of: Sequence[TargetSummary]) -> int:
    return max(len(t.memory.forgetting.sessions) for t in of)


def _adaptability(of: Sequence[TargetSummary]) -> MemoryTable:
    columns = (
        _column("adaptability", of, lambda t: signed(t.adaptability.value) + half_width(t.adaptability.interval, t.adaptability.value)),
        _column("gain", of, lambda t: signed(t.adaptability.gain)),
        _column("without\nmemory", of, lambda t: signed(t.adaptability.reference_gain)),
        _column("session 1", of, lambda t: signed(t.adaptability.placebo) + half_width(t.adaptability.placebo_interval, t.adaptability.placebo)),
        _column("at ceiling", of, lambda t: percent(t.adaptability.at_ceiling)),
        _column("trend", of, lambda t: "; ".join(f"{signed(x.slope)} ({x.sessions:,})" for x in t.adaptability.trends) or NONE),
        _column("drifts", of, lambda t: f"{t.recovery.drifts:,}"),
        _column("recovered", of, lambda t: f"{t.recovery.recovered:,}" if t.recovery.drifts else NONE),
        _column("median", of, lambda t: number(t.recovery.median, 0)),
    )
    read = [f"{t.target}: {t.adaptability.reading}" for t in of if t.adaptability.value is not None]
    notes = (
        *(("; ".join(read),) if read else ()),
        "gain: fixed set from session two on less session one; adaptability: gain less that of the same model without memory",
        "session 1: what the two differ by before anything can be remembered, near 0 if nothing else differs",
        "trend: slope of the fixed set, points a session, by (how many sessions); whatever makes later sessions easier is in it",
        "drifts: wishes that changed, and showed it; median: exchanges until two scores in a row were back",
    )
    return MemoryTable("Adaptability and recovery", columns, notes)


def _bought(summary: RunSummary) -> MemoryTable:
    arms = {a.target: a for b in summary.bought for a in b.arms}

    def column(heading: str, cell: Callable[[MemoryArm], str]) -> Column:
        return heading, [cell(arms[t.target]) if t.target in arms else NONE for t in summary.targets]

    columns = (
        column("policy", lambda a: a.memory),
        column("accuracy\n/ base's", lambda a: _both(a.gains, share)),
        column("more", lambda a: _more(a.gains)),
        column("scripted\ncallback", lambda a: _more(a.brings)),
        column("fixed set", lambda a: _more(a.steady)),
        column("criterion", lambda a: _more(a.enjoys)),
        column("without\ncallback", lambda a: _more(a.likes)),
        column("hit", lambda a: f"{a.callbacks.hit:,}"),
        column("missed", lambda a: f"{a.callbacks.missed:,}"),
        column("surprise", lambda a: f"{a.callbacks.surprise:,}"),
        column("intrusive", lambda a: f"{a.callbacks.intrusive:,}"),
        column("false", lambda a: f"{a.callbacks.false_memories:,}"),
    )
    notes = [
        "accuracy / base's: over what a policy and its base have in common; more is the difference of these two means",
        "scripted callback, fixed set, criterion (enjoyment and return), likability without callback: less the base's, paired within personas",
        *(line for b in summary.bought for a in b.arms if (line := _made_of(a, b.against))),
    ]
    if summary.ranks.spearman is not None:
        rho = share(summary.ranks.spearman)
        notes.append(f"over {summary.ranks.targets:,} targets, memory accuracy and likability without callback correlate by rank {rho}")
    return MemoryTable("What memory buys, one model under several policies", columns, tuple(notes))


def _made_of(arm: MemoryArm, against: str) -> str:
    """Likability over all seven against the base, split by dimension, and how far the fixed set hangs on one persona."""
    if arm.whole is None or arm.whole.difference is None:
        return ""
    sign = -1.0 if arm.whole.difference < 0 else 1.0
    made = split({LABELS[d]: sign * by for d, by in zip(DIMENSIONS, arm.whole.adds, strict=True)})
    told = f"{arm.target} less {against}: all seven {signed(arm.whole.difference)}" + (f", {made}" if made else "")
    left = arm.steady.left_out if arm.steady else None
    if left is None or signed(left.low) == signed(left.high):
        return told
    return f"{told}; fixed set {signed(left.low)} to {signed(left.high)} without any one persona ({left.persona} moves it most)"


def _both(found: InCommon | None, written: Callable[[float | None], str]) -> str:
    if found is None:
        return "base"
    return NONE if found.difference is None else f"{written(found.mean)}/{written(found.other)}"


def _more(found: InCommon | None) -> str:
    return signed(found.difference) + half_width(found.interval, found.difference) if found else ""


def _column(heading: str, of: Sequence[TargetSummary], cell: Callable[[TargetSummary], str]) -> Column:
    return heading, [cell(t) for t in of]


def _kind(target: TargetSummary, kind: ProbeKind) -> str:
    return share(target.memory.probes[kind].accuracy) if kind in target.memory.probes else NONE


def _with_interval(of: Proportion) -> str:
    return share(of.accuracy) + (f" [{share(of.interval[0])}–{share(of.interval[1])}]" if of.interval else "")


def _traced(target: TargetSummary, count: int) -> str:
    return f"{count:,}" if target.memory.written is not None else NONE
