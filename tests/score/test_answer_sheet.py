"""Answers to a questionnaire are read strictly: every reply that is no one answer is unscored, and a refusal is told apart from it."""

from __future__ import annotations

import pytest

from sim.core.event import Choice, Unscored
from sim.core.questionnaire import QuestionnaireSheet
from sim.core.spec.questionnaire import Questionnaire
from sim.score.answer_sheet import read_sheet
from sim.store.questionnaires import ipip

FORM = ipip()
YES_NO = Questionnaire.model_validate(
    {
        "id": "yn",
        "title": "t",
        "source": "own",
        "asks": ["Is it so?"],
        "options": ["not at all", "a little", "a little more"],
        "items": [{"id": "a", "text": "I am here.", "scale": "s"}],
    }
)


def sheet(n: int = 1, *, descending: bool = False, form: Questionnaire = FORM) -> QuestionnaireSheet:
    return QuestionnaireSheet(form, form.items[:n], descending, 0, None, "x:y#1")


def alone(reply: str, *, descending: bool = False, form: Questionnaire = FORM) -> int | str:
    (answer,) = read_sheet(sheet(descending=descending, form=form), reply).values()
    return answer.option if isinstance(answer, Choice) else answer.cause


@pytest.mark.parametrize(
    ("reply", "option"),
    [
        ("B", 2),
        ("b", 2),
        (" B. ", 2),
        ("(B)", 2),
        ("[B]", 2),
        ("**B**", 2),
        ("B)", 2),
        ("B.", 2),
        ("Option B", 2),
        ("Answer: B", 2),
        ("My answer is B.", 2),
        ("Final answer: **B**", 2),
        ("I'd say B", 2),
        ("Sure! B", 2),
        ("B. moderately inaccurate", 2),
        ("B) Moderately inaccurate.", 2),
        ("B: moderately inaccurate", 2),
        ("B - moderately inaccurate", 2),
        ("moderately inaccurate", 2),
        ("Moderately Inaccurate!", 2),
        ("“Moderately inaccurate”", 2),
        ("I would say: very accurate", 5),
        ("B\n\nI do worry now and then, like anybody.", 2),
        ("As an AI I have no worries of my own.\n\nA", 1),
        ("Very accurate\n\nVery accurate, I am afraid.", 5),
    ],
)
def test_an_answer_is_a_letter_or_an_option_by_itself(reply: str, option: int) -> None:
    assert alone(reply) == option


def test_letters_go_by_the_order_in_which_options_were_shown() -> None:
    assert [alone(letter, descending=True) for letter in "ABCDE"] == [5, 4, 3, 2, 1]
    assert alone("A. very accurate", descending=True) == 5
    assert alone("A. very inaccurate", descending=True) == "schema", "letter and words disagree"


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "   \n ",
        "F",
        "2",
        "6",
        "AB",
        "A B",
        "A or B",
        "A, B",
        "A/B",
        "between B and C",
        "B\nC",
        "B. very accurate",
        "Not B",
        "neither accurate",
        "inaccurate",
        "accurate",
        "A difficult question.",
        "a bit",
        "I think it depends on the day.",
        "B, or perhaps C.",
        "B\nOn other days I would say very accurate.",
        "B\n(C) would fit as well",
        "very accurate or very inaccurate",
        "not very accurate",
        "{'answer': 'B'}",
        '{"answer": "B"}',
        "ABCDE",
        "B B C",
        "✓",
        "B" * 5000,
        "А",  # Cyrillic
        "<b>B</b>",
        "Your options are A. very inaccurate B. moderately inaccurate",
        "How was your day?",
        "\x00B",
    ],
)
def test_whatever_is_no_one_answer_is_unscored(reply: str) -> None:
    assert alone(reply) == "schema"


@pytest.mark.parametrize(
    "reply",
    [
        "As an AI, I don't have feelings, so this doesn't apply to me.",
        "I'm an AI and cannot answer questions about my personality.",
        "I can't answer that.",
        "I'd rather not say.",
        "I’m just a chatbot; I do not experience worry.",
        "I must decline to answer.",
        "This is not applicable to me.",
        "As a large language model I have no personality.",
    ],
)
def test_a_refusal_is_told_from_what_cannot_be_read(reply: str) -> None:
    assert alone(reply) == "refused"


def test_an_option_that_is_part_of_another_is_not_mistaken_for_it() -> None:
    assert [alone(o, form=YES_NO) for o in YES_NO.options] == [1, 2, 3]
    assert alone("a little more\nYes, a little more.", form=YES_NO) == 3
    assert alone("a little\nOr a little more.", form=YES_NO) == "schema"


def form(reply: str, n: int = 3) -> list[int | str]:
    return [a.option if isinstance(a, Choice) else a.cause for a in read_sheet(sheet(n), reply).values()]


@pytest.mark.parametrize(
    "reply",
    [
        "1. A\n2. B\n3. C",
        "1: A\n2: B\n3: C",
        "1) A\n2) B\n3) C",
        "1 - A\n2 - B\n3 - C",
        "1 A\n2 B\n3 C",
        "**1.** A\n**2.** B\n**3.** C",
        "| 1 | A |\n| 2 | B |\n| 3 | C |",
        "- 1. A\n- 2. B\n- 3. C",
        "3. C\n1. A\n2. B",
        "Here are my answers:\n\n1. A. very inaccurate\n2. B. moderately inaccurate\n3. (C)",
        "1. Worry about things: A\n2. Make friends easily. B\n3. Have a vivid imagination - C",
        "1. A\n1. A\n2. B\n3. C",
    ],
)
def test_a_form_has_a_line_for_each_item(reply: str) -> None:
    assert form(reply) == [1, 2, 3]


def test_a_form_that_lacks_lines_or_has_too_many_loses_those_alone() -> None:
    assert form("1. A\n3. C") == [1, "schema", 3]
    assert form("1. A\n1. B\n2. B\n3. C") == ["schema", 2, 3]
    assert form("1. A\n2. F\n3. C\n4. A") == [1, "schema", 3]
    assert form("1. A\n2. As an AI I skip this one.\n3. C") == [1, "schema", 3]
    assert form("A B C") == ["schema"] * 3
    assert form("") == ["schema"] * 3
    assert form("I'm an AI and have no personality to describe.") == ["refused"] * 3


def test_reasons_say_why() -> None:
    (answer,) = read_sheet(sheet(), "A\nB").values()
    assert answer == Unscored(cause="schema", reason="it names several options")
