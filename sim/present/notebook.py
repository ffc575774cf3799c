"""What a notebook shows of a run, a comparison or a verdict that stands at the end of a cell: what it says, in sentences, and one table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from html import escape
from typing import TYPE_CHECKING

from sim.analysis.verdicts.answer import first_sentences
from sim.present.paper.tables import liked_table, paired_table
from sim.present.text.gate import check_cells, settling
from sim.present.words import DIAGNOSTIC, many

if TYPE_CHECKING:
    from sim.analysis.figures.run_summary import RunSummary
    from sim.analysis.verdicts.arms import RunSource
    from sim.analysis.verdicts.compare import CompareDocument
    from sim.analysis.verdicts.gate import GateDocument
    from sim.analysis.verdicts.gate_checks import Check
    from sim.analysis.verdicts.verdict import VerdictDocument
    from sim.present.report.document import Table

MOST = 3
"""Pairs of sides whose sentences are shown in full."""
HEADINGS = ("verdict", "target", "requirement", "observed", "95 %", "from")
WORDS = frozenset({0, 1, 2, 5})
"""Those of them whose cells are words."""


def run_html(summary: RunSummary, source: RunSource) -> str:
    """How a run stands, what it says first, as `sim show` does, and its main table."""
    trials = summary.trials
    head = f"{summary.run}: {summary.status}, {trials.finished:,} of {many(trials.planned, 'trial')} finished"
    said = [*([summary.offline_note] if summary.offline_note else []), *(first_sentences(source) if not summary.silent else ())]
    return _page(head, said, "" if summary.silent else table_html(liked_table(summary)))


def comparison_html(document: CompareDocument) -> str:
    """What a comparison says, and the difference of every pair of sides."""
    pairs = document.headlines
    told = document.sentences if len(pairs) <= MOST else tuple(h.primary for h in pairs if h.primary)
    table = paired_table(document)
    return _page(" and ".join(document.runs), [*document.offline_notes, *document.memory, *told], "" if table is None else table_html(table))


def gate_html(document: GateDocument) -> str:
    """A gate's verdict, what would settle it, and every check."""
    against = f" against {document.baseline}" if document.baseline else ""
    said = [line for line in (document.offline_note, settling(document), DIAGNOSTIC) if line]
    rows = [check_cells(c) for c in document.checks]
    return _page(f"{document.run}{against}: gate {document.verdict}", said, _table(HEADINGS, rows, left=WORDS))


def suite_html(document: VerdictDocument, checks: Sequence[Check]) -> str:
    """A suite's verdict in one sentence, and every check."""
    said = [line for line in (document.sentence, document.offline_note, DIAGNOSTIC) if line]
    return _page(f"{document.run}: {document.title}, {document.verdict}", said, _table(HEADINGS, map(check_cells, checks), left=WORDS))


def table_html(table: Table) -> str:
    """`table` with its title and notes."""
    left = {i for i, c in enumerate(table.columns) if c.kind != "figure"}
    body = _table([c.heading for c in table.columns], [[c.text for c in row] for row in table.rows], left=left, title=table.title)
    return body + "".join(f"<p><small>{escape(note)}</small></p>" for note in table.notes)


def _page(head: str, said: Iterable[str], table: str) -> str:
    return f"<div><p><b>{escape(head)}</b></p>" + "".join(f"<p>{escape(line)}</p>" for line in said) + table + "</div>"


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, left: Set[int], title: str = "") -> str:
    """Cells of the columns `left` are words; the others are figures, and stand at the right."""

    def cells(of: Sequence[str], tag: str) -> str:
        sides = ("left" if i in left else "right" for i in range(len(of)))
        return "".join(f'<{tag} style="text-align:{side}">{escape(text)}</{tag}>' for text, side in zip(of, sides, strict=True))

    caption = f"<caption>{escape(title)}</caption>" if title else ""
    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f"<table>{caption}<thead><tr>{cells(headings, 'th')}</tr></thead><tbody>{body}</tbody></table>"
