"""What `sim show RUN` prints: the answer first, then what did not go well; everything else by section."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.text import Text

from sim.core.codebook import LABELS
from sim.present.text.fairness import render_fairness
from sim.present.text.memory import memory_sections
from sim.present.text.outages import outage_line
from sim.present.text.plain_table import Column
from sim.present.text.questionnaires import render_questionnaires
from sim.present.text.robustness import render_robustness
from sim.present.text.scales import render_scales
from sim.present.text.scorer_tables import critical_lines, flattery_lines, scorer_rows
from sim.present.text.stops import stop_lines
from sim.present.text.tables import (
    by_target,
    control_tables,
    course_tables,
    criterion_tables,
    fitting,
    likability_key,
    likability_tables,
    observer_table,
    occasion_tables,
    repetition_tables,
    said_before_tables,
    scorer_table,
    spending_table,
)
from sim.present.text.terminal import score_text
from sim.present.text.trait_truth import render_trait_truth
from sim.present.text.validity import validity_columns, validity_notes
from sim.present.words import DIAGNOSTIC, half_width, many, not_suited, number, overall_headings, percent, safe
from sim.store.runs import edited_mark

if TYPE_CHECKING:
    from sim.analysis.figures.run_summary import RunSummary

MOST_FAILURES = 5
"""Failed trials named one by one."""
MOST_COLUMNS = 12
"""Of the one table that is always shown, the target's name among them."""

Section = Callable[["RunSummary", int], Sequence[RenderableType]]
"""Its tables and what stands below them, for a console of so many columns; nothing where the run has nothing of the kind."""


def render_answer(summary: RunSummary, sentences: Sequence[str], *, width: int, called: str = "") -> RenderableType:
    """What can be said of a run, one table, its arms where the user was disturbed or somebody else, what characters cost, and what failed.

    Args:
        sentences: what its targets' comparison says (`sim.analysis.verdicts.answer`).
        called: what commands call the run, where its name alone does not find it.
    """
    if summary.silent:
        return _spaced([_heading(summary), _notes(summary, called)])
    said = _stub_sentence(summary) or "\n".join(sentences)
    found = {t.target: t.scorers for t in summary.targets}
    critical = Text("\n".join((*flattery_lines(found), *critical_lines(found))), "bold")
    arms = [part for name in ("robustness", "fairness", "trait-truth") for part in SECTIONS[name](summary, width)]
    return _spaced([_heading(summary), Text(said), *_main(summary, width), critical, *arms, _notes(summary, called), _more(summary, width, called)])


def render_sections(summary: RunSummary, names: Sequence[str], *, width: int) -> RenderableType:
    """The sections called `names`, under the run's heading."""
    parts: list[RenderableType] = [_heading(summary)]
    for name in names:
        parts += SECTIONS[name](summary, width) or [Text(f"{name}: this run has nothing to show of it", "dim")]
    return _spaced(parts)


def render_run(summary: RunSummary, *, width: int, called: str = "") -> RenderableType:
    """Everything there is, for a console of `width` columns."""
    if summary.silent:
        return _spaced([_heading(summary), _notes(summary, called)])
    return _spaced([_heading(summary), *(part for section in SECTIONS.values() for part in section(summary, width)), _notes(summary, called)])


def sections_of(summary: RunSummary, width: int) -> tuple[str, ...]:
    """The names of the sections that have something to show."""
    return tuple(name for name, section in SECTIONS.items() if section(summary, width))


def _spaced(parts: Sequence[RenderableType]) -> Group:
    return Group(*(p for part in parts if not isinstance(part, Text) or part.plain for p in (part, Text())))


# --- sections -----------------------------------------------------------------------------------------------------


def _held(section: Section) -> Section:
    """Nothing of what was read from a log: nobody rated it, and nobody asked what its systems remember."""
    return lambda summary, width: section(summary, width) if summary.played_by != "log" else []


def _user(summary: RunSummary, width: int) -> list[RenderableType]:
    if not any(t.validity.messages for t in summary.targets):
        return []
    return [*by_target("The simulated user", summary, validity_columns(summary), width), Text("\n".join(validity_notes(summary)), "dim")]


def _scorers(summary: RunSummary, _: int) -> list[RenderableType]:
    return scorer_table(summary) if any(t.scorers for t in summary.targets) else []


def _raters(summary: RunSummary, _: int) -> list[RenderableType]:
    others: list[RenderableType] = [observer_table(summary)] if any(t.likability.observers for t in summary.targets) else []
    again = summary.played_by != "log" and (summary.controls.noise.share or summary.controls.halo.share)
    return [*others, *(control_tables(summary) if again else [])]


def _memory(summary: RunSummary, width: int) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for section in memory_sections(summary):
        parts += [*by_target(section.title, summary, section.columns, width), *([Text("\n".join(section.notes), "dim")] if section.notes else [])]
    return parts


SECTIONS: Final[Mapping[str, Section]] = {
    "likability": _held(likability_tables),
    "sessions": _held(course_tables),
    "occasions": _held(occasion_tables),
    "looking-back": _held(criterion_tables),
    "user": _user,
    "scorers": _scorers,
    "raters": _raters,
    "memory": _held(_memory),
    "robustness": lambda summary, _: render_robustness(summary),
    "fairness": lambda summary, _: render_fairness(summary),
    "questionnaires": lambda summary, _: render_questionnaires(summary),
    "trait-truth": lambda summary, _: render_trait_truth(summary),
    "scales": lambda summary, _: render_scales(summary.scales),
    "repetition": lambda summary, width: [*said_before_tables(summary, width), *repetition_tables(summary, width)],
    "cost": lambda summary, _: [spending_table(summary)],
}
"""What `sim show RUN --section` knows, in the order of `--all`."""


# --- the one table ------------------------------------------------------------------------------------------------


def _main(summary: RunSummary, width: int) -> list[RenderableType]:
    """A row a target: how much it was liked, what the study asked beside that, and how much of it rests on what."""
    held = summary.played_by != "log"
    raters = ", ".join(dict.fromkeys(t.rater for t in summary.targets))
    title = f"Simulated likability, 1 to 5, rated by {raters}{', an offline model' if summary.stub_rated else ''}" if held else "What was said"
    first, sizes = _liked(summary) if held else [], _sizes(summary)
    room = MOST_COLUMNS - 1 - len(first) - len(sizes)
    beside = [*_asked(summary), *_said(summary), *(_also(summary) if held else [])][:room]
    columns = [*first, *fitting(beside, summary, [*first, *sizes], width), *sizes]
    return [*by_target(title, summary, columns, width), Text(_key(summary, [heading for heading, _ in columns]), "dim")]


def _liked(summary: RunSummary) -> list[Column]:
    of = [t.likability for t in summary.targets]
    found: list[Column] = [
        (heading, [score_text(value, half_width(bounds, value)) for value, bounds in (f.primary(m) for f in of)])
        for m, heading in overall_headings(summary.primary)
    ]
    return [*found, ("scripted", [score_text(f.scripted, half_width(f.scripted_interval, f.scripted)) for f in of])]


def _asked(summary: RunSummary) -> list[Column]:
    """What the study's own scorers found, a column each."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for row in scorer_rows(summary):
        rows.setdefault((row.scorer, row.what), {})[row.target] = row.text
    own = {scorer: (what, cells) for (scorer, what), cells in reversed(rows.items())}
    return [(what, [cells.get(t.target, "") for t in summary.targets]) for what, cells in reversed(own.values())]


def _also(summary: RunSummary) -> list[Column]:
    of = summary.targets
    found: list[Column] = []
    if any(t.memory.accuracy.n for t in of):
        found.append(("memory", [number(t.memory.accuracy.accuracy) for t in of]))
    found.append((LABELS["return"], [number(t.criterion["return"].mean) for t in of]))
    if any(t.validity.messages for t in of):
        found.append(("user flagged", [percent(t.validity.critical) for t in of]))
    return found


def _said(summary: RunSummary) -> list[Column]:
    return [("said before", [percent(t.repetition.said_before.anybody) for t in summary.targets])]


def _sizes(summary: RunSummary) -> list[Column]:
    if summary.played_by == "log":
        return [("replies", [f"{t.exchanges:,}" for t in summary.targets])]
    of = [t.likability for t in summary.targets]
    return [("n", [f"{f.n:,}" for f in of]), ("personas", [f"{f.n_personas:,}" for f in of])]


def _key(summary: RunSummary, headings: Sequence[str]) -> str:
    """What the headings mean, of those that are there."""
    lines = [likability_key(summary)] if "fixed set" in headings else []
    lines += ["said before: replies that are word for word what the target has said to anybody"] if "said before" in headings else []
    lines += ["user flagged: share of the simulated user's messages with a critical fault"] if "user flagged" in headings else []
    return "\n".join(lines)


def _stub_sentence(summary: RunSummary) -> str:
    if not summary.stub_rated:
        return ""
    return f"No verdict on {', '.join(summary.stub_rated)}: the rater is an offline model, which cannot judge a real chatbot."


def _more(summary: RunSummary, width: int, called: str) -> Text:
    run = shlex.quote(called or summary.run)
    more = f"More: sim show {run} --section NAME, of {', '.join(sections_of(summary, width))}; or --all"
    compared = f"\nEvery measure, pair by pair: sim compare {run}" if len(summary.targets) > 1 and summary.played_by != "log" else ""
    return Text(more + compared, "dim")


# --- heading and notes --------------------------------------------------------------------------------------------


def _heading(summary: RunSummary) -> Text:
    trials = summary.trials
    facts = [summary.status, f"{trials.finished:,} of {many(trials.planned, 'trial')} finished"]
    facts += [f"{trials.failed:,} failed"] if trials.failed else []
    facts += [many(summary.personas, "persona"), many(summary.scenarios, "scenario")]
    text = Text.assemble((summary.run, "bold"), "  ", " · ".join(facts))
    if said := not_suited(summary.left_out):
        text.append(f"\n{said}")
    for outage in summary.outages:
        text.append(f"\n{outage_line(outage)}", "bold red")
    if summary.silent:
        return text
    if summary.offline_note:
        text.append(f"\n{summary.offline_note}", "yellow")
    if summary.edited:
        text.append(f"\n{edited_mark(summary.edited)}", "yellow")
    return text if summary.played_by == "log" else text.append(f"\n{DIAGNOSTIC}", "italic")


def _notes(summary: RunSummary, called: str) -> Text:
    """What to look at or do next, a line each."""
    run = shlex.quote(called or summary.run)
    lines: list[str] = []
    found = [t.likability.worst for t in summary.targets if t.likability.worst]
    if found:
        worst = min(found, key=lambda w: w.score)
        where = f"session {worst.session}, exchange {worst.exchange} of {worst.trial}"
        lines.append(f"Worst exchange: {number(worst.score)} in {where}\n  sim show {run} {shlex.quote(worst.trial)}")
    lines += [f"Failed: {f.trial}: {f.cause.replace('_', ' ')}: {safe(f.message)}" for f in summary.failures[:MOST_FAILURES]]
    if len(summary.failures) > MOST_FAILURES:
        lines.append(f"… and {many(len(summary.failures) - MOST_FAILURES, 'more failed trial')}; `--json` names all")
    lines += [f"Cut off for length: {t.cut:,} of {many(t.exchanges, 'reply', 'replies')} of {t.target}" for t in summary.targets if t.cut]
    sent = "under the same key, which it may not have heeded"
    lines += [f"Sent again: {t.resent:,} of {many(t.exchanges, 'message')} to {t.target}, {sent}" for t in summary.targets if t.resent]
    lines += [f"Started over: {many(t.started_over, 'talk')} with {t.target}, which had lost it" for t in summary.targets if t.started_over]
    lines += stop_lines(summary.budget_stops, summary.unaccounted)
    open_ends = _open_ends(summary)
    if open_ends and summary.status != "running":
        lines.append(f"Absent: {', '.join(open_ends)}\n  {'sim view --study FILE' if summary.played_by == 'people' else f'sim resume {run}'}")
    return Text("\n".join(lines))


def _open_ends(summary: RunSummary) -> list[str]:
    absent = [t.absent for t in summary.targets]
    counts = (
        (sum(a.ratings for a in absent), "rating"),
        (sum(a.controls for a in absent), "control rating"),
        (sum(a.criterion for a in absent), "look back on a session", "looks back on a session"),
        (sum(a.tags for a in absent), "tagging"),
        (sum(a.probes for a in absent), "memory probe"),
        (sum(a.memory_grades for a in absent), "grading of a memory", "gradings of memories"),
        (sum(a.scores for a in absent), "result of a scorer", "results of scorers"),
        (summary.trials.stopped, "trial stopped before its end", "trials stopped before their end"),
        (summary.trials.planned - summary.trials.finished - summary.trials.failed - summary.trials.stopped, "trial not begun", "trials not begun"),
    )
    return [many(count, *noun) for count, *noun in counts if count]
