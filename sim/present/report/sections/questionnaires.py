"""What targets answered on questionnaires: how many answers there are, what they hang on, and the scales after each session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.present.report.cells import columns, named, text
from sim.present.report.document import Prose, Section, Table
from sim.present.text.questionnaires import ANSWER_NOTES, COUNTS, MOVES, SCALE_NOTES, counts_of, moves_of, score_of
from sim.present.words import signed

if TYPE_CHECKING:
    from sim.present.report.material import Material

TITLE = "Questionnaires"


def questionnaires_section(of: Material) -> Section:
    """The tables."""
    found = of.summary.questionnaires
    if not found:
        why = "Not measured in this run: no questionnaire was put. `questionnaire: ipip-neo-120` in a scenario's session does that."
        return Section(id="questionnaires", title=TITLE, absent=why)
    explained = (
        "Each sheet was put to a copy of the target between sessions, so that the talk never knew of it. What a model says of itself is what it "
    )
    explained += "says, and no trait of it that anybody has measured."
    missed = [f"{f.target} cannot be copied, and so was not asked." for f in found if f.cannot_fork]
    lines = (explained, *missed)
    return Section(id="questionnaires", title=TITLE, blocks=(Prose(lines=lines), _counts(of), _scales(of)))


def _counts(of: Material) -> Table:
    rows = tuple((named(f.target), named(f.title), *map(text, counts_of(f)), *map(text, moves_of(f))) for f in of.summary.questionnaires)
    figures = [*COUNTS, *MOVES]
    headings = columns("target", "questionnaire", figures=figures)
    return Table(id="questionnaire-answers", title="Answers", columns=headings, rows=rows, notes=ANSWER_NOTES)


def _scales(of: Material) -> Table:
    rows = []
    for f in of.summary.questionnaires:
        for scale in f.scales:
            course = " · ".join(f"session {c.session}: {score_of(c)}" for c in f.course if c.scale == scale.scale)
            change = signed(f.change[scale.scale]) if scale.scale in f.change else ""
            rows.append((named(f.target), named(scale.scale), text(score_of(scale)), text(f"{scale.n:,}"), text(change), text(course)))
    headings = columns("target", "scale", figures=["score", "n", "last less first", "after each session"])
    return Table(id="questionnaire-scales", title="Scales", columns=headings, rows=tuple(rows), notes=SCALE_NOTES)
