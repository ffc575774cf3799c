"""How liking holds as the user is disturbed more and more: a chart of every curve, and its points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.analysis.figures.measures import BY_ID
from sim.analysis.figures.table import population
from sim.present.report import charts
from sim.present.report.cells import Heading, change, columns, count, named, score, talks_link, text
from sim.present.report.document import ChartFigure, Prose, Section, Table
from sim.present.report.sections.opening import disturbed_claim, last_changes
from sim.present.text.robustness import spoken_strength
from sim.present.words import signed

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.analysis.figures.robustness import RobustnessCurve
    from sim.present.report.material import Material

TITLE = "Robustness"


def robustness_section(of: Material) -> Section:
    """The curves and their points."""
    if not of.summary.robustness:
        why = "Not measured in this run: its user was not disturbed. `stress: [{typos: [0, .5, 1]}]` in a study does that."
        return Section(id="robustness", title=TITLE, absent=why)
    explained = (
        "The same user is disturbed more and more, and each point is compared with the same target with the user undisturbed: the same personas, "
        "scenarios and seeds. What a message was before its text was disturbed is kept beside it in the run."
    )
    return Section(id="robustness", title=TITLE, blocks=(Prose(lines=(explained,)), _chart(of), _table(of)))


def _line(curve: RobustnessCurve) -> str:
    return f"{curve.target}, {curve.name}"


def _chart(of: Material) -> ChartFigure:
    rows: list[dict[str, JsonValue]] = []
    told: list[str] = []
    for curve in of.summary.robustness:
        for point in curve.points:
            difference = 0.0 if point.less is None else point.less.difference
            low, high = (point.less.interval if point.less else None) or (None, None)
            if difference is not None:
                rows.append(
                    {
                        "target": curve.target,
                        "disturbed": curve.name,
                        "strength": point.strength,
                        "less": difference,
                        "low": low,
                        "high": high,
                        "link": talks_link(target=point.target),
                    }
                )
        last = curve.points[-1].less
        told.append(f"{_line(curve)}: {signed(last.difference if last else None)} at strength {spoken_strength(curve.points[-1])}")
    label = BY_ID[of.study.primary].label
    curves, strengths = [(c.target, c.name) for c in of.summary.robustness], [p.strength for c in of.summary.robustness for p in c.points]
    return ChartFigure(
        id="robustness",
        title=disturbed_claim(last_changes(of), label),
        shows=f"Change in {label} by strength, with 95 % intervals",
        alt=f"{label.capitalize()} less that of the undisturbed target, by strength. {'; '.join(told)}",
        notes=(f"95 % intervals over {population(of.summary.scenarios)}; paired within personas.",),
        spec=charts.by_strength(of.targets, curves, strengths, y_title=f"change in {label}"),
        columns={
            "target": "target",
            "disturbed": "what disturbs its user",
            "strength": "from 0 to 1; of several perturbations that rise together, the strongest",
            "less": f"{label}, minus the undisturbed target's",
            "low": "lower end of the 95 % interval",
            "high": "upper end",
            "link": "place of the page",
        },
        rows=tuple(rows),
    )


def _table(of: Material) -> Table:
    label = BY_ID[of.study.primary].label
    figures: list[Heading] = ["strength", label, ("less undisturbed", "minus the undisturbed target's, paired within personas"), ("n", "personas")]
    rows = [
        (
            named(point.target, link=talks_link(target=point.target)),
            named(curve.name),
            text(spoken_strength(point)),
            score(point.value, point.interval),
            change(point.less.difference, point.less.interval) if point.less else text(""),
            count(point.less.personas) if point.less else text(""),
        )
        for curve in of.summary.robustness
        for point in curve.points
    ]
    return Table(id="robustness-points", title="Point by point", columns=columns("target", "disturbed by", figures=figures), rows=tuple(rows))
