"""Conversations are given out so that each is read by as many people as asked, in orders of their own."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.core.errors import InputError
from sim.core.record import Trial
from sim.core.spec.people import PeopleStudy
from sim.people.assignment import ReadingItem, give_out
from tests.analysis.trials import Diary, planned


def study(**changes: Any) -> PeopleStudy:
    fields = {"name": "reading", "title": "Reading", "read": "told", "people": 6, "each": 4, "consent": "You may stop at any time.", **changes}
    return PeopleStudy.model_validate(fields)


def run(personas: int = 6) -> list[Trial]:
    """Two targets, one session of three exchanges each."""
    names = [(t, f"p{n}") for n in range(personas) for t in ("remembers", "forgets")]
    told = []
    for target, persona in names:
        diary = Diary(planned(f"{persona}/moving-house/{target}/1", target=target, persona=persona)).open()
        told.append(diary.exchange(4).exchange(3).exchange(5).close().finish())
    return told


def plain(items: tuple[ReadingItem, ...]) -> list[str]:
    return [i.id for i in items]


def test_every_conversation_that_is_read_is_read_by_as_many_as_asked() -> None:
    piles = give_out(study(), run())
    counts = Counter(i for pile in piles for i in plain(pile))
    assert len(counts) == 12
    assert set(counts.values()) == {2}
    assert all(len(set(plain(pile))) == len(pile) == 4 for pile in piles)


def test_what_is_left_out_leaves_the_targets_paired() -> None:
    piles = give_out(study(people=4, each=3, raters=2), run())
    read = {i.trial for pile in piles for i in pile}
    personas = Counter(trial.split("/")[0] for trial in read)
    assert set(personas.values()) == {2}
    assert len(read) == 6


def test_orders_are_of_each_person_and_the_same_again() -> None:
    first, again = give_out(study(), run()), give_out(study(), run())
    assert first == again
    assert first != give_out(study(seed=1), run())
    shared = [(a, b) for a in first for b in first if a is not b and set(plain(a)) == set(plain(b))]
    assert all(plain(a) != plain(b) or len(a) < 2 for a, b in shared)


@pytest.mark.parametrize("checks", [0, 1, 3, 9])
def test_attention_checks_are_drawn_into_conversations(checks: int) -> None:
    for pile in give_out(study(checks=checks), run()):
        asked = [i for i in pile if i.check is not None]
        assert len(asked) == min(checks, len(pile))
        assert all(1 <= i.check <= i.exchanges for i in asked if i.check)


def test_a_run_with_nothing_to_read_is_refused() -> None:
    with pytest.raises(InputError, match="holds no conversation"):
        give_out(study(), [planned()])


def test_more_each_than_there_are_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be had of"):
        give_out(study(each=50), run())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"read": None}, "exactly one of the keys read and chat"),
        ({"chat": "first-look.yaml"}, "exactly one of the keys read and chat"),
        ({"people": 1}, "cannot be had of 1 people"),
        ({"raters": 1}, "greater than or equal to 2"),
        ({"before": [{"id": "age", "ask": "How old are you?"}]}, "exactly one of the keys scale, choices and text"),
        ({"before": [{"id": "a", "ask": "?", "text": "line"}], "after": [{"id": "a", "ask": "?", "text": "line"}]}, "question 'a'"),
    ],
)
def test_a_study_that_cannot_be_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        study(**change)


@given(people=st.integers(2, 14), each=st.integers(1, 4), raters=st.integers(2, 4), personas=st.integers(1, 4), seed=st.integers(0, 3))
def test_everybody_has_something_to_read_or_is_told_how_many_would(people: int, each: int, raters: int, personas: int, seed: int) -> None:
    assume(people >= raters)
    trials = run(personas)

    def piles(people: int) -> tuple[tuple[ReadingItem, ...], ...] | str:
        try:
            return give_out(study(people=people, each=each, raters=raters, seed=seed), trials)
        except InputError as refused:
            return str(refused)

    found = piles(people)
    if isinstance(found, str) and "cannot be had of" not in found:
        fits = int(found.partition("write people: ")[2].partition(",")[0])
        assert fits < people
        found = piles(fits)
        assert not isinstance(found, str)
    assert isinstance(found, str) or all(found)


@pytest.mark.parametrize(("people", "each", "raters", "fits"), [(3, 1, 2, 2), (10, 4, 2, 8), (12, 1, 2, 8)])
def test_more_people_than_conversations_reach_are_refused_with_the_number_that_fits(people: int, each: int, raters: int, fits: int) -> None:
    with pytest.raises(InputError, match=f"leaves? none for [0-9]+ of {people} people; write people: {fits}, or a larger each"):
        give_out(study(people=people, each=each, raters=raters), run(2))
