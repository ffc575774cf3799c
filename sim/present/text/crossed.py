"""User models × rater models, as `sim compare RUN RUN… --crossed` prints them."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from sim.analysis.trust.crossed import CrossedDocument, CrossedMeasure
from sim.present.text.comparison import render_registrations
from sim.present.text.plain_table import plain_table, titled
from sim.present.words import NONE, OFFLINE_MARK, number, percent, safe, signed


def render_crossed(document: CrossedDocument) -> RenderableType:
    """The sentences, then each measure: the targets by cell, the differences by cell, and what spreads them."""
    parts: list[RenderableType] = [Text(f"{len(document.users)} user models × {len(document.raters)} rater models", "bold")]
    parts += [Text(OFFLINE_MARK, "yellow")] if document.offline else []
    parts += render_registrations(document)
    for measure in document.measures.values():
        parts += [Text(), Text(f"{measure.label}: {'one order of targets in every cell' if measure.order_kept else 'the order of targets changes'}")]
        parts += [Text(safe(pair.sentence)) for pair in measure.pairs]
    for measure in document.measures.values():
        parts += _measure(measure)
    return Group(*parts, Text(), *(Text(safe(note), "dim") for note in document.notes))


def _measure(measure: CrossedMeasure) -> list[RenderableType]:
    targets = list(dict.fromkeys(t for of in measure.means.values() for figures in of.values() for t in figures))
    means = plain_table(("user", "rater"), *map(safe, targets))
    for user, of in measure.means.items():
        for rater, figures in of.items():
            means.add_row(Text(safe(user)), Text(safe(rater)), *(number(figures[t]) for t in targets))
    cells = plain_table(("difference", "user", "rater"), "points", "95 %", "personas")
    for pair in measure.pairs:
        for c in pair.cells:
            between = NONE if c.interval is None else f"{signed(c.interval[0])} to {signed(c.interval[1])}"
            cells.add_row(
                Text(safe(f"{pair.a} − {pair.b}")), Text(safe(c.user)), Text(safe(c.rater)), signed(c.difference), between, f"{c.personas:,}"
            )
    spreads = plain_table(("difference", "what spreads it"), "standard deviation", "variance", "95 %", "share")
    for pair in measure.pairs:
        for effect, spread in pair.components.items():
            between = NONE if spread.interval is None else f"{number(spread.interval[0], 4)} to {number(spread.interval[1], 4)}"
            row = number(spread.deviation), number(spread.variance, 4), between, percent(spread.share)
            spreads.add_row(Text(safe(f"{pair.a} − {pair.b}")), Text(effect), *row)
    return [
        *titled(f"{measure.label[:1].upper()}{measure.label[1:]} by who plays and who rates", means),
        *titled("Differences within each cell", cells),
        *titled("What spreads a persona's difference over cells, in points", spreads),
    ]
