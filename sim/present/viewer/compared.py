"""What `sim compare` says of runs, for a page: the very lines and tables that it prints, and the primary outcome of each pair as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.core.frozen import Frozen
from sim.present.colours import colours_of, places_of
from sim.present.report.forest import place_on, steps_of, tick_label, whole_scale
from sim.present.text.comparison import parts_of, signed_between, verdict_cell
from sim.present.viewer.blocks import PageBlock, blocks_of
from sim.present.words import signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.analysis.verdicts.compare import CompareDocument, Comparison, MeasureComparison
    from sim.core.spec import TargetSpec

MOST = 6
"""Pairs up to which each has its strip; of more, those that the first in the ranking is a side of."""


class ComparedStrip(Frozen):
    """A pair by the primary outcome, the larger side first; places are in per cent of the strip."""

    a: str
    b: str
    within: str
    at: float
    low: float | None
    high: float | None
    figure: str
    interval: str
    told: str


class ComparedPicture(Frozen):
    """All strips on one scale."""

    shows: str
    strips: tuple[ComparedStrip, ...]
    zero: float
    ticks: tuple[tuple[float, str], ...]


class ComparedDocument(Frozen):
    """A comparison as the page shows it."""

    runs: tuple[str, ...]
    colours: dict[str, int]
    """The place of each side's colour."""
    picture: ComparedPicture | None
    """None: no pair has anything in common."""
    blocks: tuple[PageBlock, ...]


def compared(document: CompareDocument, targets: Sequence[TargetSpec] = ()) -> ComparedDocument:
    """`document`, part by part.

    Args:
        targets: of the one run that it is of: they have the colours that they have everywhere. Left out, sides have colours as they come: what has
            the same name in two runs is not the same.
    """
    parts = parts_of(document)
    return ComparedDocument(
        runs=document.runs,
        colours=colours_of(targets) if targets else places_of(arm.arm for arm in document.arms),
        picture=_picture(document.measures[document.primary]),
        blocks=tuple(block for part in parts for block in blocks_of([part.rendered], part.role)),
    )


def _picture(of: MeasureComparison) -> ComparedPicture | None:
    pairs = [c for within in of.ranking for c in _shown(of, within)]
    values = [v for c in pairs for v in (c.difference, *(c.interval or ())) if v is not None]
    if not values:
        return None
    low, high, step = whole_scale([*values, 0.0])
    leader = "" if len(pairs) == len(of.comparisons) else ": the first in the ranking against each of the others"
    return ComparedPicture(
        shows=f"Difference in {of.label}, paired by persona, with its 95 % interval{leader}",
        strips=tuple(_strip(c, of.digits, (low, high)) for c in pairs),
        zero=place_on((low, high), 0.0),
        ticks=tuple((place_on((low, high), at), tick_label(at, step, differs=True)) for at in steps_of(low, high, step)),
    )


def _shown(of: MeasureComparison, within: str) -> list[Comparison]:
    """The pairs that have a strip, the larger side of each first and the largest difference on top."""
    known = [c for c in of.comparisons if (c.within or "") == within and c.difference is not None]
    if len(known) > MOST:
        first = of.ranking[within][0].arm
        known = [c for c in known if first in (c.a, c.b)]
    turned = [c if (c.difference or 0.0) >= 0 else c.turned for c in known]
    return sorted(turned, key=lambda c: -(c.difference or 0.0))


def _strip(c: Comparison, digits: int, scale: tuple[float, float]) -> ComparedStrip:
    assert c.difference is not None
    low, high = (place_on(scale, bound) for bound in c.interval) if c.interval else (None, None)
    return ComparedStrip(
        a=c.a,
        b=c.b,
        within=c.within or "",
        at=place_on(scale, c.difference),
        low=low,
        high=high,
        figure=signed(c.difference, digits),
        interval=signed_between(c.interval, digits) if c.interval else "",
        told=verdict_cell(c).plain,
    )
