"""Ratings from several files in one table: what meets, and what is said where nothing does."""

from __future__ import annotations

import re

import pytest

from sim.analysis.trust.joining import Ratings, join_ratings
from sim.core.errors import InputError
from sim.core.judgement import Judgement
from sim.core.scale import Scale


def ratings(name: str, *rows: tuple[object, ...], scales: dict[str, Scale] | None = None) -> Ratings:
    """Rows of item, system, rater, dimension, score and group, which may be left out."""
    judgements = tuple(Judgement(*row) for row in rows)  # type: ignore[arg-type]
    return Ratings(name, judgements, scales or {}, tuple(range(2, 2 + len(rows))))


MODEL = ratings("model.csv", ("t1", "a", "m", "warm-tone", 3.0), ("t2", "b", "m", "warm-tone", 4.0), ("t3", "b", "m", "warm-tone", 1.0))


def test_items_meet_by_name_and_system_and_dimensions_whatever_their_spelling() -> None:
    people = ratings("people.csv", ("t1", "a", "human", "Warm tone", 2.0), ("t2", "b", "human", "Warm tone", 5.0), ("t9", "b", "human", "odd", 5.0))
    found = join_ratings([MODEL, people], on="item")
    assert {j.dimension for j in found.judgements} == {"warm-tone", "odd"}
    assert [(f.source, f.items, f.met) for f in found.files] == [("model.csv", 3, 2), ("people.csv", 3, 2)]
    assert found.notes == ()


def test_a_file_without_systems_takes_those_of_the_others() -> None:
    people = ratings("people.csv", ("t1", "", "human", "warm-tone", 2.0), ("t2", "", "human", "warm-tone", 5.0))
    found = join_ratings([people, MODEL], on="item")
    assert [(j.item, j.system) for j in found.judgements[:2]] == [("t1", "a"), ("t2", "b")]


def test_one_system_for_what_the_others_tell_apart_takes_theirs_and_it_is_said() -> None:
    log = ratings("log.csv", ("t1", "talks", "m", "d", 2.0), ("t2", "talks", "m", "d", 5.0))
    people = ratings("people.csv", ("t1", "a", "human", "d", 2.0), ("t2", "b", "human", "d", 5.0))
    found = join_ratings([log, people], on="item")
    assert {j.system for j in found.judgements} == {"a", "b"}
    assert found.notes == ("log.csv has all items under 'talks': they are taken under the systems that the others have for them",)


def test_replies_meet_whole_talks_on_talks_and_groups_are_shared() -> None:
    replies = ratings("m.csv", ("t1/1", "a", "m", "d", 2.0, "t1"), ("t1/2", "a", "m", "d", 5.0, "t1"))
    whole = ratings("p.csv", ("t1", "a", "human", "d", 3.0))
    assert [(f.items, f.met) for f in join_ratings([replies, whole], on="talk").files] == [(1, 1), (1, 1)]
    same = ratings("p.csv", ("t1/1", "a", "human", "d", 3.0))
    assert [j.group for j in join_ratings([same, replies], on="item").judgements] == ["t1", "t1", "t1"]


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([("x", "a", "h", "warm-tone", 2.0)], "model.csv: no item of it is in people.csv: such as 't1' · 'x'; an item is called as the log calls"),
        ([("t1/1", "a", "h", "warm-tone", 2.0, "t1")], "model.csv: no item of it is in people.csv: one rates replies, the other whole talks"),
        ([("t1", "a", "h", "cold", 2.0)], "model.csv: its items are in people.csv, and no dimension is: warm-tone · cold"),
        ([("t1", "x", "h", "warm-tone", 2.0), ("t2", "y", "h", "warm-tone", 2.0)], "under other systems: a, b · x, y; call the systems alike"),
        ([("t1", "a", "m", "warm-tone", 2.0)], "people.csv:2: 'm' rates 't1' on warm-tone a second time, first at model.csv:2; keep one"),
    ],
)
def test_why_nothing_meets_is_said_in_one_line(others: list[tuple[object, ...]], said: str) -> None:
    with pytest.raises(InputError) as caught:
        join_ratings([MODEL, ratings("people.csv", *others)], on="item")
    assert said in str(caught.value)


def test_an_item_of_two_systems_is_not_guessed_and_two_groups_are_refused() -> None:
    two = ratings("model.csv", ("t1", "a", "m", "d", 3.0), ("t1", "b", "m", "d", 4.0))
    with pytest.raises(InputError, match=re.escape("people.csv:2: 't1' is rated under several systems elsewhere (a, b)")):
        join_ratings([two, ratings("people.csv", ("t1", "", "h", "d", 2.0))], on="item")
    one = ratings("model.csv", ("t1/1", "a", "m", "d", 3.0, "t1"))
    with pytest.raises(InputError, match=re.escape("people.csv:2: 't1/1' is in the group 't2' here, and in 't1' at model.csv:2")):
        join_ratings([one, ratings("people.csv", ("t1/1", "a", "h", "d", 2.0, "t2"))], on="item")


def test_a_dimension_has_one_scale_and_every_score_is_on_it() -> None:
    six, five = {"warm-tone": Scale(low=0, high=6)}, {"Warm Tone": Scale(low=1, high=5)}
    rows = ("t1", "a", "h", "Warm Tone", 0.0)
    model = Ratings(MODEL.name, MODEL.judgements, six, MODEL.lines)
    assert join_ratings([model, ratings("people.csv", rows)], on="item").scales == six
    with pytest.raises(InputError, match=re.escape("people.csv: warm-tone is on the scale 1-5 here, and on 0-6 in model.csv")):
        join_ratings([model, ratings("people.csv", rows, scales=five)], on="item")
    with pytest.raises(InputError, match=re.escape("people.csv:2: score 9 on warm-tone is not on its scale 0-6, which model.csv declares")):
        join_ratings([model, ratings("people.csv", (*rows[:4], 9.0))], on="item")
