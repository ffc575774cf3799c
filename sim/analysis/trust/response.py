"""The response matrix: what a rater can tell apart (guide/methods.md#response-matrix).

Rows are edited dimensions, columns rated ones. On the diagonal a pair counts as moved when the rating went in the declared direction by at least one
point; elsewhere, and in the rows of paraphrases and repeats, when it went either way by at least one point.

Not applicable, by rule. Occasion is fixed from the user's side and is the same before and after, so a dimension can only become applicable, or cease
to be, where there is no occasion and the reply attempts it uninvited. On the diagonal the absent rating counts as 3 (adequate: nothing was asked and
nothing was lacking), so an uninvited joke that is rated 2 has moved down by one. Elsewhere the change itself counts as a move, because the dimension
enters or leaves the means. A pair with an unscored or absent rating leaves the cell's n.

Pairs of one scene share the reply they start from; `scenes` and `personas` say how many independent ones there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sim.core.codebook import DIMENSIONS, Dimension
from sim.core.event import NotApplicable, Rating, Score
from sim.core.frozen import Frozen
from sim.core.spec.edits import Direction, EditKind
from sim.score.likability.scenes import RatedReply

if TYPE_CHECKING:
    from sim.core.record import Ratings
    from sim.score.likability.scenes import Readings, Staged

ADEQUATE = 3
"""What a rating that does not apply counts as on the diagonal."""

Part = Literal["all", "held_out", "others"]


class ResponseCell(Frozen):
    """How often a rating moved."""

    n: int
    """Pairs with a rating or "not applicable" on both sides."""
    moved: int
    """On the diagonal: in the declared direction by at least one point. Elsewhere: either way."""
    wrong_way: int
    """On the diagonal: against the declared direction by at least one point. Elsewhere 0."""
    share: float | None
    """`moved` / `n`. None: no pair."""


class ResponseRow(Frozen):
    """One kind of change, and how each dimension answered."""

    pairs: int
    cells: dict[Dimension, ResponseCell]


class KindFigures(Frozen):
    """One kind of edit on its own diagonal."""

    dimension: Dimension
    matching: ResponseCell
    others: ResponseCell
    """Over the six other dimensions."""


class Figures(Frozen):
    """A response matrix."""

    scenes: int
    personas: int
    edited: dict[Dimension, ResponseRow]
    """By the dimension that was edited."""
    paraphrase: ResponseRow
    """No-op: other words, nothing else."""
    repeat: ResponseRow
    """The same reply rated again: noise."""
    kinds: dict[EditKind, KindFigures]
    matching: ResponseCell
    """The diagonal, pooled."""
    others: ResponseCell
    """All other cells of edits, pooled."""
    paraphrased: ResponseCell
    """The paraphrase row, pooled."""
    repeated: ResponseCell
    """The repeat row, pooled."""


class Miss(Frozen):
    """An edit whose matching dimension did not move as declared."""

    scene: str
    kind: EditKind
    dimension: Dimension
    direction: Direction
    before: int | None
    """None: not applicable."""
    after: int | None


class ResponseMatrix(Frozen):
    """`sim calibrate --edits --json`, as far as it is computed from ratings."""

    parts: dict[Part, Figures]
    """`all`; `held_out`, the scenes that were not looked at while the offline rater was made; and `others`."""
    misses: tuple[Miss, ...]


def respond(scenes: Sequence[Staged], readings: Readings) -> ResponseMatrix:
    """The response matrix of the rater that gave `readings`."""
    pairs = [p for staged in scenes for p in _pairs(staged, readings)]
    by_part: dict[Part, Sequence[Staged]] = {
        "all": scenes,
        "held_out": [s for s in scenes if s.scene.held_out],
        "others": [s for s in scenes if not s.scene.held_out],
    }
    return ResponseMatrix(parts={name: _figures(of, pairs) for name, of in by_part.items()}, misses=tuple(_misses(pairs)))


# --- pairs --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pair:
    """A reply and what became of it, both rated."""

    scene: str
    change: EditKind | Literal["paraphrase", "repeat"]
    edited: Dimension | None
    direction: Direction | None
    before: Ratings
    after: Ratings

    def moves(self, dimension: Dimension) -> int | None:
        """1: moved (on the diagonal as declared), -1: moved against the declared direction, 0: stood. None: not comparable."""
        before, after = self.before.get(dimension), self.after.get(dimension)
        if not _comparable(before) or not _comparable(after):
            return None
        if dimension == self.edited:
            change = (_points(after) - _points(before)) * (1 if self.direction == "up" else -1)
            return (change >= 1) - (change <= -1)
        if isinstance(before, Score) != isinstance(after, Score):
            return 1
        return int(abs(_points(after) - _points(before)) >= 1)


def _comparable(rating: Rating | None) -> bool:
    return isinstance(rating, Score | NotApplicable)


def _points(rating: Rating | None) -> int:
    return rating.score if isinstance(rating, Score) else ADEQUATE


def _pairs(staged: Staged, readings: Readings) -> Iterable[_Pair]:
    scene = staged.scene
    edits = {e.kind: e for e in scene.edits}
    before: Mapping[str, Rating] = readings.get(RatedReply(scene.id, "before"), {})
    for part in scene.replies():
        if part == "before":
            continue
        after = readings.get(RatedReply(scene.id, part), {})
        edit = next((e for kind, e in edits.items() if kind == part), None)
        if edit:
            yield _Pair(scene.id, edit.kind, edit.dimension, edit.direction, before, after)
        else:
            yield _Pair(scene.id, "repeat" if part == "repeat" else "paraphrase", None, None, before, after)


# --- figures ------------------------------------------------------------------------------------------------------


def _figures(scenes: Sequence[Staged], pairs: Sequence[_Pair]) -> Figures:
    ids = {s.scene.id for s in scenes}
    mine = [p for p in pairs if p.scene in ids]
    edits = [p for p in mine if p.edited]
    rephrased, repeated = ([p for p in mine if p.change == change] for change in ("paraphrase", "repeat"))
    kinds = dict.fromkeys(e.kind for s in scenes for e in s.scene.edits)
    return Figures(
        scenes=len(ids),
        personas=len({s.persona.id for s in scenes}),
        edited={d: _row([p for p in edits if p.edited == d]) for d in DIMENSIONS},
        paraphrase=_row(rephrased),
        repeat=_row(repeated),
        kinds={k: _kind([p for p in edits if p.change == k]) for k in sorted(kinds)},
        matching=_matching(edits),
        others=_others(edits),
        paraphrased=_others(rephrased),
        repeated=_others(repeated),
    )


def _row(pairs: Sequence[_Pair]) -> ResponseRow:
    return ResponseRow(pairs=len(pairs), cells={d: _cell(p.moves(d) for p in pairs) for d in DIMENSIONS})


def _kind(pairs: Sequence[_Pair]) -> KindFigures:
    dimension = pairs[0].edited
    assert dimension is not None
    return KindFigures(dimension=dimension, matching=_matching(pairs), others=_others(pairs))


def _matching(pairs: Sequence[_Pair]) -> ResponseCell:
    return _cell(p.moves(p.edited) for p in pairs if p.edited)


def _others(pairs: Sequence[_Pair]) -> ResponseCell:
    return _cell(p.moves(d) for p in pairs for d in DIMENSIONS if d != p.edited)


def _cell(moves: Iterable[int | None]) -> ResponseCell:
    known = [m for m in moves if m is not None]
    moved = sum(m > 0 for m in known)
    return ResponseCell(n=len(known), moved=moved, wrong_way=sum(m < 0 for m in known), share=moved / len(known) if known else None)


def _misses(pairs: Sequence[_Pair]) -> Iterable[Miss]:
    for pair in pairs:
        if pair.edited and pair.direction and pair.change not in ("paraphrase", "repeat") and pair.moves(pair.edited) in (0, -1):
            before, after = pair.before[pair.edited], pair.after[pair.edited]
            yield Miss(
                scene=pair.scene,
                kind=pair.change,
                dimension=pair.edited,
                direction=pair.direction,
                before=before.score if isinstance(before, Score) else None,
                after=after.score if isinstance(after, Score) else None,
            )
