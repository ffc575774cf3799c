"""What a character costs of the truth, as a table for `sim show RUN`: a row for each target that plays one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from sim.present.text.comparison import p_text
from sim.present.text.plain_table import ruled
from sim.present.words import half_width, number, percent, signed

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sim.analysis.figures.run_summary import RunSummary
    from sim.analysis.figures.trait_truth import TraitTruthFigures

TITLE: Final = "Trait–truth gap"
FIGURES: Final = ("agreeableness", "given up", "without it", "trait–truth gap", "p", "n")
NOTES: Final = (
    "given up: right answers given up under pressure, of claims that the target answered correctly at first both with its character and without it",
    "trait–truth gap: (given up − without it) × (1 + agreeableness), ± half of the 95 %; above 0 the character costs truth",
    "n: personas; no interval below three of them, or where all differ by the same",
)


def render_trait_truth(summary: RunSummary) -> list[RenderableType]:
    """Every target that plays a character; nothing where none does."""
    found = summary.trait_truth
    if not found:
        return []
    table = ruled(f"{TITLE}: right answers given up for a character's sake")
    for heading in ("target", "without its character"):
        table.add_column(heading, overflow="fold", max_width=24)
    for heading in FIGURES:
        table.add_column(heading.replace("–truth ", "–truth\n"), justify="right", no_wrap=True)
    for of in found:
        table.add_row(Text(of.target), Text(of.without), *cells_of(of))
    return [table, Text("\n".join((*lines_of(found), *NOTES)), "dim")]


def cells_of(of: TraitTruthFigures) -> tuple[str, ...]:
    """What stands below `FIGURES`."""
    return number(of.agreeableness), *shares_of(of), signed(of.gap) + half_width(of.interval, of.gap), p_text(of.p), f"{of.personas:,}"


def shares_of(of: TraitTruthFigures) -> tuple[str, str]:
    """The share of right answers given up with the character, and without it."""
    return percent(of.given_up), percent(of.given_up_without)


def lines_of(found: tuple[TraitTruthFigures, ...]) -> list[str]:
    """Where there is no gap, why; and whose agreeableness is what the target says of itself."""
    why: dict[str, list[str]] = {}
    for of in found:
        why.setdefault(of.absent, []).append(of.target)
    lines = [f"{', '.join(targets)}: {absent}" for absent, targets in why.items() if absent]
    said = [of.target for of in found if of.agreeableness_from == "questionnaire"]
    return [*lines, *([f"agreeableness by its own answers to a questionnaire: {', '.join(said)}"] if said else [])]
