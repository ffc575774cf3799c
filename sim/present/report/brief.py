"""One printed A4 page: what was done, the verdict with its plot, reasons, what was not tested, cost. Nothing that anybody said, and no persona."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.core.codebook import DIMENSIONS
from sim.present.report.forest import draw_forest
from sim.present.report.page import fill
from sim.present.report.sections.cost import total_cost
from sim.present.report.sections.headline import left_out
from sim.present.words import SHORT, half_width, number, overall_headings

if TYPE_CHECKING:
    from sim.present.report.document import Headline, ReportDocument
    from sim.present.report.material import Material

MOST = 12
"""Targets that the page has room for; the others are named by number."""
FEW = 3
"""Sentences of a list that the page has room for."""


def render_brief(document: ReportDocument, of: Material) -> str:
    """The page as HTML, to be printed."""
    primary, overall = of.study.primary, overall_headings(of.study.primary)
    ranked = sorted(of.summary.targets, key=lambda t: -(t.likability.primary(primary)[0] or 0))
    rows = [
        (
            t.target,
            *(number(v) + half_width(bounds, v) for v, bounds in (t.likability.primary(m) for m, _ in overall)),
            *(number(t.likability.dimensions[d].mean) for d in DIMENSIONS),
            f"{t.likability.n:,}",
        )
        for t in ranked[:MOST]
    ]
    if len(ranked) > MOST:
        rows.append((f"and {len(ranked) - MOST} more", *("" for _ in rows[0][1:])))
    head = document.headline
    shown = head.model_copy(update=_beside(of, head))
    return fill(
        "brief.html",
        scripts=(),
        styles=("brief.css", "forest.css"),
        colours=document.colours,
        forest=draw_forest(document),
        document=document.model_copy(update={"headline": shown}),
        columns=(*(heading for _, heading in overall), *(SHORT[d] for d in DIMENSIONS), "n"),
        rows=rows,
        untested=(*(line for line in head.not_concluded if line != head.tier_means), *(s.absent for s in document.sections if s.absent)),
        cost=total_cost(of),
    )


def _beside(of: Material, head: Headline) -> dict[str, tuple[str, ...]]:
    """What memory buys, and what stands beside the verdict, without the name of any persona."""
    if not head.beside:
        return {"memory": _some(head.memory)}
    hangs = left_out(of, head.leader, named=False)
    split = head.beside[:-1] if hangs else head.beside
    return {"memory": _some(head.memory), "beside": (*_some(split), *((hangs,) if hangs else ()))}


def _some(lines: tuple[str, ...], most: int = FEW) -> tuple[str, ...]:
    return lines if len(lines) <= most else (*lines[: most - 1], f"and {len(lines) - most + 1} more; the report names all")
