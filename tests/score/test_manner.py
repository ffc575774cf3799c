"""How people write, counted message by message."""

from __future__ import annotations

import pytest

from sim.score.text.manner import FIGURES, PlacedMessage, count, count_vocabulary, place


def figure(name: str, text: str, *, heard: str = "How was your day?", before: str = "", first: bool = False) -> float | None:
    """What `text` adds to a figure; None where it does not concern it."""
    counted = count(PlacedMessage(text, first, heard, before))
    i = FIGURES.index(name)
    return counted.sums[i] if counted.over[i] else None


@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        ("questions", "Do you know why?", "I know why."),
        ("questions", "what should i do", "what a day that was."),
        ("greets_again", "Hello again!", "I said hello to her."),
        ("greets_again", "good morning, still me", "Morning light woke me."),
        ("greets_again", "Hey there, me again", "They all came."),
        ("thanks", "Thank you so much", "The thankless job again."),
        ("thanks", "thx", "I got the text."),
        ("politeness", "Could you look at it, please", "Look at it."),
        ("agrees", "That makes sense. So I go on Monday.", "That makes no difference."),
        ("agrees", "You’re absolutely right.", "You're right-handed? No, I wasn't."),
        ("agrees", "Thanks. I'll try that.", "I'll try the other shop."),
        ("lower_case_start", "went home early", "Went home early"),
        ("no_full_stop", "went home early", "went home early!"),
        ("no_full_stop", "went home", "went home \U0001f600"),
        ("em_dash", "Nothing — and then this.", "A well-known thing, 3-4 days."),
        ("exclamation", "No!", "No."),
        ("topic_change", "My landlord wrote again", "The day was long"),
        ("tells", "I went to the bank.", "Should I go to the bank?"),
    ],
)
def test_it_is_told_from_what_looks_like_it(name: str, yes: str, no: str) -> None:
    assert figure(name, yes), yes
    assert not figure(name, no), no


def test_curly_quotes_are_read_as_straight_ones() -> None:
    assert figure("agrees", "you’re right") == figure("agrees", "you're right") == 1
    assert figure("slips", "I don’t know") == 0


def test_slips_are_taken_of_a_hundred_words() -> None:
    counted = count(PlacedMessage("i dont knwo what to do about teh the the rent or my jobs", False))
    at = FIGURES.index("slips")
    assert (counted.sums[at], counted.over[at]) == (500, 14), "i, dont, knwo, teh, the the"
    assert figure("slips", "That had had no effect. Noooo way.") == 0


def test_what_is_told_is_volunteered_where_nothing_was_asked() -> None:
    assert figure("volunteered", "I lost my job.", heard="I see.") == 1
    assert figure("volunteered", "I lost my job.", heard="What happened?") == 0
    assert figure("volunteered", "What now?", heard="I see.") is None
    assert figure("volunteered", "I lost my job.", first=True, heard="") is None


@pytest.mark.parametrize(("text", "sign"), [("What a lovely day", 1), ("I am so tired and sad", -1), ("not good at all", -1), ("It is Tuesday.", 0)])
def test_sentiment_is_the_sign_of_pleasant_less_unpleasant_words(text: str, sign: int) -> None:
    assert figure("sentiment", text) == sign


def test_a_first_message_is_asked_neither_for_greetings_nor_for_a_topic() -> None:
    assert [figure(name, "Hello! My rent went up.", first=True) for name in ("greets_again", "agrees", "topic_change")] == [None] * 3


def test_messages_stand_after_what_was_heard_and_said_before() -> None:
    talk = list(place([("Hi", "Hello!"), ("  ", "Still there?"), ("Yes", "")]))
    assert talk == [PlacedMessage("Hi", True), PlacedMessage("Yes", False, "Still there?", "Hi")]


def test_vocabulary_is_the_share_of_different_words_in_a_window() -> None:
    assert count_vocabulary([PlacedMessage("the same " * 50, True)]) == (pytest.approx(51 * 2 / 50), 51)
    assert count_vocabulary([PlacedMessage("too short", True)]) == (0, 0)
