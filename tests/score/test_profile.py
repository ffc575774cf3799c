"""Written memories held against the user's messages: four grades, recall, and old values that were kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.score.memory.profile import TRUTHS, KnownFact, score_profile, split_facts

MESSAGES = (
    "Evening. Here I am again. My cat Biscuit sleeps on the radio.",
    "I live in Mill Lane, above the bakery. Where does one begin?",
    "I never drink coffee after noon. The van comes at seven.",
    "It is done, we are in. I have moved to Harbour Street, with a lift.",
)
FLAT = KnownFact(("Harbour Street",), older=(("Mill Lane",),))
CAT = KnownFact(("Biscuit",))
KNEE = KnownFact(("left knee",), untold=(("right knee",),))


def truths(*facts: str, known: tuple[KnownFact, ...] = (FLAT, CAT)) -> tuple[str, ...]:
    return score_profile("\n".join(facts), messages=MESSAGES, known=known).truths


@pytest.mark.parametrize(
    ("fact", "truth"),
    [
        ("Their cat is called Biscuit.", "supported"),
        ("They live above the bakery.", "supported"),
        ("They do not drink coffee after noon.", "supported"),
        ("The van comes at seven.", "supported"),
        ("They moved from Mill Lane to Harbour Street.", "supported"),
        ("They like animals that sleep.", "plausible"),
        ("Their cat Muffin sleeps on the radio.", "contradicted"),
        ("They drink coffee after noon.", "contradicted"),
        ("They play the violin in an orchestra.", "unsupported"),
        ("They grew up in Lisbon.", "unsupported"),
        ("The cat was bought for 40 pounds.", "unsupported"),
    ],
)
def test_a_fact_is_graded_by_what_was_said(fact: str, truth: str) -> None:
    assert truths(f"2026-01-05: {fact}") == (truth,)


def test_a_value_that_was_never_told_while_another_was_is_a_contradiction() -> None:
    assert truths("2026-01-05: Their right knee is bad.", known=(KNEE,)) == ("contradicted",)


def test_an_old_value_is_true_to_what_was_said_and_stale() -> None:
    kept = score_profile("2026-01-05: They live in Mill Lane, above the bakery.", messages=MESSAGES, known=(FLAT, CAT))
    assert (kept.truths, kept.stale, kept.changed, kept.recalled, kept.told) == (("supported",), 1, 1, 0, 2)
    mended = score_profile("2026-01-14: Moved from Mill Lane to Harbour Street.", messages=MESSAGES, known=(FLAT, CAT))
    assert (mended.stale, mended.recalled) == (0, 1)


def test_recall_counts_facts_of_the_ledger_and_not_lines() -> None:
    found = score_profile("2026-01-05: Cat: Biscuit.\n2026-01-05: Biscuit sleeps on the radio.", messages=MESSAGES, known=(FLAT, CAT))
    assert (len(found.truths), found.recalled, found.told) == (2, 1, 2)


def test_a_summary_is_taken_by_sentences_and_a_profile_by_lines() -> None:
    assert split_facts("They have a cat. They moved house.\n\nThey drink tea.") == ("They have a cat.", "They moved house.", "They drink tea.")
    assert split_facts("2026-01-05: They have a cat. It sleeps.\n- 2026-01-06: Tea.") == ("They have a cat. It sleeps.", "Tea.")


def test_an_empty_memory_holds_no_fact_and_recalls_nothing() -> None:
    found = score_profile("  \n", messages=MESSAGES, known=(FLAT, CAT))
    assert (found.truths, found.recalled, found.told, found.stale) == ((), 0, 2, 0)
    assert score_profile("2026-01-05: A cat.", messages=(), known=()).truths == ("unsupported",)


@given(st.text(max_size=300), st.lists(st.text(max_size=80), max_size=4))
def test_any_text_is_graded_and_graded_the_same_again(content: str, messages: list[str]) -> None:
    once, again = (score_profile(content, messages=messages, known=(CAT,)) for _ in range(2))
    assert once == again
    assert set(once.truths) <= set(TRUTHS)


@given(st.sampled_from(MESSAGES))
def test_what_was_said_is_never_unsupported(message: str) -> None:
    assert set(score_profile(message, messages=MESSAGES, known=()).truths) <= {"supported", "plausible"}
