"""Planted differences are found with the right sign, halves of the same talks are alike, and published figures are held to whole intervals."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from sim.analysis.trust.realism import ALL, RealismDocument, RealismFigure, Talks, cliffs_delta, hold_against_people, hold_against_talks, references

SUBJECTS = "rent landlord bus office sister garden letter Monday cold soup window phone doctor street paint neighbour key boots train bread"
WORDS = tuple(filter(None, SUBJECTS.split(" ")))


def talk(rng: random.Random, length: float) -> list[tuple[str, str]]:
    """One session of a person who writes messages of about `length` words."""
    said = []
    for _ in range(6):
        n = max(3, round(rng.lognormvariate(0, 0.6) * length))
        said.append(("I " + " ".join(rng.choices(WORDS, k=n)) + rng.choice([".", "", "?", "!"]), rng.choice(["I see.", "Why?"])))
    return said


Change = Callable[[str, int, random.Random], str]


def talks(name: str, seeds: range, change: Change = lambda text, n, rng: text) -> Talks:
    """One session of each of as many persons, whose messages `change` has its way with."""
    found = Talks(name)
    for seed in seeds:
        rng = random.Random(seed)
        said = talk(rng, rng.lognormvariate(2, 0.5))
        found.add(str(seed), [(change(text, n, rng), reply) for n, (text, reply) in enumerate(said)])
    return found


@cache
def people() -> Talks:
    """Those that a simulated user is held against."""
    return talks("people", range(20, 45))


def verdicts(document: RealismDocument) -> dict[str, str]:
    return {f.id: f.verdict for f in document.figures if f.verdict}


def figure(document: RealismDocument, id: str) -> RealismFigure:
    return next(f for f in document.figures if f.id == id)


@pytest.mark.parametrize(
    ("change", "id", "verdict"),
    [
        (lambda text, n, rng: f"Hello again! {text}" if n and rng.random() < 0.5 else text, "greets_again", "greets again"),
        (lambda text, n, rng: f"Thank you so much. {text}" if rng.random() < 0.5 else text, "thanks", "too nice"),
        (lambda text, n, rng: f"{text} {text} {text} {text}", "length", "too long"),
        (lambda text, n, rng: text[:6], "length", "too short"),
        (lambda text, n, rng: " ".join((text.split() * 12)[:10]), "spread", "too even"),
        (lambda text, n, rng: f"That makes sense. {text}" if rng.random() < 0.5 else text, "agrees", "too cooperative"),
        (lambda text, n, rng: text.lower(), "lower_case_start", "too careless"),
        (lambda text, n, rng: f"{text} — and so on", "em_dash", "too literary"),
    ],
)
def test_a_planted_difference_is_found_with_its_sign(change: Change, id: str, verdict: str) -> None:
    document = hold_against_talks(talks("simulated", range(20), change), people())
    found = figure(document, id)
    assert found.verdict == verdict
    assert found.p is not None
    assert found.p < 0.05
    assert found.effect is not None
    assert found.value is not None
    assert found.people is not None
    assert (found.effect > 0) == (found.value > found.people[0])


def test_halves_of_the_same_talks_are_alike() -> None:
    alarms = 0
    for n in range(12):
        persons = random.Random(n).sample(range(60), 40)
        first, second = Talks("a"), Talks("b")
        for i, person in enumerate(persons):
            rng = random.Random(person)
            (first, second)[i % 2].add(str(person), talk(rng, rng.lognormvariate(2, 0.5)))
        alarms += bool(verdicts(hold_against_talks(first, second)))
    assert alarms <= 1, "of 12: p is adjusted over the figures"


def test_the_same_talks_have_the_same_figures() -> None:
    assert hold_against_talks(talks("a", range(8)), talks("b", range(8, 16))) == hold_against_talks(talks("a", range(8)), talks("b", range(8, 16)))


def test_too_few_persons_are_shown_and_not_tested() -> None:
    document = hold_against_talks(talks("a", range(4)), talks("b", range(20, 40)))
    assert figure(document, "length").value is not None
    assert all(f.p is None and f.interval is None and not f.verdict for f in document.figures)


def test_published_figures_are_differed_from_by_the_whole_interval() -> None:
    chatty = hold_against_people(talks("a", range(20), lambda text, n, rng: f"{text} " * 5), "chatbot-users")
    length = figure(chatty, "length")
    assert length.verdict == "too long"
    assert length.interval is not None
    assert length.interval[0] > 11
    assert figure(chatty, "questions").people is None
    assert not figure(chatty, "questions").verdict
    # Of twenty persons who never thank, one in seven may: 1.8 % is not out of the question.
    assert figure(chatty, "thanks").value == 0
    assert not figure(chatty, "thanks").verdict


def test_a_session_begins_anew_whoever_talks() -> None:
    found = Talks("a")
    for _ in range(3):
        found.add("p", [("Hello!", "Hello."), ("My rent went up.", "I see.")])
    document = hold_against_people(found, "chatbot-users")
    assert (document.persons, document.sessions, document.messages) == (1, 3, 6)
    assert figure(document, "greets_again").value == 0


def test_every_published_figure_is_one_that_is_counted() -> None:
    for reference in references().values():
        assert set(reference.figures) <= set(ALL)


def test_cliffs_delta_is_how_much_more_often_the_first_is_higher() -> None:
    first, second = np.array([1.0, 2.0, 3.0, np.nan]), np.array([2.0, 0.0])
    assert cliffs_delta(first, second) == pytest.approx((4 - 1) / 6)
    assert cliffs_delta(first[3:], second) is None
