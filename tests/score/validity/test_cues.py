"""What is done once for many patterns, and not done at all where it cannot matter, says what the plain rule says."""

from __future__ import annotations

from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.score.validity import frame, person, voice
from sim.score.validity.course import EVEN, EVEN_MESSAGES, FEWEST, even_length
from sim.score.validity.situation import Situation
from sim.score.validity.speech import read_speech
from tests.score.validity.messages import load_cases

CUES = {
    "assistant": voice._STRONG,
    "assistant_hints": voice._WEAK,
    "comfort": voice._COMFORT,
    "refusal": voice._REFUSALS,
    "frame": frame._FRAME,
    "asked_again": frame._AGAIN,
    "intent": frame._INTENT,
    "warm": person._WARM,
}


@pytest.mark.parametrize("name", CUES)
def test_all_patterns_at_once_find_what_each_finds(name: str) -> None:
    cues = CUES[name]
    sentences = {s for case in load_cases() for s in read_speech(case.message).sentences}
    found = {s: [p.search(s) for p in cues.each] for s in sentences}
    assert any(any(f) for f in found.values())
    assert {s for s in sentences if cues.stand_in(s)} == {s for s, f in found.items() if any(f)}
    assert all([m.span() for m in cues.matches(s)] == [m.span() for m in f if m] for s, f in found.items())


@pytest.mark.parametrize("name", CUES)
def test_all_patterns_begin_at_the_edge_of_a_word(name: str) -> None:
    """One that does not would have the union try every letter: five times the time."""
    assert not [p.pattern for p in CUES[name].each if not p.pattern.startswith((r"\b", r"(?:\b"))]


def _holds(lengths: list[int]) -> bool:
    return len(lengths) >= EVEN_MESSAGES and fmean(lengths) >= FEWEST and pstdev(lengths) <= EVEN * fmean(lengths)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12) | st.lists(st.integers(8, 12), min_size=5, max_size=12))
def test_even_lengths_are_told_as_their_definition_says(lengths: list[int]) -> None:
    *said, now = [" ".join(["word"] * n) for n in lengths]
    expected = _holds(lengths) and not (len(lengths) > FEWEST and _holds(lengths[:-1]))
    assert even_length(read_speech(now), Situation(said=tuple(said))) == expected
