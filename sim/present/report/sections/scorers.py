"""What the study's own scorers found of each target: one table and one chart, whatever scorers there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.analysis.figures.table import population
from sim.present.report import charts
from sim.present.report.cells import Heading, columns, count, named, talks_link, text
from sim.present.report.document import Cell, ChartFigure, Prose, Section, Table
from sim.present.text.scorer_tables import ScorerRow, critical_lines, pressure_lines, scorer_rows
from sim.present.words import percent

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.present.report.material import Material

TITLE = "What the study's own scorers found"


def scorers_section(of: Material) -> Section:
    """Every figure of every scorer, with its interval and n."""
    rows = list(scorer_rows(of.summary))
    if not rows:
        why = "Not measured in this run: the study names no scorers. `scorers:` in a study, or `sim score RUN --scorer`, adds them."
        return Section(id="scorers", title=TITLE, absent=why)
    explained = Prose(
        lines=("A number is a mean on the scorer's own scale. Of yes and no, and of labels, it is the share that is yes, good or so labelled.",)
    )
    found = {t.target: t.scorers for t in of.summary.targets}
    told = (*critical_lines(found), *pressure_lines(found))
    counted = (Prose(lines=told),) if told else ()
    shares = [r for r in rows if r.share and r.value is not None]
    return Section(id="scorers", title=TITLE, blocks=(explained, *counted, _table(of, rows), *([_shares(of, shares)] if shares else [])))


def _table(of: Material, rows: list[ScorerRow]) -> Table:
    cells = tuple(
        (
            named(r.what),
            named(r.target, link=talks_link(target=r.target)),
            Cell(text=r.text, value=r.value, beside=r.between if r.interval else ""),
            count(r.found.n),
            count(r.found.n_personas),
            count(r.found.not_applicable),
            count(r.found.unscored),
            text(f"{r.found.grain}, version {r.found.version}"),
        )
        for r in rows
    )
    figures: list[Heading] = [
        ("mean or share", f"with its 95 % interval over {population(of.summary.scenarios)}"),
        ("n", "results"),
        "personas",
        ("n.a.", "the scorer did not apply"),
        ("unscored", "the scorer could not tell"),
        ("of each", "what one result is about"),
    ]
    return Table(id="scorers", title=TITLE, columns=columns("scorer", "target", figures=figures), rows=cells)


def _claim(rows: list[ScorerRow]) -> str:
    """The scorer by which two targets are furthest apart, where their intervals do not meet; one target: where most and least was found."""
    bounded = [r for r in rows if r.value is not None and r.interval is not None]
    apart = [
        ((a.value or 0.0) - (b.value or 0.0), a, b)
        for a in bounded
        for b in bounded
        if a.what == b.what and a.interval and b.interval and a.interval[0] > b.interval[1]
    ]
    if apart:
        _, a, b = max(apart, key=lambda found: found[0])
        return f"{a.what}: {percent(a.value)} with {a.target}, {percent(b.value)} with {b.target}"
    if len({r.target for r in rows}) > 1:
        return "No share sets two targets clearly apart"
    known = [r for r in rows if r.value is not None]
    if not known:
        return "No share is known yet"
    most, least = max(known, key=lambda r: r.value or 0.0), min(known, key=lambda r: r.value or 0.0)
    return f"Most: {most.what}, {percent(most.value)}; least: {least.what}, {percent(least.value)}"


def _shares(of: Material, rows: list[ScorerRow]) -> ChartFigure:
    """Everything that lies in 0 to 1, side by side."""
    drawn: list[dict[str, JsonValue]] = []
    for r in rows:
        low, high = r.interval or (None, None)
        place: dict[str, JsonValue] = {"target": r.target, "scorer": r.what, "n": r.found.n, "link": talks_link(target=r.target)}
        drawn.append({**place, "share": r.value, "low": low, "high": high})
    x: charts.Spec = {"field": "share", "type": "quantitative", "title": "share", "scale": {"domain": [0, 1]}, "axis": {"format": "%"}}
    return ChartFigure(
        id="scorers",
        title=_claim(rows),
        shows="Shares found by the study's own scorers, with 95 % intervals",
        alt="; ".join(f"{r.what}, {r.target}: {r.text}" for r in rows),
        notes=(f"95 % intervals over {population(of.summary.scenarios)}.",),
        spec=charts.dots(of.targets, x=x, y="scorer", order=list(dict.fromkeys(r.what for r in rows))),
        columns={
            "target": "target id",
            "scorer": "the scorer, and the label where the share is of one",
            "share": "mean over personas of the share that is yes, good or so labelled",
            "low": "lower end of the 95 % interval",
            "high": "upper end",
            "n": "results",
            "link": "place of the page",
        },
        rows=tuple(drawn),
    )
