"""Questionnaires as tables for `sim show RUN`: how many answers there are and what they hang on, and the scales."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from sim.present.text.plain_table import ruled
from sim.present.words import NONE, half_width, number, percent, signed

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sim.analysis.figures.questionnaires import QuestionnaireFigures, ScaleScore, Sensitivity
    from sim.analysis.figures.run_summary import RunSummary

ANSWER_NOTES = (
    "refused: it says that it gives no answer; unread: what it says is no one answer; neither enters a score",
    "order, wording: how far an answer moves, in options, when only that differs; again: when nothing does",
    "shown first: share of answers that are the option shown first",
)
SCALE_NOTES = ("last less first: the score after the last session less that after the first",)
COUNTS = ("asked", "answered", "refused", "unread")
MOVES = ("order", "wording", "again", "shown first")


def render_questionnaires(summary: RunSummary) -> list[RenderableType]:
    """Every target on every questionnaire; nothing where none was put."""
    if not summary.questionnaires:
        return []
    table = ruled("Questionnaires, put to copies of the target between sessions")
    for heading in ("target", "questionnaire"):
        table.add_column(heading, overflow="fold", max_width=24)
    for heading in (*COUNTS, *MOVES):
        table.add_column(heading.replace(" ", "\n"), justify="right", no_wrap=True)
    for of in summary.questionnaires:
        table.add_row(Text(of.target), Text(of.questionnaire), *counts_of(of), *moves_of(of))
    scales = ruled("Scale scores, from 1 to the number of options")
    for heading in ("target", "scale"):
        scales.add_column(heading, overflow="fold", max_width=24)
    for heading in ("score", "n", "last less first"):
        scales.add_column(heading, justify="right", no_wrap=True)
    for of in summary.questionnaires:
        for scale in of.scales:
            change = signed(of.change[scale.scale]) if scale.scale in of.change else ""
            scales.add_row(Text(of.target), Text(scale.scale), score_of(scale), f"{scale.n:,}", change)
    missed = [f"{of.target}: cannot be copied, and so was not asked" for of in summary.questionnaires if of.cannot_fork]
    return [table, scales, Text("\n".join((*missed, *ANSWER_NOTES, *SCALE_NOTES)), "dim")]


def counts_of(of: QuestionnaireFigures) -> tuple[str, ...]:
    """How many answers there are, and why some are not."""
    return tuple(f"{n:,}" for n in (of.asked, of.answered, of.refused, of.unscored))


def moves_of(of: QuestionnaireFigures) -> tuple[str, ...]:
    """What answers hang on."""
    return (*map(_moved, (of.order, of.wording, of.again)), percent(of.first_shown))


def _moved(of: Sensitivity) -> str:
    return number(of.change)


def score_of(scale: ScaleScore) -> str:
    """The score with half of its interval."""
    return NONE if scale.mean is None else number(scale.mean) + half_width(scale.interval, scale.mean)
