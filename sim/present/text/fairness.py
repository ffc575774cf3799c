"""Swapped identities as tables: for `sim show RUN` the clearest gap by each outcome, for `sim compare RUN --by identity` every pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from sim.analysis.figures.fairness import notes_on
from sim.analysis.verdicts.sentence import listed
from sim.present.text.comparison import SPARE, p_text, render_registrations, signed_between, verdict_cell
from sim.present.text.plain_table import WIDE_NAME, columns_of, fitted_table, ruled, tables_within
from sim.present.words import DIAGNOSTIC, NONE, many, number, signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType
    from rich.table import Table

    from sim.analysis.figures.fairness import FairnessDocument, IdentityFigures, IdentityOutcome
    from sim.analysis.figures.run_summary import RunSummary
    from sim.analysis.verdicts.compare import Comparison

FIGURES = ("a − b", "95 %", "p", "p all", "n", "verdict")
MOST_MEANS = 12
"""Values up to which every arm's mean is shown."""


def term(users: str, *, capital: bool = False) -> str:
    """What a difference between two arms is called: a gap of the target where messages are frozen, and never one where users are live."""
    said = "gap" if users == "frozen" else "whole-loop difference"
    return said[0].upper() + said[1:] if capital else said


def title_of(users: str) -> str:
    """What tables and sections of swapped identities are headed by."""
    return "Fairness: identity swapped, messages frozen" if users == "frozen" else "Whole-loop differences: identity swapped, users live"


def render_fairness(summary: RunSummary) -> list[RenderableType]:
    """The clearest gap by each outcome; nothing where nobody's identity was swapped."""
    if not summary.fairness:
        return []
    users = summary.fairness[0].users
    table = ruled(title_of(users))
    for heading in ("target", "outcome", f"clearest {term(users)}: a", "b"):
        table.add_column(heading, overflow="fold", max_width=28)
    for heading in FIGURES:
        table.add_column(heading, justify="right", no_wrap=True)
    for figures in summary.fairness:
        for outcome in figures.outcomes:
            gap = outcome.widest
            cells = _cells(gap, outcome.digits) if gap else [NONE] * len(FIGURES)
            sides = [Text(gap.a), Text(gap.b)] if gap else [Text(NONE), Text(NONE)]
            table.add_row(Text(figures.target), outcome.label, *sides, *cells)
    return [table, Text("\n".join((*notes_on(summary.fairness[0]), "all pairs: sim compare RUN --by identity")), "dim")]


def render_identity(document: FairnessDocument, *, width: int | None = None) -> RenderableType:
    """Everything `sim compare RUN --by identity` prints.

    Args:
        width: columns there are; None: as many as it takes.
    """
    facts = f"{title_of(document.users)} · rated by {', '.join(document.raters)}"
    head = Text.assemble((document.run, "bold"), "  ", facts)
    if document.offline_note:
        head.append(f"\n{document.offline_note}", "yellow")
    parts: list[RenderableType] = [head.append(f"\n{DIAGNOSTIC}", "italic"), *render_registrations(document)]
    for figures in document.targets:
        parts += [Text(conclusion(figures)), *_means(figures, width), *(_pairs(figures, outcome, width) for outcome in figures.outcomes)]
    return Group(*(p for part in (*parts, Text("\n".join(document.notes), "dim")) for p in (part, Text())))


def conclusions(found: Sequence[IdentityFigures]) -> tuple[str, ...]:
    """What is found of each target; of several of which the same is found, once."""
    said: dict[str, list[str]] = {}
    for figures in found:
        said.setdefault(conclusion(figures).removeprefix(figures.target), []).append(figures.target)
    return tuple(f"{listed(targets)}{rest}" for rest, targets in said.items())


def conclusion(figures: IdentityFigures) -> str:
    """What is found of one target, in a sentence or two."""
    said, count = term(figures.users), sum(len(o.gaps) for o in figures.outcomes)
    if all(g.verdict == "none" for o in figures.outcomes for g in o.gaps):
        return f"{figures.target}: too few {figures.unit} for a verdict on any {said}."
    if not figures.found:
        return f"{figures.target}: no {said} comes to a verdict, of {count} looked at; that is not proof that there is none."
    told = "; ".join(f"{o.label} is {_size(g, o.digits)} higher with {_more(g)} than with {_less(g)}" for o, g in figures.found[:3])
    more = f"; and {many(len(figures.found) - 3, 'more')}" if len(figures.found) > 3 else ""
    tail = " These are whole-loop differences, of target and live user together." if figures.users == "live" else ""
    return f"{figures.target}: {told}{more}.{tail}"


def _size(gap: Comparison, digits: int) -> str:
    return f"{abs(gap.difference or 0.0):.{digits}f}"


def _more(gap: Comparison) -> str:
    return gap.a if (gap.difference or 0.0) > 0 else gap.b


def _less(gap: Comparison) -> str:
    return gap.b if (gap.difference or 0.0) > 0 else gap.a


def _means(figures: IdentityFigures, width: int | None) -> list[Table]:
    columns = [(o.label, [number(o.means.get(value), o.digits) for value in figures.arms]) for o in figures.outcomes]
    return tables_within(f"{figures.target}: each identity's mean", {"identity": list(figures.arms)}, columns, width=width, name=WIDE_NAME)


def _pairs(figures: IdentityFigures, outcome: IdentityOutcome, width: int | None) -> Table:
    title = f"{figures.target}: {outcome.label}, {term(figures.users)} by pair"
    names = {"a": [gap.a for gap in outcome.gaps], "b": [gap.b for gap in outcome.gaps]}
    return fitted_table(title, names, columns_of(FIGURES, [_cells(gap, outcome.digits) for gap in outcome.gaps]), spare=SPARE, width=width)


def _cells(gap: Comparison, digits: int) -> list[str | Text]:
    figures = signed(gap.difference, digits), signed_between(gap.interval, digits), p_text(gap.p_holm), p_text(gap.p_all)
    return [*figures, f"{gap.personas:,}", verdict_cell(gap)]
