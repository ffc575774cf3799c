"""Which replies were said before: word for word to the same person, to anybody, or nearly; whatever the order in which they come."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from sim.score.repetition import said_before
from sim.score.repetition.said_before import NEAR, Said, Sayings, count_repeats, near_repeats

LONG = "You have got through harder weeks than this one, and you will get through it."


def said(*replies: tuple[str, str]) -> list[Said]:
    """What each of (person, text) is."""
    sayings = Sayings()
    for place, (person, text) in enumerate(replies):
        sayings.add(text, person=person, place=(place,), opening=all(person != before for before, _ in replies[:place]))
    return sayings.found()


def test_the_first_is_new_and_what_follows_says_whom_it_repeats() -> None:
    assert said(("ann", LONG), ("ann", LONG), ("ben", LONG)) == ["new", "same_user", "anybody"]


def test_case_quotes_and_spaces_make_no_other_reply() -> None:
    assert said(("ann", "I’m  sorry to hear that."), ("ann", "i'm sorry to\nhear that.")) == ["new", "same_user"]


def test_greetings_of_under_four_words_are_left_out_and_counted() -> None:
    found = said(("ann", "Good morning, Ann!"), ("ann", LONG), ("ben", "Good morning, Ann!"), ("ben", "Good morning, Ann!"))
    assert found == ["short", "new", "short", "new"]
    counts = count_repeats(found)
    assert (counts.replies, counts.short, counts.same_user, counts.anybody) == (2, 2, 0, 0)


def test_a_bot_that_answers_ok_to_everything_has_said_it_before() -> None:
    counts = count_repeats(said(*((f"p{i % 4}", "OK.") for i in range(24))))
    assert (counts.replies, counts.short, counts.same_user, counts.anybody) == (20, 4, 16, 19)


def test_one_sentence_in_nearly_every_reply_is_counted_whole() -> None:
    """The bot that carry-over says .02 of."""
    replies = [(f"p{i % 12}", LONG if i % 5 else f"On day {i} something else altogether happened to me.") for i in range(216)]
    counts = count_repeats(said(*replies))
    same = sum(1 for _, text in replies if text == LONG)
    assert (counts.replies, counts.anybody, counts.same_user) == (216, same - 1, same - 12)


def test_a_reply_with_a_word_changed_is_nearly_the_same() -> None:
    other = LONG.replace("harder", "longer")
    assert said(("ann", LONG), ("ben", other), ("cem", "Tell me what the doctor said to you today, word for word.")) == ["new", "nearly", "new"]


def test_scripts_without_spaces_are_compared_too() -> None:
    assert said(("ann", "今日は一日お疲れさまでしたね。"), ("ben", "今日は一日お疲れさまでしたよ。")) == ["new", "nearly"]


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from([LONG, LONG.upper(), LONG.replace("harder", "longer"), "OK.", "So it goes, my friend."]))
    )
)
def test_no_order_of_coming_changes_what_is_found(replies: list[tuple[str, str]]) -> None:
    placed = [(person, text, i) for i, (person, text) in enumerate(replies)]
    forward, shuffled = Sayings(), Sayings()
    order = list(placed)
    random.Random(len(replies)).shuffle(order)
    for sayings, some in ((forward, placed), (shuffled, order)):
        for person, text, i in some:
            sayings.add(text, person=person, place=(i,), opening=i == 0)
    by_place = {i: found for (_, _, i), found in zip(order, shuffled.found(), strict=True)}
    assert [by_place[i] for _, _, i in placed] == forward.found()


def brute(texts: Sequence[str]) -> list[int]:
    return [i for i, a in enumerate(texts) if any(fuzz.ratio(a, b) >= NEAR for b in texts[:i])]


def test_near_ones_are_those_that_comparing_all_with_all_finds() -> None:
    rng = random.Random(7)
    words = [f"word{i}" for i in range(400)]
    texts = [" ".join(rng.choices(words, k=rng.randint(5, 40))) for _ in range(150)]
    for text in list(texts)[::3]:
        changed = text.split()
        for _ in range(max(1, len(changed) // 14)):
            changed[rng.randrange(len(changed))] = rng.choice(words)
        texts.append(" ".join(changed))
    texts = list(dict.fromkeys(texts))
    assert len(brute(texts)) > 30
    assert near_repeats(texts) == brute(texts)


def test_beyond_so_many_different_replies_nobody_looks_for_near_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(said_before, "MOST", 2)
    sayings = Sayings()
    for i, text in enumerate((LONG, LONG.replace("harder", "longer"), "Quite another thing to say here.", LONG)):
        sayings.add(text, person="ann", place=(i,), opening=i == 0)
    assert not sayings.looks
    assert sayings.found() == ["new", "new", "new", "same_user"]
    assert count_repeats(sayings.found(), looked=sayings.looks).nearly is None


@pytest.mark.parametrize("replies", [[], [("ann", "OK.")]])
def test_nothing_to_count_is_no_repeat(replies: list[tuple[str, str]]) -> None:
    assert count_repeats(said(*replies)).replies == 0
