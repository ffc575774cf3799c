"""Both nulls and the intervals at their edges: what cannot be permuted has no p, and the same seed gives the same draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sim.analysis.figures.repetition import RepetitionReport, report_repetition
from sim.core.codebook import Codebook, MoveDefinition
from sim.core.moves import MarkedReply, MarkedTalk
from sim.score.repetition.marks import Marks
from sim.score.repetition.shuffles import _permuted, conversation_null, order_null

Talk = Sequence[frozenset[str] | None]
A, B, C, AB, NOTHING = frozenset("a"), frozenset("b"), frozenset("c"), frozenset("ab"), frozenset[str]()


def marks_of(talks: Sequence[Talk], codes: str = "abcd") -> Marks:
    marks = Marks(Codebook(id="test", source="made up", moves=tuple(MoveDefinition(id=c, definition="Made up.") for c in codes)))
    for i, talk in enumerate(talks):
        marks.add(MarkedTalk(str(i), tuple(MarkedReply(s, words=1) for s in talk)))
    return marks


def report(talks: Sequence[Talk], *, seed: int = 0, permutations: int = 99) -> RepetitionReport:
    return report_repetition(marks_of(talks), tagger="t", codebook="test", seed=seed, permutations=permutations)


def test_one_conversation_has_an_order_null_alone() -> None:
    found = report([[A, B, A, AB, A, A]])
    assert found.null.order.p is not None
    assert (found.null.conversation.p, found.repertoire, found.conversation_fit) == (None, None, None)
    assert set(found.interval.values()) == {None}
    assert any("no place is reached by 5" in note for note in found.notes)


@pytest.mark.parametrize("talk", [[A], [NOTHING], [None], [None, None]])
def test_one_reply_or_none_with_tags_is_measured_as_far_as_it_goes(talk: Talk) -> None:
    found = report([talk])
    assert (found.pairs, found.jaccard, found.null.order.p, found.carry_over) == (0, None, None, None)
    assert any("no pairs" in note for note in found.notes)


def test_replies_that_all_do_nothing_have_pairs_and_no_figures_of_overlap() -> None:
    found = report([[NOTHING] * 4] * 8)
    assert (found.pairs, found.moves_per_reply) == (24, 0)
    assert (found.jaccard, found.stickiness, found.pooled, found.within, found.repertoire) == (None,) * 5
    assert (found.null.order.p, found.null.conversation.p) == (None, None)
    assert found.notes == ("no reply makes a move of the codebook, so that nothing can be alike",)


def test_a_move_that_nobody_makes_is_listed_and_moves_no_figure() -> None:
    talks = [[A, AB, B, A], [B, AB, A, A], [A, A, B, B], [AB, A, A, B], [B, B, A, AB]]
    with_it, without = (report_repetition(marks_of(talks, codes), tagger="t", codebook="test", permutations=9) for codes in ("abz", "ab"))
    assert (with_it.per_move["z"].rate, with_it.per_move["z"].again, with_it.per_move["z"].n) == (0, None, 0)
    assert with_it.stickiness == without.stickiness
    # What is beyond size depends on how many moves there are to choose from.
    beyond = {"repertoire_beyond_size": None}
    assert with_it.interval | beyond == without.interval | beyond


def test_positions_with_fewer_than_five_conversations_keep_their_replies() -> None:
    talks = [[A, B]] * 4 + [[A, B, C]]
    assert report(talks).null.conversation.p == 1.0, "positions 1 and 2 hold five conversations that do the same; position 3 has one"
    assert report(talks[:4]).null.conversation.p is None


def test_ten_thousand_conversations_of_two_replies_have_no_order_and_a_conversation_null() -> None:
    rng = np.random.default_rng(0)
    talks = [[(A, B, C, AB)[i], (A, B, C, AB)[j]] for i, j in rng.integers(0, 4, (10_000, 2)).tolist()]
    found = report(talks)
    assert (found.pairs, found.within, found.carry_over, found.null.order.p) == (10_000, None, None, None)
    assert found.null.conversation.p is not None
    assert found.jaccard == pytest.approx(found.repertoire, abs=0.02)


SETS = st.frozensets(st.sampled_from("abcd"))
TALKS = st.lists(st.lists(st.none() | SETS, max_size=7), max_size=8)


@given(TALKS, st.integers(0, 3))
def test_the_same_seed_gives_the_same_document_whatever_the_order_of_talks(talks: list[Talk], seed: int) -> None:
    assert report(talks, seed=seed, permutations=9) == report(talks[::-1], seed=seed, permutations=9)


def test_another_seed_gives_other_draws() -> None:
    talks = [[A, AB, B, C], [B, NOTHING, A, A], [A, A, C, B, AB], [AB, A, C, B], [B, B, A, AB]]
    assert len({report(talks, seed=seed).null.order.mean for seed in range(4)}) > 1


@given(TALKS)
@example([[A, AB, B, C]] * 5)
def test_p_and_what_is_drawn_lie_in_their_bounds(talks: list[Talk]) -> None:
    columns = marks_of(talks).columns()
    for null in (order_null(columns, permutations=19, seed=1), conversation_null(columns, permutations=19, seed=1)):
        if null is not None:
            assert 1 / 20 <= null.p <= 1
            assert ((null.values >= 0) & (null.values <= 1 + 1e-12)).all()


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.integers(0, 5))
def test_replies_are_put_in_another_order_within_their_group_and_leave_it_never(lengths: list[int], seed: int) -> None:
    group = np.repeat(np.arange(len(lengths)), lengths)
    sets = np.arange(len(group), dtype=np.uint16)
    (dealt,) = _permuted(sets, group, 5, seed=(seed, 0))
    for row in dealt:
        assert (group[row] == group).all()
        assert Counter(row.tolist()) == Counter(sets.tolist())


def test_every_order_of_three_comes_about_equally_often() -> None:
    (dealt,) = _permuted(np.arange(3, dtype=np.uint16), np.zeros(3, dtype=np.int64), 6_000, seed=(0, 0))
    times = Counter(map(tuple, dealt.tolist()))
    assert len(times) == 6
    assert all(850 < n < 1_150 for n in times.values())
