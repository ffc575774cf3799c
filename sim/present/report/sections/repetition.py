"""How much a target repeats itself, with length beside everything and people's figures in a note."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sim.core.event import Tags
from sim.present.references import HUMAN_REFERENCES
from sim.present.report import charts
from sim.present.report.cells import Heading, columns, count, named, part, percentage, probability, score, talks_link
from sim.present.report.document import ChartFigure, Prose, Section, Table
from sim.present.report.sections import claims
from sim.present.text.scorer_tables import between
from sim.present.words import share

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.present.report.material import Material
    from sim.score.repetition.said_before import Repeat

TITLE = "Repetition"
MEASURES = {"repertoire": "repertoire", "conversation_fit_adjusted": "conversation fit, adjusted", "carry_over_adjusted": "carry-over, adjusted"}
"""At the same places of talks, so that opening, middle and end are taken for neither."""


def repetition_section(of: Material) -> Section:
    """Repertoire, conversation fit and carry-over; moves over time; templates."""
    said = _said_before(of)
    if not any(r.pairs for r in of.repetition.values()):
        why = "in this run: no two replies in a row have been tagged with moves."
        if not any(t.repetition.said_before.replies for t in of.summary.targets):
            return Section(id="repetition", title=TITLE, absent=f"Not measured {why}")
        return Section(id="repetition", title=TITLE, blocks=(said, Prose(lines=(f"Repetition of moves was not measured {why}",))))
    explained = Prose(
        lines=(
            "Repertoire is how alike a target's replies to different people are, conversation fit what person and topic explain, carry-over what "
            "only the reply just before explains; the latter two are taken at the same places of talks, since all openings are alike. "
            "No figure alone: a target that always does the same has no carry-over, and everything in its repertoire; one that makes many moves a "
            "reply has a large repertoire by that alone.",
        )
    )
    blocks = (said, explained, _table(of), _parts(of), _ribbons(of), *_templates(of), Prose(lines=(_people(),)))
    return Section(id="repetition", title=TITLE, blocks=blocks)


def _said_before(of: Material) -> Table:
    """Words first: a bot that says one sentence forever carries nothing over."""
    rows = []
    for t in of.summary.targets:
        s = t.repetition.said_before
        kinds: tuple[tuple[Repeat, float | None], ...] = (("anybody", s.anybody), ("same_user", s.same_user), ("nearly", s.nearly))
        each = [percentage(value, beside=between(s.interval[kind], share=True) if s.interval[kind] else "") for kind, value in kinds]
        rows.append((named(t.target, link=talks_link(target=t.target, said="yes")), *each, count(s.replies), count(s.short)))
    figures: list[Heading] = [
        ("said before", "replies that repeat, word for word, what the target has said to anybody"),
        ("to the same user", "what it has said to the same person"),
        ("nearly", "nearly, or word for word, to anybody: a fuzzy ratio of 90 or more"),
        ("replies", "greetings of under four words apart, which the shares are of"),
        ("greetings", "opening replies of under four words, in no share"),
    ]
    note = "Small print: 95 % intervals by persona. Of replies that are alike the first repeats nothing."
    return Table(id="said_before", title="Said before, word for word", columns=columns("target", figures=figures), rows=tuple(rows), notes=(note,))


def _table(of: Material) -> Table:
    rows = []
    for target, r in of.repetition.items():
        rows.append(
            (
                named(target, link=talks_link(target=target)),
                part(r.repertoire, r.interval.get("repertoire")),
                part(r.repertoire_beyond_size, r.interval.get("repertoire_beyond_size")),
                part(r.conversation_fit_adjusted, r.interval.get("conversation_fit_adjusted")),
                part(r.carry_over_adjusted, r.interval.get("carry_over_adjusted")),
                probability(r.p["carry_over_adjusted"]),
                part(r.jaccard, r.interval.get("jaccard")),
                part(r.stickiness),
                part(r.base_rate),
                part(r.excess),
                score(r.moves_per_reply, digits=1),
                score(r.words_per_reply, digits=0),
                count(r.pairs),
            )
        )
    first = next(iter(of.repetition.values()))
    return Table(
        id="repetition",
        title=f"Moves from reply to reply (tagger {first.tagger}, codebook {first.codebook})",
        columns=columns(
            "target",
            figures=[
                ("repertoire", "how alike its replies to different people are"),
                ("beyond size", "what of the repertoire is not how many moves a reply makes"),
                ("fit, adjusted", "conversation fit: what person and topic explain"),
                ("carry-over, adjusted", "what only the reply just before explains"),
                ("p", "of carry-over, two-sided"),
                ("Jaccard", "overlap of a reply's moves with the ones of the reply before"),
                ("sticky", "MINT's stickiness: P(move again | move before), mostly base rate"),
                ("base", "P(move) alone"),
                ("excess", "stickiness less base rate"),
                ("moves", "a reply"),
                ("words", "a reply"),
                ("pairs", "consecutive tagged replies"),
            ],
        ),
        rows=tuple(rows),
        notes=("Small print: 95 % intervals over personas, by jackknife. Figures compare only for the same tagger and codebook.",),
    )


def _parts(of: Material) -> ChartFigure:
    rows: list[dict[str, JsonValue]] = []
    for target, r in of.repetition.items():
        for key, label in MEASURES.items():
            value = getattr(r, key)
            if value is not None:
                low, high = r.interval.get(key) or (None, None)
                place: dict[str, JsonValue] = {"target": target, "measure": label}
                rows.append({**place, "value": value, "low": low, "high": high, "pairs": r.pairs, "link": talks_link(target=target)})
    x: charts.Spec = {"field": "value", "type": "quantitative", "title": "share of overlap between a reply and the one before"}
    return ChartFigure(
        id="repetition",
        title=claims.more(
            of.compared("repertoire"),
            "Replies of {a} are more alike from person to person than those of {b}, by {by}",
            nothing="No target's replies are clearly more alike than another's",
            of="repetition",
        ),
        shows="The parts of the overlap between a reply and the one before, with 95 % intervals",
        alt="; ".join(f"{t}: repertoire {share(r.repertoire)}, carry-over {share(r.carry_over_adjusted)}" for t, r in of.repetition.items()),
        spec=charts.dots(of.targets, x=x, y="measure", order=list(MEASURES.values())),
        columns={
            "target": "target id",
            "measure": "part of the overlap",
            "value": "expected overlap, 0 to 1",
            "low": "lower end of the 95 % interval over personas",
            "high": "upper end",
            "pairs": "consecutive tagged replies",
            "link": "place of the page",
        },
        rows=tuple(rows),
    )


def _moves_claim(made: Counter[tuple[str, int, str]]) -> str:
    """The most frequent move of each target, those with the same together."""
    sums: Counter[tuple[str, str]] = Counter()
    for (target, _, move), n in made.items():
        sums[target, move] += n
    by_move: dict[str, list[str]] = {}
    for target in dict.fromkeys(t for t, _ in sums):
        move = max((m for t, m in sums if t == target), key=lambda m: sums[target, m])
        by_move.setdefault(move.replace("_", " "), []).append(target)
    told = "; ".join(f"{move} with {claims.listed(targets)}" for move, targets in by_move.items())
    return f"The most frequent move: {told}" if told else "No move was found in any reply"


def _ribbons(of: Material) -> ChartFigure:
    """By exchange counted over the whole trial, so that sessions follow each other."""
    moves = [m.id for m in of.codebook.tagged]
    made: Counter[tuple[str, int, str]] = Counter()
    replies: Counter[tuple[str, int]] = Counter()
    for trial in of.trials:
        for at, exchange in enumerate(trial.exchanges, 1):
            tags = exchange.tags.get(of.study.tagger_id)
            if isinstance(tags, Tags):
                replies[trial.target, at] += 1
                made.update((trial.target, at, m) for m in tags.moves)
    rows: list[dict[str, JsonValue]] = [
        {
            "target": target,
            "exchange": at,
            "move": move.replace("_", " "),
            "rate": made[target, at, move] / n,
            "order": order,
            "replies": n,
            "link": talks_link(target=target, move=move),
        }
        for (target, at), n in sorted(replies.items())
        for order, move in enumerate(moves)
    ]
    return ChartFigure(
        id="moves",
        title=_moves_claim(made),
        shows="Moves a reply makes, by exchange of the trial",
        alt="For each target, how many of each kind of move a reply makes, exchange by exchange over all sessions.",
        notes=("Exchanges are counted through all sessions of a trial; a ribbon that never changes its width is a habit.",),
        spec=charts.ribbons(of.targets, [m.replace("_", " ") for m in moves], x="exchange", x_title="exchange of the trial"),
        columns={
            "target": "target id",
            "exchange": "exchange, counted through all sessions",
            "move": "discourse move",
            "rate": "share of tagged replies that make it",
            "order": "the move's place in the codebook",
            "replies": "tagged replies",
            "link": "place of the page",
        },
        rows=tuple(rows),
    )


def _templates(of: Material) -> list[Table]:
    rows = [
        (
            named(target),
            named(" → ".join(s.replace("_", " ") for s in t.sequence)),
            count(t.replies),
            percentage(t.share),
        )
        for target, r in of.repetition.items()
        for t in r.templates.top[:3]
    ]
    if not rows:
        return []
    figures: list[Heading] = ["replies", ("share", "of the target's tagged replies")]
    headings = columns("target", "sentences of a reply, by their moves", figures=figures)
    note = "Sentences without a counted move are left out, equal neighbours taken as one."
    return [Table(id="templates", title="Most frequent templates", columns=headings, rows=tuple(rows), notes=(note,))]


def _people() -> str:
    told = "; ".join(f"{r.value:g} {r.unit} ({r.source}; {r.caveat})" for r in HUMAN_REFERENCES)
    return f"People, for orientation, never to be compared outright: {told}."
