"""How much each target is liked, on which dimensions, and in what order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.analysis.figures.figure import figure
from sim.analysis.figures.measures import BY_ID, LIKABILITY
from sim.analysis.figures.table import population
from sim.analysis.verdicts.answer import foremost
from sim.analysis.verdicts.sentence import signed, split
from sim.core.codebook import ALWAYS, BY_OCCASION, CRITERIA, DIMENSIONS, LABELS
from sim.present.report import charts
from sim.present.report.cells import Heading, change, columns, count, named, probability, score, talks_link, text
from sim.present.report.document import Cell, ChartFigure, Column, Prose, Section, Table
from sim.present.report.sections import claims
from sim.present.text.comparison import told_standing
from sim.present.text.scorer_tables import flattery_lines
from sim.present.words import NONE, SHORT, many, number, overall_headings

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.analysis.figures.by_persona import PersonaPoint
    from sim.analysis.figures.run_summary import TargetSummary
    from sim.analysis.verdicts.compare import Comparison, MeasureComparison
    from sim.core.spec.study import Primary
    from sim.present.report.material import Material

TITLE = "Which target is liked"


def likability_section(of: Material) -> Section:
    """Targets × dimensions, single personas, and occasions."""
    if not any(t.likability.n for t in of.summary.targets):
        return Section(id="likability", title=TITLE, absent="Not measured in this run: no reply has a rating yet.")
    explained = Prose(
        lines=(
            "The fixed set is the mean of the four dimensions that always apply, whatever the target does. Unless the study declares another, it is "
            "the primary outcome, and it is the only figure to look at for trends. Scripted callback is the second endpoint: callback on facts that "
            "every target was told alike. All seven is LikeBench's likability, the unweighted mean of the seven dimensions; callback is one of them, "
            "and a target without memory must miss it. Each dimension is averaged over exchanges that had an occasion, then sessions, trials and "
            "personas.",
        )
    )
    along = flattery_lines({t.target: t.scorers for t in of.summary.targets})
    beside = (Prose(lines=tuple(along)),) if along else ()
    return Section(id="likability", title=TITLE, blocks=(_main(of), *beside, explained, _personas(of), *_pairs(of), *_dimensions(of), _occasions(of)))


def _main(of: Material) -> Table:
    return Table(
        id="targets",
        title=f"Simulated likability, 1 to 5, rated by {of.rater}{', an offline model' if of.summary.stub_rated else ''}",
        columns=columns(
            "target",
            figures=[
                ("rank", "the places it may have: behind all that a verdict puts before it, before all that a verdict puts behind it"),
                *((heading, f"{_MEANS[m]}, with its 95 % interval over {population(of.summary.scenarios)}") for m, heading in _overall(of)),
                ("scripted", "callback on facts that every target was told alike, the second endpoint"),
                *((SHORT[d], LABELS[d]) for d in DIMENSIONS),
                ("words", "words a reply: longer replies are often rated higher for their length alone"),
                ("n", "rated exchanges"),
            ],
        ),
        rows=tuple(_row(of, t) for t in of.summary.targets),
        notes=(_interval_note(of),),
    )


def _row(of: Material, target: TargetSummary) -> tuple[Cell, ...]:
    figures = target.likability
    dimensions = [score(f.mean, f.interval, beside=f"n {f.n:,}") for f in (figures.dimensions[d] for d in DIMENSIONS)]
    return (
        named(target.target, link=talks_link(target=target.target)),
        _place(of, target.target),
        *(score(*figures.primary(m)) for m, _ in _overall(of)),
        score(figures.scripted, figures.scripted_interval),
        *dimensions,
        score(target.repetition.words_per_reply, digits=0),
        Cell(text=f"{figures.n:,}", value=figures.n, beside=many(figures.n_personas, "persona")),
    )


def _place(of: Material, target: str) -> Cell:
    """Its place among all, with the places it may as well have."""
    compared = of.compared(of.study.primary)
    rank = {r.arm: r for r in compared.ranking.get("", ())}.get(target) if compared else None
    if rank is None or rank.mean is None or rank.first is None or rank.last is None:
        return Cell(text=NONE)
    return Cell(text=str(rank.first) if rank.first == rank.last else f"{rank.first} to {rank.last}", value=(rank.first + rank.last) / 2)


def _interval_note(of: Material) -> str:
    if any(t.likability.interval for t in of.summary.targets):
        over = population(of.summary.scenarios)
        return f"Small print: 95 % intervals over {over}. They are wider than the ones for a paired difference between two targets."
    return "No interval: it takes 3 personas or more."


def _personas(of: Material) -> ChartFigure:
    """Small dots and their mean: of the fixed set, which every persona has whole. Few have all seven dimensions, so likability is not their mean."""
    known = {
        t.target: {p.persona: p for p in of.points if p.target == t.target and all(d in p.dimensions for d in ALWAYS)} for t in of.summary.targets
    }
    single: list[dict[str, JsonValue]] = [
        {
            "target": p.target,
            "persona": p.persona,
            "fixed_set": p.fixed_set,
            "likability": p.likability,
            "n": p.n,
            "link": talks_link(target=p.target, persona=p.persona),
        }
        for points in known.values()
        for p in points.values()
    ]
    table, means = of.source.table, []
    for target, points in known.items():
        mean = figure(BY_ID["fixed_set"], table, [t for p in points.values() for t in p.trials])
        if mean is not None:
            low, high = mean.interval or (None, None)
            n = sum(p.n for p in points.values())
            means.append({"target": target, "persona": None, "mean": mean.value, "low": low, "high": high, "n": n, "link": talks_link(target=target)})
    means.sort(key=lambda row: -row["mean"])  # type: ignore[operator]
    axis = charts.rating(
        "fixed_set", "fixed set", values=[p.fixed_set for points in known.values() for p in points.values() if p.fixed_set is not None]
    )
    return ChartFigure(
        id="likability",
        title=_personas_claim(of, known),
        shows="The fixed set, persona by persona, and the mean with its 95 % interval",
        alt="Mean fixed set of each target: " + "; ".join(f"{row['target']} {number(row['mean'])}" for row in means),  # type: ignore[arg-type]
        notes=(f"A large dot is the mean of the small ones of its row. 95 % interval over {population(of.summary.scenarios)}.",),
        spec=charts.strip(of.targets, order=[str(row["target"]) for row in means], x=axis),
        columns={
            "target": "target id",
            "persona": "persona id; empty: the mean over personas",
            "fixed_set": "the persona's mean over the four dimensions that always apply",
            "likability": "the persona's mean over all dimensions that it scored; not drawn",
            "mean": "mean of the personas' fixed set",
            "low": "lower end of its 95 % interval",
            "high": "upper end",
            "n": "rated exchanges",
            "link": "place of the page",
        },
        rows=(*single, *means),
    )


def _personas_claim(of: Material, known: dict[str, dict[str, PersonaPoint]]) -> str:
    """How many personas are on the side of the comparison that is told first."""
    compared = of.compared("fixed_set")
    pair = foremost(compared.comparisons) if compared else None
    if pair is None or pair.difference is None:
        values = {p.persona: p.fixed_set for points in known.values() for p in points.values() if p.fixed_set is not None}
        if not values:
            return "No persona has rated a reply yet"
        low, high = min(values, key=lambda p: values[p]), max(values, key=lambda p: values[p])
        return f"Means of single personas go from {number(values[low])} ({low}) to {number(values[high])} ({high})"
    pair = claims.ahead(pair)
    both = [(known[pair.a][p].fixed_set or 0.0, known[pair.b][p].fixed_set or 0.0) for p in known[pair.a] if p in known[pair.b]]
    return f"{sum(a > b for a, b in both)} of {many(len(both), 'persona')} like {pair.a} more than {pair.b}"


def _pairs(of: Material) -> list[Table | Prose]:
    """Every pair of targets, with the verdict that its p allows: by the primary outcome, then by likability over all seven."""
    registered = [Prose(lines=of.registration.sentences)] if of.registration else []
    tables = [_pairs_by(of, compared) for m in dict.fromkeys((of.study.primary, LIKABILITY)) if (compared := of.compared(m)) is not None]
    return [*registered, *tables, *([_made_of(of), _beside(of)] if tables else [])]


def _pairs_by(of: Material, compared: MeasureComparison) -> Table:
    primary, rows = compared.measure == of.study.primary, []
    for c in compared.comparisons:
        known = c.difference is not None
        rows.append(
            (
                named(f"{c.a} − {c.b}"),
                change(c.difference, c.interval) if known else Cell(text=NONE),
                score(c.mean_a),
                score(c.mean_b),
                probability(c.p_all),
                text(_range(c)),
                score(c.d_av, beside=f"d_z {number(c.d_z)}" if c.d_z is not None else ""),
                count(c.personas),
                count(c.pairs),
                count(c.unpaired_a + c.unpaired_b),
                text(told_standing(c)),
            )
        )
    figures: list[Heading] = [
        ("difference", "paired by persona and scenario, with its 95 % interval"),
        ("first, in common", "mean of the first over what both had in common: the difference is that of these two, not of the table above"),
        ("second, in common", "mean of the second over the same"),
        ("p", f"two-sided, of sign flips by persona and of the interval, the larger; after Holm over all pairs{'' if primary else AND_MEASURES}"),
        ("without any one persona", "the range of the difference, and the persona that moves it most"),
        ("d_av", "over the mean standard deviation between personas; d_z: over that of the differences"),
        "personas",
        ("pairs", "persona × scenario"),
        ("unpaired", "persona × scenario that only one side has"),
        ("verdict", "of the first against the second"),
    ]
    note = f"A verdict takes 12 personas and a p of at most .05 after Holm over all pairs{'' if primary else AND_MEASURES}."
    note += " Dimensions are compared in the sessions in which both sides had an occasion."
    title = f"Paired differences: {compared.label}{', the primary outcome' if primary else ''}"
    id = "pairs" if primary else f"pairs-{compared.measure}"
    return Table(id=id, title=title, columns=columns("targets", figures=figures), rows=tuple(rows), notes=(note,))


AND_MEASURES = " and all measures but the primary outcome"
_MEANS: dict[str, str] = {
    "fixed_set": "mean of the four dimensions that always apply",
    "likability": "LikeBench's likability: mean of the seven dimensions",
    "without_callback": "mean of the dimensions other than callback",
}


def _overall(of: Material) -> list[tuple[Primary, str]]:
    return overall_headings(of.study.primary)


def _range(c: Comparison) -> str:
    left = c.left_out
    return f"{signed(left.low)} to {signed(left.high)} ({left.persona})" if left else NONE


def _made_of(of: Material) -> Table:
    """Each pair's difference in likability over all seven, split by dimension."""
    liked = of.compared(LIKABILITY)
    assert liked is not None
    rows = []
    for c in liked.comparisons:
        ahead = c.turned if (c.difference or 0.0) < 0 else c
        rows.append((named(f"{ahead.a} − {ahead.b}"), change(ahead.difference, ahead.interval), text(split(ahead.split) or NONE)))
    made = Column(heading="of which", kind="text", explained="what each dimension adds to the difference")
    heads = (*columns("targets", figures=[("all seven", "paired, with its 95 % interval")]), made)
    return Table(id="made-of", title="What a difference in likability is made of", columns=heads, rows=tuple(rows))


def _beside(of: Material) -> Table:
    """What stands beside the primary outcome, pair by pair: the second endpoint, the criterion, occasions."""
    shown = [(heading, explained, found) for m, (heading, explained) in _BESIDE.items() if (found := of.compared(m)) is not None]
    pairs = of.compared(of.study.primary)
    assert pairs is not None
    rows = []
    for i, c in enumerate(pairs.comparisons):
        cells = [change(x.difference, x.interval) for _, _, found in shown for x in (found.comparisons[i],)]
        rows.append((named(f"{c.a} − {c.b}"), *cells))
    figures: list[Heading] = [(heading, f"{explained}; paired, with its 95 % interval") for heading, explained, _ in shown]
    return Table(id="beside", title="Beside each difference", columns=columns("targets", figures=figures), rows=tuple(rows))


_BESIDE: dict[str, tuple[str, str]] = {
    "callback_scripted": ("scripted", "callback on facts that every target was told alike"),
    **{c: (LABELS[c], "how the sessions were looked back on") for c in CRITERIA},
    **{f"occasions.{d}": (f"{SHORT[d]} given", f"occasions a session: {LABELS[d]}") for d in BY_OCCASION},
    "elicited_facts": ("facts", "drawn out in a trial, beside those that were told by script"),
    "likability_common": ("in common", "all seven dimensions, over occasions that both sides had"),
}
"""Heading and explanation by measure."""


def _dimensions(of: Material) -> list[ChartFigure]:
    """Each dimension as a difference from the reference: intervals of means are wider than those of differences and would hide them."""
    rows: list[dict[str, JsonValue]] = []
    spoken: list[str] = []
    for d in DIMENSIONS:
        for target, pair in of.against(d).items():
            if pair.difference is not None:
                low, high = pair.interval or (None, None)
                place: dict[str, JsonValue] = {"target": target, "dimension": LABELS[d], "less": pair.difference, "low": low, "high": high}
                rows.append({**place, "verdict": pair.verdict, "personas": pair.personas, "link": talks_link(target=target, dimension=d)})
                spoken.append(f"{target}, {LABELS[d]}: {signed(pair.difference)}")
    if not rows:
        return []
    return [
        ChartFigure(
            id="dimensions",
            title=_dimensions_claim(of),
            shows=f"Difference from {of.reference} on each dimension, paired by persona, with its 95 % interval",
            alt=f"Each target less {of.reference}, dimension by dimension. {'; '.join(spoken)}.",
            notes=("The last three are rated only where the message gave occasion, and compared where both sides had one.",),
            spec=charts.dots(
                [t for t in of.targets if t != of.reference],
                x=charts.difference("less", f"less {of.reference}"),
                y="dimension",
                order=[LABELS[d] for d in DIMENSIONS],
                step=13,
                domain=of.targets,
                zero=True,
            ),
            columns={
                "target": "target id",
                "dimension": "likability dimension",
                "less": f"mean paired difference from {of.reference}",
                "low": f"lower end of the 95 % interval over {population(of.summary.scenarios)}",
                "high": "upper end",
                "verdict": "of the target against the reference, over all measures together",
                "personas": "personas that both sides have it of",
                "link": "place of the page",
            },
            rows=tuple(rows),
        )
    ]


def _dimensions_claim(of: Material) -> str:
    found = claims.clearest(pair for d in DIMENSIONS for pair in of.against(d).values())
    if found is None:
        few = "Too few personas for a verdict on any dimension"
        return few if of.tier == "look" else f"No single dimension tells a target apart from {of.reference}"
    pair, alone = found
    label = next(LABELS[d] for d in DIMENSIONS if pair in (c for found in of.against(d).values() for c in (found, found.turned)))
    other, side = (pair.b, "below") if pair.a == of.reference else (pair.a, "above")
    return f"{other} is furthest {side} {of.reference} on {label}: by {claims.by(pair.difference or 0.0, pair.interval)}{alone}"


def _occasions(of: Material) -> Table:
    rows = []
    for target in of.summary.targets:
        for d in BY_OCCASION:
            f = target.likability.dimensions[d]
            kept = talks_link(target=target.target, dimension=d, most=2)
            false = count(target.likability.false_memories) if d == "callback" else Cell(text=NONE)
            rows.append(
                (
                    named(target.target),
                    named(LABELS[d], link=kept),
                    count(f.n),
                    score(target.occasions[d]),
                    count(f.hit),
                    count(f.missed),
                    count(f.surprise),
                    count(f.not_applicable),
                    count(f.unscored),
                    false,
                )
            )
    return Table(
        id="occasions",
        title="Occasions: taken up, missed, or met without one",
        columns=columns(
            "target",
            "dimension",
            figures=[
                ("occasions", "scored"),
                ("a session", "occasions, mean over personas"),
                ("hit", "the message gave occasion and the reply attempted it"),
                ("missed", "occasion without attempt"),
                ("surprise", "attempt without occasion: the target's own choice, in no mean"),
                ("n.a.", "neither: not applicable, in no mean"),
                ("unscored", "the rater could not give a rating"),
                ("false memory", "callbacks to something never said"),
            ],
        ),
        rows=tuple(rows),
        notes=("Whether a dimension applies is fixed by what the user said: a reply cannot escape a missed callback by not trying.",),
    )
