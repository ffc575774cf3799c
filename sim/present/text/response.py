"""The response matrix as `sim calibrate --edits` prints it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sim.analysis.trust.response import ResponseMatrix
from sim.core.codebook import DIMENSIONS, LABELS
from sim.core.frozen import Frozen
from sim.core.shown import Shown
from sim.present.text.plain_table import ruled
from sim.present.words import NONE, OFFLINE_MARK, SHORT, many, money

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.analysis.trust.response import Figures, ResponseCell, ResponseRow
    from sim.core.codebook import Dimension
    from sim.llm.traffic.budget import Spent


MOST_MISSES = 12
"""Edits that went unnoticed, named one by one."""


class Took(Frozen):
    """What the ratings took."""

    calls: int
    tokens: int
    cost: float
    """US dollars, of the calls whose cost is known."""
    unknown_costs: int


class ResponseDocument(Shown):
    """`sim calibrate --edits --json`.

    `matrix.parts.all.edited.<edited dimension>.cells.<rated dimension>` holds n, moved, wrong_way and share; `paraphrase` and `repeat`, beside
    `edited`, are the two rows in which nothing may move; `kinds` has each kind of edit on its own; `matching`, `others`, `paraphrased` and `repeated`
    are pooled. `matrix.parts.held_out` is the same over the scenes that were not looked at while the offline rater was made, `others` over the rest.
    `matrix.misses` names each edit whose dimension did not move as declared.
    """

    rater: str
    offline: bool
    """Whether the rater is an offline model; the figures then say nothing of any real model."""
    replies: int
    lost: dict[str, str]
    """Replies (`scene/part`) without a rating for reasons outside the model, and why; they leave every n."""
    took: Took
    matrix: ResponseMatrix


def response_document(matrix: ResponseMatrix, *, rater: str, offline: bool, replies: int, lost: Mapping[str, str], spent: Spent) -> ResponseDocument:
    """The document of what a rater made of the edited replies.

    Args:
        replies: how many were rated.
        lost: replies (`scene/part`) without a rating, and why.
    """
    took = Took(calls=spent.calls, tokens=spent.tokens, cost=spent.cost, unknown_costs=spent.unknown_costs)
    return ResponseDocument(rater=rater, offline=offline, replies=replies, lost=dict(lost), took=took, matrix=matrix)


def render_response(document: ResponseDocument, *, width: int) -> RenderableType:
    """The matrix, its kinds and its misses, for a console of `width` columns."""
    parts = document.matrix.parts
    whole = parts["all"]
    text = Text.assemble(("Response matrix", "bold"), f"  rater {document.rater} · {many(whole.scenes, 'scene')} · {many(whole.personas, 'persona')}")
    if document.offline:
        text.append(f"\n{OFFLINE_MARK}", "yellow")
    shown: list[RenderableType] = [text, Text(), _matrix(whole), Text(), _key()]
    shown += [Text(), _pooled(document), Text(), _kinds(whole), Text(), _notes(document)]
    return Group(*shown)


def _matrix(figures: Figures) -> Table:
    table = _table("Share of pairs in which the rating moved by a point or more, in %", ("edited",), (*(SHORT[d] for d in DIMENSIONS), "pairs"))
    for edited, row in figures.edited.items():
        table.add_row(SHORT[edited], *_cells(row, edited), f"{row.pairs:,}", end_section=edited == DIMENSIONS[-1])
    table.add_row("paraphrase", *_cells(figures.paraphrase, None), f"{figures.paraphrase.pairs:,}")
    table.add_row("repeat", *_cells(figures.repeat, None), f"{figures.repeat.pairs:,}")
    return table


def _cells(row: ResponseRow, edited: Dimension | None) -> list[Text]:
    found: list[Text] = []
    for dimension in DIMENSIONS:
        cell = row.cells[dimension]
        short_of = "" if cell.n == row.pairs else f"/{cell.n}"
        found.append(Text(percent(cell.share) + short_of, "bold" if dimension == edited else ""))
    return found


def _key() -> Text:
    lines = [
        "rows: the one property that was changed; columns: the dimension that was rated",
        "diagonal: moved in the declared direction; elsewhere: moved either way, or began or ceased to apply",
        "paraphrase: other words, nothing else; repeat: the same reply rated again (noise); a number after / is n where it is below the row's pairs",
    ]
    return Text("\n".join(lines), "dim")


def _pooled(document: ResponseDocument) -> Table:
    names = {"all": "all scenes", "others": "not held out", "held_out": "held out"}
    table = _table("Pooled, moved of n", ("scenes",), ("matching", "wrong way", "other dimensions", "paraphrase", "repeat", "n scenes"))
    for part, figures in document.matrix.parts.items():
        table.add_row(
            names[part],
            _of(figures.matching),
            f"{figures.matching.wrong_way:,}",
            *(_of(c) for c in (figures.others, figures.paraphrased, figures.repeated)),
            f"{figures.scenes:,}",
        )
    return table


def _kinds(figures: Figures) -> Table:
    table = _table("By kind of edit, moved of n", ("kind", "must move"), ("matching", "wrong way", "other dimensions"))
    for kind, of in figures.kinds.items():
        table.add_row(kind.replace("_", " "), SHORT[of.dimension], _of(of.matching), f"{of.matching.wrong_way:,}", _of(of.others))
    return table


def _notes(document: ResponseDocument) -> Text:
    took = document.took
    unknown = f", cost unknown for {many(took.unknown_costs, 'call')}" if took.unknown_costs else ""
    lines = [f"{many(document.replies, 'reply', 'replies')} rated in {many(took.calls, 'call')}, {took.tokens:,} tokens, {money(took.cost)}{unknown}"]
    misses = document.matrix.misses
    lines += [
        f"Not noticed: {m.scene}, {m.kind.replace('_', ' ')}: {LABELS[m.dimension]} {_score(m.before)} → {_score(m.after)}, should go {m.direction}"
        for m in misses[:MOST_MISSES]
    ]
    if len(misses) > MOST_MISSES:
        lines.append(f"… and {many(len(misses) - MOST_MISSES, 'more edit')} not noticed; `--json` names all")
    if document.lost:
        first = next(iter(document.lost.items()))
        lines.append(f"Absent: {many(len(document.lost), 'rating')}, the first of {first[0]}: {first[1]}")
    return Text("\n".join(lines))


def _score(score: int | None) -> str:
    return "n.a." if score is None else str(score)


def _of(cell: ResponseCell) -> str:
    return f"{percent(cell.share)} % of {cell.n:,}" if cell.n else NONE


def percent(share: float | None) -> str:
    """A share as a whole percentage; a dash where there is none."""
    return NONE if share is None else f"{100 * share:.0f}"


def _table(title: str, names: tuple[str, ...], figures: tuple[str, ...]) -> Table:
    table = ruled(title)
    for heading in names:
        table.add_column(heading, no_wrap=True)
    for heading in figures:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
