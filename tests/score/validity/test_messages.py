"""The constructed messages are what the guide says they are."""

from __future__ import annotations

from collections import Counter

from tests.score.validity.messages import load_cases


def test_there_are_enough_of_every_kind_and_half_are_hard() -> None:
    cases = load_cases()
    assert len(cases) >= 300
    assert sum(c.sort == "hard" for c in cases) >= len(cases) / 2
    assert 0.4 <= sum(c.label == "-" for c in cases) / len(cases) <= 0.6
    assert min(Counter(c.label for c in cases).values()) >= 3


def test_every_third_is_set_apart_by_its_number_alone() -> None:
    assert all((c.part == "kept") == (c.number % 3 == 0) for c in load_cases())
    assert [c.number for c in load_cases()] == list(range(1, len(load_cases()) + 1))
    assert {c.label for c in load_cases() if c.part == "kept"} == {c.label for c in load_cases()}
