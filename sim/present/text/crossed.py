"""User models × rater models, as `sim compare RUN RUN… --crossed` prints them."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from sim.analysis.trust.crossed import CrossedDocument, CrossedMeasure
from sim.present.text.comparison import render_registrations
from sim.present.text.plain_table import WIDE_NAME, columns_of, fitted_table, tables_within, titled
from sim.present.words import NONE, OFFLINE_MARK, number, percent, safe, signed


def render_crossed(document: CrossedDocument, *, width: int | None = None) -> RenderableType:
    """The sentences, then each measure: the targets by cell, the differences by cell, and what spreads them.

    Args:
        width: columns there are; None: as many as it takes.
    """
    parts: list[RenderableType] = [Text(f"{len(document.users)} user models × {len(document.raters)} rater models", "bold")]
    parts += [Text(OFFLINE_MARK, "yellow")] if document.offline else []
    parts += render_registrations(document)
    for measure in document.measures.values():
        parts += [Text(), Text(f"{measure.label}: {'one order of targets in every cell' if measure.order_kept else 'the order of targets changes'}")]
        parts += [Text(safe(pair.sentence)) for pair in measure.pairs]
    for measure in document.measures.values():
        parts += [*_means(measure, width), *_differences(measure, width), *_spreads(measure, width)]
    return Group(*parts, Text(), *(Text(safe(note), "dim") for note in document.notes))


def _means(measure: CrossedMeasure, width: int | None) -> list[RenderableType]:
    cells = [(user, rater, figures) for user, of in measure.means.items() for rater, figures in of.items()]
    names = {"user": [safe(user) for user, _, _ in cells], "rater": [safe(rater) for _, rater, _ in cells]}
    targets = list(dict.fromkeys(t for _, _, figures in cells for t in figures))
    columns = [(safe(t), [number(figures[t]) for _, _, figures in cells]) for t in targets]
    title = f"{measure.label[:1].upper()}{measure.label[1:]} by who plays and who rates"
    return titled(title, *tables_within("", names, columns, width=width, name=WIDE_NAME))


def _differences(measure: CrossedMeasure, width: int | None) -> list[RenderableType]:
    cells = [(pair, cell) for pair in measure.pairs for cell in pair.cells]
    names: dict[str, list[str]] = {
        "difference": [safe(f"{pair.a} − {pair.b}") for pair, _ in cells],
        "user": [safe(c.user) for _, c in cells],
        "rater": [safe(c.rater) for _, c in cells],
    }
    between = [NONE if c.interval is None else f"{signed(c.interval[0])} to {signed(c.interval[1])}" for _, c in cells]
    rows = [(signed(c.difference), told, f"{c.personas:,}") for (_, c), told in zip(cells, between, strict=True)]
    table = fitted_table("", names, columns_of(("points", "95 %", "personas"), rows), spare=("personas", "95 %"), width=width)
    return titled("Differences within each cell", table)


def _spreads(measure: CrossedMeasure, width: int | None) -> list[RenderableType]:
    spreads = [(pair, effect, spread) for pair in measure.pairs for effect, spread in pair.components.items()]
    names: dict[str, list[str]] = {
        "difference": [safe(f"{pair.a} − {pair.b}") for pair, _, _ in spreads],
        "what spreads it": [effect for _, effect, _ in spreads],
    }
    between = [NONE if s.interval is None else f"{number(s.interval[0], 4)} to {number(s.interval[1], 4)}" for _, _, s in spreads]
    rows = [(number(s.deviation), number(s.variance, 4), told, percent(s.share)) for (_, _, s), told in zip(spreads, between, strict=True)]
    figures = columns_of(("standard deviation", "variance", "95 %", "share"), rows)
    table = fitted_table("", names, figures, spare=("variance", "95 %", "standard deviation"), width=width)
    return titled("What spreads a persona's difference over cells, in points", table)
