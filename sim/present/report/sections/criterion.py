"""Do the seven dimensions have anything to do with enjoying the talk and wanting to come back?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.core.codebook import CRITERIA, DIMENSIONS, LABELS
from sim.present.report import charts
from sim.present.report.cells import Heading, columns, count, named, score, talks_link
from sim.present.report.document import ChartFigure, Prose, Section, Table
from sim.present.report.sections import claims
from sim.present.words import share

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.present.report.material import Material

TITLE = "Do the dimensions matter?"


def criterion_section(of: Material) -> Section:
    """The criterion questions against the dimensions, and behaviour beside them."""
    if not any(p.criterion for p in of.points):
        why = "Not measured in this run: no session has been looked back on. The criterion questions are asked when a session closes."
        return Section(id="criterion", title=TITLE, absent=why)
    explained = Prose(
        lines=(
            "At the end of a session the user says how much they enjoyed it and whether they would come back tomorrow, without seeing any scores. "
            "Dimensions that do not go with these answers are not what liking is about here.",
        )
    )
    return Section(id="criterion", title=TITLE, blocks=(explained, _table(of), _cloud(of), _correlations(of)))


def _table(of: Material) -> Table:
    rows = []
    for t in of.summary.targets:
        looks = [t.criterion[c] for c in CRITERIA]
        rows.append(
            (
                named(t.target, link=talks_link(target=t.target)),
                *(score(c.mean, beside=f"n {c.n:,}") for c in looks),
                count(t.endings.get("farewell", 0)),
                count(t.endings.get("left", 0), link=talks_link(target=t.target, ending="left")),
                score(t.likability.fixed_set),
            )
        )
    figures: list[Heading] = [
        (LABELS["enjoyment"], "1 to 5"),
        (LABELS["return"], "1 to 5"),
        "said goodbye",
        ("left", "without a word"),
        ("fixed set", "for comparison"),
    ]
    return Table(id="criterion", title="Looking back on the session", columns=columns("target", figures=figures), rows=tuple(rows))


def _cloud(of: Material) -> ChartFigure:
    rows: list[dict[str, JsonValue]] = [
        {
            "target": p.target,
            "persona": p.persona,
            "likability": p.likability,
            "enjoyment": p.criterion["enjoyment"],
            "link": talks_link(target=p.target, persona=p.persona),
        }
        for p in of.points
        if p.likability is not None and "enjoyment" in p.criterion
    ]
    x = charts.rating("likability", "likability", values=[p.likability for p in of.points if p.likability is not None])
    y = charts.rating("enjoyment", "enjoyment", values=[p.criterion["enjoyment"] for p in of.points if "enjoyment" in p.criterion])
    return ChartFigure(
        id="enjoyment",
        title=claims.more(
            of.compared("enjoyment"),
            "Talks with {a} are enjoyed more than with {b}, by {by}",
            nothing="Enjoyment tells no two targets apart",
            of="enjoyment",
        ),
        shows="Enjoyment against likability, a point for each persona and target",
        alt=f"{len(rows)} points: the mean enjoyment of sessions against mean likability.",
        spec=charts.cloud(of.targets, x=x, y=y),
        columns={
            "target": "target id",
            "persona": "persona id",
            "likability": "the persona's mean over the dimensions scored",
            "enjoyment": "the persona's mean over sessions",
            "link": "place of the page",
        },
        rows=tuple(rows),
    )


def _correlations_claim(rows: list[dict[str, JsonValue]]) -> str:
    known = [(r["r"], str(r["row"])) for r in rows if r["column"] == LABELS["enjoyment"] and isinstance(r["r"], float)]
    if len(known) < 2:
        return "Too few sessions to say which dimension goes with enjoyment"
    (high, most), (low, least) = max(known), min(known)
    return f"Enjoyment goes most with {most} (r {share(high)}), least with {least} (r {share(low)})"


def _correlations(of: Material) -> ChartFigure:
    found = ((d, c, r) for d, scale in of.summary.scales.dimensions.items() for c, r in scale.criterion.items())
    rows: list[dict[str, JsonValue]] = [
        {"row": LABELS[d], "column": LABELS[c], "r": r.r, "sessions": r.n, "link": talks_link(dimension=d)} for d, c, r in found if r.r is not None
    ]
    return ChartFigure(
        id="criterion",
        title=_correlations_claim(rows),
        shows="Correlation of each dimension with the two questions at the end of a session",
        alt="Correlation of each dimension's session mean with the two criterion answers, within personas.",
        notes=("Pearson's r over sessions, each less its persona's mean. Left out: too few sessions, or no variation.",),
        spec=charts.heat([LABELS[d] for d in DIMENSIONS], [LABELS[c] for c in CRITERIA], field="r", title="r", domain=(-1, 1)),
        columns={
            "row": "likability dimension",
            "column": "criterion question",
            "r": "Pearson's r within personas",
            "sessions": "sessions with both",
            "link": "place of the page",
        },
        rows=tuple(rows),
    )
