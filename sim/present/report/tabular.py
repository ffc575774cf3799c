"""The main table for papers and pull requests: Markdown and LaTeX, with n, intervals and the mark where offline models took part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.analysis.sentence import plus_minus, signed, split
from sim.analysis.table import population
from sim.core.codebook import CRITERIA, DIMENSIONS, LABELS
from sim.present.report.document import Cell, Column, Table
from sim.present.words import DIAGNOSTIC, HEADINGS, NONE, SHORT, half_width, number, overall_headings

if TYPE_CHECKING:
    from sim.analysis.compare import CompareDocument
    from sim.analysis.run_summary import RunSummary

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        **{c: "\\" + c for c in "&%$#_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "–": "--",
        "−": "$-$",
        "±": r"$\pm$",
    }
)


def main_table(summary: RunSummary) -> Table:
    """Targets × the primary outcome, the second endpoint, likability over all seven, and each of the seven."""
    overall = overall_headings(summary.primary)
    headings = (*(heading for _, heading in overall), "scripted callback", *(SHORT[d] for d in DIMENSIONS), "n", "personas")
    rows = []
    for target in summary.targets:
        figures = target.likability
        means = [number(figures.dimensions[d].mean) for d in DIMENSIONS]
        several = (*(figures.primary(m) for m, _ in overall), (figures.scripted, figures.scripted_interval))
        texts = (*(number(v) + half_width(bounds, v) for v, bounds in several), *means, str(figures.n), str(figures.n_personas))
        rows.append((Cell(text=target.target), *(Cell(text=t) for t in texts)))
    rater = summary.targets[0].rater
    notes = [f"Run {summary.run}. ±: 95 % interval over {population(summary.scenarios)}. n: rated exchanges. {DIAGNOSTIC}"]
    notes += [f"Primary outcome: {HEADINGS[summary.primary]}. Scripted callback: on facts that every target was told alike. All seven: likability."]
    notes += [f"{summary.offline_note[:1].upper()}{summary.offline_note[1:]}."] if summary.offline_note else []
    return Table(
        id="main",
        title=f"Simulated likability, 1 to 5, rated by {rater}",
        columns=(Column(heading="target", kind="name"), *(Column(heading=h) for h in headings)),
        rows=tuple(rows),
        notes=tuple(notes),
    )


def difference_table(document: CompareDocument) -> Table | None:
    """Every pair of sides by the primary outcome, with what stands beside it; None where they have nothing in common."""
    beside = {"callback_scripted": "scripted callback", "likability": "all seven", "likability_common": "on common occasions"}
    shown = {document.primary: HEADINGS[document.primary]}  # type: ignore[index]
    shown |= {m: heading for m, heading in beside.items() if m not in shown} | {c: LABELS[c] for c in CRITERIA}
    liked = document.measures["likability"].comparisons
    if not any(c.difference is not None for c in liked):
        return None
    rows = []
    for i, c in enumerate(document.measures[document.primary].comparisons):
        differences = [plus_minus(document.measures[m].comparisons[i]) if c.difference is not None else NONE for m in shown]
        ahead = liked[i].turned if (liked[i].difference or 0.0) < 0 else liked[i]
        left = f"{signed(c.left_out.low)} to {signed(c.left_out.high)} ({c.left_out.persona})" if c.left_out else NONE
        p = NONE if c.p_all is None else f"{c.p_all:.3f}".replace("0.", ".", 1)
        texts = (*differences, split(ahead.split) or NONE, p, c.verdict if c.tier != "look" else "look", left)
        rows.append((Cell(text=f"{c.a} − {c.b}"), *(Cell(text=t) for t in texts)))
    headings = (*shown.values(), "all seven is made of", "p", "verdict", "without any one persona")
    scenarios = max((a.scenarios for a in document.arms), default=1)
    notes = (
        f"Paired differences, ± half of the 95 % interval over {population(scenarios)}. p and verdict: of the primary outcome, "
        f"{shown[document.primary]}, after Holm over all pairs. All seven is split for the side that is ahead there. "
        "Last column: the range of the primary outcome, and the persona that moves it most.",
        *document.memory,
    )
    columns = (Column(heading="sides", kind="name"), *(Column(heading=h) for h in headings))
    return Table(id="differences", title="Differences in simulated likability", columns=columns, rows=tuple(rows), notes=notes)


def render_markdown(table: Table) -> str:
    """`table` as a Markdown table under its title."""
    head = [c.heading for c in table.columns]
    rule = ["---" if c.kind == "name" else "--:" for c in table.columns]
    lines = [_piped(row) for row in (head, rule, *([c.text for c in row] for row in table.rows))]
    return "\n".join([f"**{table.title}**", "", *lines, "", *table.notes]) + "\n"


def render_latex(table: Table) -> str:
    """`table` as a LaTeX table for the package booktabs."""
    shape = "".join("l" if c.kind == "name" else "r" for c in table.columns)
    rows = [[c.heading for c in table.columns], *([c.text for c in row] for row in table.rows)]
    head, *body = (" & ".join(cell.translate(_LATEX) for cell in row) + r" \\" for row in rows)
    caption = " ".join((f"{table.title}.", *table.notes)).translate(_LATEX)
    lines = [
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{caption}}}",
        rf"  \begin{{tabular}}{{{shape}}}",
        r"    \toprule",
        f"    {head}",
        r"    \midrule",
        *(f"    {row}" for row in body),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _piped(cells: list[str]) -> str:
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"
