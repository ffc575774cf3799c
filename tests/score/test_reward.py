"""The reward on constructed cases: what ought to win does."""

from __future__ import annotations

import pytest

from sim.score.reward import reward_novelty
from sim.store.library import load_codebook

BOOK = load_codebook()
BEFORE = [["validation", "advice"], ["validation", "questioning"]]


def total(moves: list[str], *, text: str = "Well, that is something.", quality: float = 0.0) -> float:
    return reward_novelty([text], [moves], [BEFORE], [quality], codebook=BOOK).total[0]


def test_what_was_not_done_before_wins_over_what_was_just_done() -> None:
    assert total(["self_disclosure", "reappraisal"]) > total(["validation", "questioning"])


def test_a_reply_that_does_everything_does_not_win() -> None:
    assert total([m.id for m in BOOK.moves]) < total(["self_disclosure", "reappraisal"])


def test_a_reply_without_end_does_not_win() -> None:
    assert total(["reappraisal"], text="word " * 400) < total(["reappraisal"])


def test_quality_is_the_callers_and_counts() -> None:
    assert total(["reappraisal"], quality=1.0) == pytest.approx(total(["reappraisal"]) + 1)


def test_a_first_reply_is_neither_new_nor_old() -> None:
    found = reward_novelty(["Hello."], [["questioning"]], [[]], [0.5], codebook=BOOK)
    assert (found.novelty_last, found.novelty_history, found.total) == ([0.0], [0.0], [0.5])


def test_moves_beside_the_codebook_win_nothing() -> None:
    assert total(["reappraisal", "closing_offer"]) == total(["reappraisal"])


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="argument"):
        reward_novelty(["a", "b"], [["advice"]], [[]], [0.0], codebook=BOOK)
