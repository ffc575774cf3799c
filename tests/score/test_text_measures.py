"""Readability, polarity and groundedness are counted as their definitions say, and are not applicable where they say nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sim.core.event import Assessment, NotApplicable
from sim.score.conduct.groundedness import Groundedness
from sim.score.text.polarity import Polarity, PolarityDrift, polarity_of
from sim.score.text.readability import Readability, ReadabilityDrift, grade_of, reading_grade
from sim.score.text.syllables import count_syllables
from tests.score.judged import Said, context

WORDS: dict[int, dict[str, list[str]]] = yaml.safe_load((Path(__file__).parent / "syllables.yaml").read_text(encoding="utf-8"))
EARLIER: Said = (("I save 75 euros a week for a trip to Lisbon.", "At 75 a week you have 900 after twelve weeks."),)


def value(scorer: Any, message: str, reply: str, **more: Any) -> float | None:
    found = scorer.score(context(message, reply, **more))
    return float(found.value) if isinstance(found, Assessment) else None


@pytest.mark.parametrize("part", ["tuned", "untuned"])
def test_syllables_are_counted_as_a_dictionary_has_them(part: str) -> None:
    of = [(word, number) for number, parts in WORDS.items() for word in parts[part]]
    wrong = [(word, number, count_syllables(word)) for word, number in of if count_syllables(word) != number]
    assert len(of) >= {"tuned": 90, "untuned": 45}[part]
    assert len(wrong) <= (0 if part == "tuned" else 0.05 * len(of)), wrong if part == "tuned" else len(wrong)


@pytest.mark.parametrize(("word", "syllables"), [("couldn't", 2), ("they’re", 1), ("well-known", 2), ("2026", 4), ("hm", 1), ("x", 1), ("-", 1)])
def test_what_is_no_plain_word_has_syllables_too(word: str, syllables: int) -> None:
    assert count_syllables(word) == syllables


def test_the_grade_is_that_of_flesch_and_kincaid() -> None:
    assert grade_of(100, 5, 150) == pytest.approx(0.39 * 20 + 11.8 * 1.5 - 15.59)
    # 12 words, 2 sentences, 12 syllables.
    assert reading_grade("The cat sat on the mat. The dog lay on the rug.") == pytest.approx(0.39 * 6 + 11.8 - 15.59)


def test_drift_is_the_reply_less_the_message() -> None:
    easy, hard = "The cat sat on the mat. The dog lay on the rug.", "Institutional considerations necessitate additional documentation."
    up, down = value(ReadabilityDrift(), easy, hard), value(ReadabilityDrift(), hard, easy)
    assert up is not None
    assert down == pytest.approx(-up)
    assert up > 20
    assert value(Readability(), easy, hard) == pytest.approx(reading_grade(hard), abs=0.01)


@pytest.mark.parametrize("scorer", [Readability(), ReadabilityDrift()])
def test_a_text_too_short_or_in_another_language_has_no_grade(scorer: Any) -> None:
    assert isinstance(scorer.score(context("What do you think of it all?", "Not much.")), NotApplicable)
    assert isinstance(
        scorer.score(context("What do you think of it all?", "Das ist nicht so einfach, wie wir mit den anderen dachten.")), NotApplicable
    )


def test_polarity_counts_words_and_turns_them_round_after_a_negation() -> None:
    assert polarity_of("That is wonderful.") == 1
    assert polarity_of("That is not wonderful.") == -1
    assert polarity_of("The table is brown.") == 0
    assert value(Polarity(), "Hm.", "That is wonderful, and sad.") == 0
    assert value(PolarityDrift(), "I am sad.", "That is wonderful.") == 2


def test_groundedness_is_the_share_of_a_callback_that_was_said() -> None:
    more = {"earlier": EARLIER, "before": ()}
    assert value(Groundedness(), "Hi.", "You told me that you save 75 euros for Lisbon.", **more) == 1
    assert value(Groundedness(), "Hi.", "You told me that you save 75 euros for Greta.", **more) == pytest.approx(0.75)
    assert value(Groundedness(), "Hi.", "You told me that Greta has a parrot.", **more) == 0
    assert value(Groundedness(), "Hi.", "The sea is warm in autumn.", **more) is None
    assert value(Groundedness(), "What am I saving for?", "You save 75 euros a week for Lisbon.", **more) is None, "it does not say that it recalls"
