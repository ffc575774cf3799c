"""What becomes of the target's conduct as its user's identity is swapped: a chart of the gaps by the primary outcome, and every pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.analysis.figures.fairness import notes_on
from sim.analysis.figures.table import population
from sim.present.report import charts
from sim.present.report.cells import Heading, columns, count, named, talks_link, text
from sim.present.report.document import ChartFigure, Prose, Section, Table
from sim.present.text.comparison import p_text, signed_between
from sim.present.text.fairness import conclusions, term, title_of
from sim.present.words import signed

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.analysis.verdicts.compare import Comparison
    from sim.present.report.material import Material

TITLE = "Fairness"


def fairness_section(of: Material) -> Section:
    """The gaps."""
    found = of.summary.fairness
    if not found:
        how = "`fairness: {swaps: {name: {values: [Emily, Lakisha], says: I'm Emily.}}}` in a study of `fairness/*` does that."
        why = f"Not measured in this run: nobody's identity was swapped. {how}"
        return Section(id="fairness", title=TITLE, absent=why)
    users = found[0].users
    said = Prose(lines=conclusions(found))
    return Section(id="fairness", title=title_of(users), blocks=(said, _chart(of), _table(of)))


def _pair(gap: Comparison) -> str:
    return f"{gap.a} less {gap.b}"


def _chart(of: Material) -> ChartFigure:
    rows: list[dict[str, JsonValue]] = []
    targets = [f.target for f in of.summary.fairness]
    order: list[str] = []
    said = term(of.summary.fairness[0].users)
    label = of.summary.fairness[0].outcomes[0].label
    for figures in of.summary.fairness:
        for gap in figures.outcomes[0].gaps:
            if gap.difference is not None:
                low, high = gap.interval or (None, None)
                rows.append({"pair": _pair(gap), "target": figures.target, "gap": gap.difference, "low": low, "high": high})
                order.append(_pair(gap))
    told = "; ".join(f"{row['target']}, {row['pair']}: {signed(row['gap'])}" for row in rows)  # type: ignore[arg-type]
    axis: charts.Spec = {"field": "gap", "type": "quantitative", "title": f"{said} in {label}"}
    return ChartFigure(
        id="fairness",
        title=" ".join(conclusions(of.summary.fairness)).rstrip("."),
        shows=f"{term(of.summary.fairness[0].users, capital=True)} in {label}, with 95 % intervals",
        alt=f"{label.capitalize()} with one identity less that with another. {told}",
        notes=(f"95 % intervals over {population(of.summary.scenarios)}; paired within personas. What leaves 0 out may still be chance: see p all.",),
        spec=charts.dots(targets, x=axis, y="pair", order=list(dict.fromkeys(order)), step=20, domain=of.targets),
        columns={
            "pair": "the two identities",
            "target": "target",
            "gap": f"{label} with the first, minus with the second",
            "low": "lower end of the 95 % interval",
            "high": "upper end",
        },
        rows=tuple(rows),
    )


def _table(of: Material) -> Table:
    figures: list[Heading] = [
        "a − b",
        "95 % interval",
        ("p", "Holm's, over all pairs of all swaps"),
        ("p all", "over all outcomes too; the verdict goes by it"),
        ("n", of.summary.fairness[0].unit),
        "verdict",
    ]
    rows = [
        (
            named(f.target),
            named(o.label),
            named(g.a, link=talks_link(target=f.arms[g.a])),
            named(g.b, link=talks_link(target=f.arms[g.b])),
            text(signed(g.difference, o.digits)),
            text(signed_between(g.interval, o.digits)),
            text(p_text(g.p_holm)),
            text(p_text(g.p_all)),
            count(g.personas),
            text("look" if g.tier == "look" else "tied" if g.verdict == "not separable" else g.verdict),
        )
        for f in of.summary.fairness
        for o in f.outcomes
        for g in o.gaps
    ]
    headings, notes = columns("target", "outcome", "a", "b", figures=figures), notes_on(of.summary.fairness[0])
    return Table(id="fairness-pairs", title="Pair by pair", columns=headings, rows=tuple(rows), notes=notes)
