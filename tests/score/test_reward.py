"""The reward on constructed cases: what ought to win does, and what games it loses."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.score.reward import Moves, reward_novelty
from sim.store.library import load_codebook

BOOK = load_codebook()
ALL = sorted(BOOK.counted)
BEFORE: list[Moves] = [["validation", "advice"], ["validation", "questioning"]]
TEXT = "Well, that is something."


def total(moves: Moves, *, text: str = TEXT, quality: float = 0.0, before: list[Moves] = BEFORE) -> float:
    return reward_novelty([text], [moves], [before], [quality], codebook=BOOK).total[0]


def test_what_was_not_done_before_wins_over_what_was_just_done() -> None:
    assert total(["self_disclosure", "reappraisal"]) > total(["validation", "advice"]) > total(["validation", "questioning"])


PLAIN = st.lists(st.sampled_from(ALL), min_size=1, max_size=4, unique=True)
HISTORIES = st.lists(PLAIN, min_size=1, max_size=20)


@given(HISTORIES, st.lists(st.sampled_from(ALL), min_size=7, unique=True))
def test_many_moves_at_once_lose_to_saying_the_last_reply_again(before: list[list[str]], crammed: list[str]) -> None:
    assert total(crammed, before=[*before]) < total(before[-1], before=[*before])


@given(HISTORIES, PLAIN)
def test_a_reply_without_a_move_or_without_tags_is_never_new(before: list[list[str]], again: list[str]) -> None:
    assert total([], before=[*before]) == total(None, before=[*before]) == 0 <= total(again, before=[*before])


@given(HISTORIES, st.lists(st.sampled_from(ALL), unique=True))
def test_nothing_new_outweighs_quality(before: list[list[str]], moves: list[str]) -> None:
    assert total(moves, before=[*before]) < total(before[-1], quality=1.0, before=[*before])


def test_a_policy_that_crams_loses_over_a_whole_talk_to_one_that_varies() -> None:
    """Entropy as reward ends at 8.6 to 8.8 moves a reply (MINT)."""
    crams: list[list[str]] = [[m for m in ALL if m != ALL[t % 10]][: 8 + (t % 3 > 0)] for t in range(8)]
    varies = [[ALL[(2 * t) % 10], ALL[(2 * t + 1) % 10]] for t in range(8)]
    repeats = [["validation", "advice"]] * 8
    earned = [sum(total(talk[t], before=[*talk[:t]]) for t in range(8)) for talk in (crams, repeats, varies)]
    assert len(list(chain.from_iterable(crams))) / 8 > 8.5
    assert earned == sorted(earned)


def test_a_reply_without_end_does_not_win() -> None:
    assert total(["reappraisal"], text="word " * 400) < total(["validation", "questioning"])
    assert total(["reappraisal"], text="这" * 400) < total(["reappraisal"])


def test_quality_is_the_callers_and_counts() -> None:
    assert total(["reappraisal"], quality=1.0) == pytest.approx(total(["reappraisal"]) + 1)


def test_columns_are_the_terms_of_the_total_a_value_a_completion() -> None:
    moves: list[Moves] = [["questioning"], ALL, None]
    found = reward_novelty(["Hello.", "word " * 130, ""], moves, [[], BEFORE, BEFORE], [0.5, 0.25, 0.0], codebook=BOOK)
    assert (found.novelty_last[0], found.novelty_history[0], found.total[0]) == (0.0, 0.0, 0.5), "a first reply is neither new nor old"
    assert (found.quality, found.cramming, found.length) == ([0.5, 0.25, 0.0], [0, 6, 0], [0, 10, 0])
    assert found.total[1] == pytest.approx(0.25 + 0.2 * found.novelty_last[1] + 0.15 * found.novelty_history[1] - 0.5 * 6 - 0.01 * 10)


def test_replies_without_tags_are_no_part_of_a_history() -> None:
    assert total(["advice"], before=[["advice"], None]) == total(["advice"], before=[["advice"], []])
    assert total(["advice"], before=[None, []]) == 0


def test_moves_beside_the_codebook_win_nothing() -> None:
    assert total(["reappraisal", "closing_offer"]) == total(["reappraisal"])


@pytest.mark.parametrize(("texts", "quality"), [(["a", "b"], [0.0]), (["a"], [float("nan")])])
def test_columns_of_different_length_and_qualities_that_are_no_number_are_refused(texts: list[str], quality: list[float]) -> None:
    with pytest.raises(ValueError, match=r"argument|quality of completion 0"):
        reward_novelty(texts, [["advice"]], [[]], quality, codebook=BOOK)
