"""How sound the simulated user was, as tables say it: rates by target, the test between them, and outcomes with and without flagged talks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from sim.analysis.figures.measures import BY_ID
from sim.present.text.plain_table import ruled
from sim.present.words import NONE, many, number, percent, signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.analysis.figures.run_summary import RunSummary
    from sim.analysis.trust.validity import ModelCheck
    from sim.analysis.verdicts.compare import CompareDocument, Comparison


def validity_columns(summary: RunSummary) -> list[tuple[str, Sequence[str]]]:
    """What `sim show` says of it, a cell a target."""
    of = [t.validity for t in summary.targets]
    label = BY_ID[summary.primary].label
    return [
        ("critical", [percent(v.critical) for v in of]),
        ("serious", [percent(v.serious) for v in of]),
        ("redrafted", [percent(v.rejected) for v in of]),
        ("messages", [f"{v.messages:,}" for v in of]),
        ("trials flagged", [f"{v.flagged_trials:,}" for v in of]),
        (f"{label}, all", [number(t.likability.primary(summary.primary)[0]) for t in summary.targets]),
        ("without flagged", [number(v.clean) for v in of]),
        ("trials left", [f"{v.kept_trials:,}" for v in of]),
    ]


def validity_notes(summary: RunSummary) -> list[str]:
    """What the columns mean, and whether targets differ."""
    lines = [
        "critical, serious: share of its messages flagged so; redrafted: those with a discarded draft; trials flagged: critically, drafts included",
        "without flagged: without every persona × scenario in which it was flagged critically with any target, which leaves all targets alike",
    ]
    if summary.flags_differ is not None:
        p = "<.001" if summary.flags_differ < 0.001 else f"{summary.flags_differ:.3f}".replace("0.", ".", 1)
        lines.append(f"critical flags differ between targets: p {p} (targets exchanged within personas)")
    if summary.model_check is not None:
        lines += _checked(summary.model_check)
    why: dict[str, int] = {}
    for t in summary.targets:
        for kind, n in t.validity.rejected_kinds.items():
            why[kind] = why.get(kind, 0) + n
    if why:
        lines.append("discarded for: " + ", ".join(f"{kind.replace('_', ' ')} {n:,}" for kind, n in why.items()))
    return lines


def _checked(check: ModelCheck) -> list[str]:
    """What a model thinks of the messages, beside the rules."""
    answers = ", ".join(f"{kind.replace('_', ' ')} {n:,}" for kind, n in check.kinds.items())
    none = f", no answer for {check.unanswered:,}" if check.unanswered else ""
    alone = f"by the model alone {check.check_only:,}, by the rules alone {check.rules_only:,}, by neither {check.neither:,}"
    return [
        f"checked by a model: {many(check.messages, 'message')} ({answers}){none}",
        f"critical by the model and the rules {check.both:,}, {alone}; kappa {number(check.kappa)}",
    ]


def render_soundness(document: CompareDocument) -> RenderableType:
    """Rates on both sides with their test, and the primary outcome without what was flagged."""
    table = ruled("The simulated user: share of its messages that are flagged, and the primary outcome without flagged talks")
    for heading in ("pair", "figure"):
        table.add_column(heading, overflow="fold", max_width=44)
    for heading in ("a", "b", "a − b", "95 %", "p", "verdict"):
        table.add_column(heading, justify="right", no_wrap=True)
    for measure in document.soundness.values():
        for c in measure.comparisons:
            if c.difference is not None:
                table.add_row(*_row(c, measure.label.removeprefix("simulated user: "), measure.digits))
    notes = ["p: sign flips by persona, Holm's over the pairs; a target can cause flags, so that a difference is a finding about both"]
    without = document.without_flagged
    if without is not None:
        for c in document.measures[document.primary].comparisons:
            table.add_row(*_row(c, f"{document.measures[document.primary].label}, all", without.digits))
        for c in without.comparisons:
            table.add_row(*_row(c, f"{without.label}, without flagged", without.digits))
        for left in document.left_out:
            notes.append(f"{left.a} and {left.b}: {many(left.left_out, 'persona × scenario pair')} left both sides, {left.kept:,} stay")
    else:
        notes.append("nothing was flagged critically, so that nothing is left out")
    return Group(table, Text("\n".join(notes), "dim"))


def _row(c: Comparison, figure: str, digits: int) -> tuple[str, ...]:
    span = NONE if c.interval is None else f"{signed(c.interval[0], digits)} to {signed(c.interval[1], digits)}"
    p = NONE if c.p_holm is None else "<.001" if c.p_holm < 0.001 else f"{c.p_holm:.3f}".replace("0.", ".", 1)
    return f"{c.a} (a), {c.b} (b)", figure, number(c.mean_a, digits), number(c.mean_b, digits), signed(c.difference, digits), span, p, c.verdict
