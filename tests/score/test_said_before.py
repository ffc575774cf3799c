"""Verbatim repetition: cases written before the code was tuned, and what must hold of any talks."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.score.said_before import SaidBefore, SaidSoFar, repeats, unlike

LONG = "I am sorry that the move was so hard on you; it gets easier once the boxes are gone."
ALIKE = [
    ("The branch opens at nine and closes at five on weekdays.", "The branch opens at nine and closes at six on weekdays."),
    (f"{LONG} Take care, Davi.", f"{LONG} Take care, Ronja."),
    ("Let me know if there is anything else I can help you with today!", "Let me know if there is anything else I can help you with today."),
    ("Your card has been blocked, and a new one is on its way to you.", "Your card has been blocked and a new one is on its way to you"),
    ("It’s well known that rest helps — and so does talking to a friend.", "It's well known that rest helps, and so does talking to a friend."),
    ("1. Restart the router. 2. Wait a minute. 3. Try again.", "1. Restart the router. 2. Wait two minutes. 3. Try again."),
    ("I don't have access to your account, so I can't look that up.", "I do not have access to your account, so I can't look that up."),
    ("That sounds really difficult. Would you like to talk about it?", "That sounds really difficult! Would you like to talk about that?"),
    ("Bonjour, je suis là pour vous aider avec votre carte ce matin.", "Bonjour, je suis là pour vous aider avec vos cartes ce matin."),
    ("お問い合わせありがとうございます。担当者に確認いたします。", "お問い合わせありがとうございます。担当者に確認します。"),
]
UNLIKE = [
    ("The branch opens at nine and closes at five on weekdays.", "The branch is shut on Sundays, but the machine outside works."),
    ("I hear you. That must have hurt.", "I hear you. What happened then?"),
    ("Take two tablets in the morning, with water.", "Take a walk in the morning, without your phone."),
    ("You told me that Hoani walked at ten months.", "You have never told me anything about Hoani."),
    ("Yes.", "No."),
    ("It was refused at the till, so the card is blocked.", "It was bought at the mill, so the cart is stocked and ready."),
    (LONG, LONG.split(";")[0]),
    ("Good luck with the interview on Monday, you are well prepared.", "Good luck with the exam; sleep well and eat something first."),
    ("I am an AI and cannot call anybody for you.", "I am glad that you called somebody for help."),
    ("お問い合わせありがとうございます。", "申し訳ございませんが、分かりかねます。"),
]


def figures(*talks: tuple[str, list[str]]) -> SaidBefore:
    said = SaidSoFar()
    for user, replies in talks:
        said.add(user, replies)
    return said.figures()


@pytest.mark.parametrize(("a", "b"), ALIKE)
def test_nearly_the_same_words_are_found(a: str, b: str) -> None:
    found = figures(("u", ["Well, let us begin then.", a]), ("v", ["What shall we look at today?", b]))
    assert (found.anybody, found.nearly) == (0.0, 0.25)


@pytest.mark.parametrize(("a", "b"), UNLIKE)
def test_other_words_are_not(a: str, b: str) -> None:
    found = figures(("u", ["Well, let us begin then.", a]), ("v", ["What shall we look at today?", b]))
    assert (found.anybody, found.nearly) == (0.0, 0.0)


def test_a_bot_that_says_ok_for_ever_has_said_it_before() -> None:
    found = figures(*((f"u{i}", ["OK."] * 6) for i in range(4)))
    assert found.n == 20
    assert found.greetings == 4
    assert found.same_user == pytest.approx(16 / 20)
    assert found.anybody == found.nearly == pytest.approx(19 / 20)


def test_curly_quotes_case_and_spaces_make_no_other_reply() -> None:
    found = figures(("u", [LONG, "It’s  late.", "it's late."]))
    assert found.same_user == pytest.approx(1 / 3)


def test_the_same_user_is_told_apart_from_anybody() -> None:
    found = figures(("u", [LONG]), ("v", [LONG]))
    assert (found.same_user, found.anybody) == (0.0, 0.5)


def test_a_greeting_is_apart_only_where_it_opens_a_talk() -> None:
    found = figures(("u", ["Hi there!", "Hi there!"]), ("v", ["Hi there!", "Hi there!"]))
    assert (found.greetings, found.n, found.anybody) == (2, 2, 0.5)


def test_of_nothing_there_is_no_share() -> None:
    assert figures(("u", ["Hello."])) == SaidBefore(n=0, greetings=1, same_user=None, anybody=None, nearly=None)


TALKS = st.lists(
    st.tuples(st.sampled_from("uvw"), st.lists(st.sampled_from(["OK.", "Hi!", LONG, LONG + " Bye.", "a b c d"]), max_size=5)), max_size=6
)


@given(TALKS, st.randoms())
def test_the_order_of_talks_changes_nothing(talks: list[tuple[str, list[str]]], draw: random.Random) -> None:
    mixed = talks[:]
    draw.shuffle(mixed)
    assert figures(*mixed) == figures(*talks)


@given(TALKS)
def test_shares_grow_from_word_for_word_to_nearly_and_marks_add_up(talks: list[tuple[str, list[str]]]) -> None:
    found = figures(*talks)
    marks = [m for talk in repeats(talks) for m in talk]
    assert marks.count(None) == found.greetings
    if found.n:
        assert found.same_user is not None
        assert found.anybody is not None
        assert found.nearly is not None
        assert 0 <= found.same_user <= found.anybody <= found.nearly < 1
        assert marks.count(True) / found.n == pytest.approx(found.anybody)


def test_a_near_repeat_is_found_among_thousands_of_other_texts() -> None:
    draw = random.Random(3)
    words = [f"word{i}" for i in range(3000)]
    texts = [" ".join(draw.choices(words, k=40)) for _ in range(3000)]
    variants = [f"{text} indeed" for text in texts[:200]]
    assert unlike([*texts, *variants]) == len(texts)
