"""The response matrix counts what moved, by rules that are written down."""

from __future__ import annotations

import pytest

from sim.analysis.trust.response import ResponseCell, ResponseMatrix, respond
from sim.core.codebook import DIMENSIONS
from sim.core.event import NotApplicable, Quote, Rating, Score, Unscored
from sim.core.record import Ratings
from sim.core.spec.edits import Scene
from sim.score.likability.scenes import RatedReply, Staged
from tests import examples

QUOTE = Quote(text="so it does", found=True)
NA = NotApplicable(reason="No occasion.")
UNSCORED = Unscored(cause="schema", reason="Twice no JSON.")


def staged(kind: str = "register", direction: str = "down", *, name: str = "one", held_out: bool = False) -> Staged:
    scene = Scene.model_validate(
        {
            "id": name,
            "held_out": held_out,
            "situation": "At home.",
            "mood": {"feels": "even", "valence": 0},
            "message": "It rains.",
            "reply": "So it does.",
            "edits": [{"kind": kind, "direction": direction, "reply": "It does indeed."}],
            "paraphrases": ["It does."],
        }
    )
    return Staged(scene, examples.persona())


def score(points: int) -> Score:
    return Score(reason="So it is.", score=points, evidence=QUOTE)


def ratings(default: int = 4, **changed: Rating | int) -> Ratings:
    given = {d: changed.get(d, default) for d in DIMENSIONS}
    return {d: score(r) if isinstance(r, int) else r for d, r in given.items()}


def matrix(before: Ratings, after: Ratings, *, kind: str = "register", direction: str = "down") -> ResponseMatrix:
    """Of one scene, in which repeat and paraphrase are rated as the reply was."""
    parts = {"before": before, "repeat": before, kind: after, "paraphrase-1": before}
    return respond([staged(kind, direction)], {RatedReply("one", part): r for part, r in parts.items()})


def diagonal(found: ResponseMatrix) -> ResponseCell:
    return found.parts["all"].matching


def test_a_point_in_the_declared_direction_is_a_move() -> None:
    cell = diagonal(matrix(ratings(), ratings(formality_matching=3)))
    assert (cell.moved, cell.n, cell.wrong_way, cell.share) == (1, 1, 0, 1.0)


def test_a_point_against_the_declared_direction_is_counted_as_the_wrong_way() -> None:
    found = matrix(ratings(), ratings(formality_matching=5))
    assert (diagonal(found).moved, diagonal(found).wrong_way) == (0, 1)
    assert [(m.kind, m.before, m.after) for m in found.misses] == [("register", 4, 5)]


def test_an_edit_that_mends_must_go_up() -> None:
    assert diagonal(matrix(ratings(), ratings(formality_matching=5), direction="up")).moved == 1
    assert diagonal(matrix(ratings(), ratings(formality_matching=3), direction="up")).wrong_way == 1


def test_a_rating_that_stands_is_a_miss_and_is_named() -> None:
    found = matrix(ratings(), ratings())
    assert (diagonal(found).moved, diagonal(found).wrong_way) == (0, 0)
    assert [m.scene for m in found.misses] == ["one"]


@pytest.mark.parametrize("after", [3, 5])
def test_another_dimension_moves_whichever_way_it_goes(after: int) -> None:
    figures = matrix(ratings(), ratings(formality_matching=3, length_fit=after)).parts["all"]
    row = figures.edited["formality_matching"].cells
    assert {d for d in DIMENSIONS if row[d].moved} == {"formality_matching", "length_fit"}
    assert (figures.others.moved, figures.others.n) == (1, 6)


@pytest.mark.parametrize(("points", "moved", "wrong"), [(1, 1, 0), (2, 1, 0), (3, 0, 0), (4, 0, 1)])
def test_an_uninvited_attempt_is_held_against_adequate(points: int, moved: int, wrong: int) -> None:
    cell = diagonal(matrix(ratings(humor_fit=NA), ratings(humor_fit=points), kind="joke_added"))
    assert (cell.moved, cell.wrong_way, cell.n) == (moved, wrong, 1)


def test_a_rating_that_stays_inapplicable_did_not_move() -> None:
    found = matrix(ratings(humor_fit=NA), ratings(humor_fit=NA), kind="joke_added")
    assert (diagonal(found).moved, diagonal(found).n) == (0, 1)
    assert found.misses[0].before is None


@pytest.mark.parametrize(("before", "after"), [(NA, 3), (3, NA)])
def test_elsewhere_beginning_or_ceasing_to_apply_is_a_move(before: Rating | int, after: Rating | int) -> None:
    figures = matrix(ratings(callback=before), ratings(formality_matching=3, callback=after)).parts["all"]
    assert figures.edited["formality_matching"].cells["callback"].moved == 1


def test_what_is_unscored_or_absent_leaves_the_n() -> None:
    unscored = matrix(ratings(), ratings(formality_matching=UNSCORED)).parts["all"]
    assert (unscored.matching.n, unscored.matching.share, unscored.others.n) == (0, None, 6)
    absent = respond([staged()], {RatedReply("one", "before"): ratings()}).parts["all"]
    assert (absent.matching.n, absent.others.n, absent.repeated.n) == (0, 0, 0)
    assert absent.edited["formality_matching"].pairs == 1


def test_paraphrase_and_repeat_are_rows_of_their_own() -> None:
    parts = {"before": ratings(), "repeat": ratings(length_fit=2), "register": ratings(formality_matching=1), "paraphrase-1": ratings(callback=5)}
    figures = respond([staged()], {RatedReply("one", p): r for p, r in parts.items()}).parts["all"]
    assert (figures.repeat.cells["length_fit"].moved, figures.repeated.moved, figures.repeated.n) == (1, 1, 7)
    assert (figures.paraphrase.cells["callback"].moved, figures.paraphrased.moved) == (1, 1)
    assert figures.others.moved == 0


def test_held_out_scenes_are_told_apart() -> None:
    scenes = [staged(), staged(name="two", held_out=True)]
    readings = {RatedReply(s.scene.id, p): ratings() for s in scenes for p in s.scene.replies()}
    readings[RatedReply("two", "register")] = ratings(formality_matching=1)
    found = respond(scenes, readings)
    assert {part: (f.scenes, f.matching.moved) for part, f in found.parts.items()} == {"all": (2, 1), "held_out": (1, 1), "others": (1, 0)}


def test_each_kind_of_edit_has_its_own_figures() -> None:
    kinds = matrix(ratings(), ratings(length_fit=2), kind="shorter").parts["all"].kinds
    assert set(kinds) == {"shorter"}
    assert (kinds["shorter"].dimension, kinds["shorter"].matching.moved) == ("length_fit", 1)
