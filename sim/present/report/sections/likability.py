"""How much each target is liked, on which dimensions, and in what order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.analysis.by_persona import dimension_interval, on_scale
from sim.core.codebook import BY_OCCASION, DIMENSIONS, LABELS
from sim.present.report import charts
from sim.present.report.cells import Heading, change, columns, count, named, probability, score, talk_link, talks_link, text
from sim.present.report.document import Cell, Figure, Prose, Section, Table
from sim.present.words import NONE, SHORT, many, number

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.analysis.summary import TargetSummary
    from sim.present.report.material import Material

TITLE = "Which target is liked"


def likability_section(of: Material) -> Section:
    """Targets × dimensions, single personas, and occasions."""
    if not any(t.likability.n for t in of.summary.targets):
        return Section(id="likability", title=TITLE, absent="Not measured in this run: no reply has a rating yet.")
    explained = Prose(
        lines=(
            "Likability is the unweighted mean of the seven dimensions. Each is averaged over exchanges, then sessions, trials and personas. "
            "The fixed set is the mean of the four that always apply, and the only figure to look at for trends.",
        )
    )
    return Section(id="likability", title=TITLE, blocks=(_main(of), explained, _personas(of), *_pairs(of), _dimensions(of), _occasions(of)))


def _main(of: Material) -> Table:
    return Table(
        id="targets",
        title=f"Simulated likability, 1 to 5, rated by {of.rater}",
        columns=columns(
            "target",
            figures=[
                ("rank", "the places it may have: behind all that a verdict puts before it, before all that a verdict puts behind it"),
                ("likability", "mean of the seven dimensions, with its 95 % interval over personas like these"),
                ("fixed set", "mean of the four dimensions that always apply"),
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
    points = [p for p in of.points if p.target == target.target]
    dimensions = [score(figures.dimensions[d].mean, dimension_interval(points, d), beside=f"n {figures.dimensions[d].n:,}") for d in DIMENSIONS]
    return (
        named(target.target, link=talks_link(target=target.target)),
        _place(of, target.target),
        score(figures.mean, on_scale(figures.interval)),
        score(figures.fixed_set, on_scale(figures.fixed_set_interval)),
        *dimensions,
        score(target.repetition.words_per_reply, digits=0),
        Cell(text=f"{figures.n:,}", value=figures.n, beside=many(figures.n_personas, "persona")),
    )


def _place(of: Material, target: str) -> Cell:
    """Its place among all, with the places it may as well have."""
    ranks = {r.arm: r for r in of.compared.ranking.get("", ())} if of.compared else {}
    rank = ranks.get(target)
    if rank is None or rank.mean is None:
        return Cell(text=NONE)
    return Cell(text=str(rank.first) if rank.first == rank.last else f"{rank.first} to {rank.last}", value=(rank.first + rank.last) / 2)


def _interval_note(of: Material) -> str:
    if any(t.likability.interval for t in of.summary.targets):
        return "Small print: 95 % t intervals over personas like these. They are wider than the ones for a paired difference between two targets."
    return "No interval: it takes 3 personas or more."


def _personas(of: Material) -> Figure:
    points = [p for p in of.points if p.likability is not None]
    ranked = sorted(of.summary.targets, key=lambda t: -(t.likability.mean or 0))
    order = [t.target for t in ranked]
    single: list[dict[str, JsonValue]] = [
        {"target": p.target, "persona": p.persona, "likability": p.likability, "n": p.n, "link": talks_link(target=p.target, persona=p.persona)}
        for p in points
    ]
    means: list[dict[str, JsonValue]] = [
        {
            "target": t.target,
            "persona": None,
            "mean": t.likability.mean,
            "low": t.likability.interval[0] if t.likability.interval else None,
            "high": t.likability.interval[1] if t.likability.interval else None,
            "n": t.likability.n,
            "link": talks_link(target=t.target),
        }
        for t in ranked
        if t.likability.mean is not None
    ]
    axis = charts.rating("likability", "simulated likability", values=[p.likability for p in points if p.likability is not None])
    return Figure(
        id="likability",
        title="Every persona, and the mean with its 95 % interval",
        alt="Likability of each target: " + "; ".join(f"{t.target} {number(t.likability.mean)}" for t in ranked),
        spec=charts.strip(of.targets, order=order, x=axis),
        columns={
            "target": "target id",
            "persona": "persona id; empty: the mean over personas",
            "likability": "the persona's mean over the dimensions scored",
            "mean": "mean over personas",
            "low": "lower end of the 95 % t interval",
            "high": "upper end",
            "n": "rated exchanges",
            "link": "place of the page",
        },
        rows=(*single, *means),
    )


def _pairs(of: Material) -> list[Table]:
    """Every pair of targets, with the verdict that its p allows."""
    if of.compared is None:
        return []
    rows = []
    for c in of.compared.comparisons:
        known = c.difference is not None
        rows.append(
            (
                named(f"{c.a} − {c.b}"),
                change(c.difference, c.interval) if known else Cell(text=NONE),
                probability(c.p_holm),
                score(c.d_av, beside=f"d_z {number(c.d_z)}" if c.d_z is not None else ""),
                count(c.personas),
                count(c.pairs),
                count(c.unpaired_a + c.unpaired_b),
                text(c.verdict),
            )
        )
    figures: list[Heading] = [
        ("difference", "paired by persona and scenario, with its 95 % interval"),
        ("p", "two-sided, of sign flips by persona and of the interval, the larger; after Holm over all pairs"),
        ("d_av", "over the mean standard deviation between personas; d_z: over that of the differences"),
        "personas",
        ("pairs", "persona × scenario"),
        ("unpaired", "persona × scenario that only one side has"),
        ("verdict", "of the first against the second"),
    ]
    note = "A verdict takes 12 personas and a p of at most .05 after Holm over all pairs. Dimensions are compared on occasions that both sides had."
    return [Table(id="pairs", title="Paired differences in likability", columns=columns("targets", figures=figures), rows=tuple(rows), notes=(note,))]


def _dimensions(of: Material) -> Figure:
    rows: list[dict[str, JsonValue]] = []
    for target in of.summary.targets:
        points = [p for p in of.points if p.target == target.target]
        for d in DIMENSIONS:
            figures, interval = target.likability.dimensions[d], dimension_interval(points, d)
            if figures.mean is not None:
                low, high = interval or (None, None)
                rows.append(
                    {
                        "target": target.target,
                        "dimension": LABELS[d],
                        "mean": figures.mean,
                        "low": low,
                        "high": high,
                        "n": figures.n,
                        "occasions": figures.hit + figures.missed,
                        "link": talks_link(target=target.target, dimension=d),
                    }
                )
    return Figure(
        id="dimensions",
        title="The seven dimensions",
        alt="Mean score with its 95 % interval for each target on each of the seven dimensions; the table above holds the figures.",
        notes=("The last three are rated only where the message gave occasion or the reply attempted it.",),
        spec=charts.dots(of.targets, x=charts.rating("mean", "mean score"), y="dimension", order=[LABELS[d] for d in DIMENSIONS], step=13),
        columns={
            "target": "target id",
            "dimension": "likability dimension",
            "mean": "mean over personas",
            "low": "lower end of the 95 % t interval over personas",
            "high": "upper end",
            "n": "rated exchanges",
            "occasions": "exchanges whose message gave occasion",
            "link": "place of the page",
        },
        rows=tuple(rows),
    )


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
                "scored",
                ("hit", "the message gave occasion and the reply attempted it"),
                ("missed", "occasion without attempt"),
                ("surprise", "attempt without occasion"),
                ("n.a.", "neither: not applicable, in no mean"),
                ("unscored", "the rater could not give a rating"),
                ("false memory", "callbacks to something never said"),
            ],
        ),
        rows=tuple(rows),
        notes=("Whether a dimension applies is fixed by what the user said: a reply cannot escape a missed callback by not trying.",),
    )


def worst_link(target: TargetSummary) -> str:
    """The exchange of `target` that was liked least."""
    worst = target.likability.worst
    return talk_link(worst.trial, worst.session, worst.exchange) if worst else ""
