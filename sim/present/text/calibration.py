"""How far raters agree, as `sim calibrate RATINGS|RUN` prints it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sim.analysis.figures.people import PersonFigures
from sim.analysis.stats.order import FEWEST_SYSTEMS, Order
from sim.analysis.trust.calibration import Agreement, Calibration, Confusion, Together, Unit
from sim.analysis.trust.ceiling import Ceiling
from sim.analysis.trust.joining import JoinedFile
from sim.core.frozen import Frozen
from sim.core.judgement import is_person
from sim.core.scale import Scale
from sim.core.shown import Shown
from sim.present.text.plain_table import plain_table, titled
from sim.present.words import NONE, OFFLINE_MARK, many, safe, share, signed

Part = Literal["ratings", "talked", "read"]
"""A file of ratings; or of a run what people who talked calibrate, and what people who read do."""

MOST_CONFUSIONS = 4
"""Confusion tables that are printed; beyond, `--json` has them."""
WIDE, WIDEST = 96, 108
"""Columns from which the limits of agreement, and Pearson's r, are shown."""

_TITLES: dict[Unit, str] = {
    "item": "On items: the same in the same reply",
    "talk": "On talks: means over what was scored of each",
    "system": "On systems: means over all their items",
}
_HEADINGS: dict[Part, str] = {
    "ratings": "",
    "talked": "Calibrated by people who talked: the self-rater, on the exchanges in which they were the user",
    "read": "Calibrated by people who read: observers, on exchanges of other users",
}


class OtherLevel(Frozen):
    """The unit that was not asked for, in the same shape."""

    unit: Unit
    dimensions: dict[str, dict[str, Agreement]] | dict[str, Together]


class CalibrationDocument(Shown):
    """`sim calibrate RATINGS|RUN --json`.

    With a reference, `dimensions.<dimension>.<rater>` holds the rater's agreement with it; without one, `dimensions.<dimension>` holds the agreement
    of all raters together. `tables` has the same in full, for a run split by who calibrates whom; the two are never pooled.
    """

    source: str
    offline: bool
    """Whether offline models rated; the figures then say nothing of any real model."""
    unit: Unit
    reference: str | None
    warnings: tuple[str, ...]
    dimensions: dict[str, dict[str, Agreement]] | dict[str, Together]
    other: OtherLevel | None
    """Of systems, or of items where systems were asked for. None: there are none."""
    ceiling: dict[str, Ceiling]
    """By dimension: how far the people of the reference agree with each other, and every rater with them, on the unit that was asked for."""
    scales: dict[str, Scale]
    """By dimension, where a file, a run or `--scale` declares it."""
    joined: tuple[JoinedFile, ...]
    """Of each file or run, where there are several, how much of it met another one."""
    order: dict[str, Order]
    """By rater: do it and the reference put the systems in the same order, by their mean over dimensions?"""
    missing: int
    """Rows of the file without a rating, or ratings that a model could not give."""
    tables: dict[Part, Calibration]
    people: tuple[PersonFigures, ...]
    """Of a run: who rated, and how many attention checks they passed."""


def calibration_document(
    tables: Mapping[Part, Calibration],
    *,
    source: str,
    unit: Unit,
    offline: bool,
    missing: int,
    notes: Iterable[str] = (),
    people: tuple[PersonFigures, ...] = (),
    scales: Mapping[str, Scale] = MappingProxyType({}),
    joined: tuple[JoinedFile, ...] = (),
) -> CalibrationDocument:
    """The document over one table or, of a run, one or two."""
    other: Unit = "item" if unit == "system" else "system"
    has_other = any(other in t.levels for t in tables.values())
    return CalibrationDocument(
        source=source,
        offline=offline,
        unit=unit,
        reference=next(iter(tables.values())).reference,
        warnings=(*notes, *_warnings(tables), *_inattentive(people)),
        dimensions=_merged(tables, unit),
        other=OtherLevel(unit=other, dimensions=_merged(tables, other)) if has_other else None,
        ceiling={d: c for t in tables.values() if unit in t.levels for d, c in t.levels[unit].ceiling.items()},
        scales={d: scale for d, scale in scales.items() if any(d in t.ranges for t in tables.values())},
        joined=joined,
        order={r: o for t in tables.values() for r, o in t.order.items()},
        missing=missing,
        tables=dict(tables),
        people=people,
    )


def _merged(tables: Mapping[Part, Calibration], unit: Unit) -> dict[str, dict[str, Agreement]] | dict[str, Together]:
    levels = [t.levels[unit] for t in tables.values() if unit in t.levels]
    if all(t.reference is None for t in tables.values()):
        return {d: of for level in levels for d, of in level.together.items()}
    dimensions: dict[str, dict[str, Agreement]] = {}
    for level in levels:
        for dimension, of in level.dimensions.items():
            dimensions.setdefault(dimension, {}).update(of)
    return dimensions


def _warnings(tables: Mapping[Part, Calibration]) -> list[str]:
    lines = []
    for part, table in tables.items():
        where = "" if len(tables) == 1 else f" ({part})"
        most = max((a.n for a in _agreements(table, "system")), default=len(table.systems))
        if 0 < most < FEWEST_SYSTEMS:
            lines.append(f"{many(most, 'system')}{where}, fewer than {FEWEST_SYSTEMS}: figures on systems show little, and their order less")
        if len(table.people) == 1 and is_person(table.people[0]) and part != "ratings":
            lines.append(f"one person{where}: without a second, nobody knows how far people agree with each other")
    return lines


def _inattentive(people: Iterable[PersonFigures]) -> list[str]:
    return [
        f"{p.rater} passed {p.passed} of {many(p.checks, 'attention check')}; their ratings are kept in every figure"
        for p in people
        if p.passed < p.checks
    ]


def _taking_part(people: Sequence[PersonFigures]) -> list[RenderableType]:
    """Who read, who talked, and whether they attended."""
    parts = []
    for did in ("talked", "read"):
        these = [p for p in people if p.did == did]
        if these:
            persons = "1 person" if len(these) == 1 else f"{len(these):,} people"
            parts.append(f"{persons} {did} and rated {many(sum(p.exchanges for p in these), 'exchange')}")
    checks = sum(p.checks for p in people)
    parts += [f"attention checks passed: {sum(p.passed for p in people):,} of {checks:,}"] if checks else []
    return [Text(" · ".join(parts))] if parts else []


def _agreements(table: Calibration, unit: Unit) -> list[Agreement]:
    return [a for of in table.levels[unit].dimensions.values() for a in of.values()] if unit in table.levels else []


# --- what is printed ----------------------------------------------------------------------------------------------


def render_calibration(document: CalibrationDocument, *, width: int) -> RenderableType:
    """Every table, the level that was asked for first, for a console of `width` columns."""
    title = "How far raters agree" if document.reference is None else f"How far raters agree with {document.reference}"
    parts: list[RenderableType] = [Text.assemble((title, "bold"), f"  {safe(document.source)}")]
    if document.offline:
        parts.append(Text(OFFLINE_MARK, "yellow"))
    parts += _taking_part(document.people)
    parts += [Text(f"! {safe(w)}", "yellow") for w in document.warnings]
    parts += [Text(line) for line in _met(document)]
    units: tuple[Unit, ...] = (document.unit, *(u for u in ("item", "talk", "system") if u != document.unit))
    for part, table in document.tables.items():
        parts += [Text(), Text(_facts(part, table, document.missing if len(document.tables) == 1 else 0))]
        if table.order:
            parts += _orders(table)
        for unit in units:
            # Where no item is a part of a talk, talks are the items themselves.
            if unit in table.levels and not (unit == "item" and document.unit == "talk" and table.talks is None):
                level = table.levels[unit]
                parts += _against(unit, level.dimensions, width=width) if table.reference is not None else _together(unit, level.together)
                parts += _ceiling(unit, level.ceiling) if level.ceiling and unit != "system" else []
        parts += _applicability(table)
        parts += _confusions(table)
    return Group(*parts, Text(), Text(_KEY if document.reference is not None else _KEY_TOGETHER, "dim"))


_KEY = """\
C,1 consistency, A,1 agreement in level too, of one rater with the reference
95 %: of C,1; exact (F), or, where items are grouped, by a jackknife over conversations
CCC: Lin's, which on scores is also κ with quadratic weights; α: Krippendorff's, ordinal; ρ Spearman; r Pearson
bias, limits of agreement: rater − reference
missing: items that one of the two scored and the other did not. Systems flatter: averaging hides how far single ratings are apart"""

_KEY_TOGETHER = """\
1: raters differ from item to item; 2: they are a sample; 3: they alone, levels left out; k: the mean of them all
95 %: of 3,1; exact (F), or, where items are grouped, by a jackknife over conversations
α: Krippendorff's, ordinal, on items with two scores or more. With --reference RATER each stands against that one"""


def _facts(part: Part, table: Calibration, missing: int) -> str:
    facts = [
        many(table.items, "item"),
        *([many(table.talks, "talk")] if table.talks else []),
        *([many(len(table.systems), "system")] if table.systems else []),
        many(len(table.raters), "rater"),
    ]
    facts.append(many(table.ratings, "rating"))
    facts += [f"{many(missing, 'row')} without a rating left out"] if missing else []
    line = " · ".join(facts)
    if table.excluded:
        own = ", ".join(f"{rater} {n:,}" for rater, n in table.excluded.items())
        line += f"\neach judge's ratings of its own system are left out: {safe(own)}"
    return f"{_HEADINGS[part]}\n{line}" if _HEADINGS[part] and any(map(is_person, table.people)) else line


def _orders(table: Calibration) -> list[RenderableType]:
    """The primary question."""
    shown = plain_table(("rater",), "systems", "pairs alike", "Spearman", "p", "first by reference", "first by rater")
    for rater, order in table.order.items():
        p = NONE if order.p is None else f"{order.p:.4f}".removeprefix("0")
        first = tuple(map(safe, order.first)) if order.first else (NONE, NONE)
        shown.add_row(Text(safe(rater)), f"{order.systems:,}", f"{order.alike} of {order.pairs}", share(order.spearman), p, *map(Text, first))
    return titled(f"Do they order the systems as {table.reference} does? (by their mean over dimensions)", shown)


def _against(unit: Unit, dimensions: Mapping[str, Mapping[str, Agreement]], *, width: int) -> list[RenderableType]:
    title = _TITLES[unit]
    shown = plain_table(("",), "n", "missing", "C,1", "95 %", "A,1", "CCC", "α", "ρ", "bias", *_fitting(width, "limits", "r"))
    for dimension, raters in dimensions.items():
        shown.add_row(Text(safe(dimension), "bold"))
        rows = list(raters.items())
        for i, (rater, a) in enumerate(rows):
            limits = NONE if a.limits is None else f"{signed(a.limits[0])} to {signed(a.limits[1])}"
            forms = (share(a.icc_consistency), _between(a.interval), share(a.icc_agreement))
            others = map(share, (a.ccc, a.alpha, a.spearman))
            cells = (f"{a.n:,}", f"{a.missing:,}", *forms, *others, signed(a.bias), *_fitting(width, limits, share(a.pearson)))
            shown.add_row(Text(f"  {safe(rater)}"), *cells, end_section=i == len(rows) - 1)
    return titled(title, shown)


def _fitting(width: int, limits: str, r: str) -> list[str]:
    """What of these two there is room for; `--json` has them always."""
    return [limits, r] if width >= WIDEST else [limits] if width >= WIDE else []


def _together(unit: Unit, dimensions: Mapping[str, Together]) -> list[RenderableType]:
    shown = plain_table(("dimension",), "raters", "n", "missing", "1,1", "2,1", "3,1", "1,k", "2,k", "3,k", "95 %", "α")
    for dimension, t in dimensions.items():
        forms = [share(v) for v in t.icc.values()]
        shown.add_row(Text(safe(dimension)), f"{len(t.raters)}", f"{t.n:,}", f"{t.missing:,}", *forms, _between(t.interval), share(t.alpha))
    return titled(f"All raters together, on {unit}s", shown)


def _ceiling(unit: Unit, ceiling: Mapping[str, Ceiling]) -> list[RenderableType]:
    """People against each other, and every rater against the same means."""
    shown = plain_table(("",), "people", "n", "C,1", "95 %", "A,1", "less people", "95 %")
    for dimension, c in ceiling.items():
        shown.add_row(Text(safe(dimension), "bold"))
        forms = (share(c.icc_consistency), _between(c.interval), share(c.icc_agreement))
        shown.add_row(Text("  a person"), f"{c.people:,}", f"{c.items:,}", *forms, "", "", end_section=not c.raters)
        for i, (rater, r) in enumerate(c.raters.items()):
            forms = (share(r.icc_consistency), _between(r.interval), share(r.icc_agreement))
            difference = (signed(r.difference), NONE if r.difference_interval is None else " to ".join(map(signed, r.difference_interval)))
            shown.add_row(Text(f"  {safe(rater)}"), "", f"{r.n:,}", *forms, *difference, end_section=i == len(c.raters) - 1)
    shown.caption = Text(
        f"each person with the mean of the others, and each rater with the same means, on {unit}s that two people or more have scored", "dim"
    )
    return titled(f"The ceiling, on {unit}s: people among themselves", shown)


def _met(document: CalibrationDocument) -> list[str]:
    """How much of each file met another one, and on which scales people and raters score."""
    of = "talk" if document.unit == "talk" else "item"
    lines = [f"{f.met:,} of {many(f.items, of)} of {safe(f.source)} met" for f in document.joined]
    ranges: dict[str, tuple[float, float]] = {d: r for t in document.tables.values() for d, r in t.ranges.items()}
    scales: dict[str, list[str]] = {}
    for dimension, (low, high) in ranges.items():
        declared = document.scales.get(dimension)
        if declared or low < 1 or high > 5:
            said = str(declared) if declared else f"not declared, scores from {low:g} to {high:g} (--scale says it)"
            scales.setdefault(said, []).append(safe(dimension))
    lines += [f"scale {said}: {', '.join(dimensions)}" for said, dimensions in scales.items() if said != "1-5"]
    return lines


def _applicability(table: Calibration) -> list[RenderableType]:
    found = [(d, r, a.applicability) for d, of in table.levels["item"].dimensions.items() for r, a in of.items() if a.applicability]
    shown = plain_table(("dimension", "rater"), "n", "both scored", "both n/a", "one of them", "κ")
    for dimension, rater, a in found:
        one = a.n - a.both - a.neither
        shown.add_row(Text(safe(dimension)), Text(safe(rater)), f"{a.n:,}", f"{a.both:,}", f"{a.neither:,}", f"{one:,}", share(a.kappa))
    return titled("Did the dimension apply at all?", shown) if found else []


def _confusions(table: Calibration) -> list[RenderableType]:
    found = [(d, r, a.confusion) for d, of in table.levels["item"].dimensions.items() for r, a in of.items() if a.confusion]
    parts: list[RenderableType] = []
    for dimension, rater, confusion in found[:MOST_CONFUSIONS]:
        parts += titled(f"{dimension}: rows {table.reference}, columns {rater}", _confusion(confusion))
    if len(found) > MOST_CONFUSIONS:
        parts += [Text(), Text(f"{many(len(found) - MOST_CONFUSIONS, 'more confusion table')}: `--json`, under `confusion`", "dim")]
    return parts


def _confusion(confusion: Confusion) -> Table:
    shown = plain_table(("",), *(f"{score:g}" for score in confusion.scores))
    for i, (score, row) in enumerate(zip(confusion.scores, confusion.counts, strict=True)):
        shown.add_row(f"{score:g}", *(Text(f"{n:,}", "bold" if i == j else "") for j, n in enumerate(row)))
    return shown


def _between(interval: tuple[float, float] | None) -> str:
    return NONE if interval is None else f"{share(interval[0])} to {share(interval[1])}"
