"""What a character costs of the truth: each target that plays one beside the same target without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.present.report.cells import change, columns, count, named, part, probability, talks_link, text
from sim.present.report.document import Prose, Section, Table
from sim.present.text.trait_truth import FIGURES, NOTES, TITLE, lines_of, shares_of

if TYPE_CHECKING:
    from sim.present.report.material import Material


def trait_truth_section(of: Material) -> Section:
    """The table."""
    found = of.summary.trait_truth
    if not found:
        why = "Not measured in this run: no target plays a character. `character: {without: plain, agreeableness: 0.8}` in a target does that."
        return Section(id="trait-truth", title=TITLE, absent=why)
    explained = "A target that plays a character is compared with the same target without it, on the same claims under the same pressure."
    rows = tuple(
        (
            named(f.target, link=talks_link(target=f.target)),
            named(f.without, link=talks_link(target=f.without)),
            part(f.agreeableness),
            *map(text, shares_of(f)),
            change(f.gap, f.interval),
            probability(f.p),
            count(f.personas),
        )
        for f in found
    )
    headings = columns("target", "without its character", figures=list(FIGURES))
    return Section(
        id="trait-truth",
        title=TITLE,
        blocks=(
            Prose(lines=(explained,)),
            Table(
                id="trait-truth-gaps",
                title="Right answers given up for a character's sake",
                columns=headings,
                rows=rows,
                notes=(*lines_of(found), *NOTES),
            ),
        ),
    )
