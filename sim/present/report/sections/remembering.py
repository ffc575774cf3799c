"""What targets remember when asked: probes by kind, where memory fails, how it fades, and how true a written memory is."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from sim.core.event import ProbeKind
from sim.present.report import charts
from sim.present.report.cells import Heading, columns, count, named, part, percentage, score, talks_link
from sim.present.report.document import Block, Cell, ChartFigure, Prose, Section, Table
from sim.present.words import NONE, many, percent, share

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.analysis.figures.memory import ProfileFigures, Unprobed
    from sim.analysis.stats.proportions import Proportion
    from sim.present.report.material import Material

TITLE = "What targets remember"
WHY: dict[Unprobed, str] = {
    "not_asked": "the study asks no probes (`probes:` in the study)",
    "cannot_fork": "none of the targets can be copied, and a question asked of the original would be part of the talk",
    "not_yet": "no session has been probed yet",
}


def remembering_section(of: Material) -> Section:
    """Probes, forgetting, failures and written memories; what was told and drawn out stands with them in any case."""
    unprobed = [t.memory.unprobed for t in of.summary.targets]
    blocks: list[Block] = [_told(of)]
    if all(unprobed):
        reason = next(u for u in unprobed if u)
        blocks.append(Prose(lines=(f"Memory accuracy and forgetting were not measured in this run: {WHY[reason]}.",)))
    else:
        blocks += [_probes(of), _forgetting(of), *_failures(of)]
    return Section(id="remembering", title=TITLE, blocks=(*blocks, *_profiles(of)))


def _told(of: Material) -> Table:
    rows = []
    for t in of.summary.targets:
        m = t.memory
        rows.append((named(t.target), score(m.core_facts_disclosed, digits=1), score(m.elicited_facts, digits=1), count(m.false_memories)))
    figures: list[Heading] = [
        ("told to all", "facts a trial that every target is told alike"),
        ("drawn out", "facts a trial that the user told beside them: an outcome of its own"),
        ("false memories", "callbacks to something never said"),
    ]
    return Table(id="told", title="Facts told", columns=columns("target", figures=figures), rows=tuple(rows))


def _probes(of: Material) -> Table:
    kinds = [k for k in get_args(ProbeKind) if any(k in t.memory.probes for t in of.summary.targets)]
    rows = []
    for t in of.summary.targets:
        m = t.memory
        why = (named("no probes", beside=WHY[m.unprobed].split(" (")[0]),) if m.unprobed else (_proportion(m.accuracy),)
        each = [_proportion(m.probes[k]) if k in m.probes else Cell(text=NONE) for k in kinds]
        falsely = percentage(m.abstention.false_abstention)
        rows.append((named(t.target), *why, *each, part(m.abstention.balanced_accuracy, m.abstention.interval), falsely))
    figures: list[Heading] = [
        ("accuracy", "over explicit, implicit, update and temporal questions about facts told in earlier sessions"),
        *kinds,
        ("balanced abstention", "mean of: saying so of what was never told, and not saying so of what was told; .5 is a coin"),
        ("false “don't know”", "of told facts"),
    ]
    note = "Each question is put to a copy of the target, so that asking leaves no trace. Small print: 95 % intervals over personas, and answers."
    title = "Questions of memory, answered correctly"
    return Table(id="probes", title=title, columns=columns("target", figures=figures), rows=tuple(rows), notes=(note,))


def _proportion(of: Proportion) -> Cell:
    cell = part(of.accuracy, of.interval)
    return cell.model_copy(update={"beside": "\n".join(p for p in (cell.beside, f"n {of.n:,}") if p)})


def _forgetting(of: Material) -> ChartFigure:
    rows: list[dict[str, JsonValue]] = [
        {"target": t.target, "delay": p.delay, "accuracy": p.accuracy, "n": p.n, "link": talks_link(target=t.target)}
        for t in of.summary.targets
        for p in t.memory.forgetting.sessions
        if p.accuracy is not None
    ]
    told = [f"{t.target} {share(t.memory.accuracy.accuracy)}" for t in of.summary.targets if t.memory.accuracy.n]
    return ChartFigure(
        id="forgetting",
        title=_forgetting_claim(of),
        shows="Memory accuracy by the sessions since a fact was told",
        alt=f"Share of rightly answered questions by delay in sessions. Over all delays: {'; '.join(told)}.",
        spec=charts.shares(
            of.targets,
            x="delay",
            x_title="sessions since it was told",
            last=max((p.delay for t in of.summary.targets for p in t.memory.forgetting.sessions), default=1),
            y="accuracy",
            y_title="answered correctly",
        ),
        columns={
            "target": "target id",
            "delay": "sessions begun since the fact was told",
            "accuracy": "share answered correctly, mean over personas",
            "n": "answers",
            "link": "place of the page",
        },
        rows=tuple(rows),
    )


def _forgetting_claim(of: Material) -> str:
    """The best and the worst at the longest delay that all were asked at; of one target, the shortest and the longest delay."""
    known = {t.target: {p.delay: p.accuracy for p in t.memory.forgetting.sessions if p.accuracy is not None} for t in of.summary.targets}
    known = {t: by for t, by in known.items() if by}
    shared = set.intersection(*(set(by) for by in known.values())) if known else set()
    if len(known) == 1 and len(shared) > 1:
        ((only, by),) = known.items()
        return f"{only} answers {_right(by[min(by)])} correctly after {many(min(by), 'session')}, {_right(by[max(by)])} after {max(by)}"
    if not shared:
        return "Memory accuracy, by how long ago a fact was told"
    at = max(shared)
    best, worst = max(known, key=lambda t: known[t][at]), min(known, key=lambda t: known[t][at])
    after = f"After {many(at, 'session')} "
    if known[best][at] == known[worst][at]:
        return f"{after}all answer {_right(known[best][at])} correctly"
    return f"{after}{best} answers {_right(known[best][at])} correctly, {worst} {_right(known[worst][at])}"


def _right(value: float) -> str:
    return percent(round(value, 2))


def _failures(of: Material) -> list[Table]:
    found = [(t.target, t.memory) for t in of.summary.targets]
    rows = []
    for target, m in found:
        s = m.split
        steps = (s.not_written, s.not_retrieved, s.not_used, s.used)
        if sum(steps):
            rows.append((named(target), *map(count, steps), *map(part, (m.written, m.retrieved, m.used))))
    if not rows:
        return []
    figures: list[Heading] = [
        ("not written", "the answer is nowhere in memory"),
        ("not retrieved", "it is in memory, and was not put before the model"),
        ("not used", "it was before the model, and the reply was not right"),
        "used",
        ("written", "share of what was asked for"),
        ("retrieved", "of what was written"),
        ("used of these", "of what was retrieved"),
    ]
    note = "Only where every step is known, as it is for memories of ours."
    return [Table(id="failures", title="Where memory fails", columns=columns("target", figures=figures), rows=tuple(rows), notes=(note,))]


def _profiles(of: Material) -> list[Table]:
    found = [(t.target, t.memory.profile) for t in of.summary.targets if t.memory.profile]
    if not found:
        return []
    truths = list(dict.fromkeys(truth for _, p in found for truth in p.precision))
    figures: list[Heading] = [
        ("facts", "in one memory"),
        *((t, "share of its facts, against the user's messages") for t in truths),
        ("recall", "of the facts told"),
        ("stale", "of the facts that changed, held in an old value alone"),
        ("memories", "graded"),
    ]
    rows = [(named(target), score(p.facts, digits=1), *(part(p.precision.get(t)) for t in truths), *_kept(p)) for target, p in found]
    title = f"Written memories, graded by {', '.join(dict.fromkeys(p.by for _, p in found))}"
    return [Table(id="profiles", title=title, columns=columns("target", figures=figures), rows=tuple(rows))]


def _kept(p: ProfileFigures) -> tuple[Cell, ...]:
    return part(p.recall), part(p.stale), count(p.memories - p.ungraded)
