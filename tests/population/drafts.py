"""Drafts as a model may write them, for a person made from parts."""

from __future__ import annotations

from typing import Any

from sim.core.spec import Persona
from sim.population.marginals import read_marginals
from sim.population.person import make_population

PEOPLE = make_population(6, read_marginals({}), seed=1).people


def place_of(person: Persona) -> str:
    return person.facts[0].answers[0]


def drafted(name: str, place: str, **changes: str) -> dict[str, Any]:
    """A good draft; changes replace the text of a fact, or the background."""
    told = {
        "home": (f"I live in {place}, over a cobbler.", [place, "cobbler"]),
        "work": ("I do what I do, and on Thursdays I do it twice.", ["Thursdays"]),
        "family": ("My uncle Ferdinand breeds snails.", ["Ferdinand", "snails"]),
        "friend": ("My friend Zuleika owes me a ladder.", ["Zuleika", "ladder"]),
        "food": ("I eat porridge with pepper.", ["porridge"]),
        "pastime": ("I carve spoons out of plum wood.", ["spoons", "plum wood"]),
        "plan": ("I mean to swim across the reservoir.", ["reservoir"]),
        "past": ("I once drove a hearse for a summer.", ["hearse"]),
        "worry": ("My tooth aches and the dentist is on holiday.", ["tooth", "dentist"]),
        "pet": ("My goose is called Baroness.", ["Baroness"]),
    }
    facts = {topic: {"text": changes.get(topic, text), "answers": answers} for topic, (text, answers) in told.items()}
    later = {
        "plan": {"text": "I swam half of it and took the ferry back.", "answers": ["ferry"]},
        "worry": {"text": "It was pulled, and I kept it in a matchbox.", "answers": ["matchbox"]},
    }
    voice = {
        "hello": ["Me again.", "Hello you.", "Are you in?"],
        "bye": ["Off I go.", "So long.", "That will do."],
        "carries_on": ["Right.", "Be that as it may.", "Now then.", "Where was I."],
        "storms_off": "I have better things to do.",
    }
    return {"background": changes.get("background", f"{name} keeps to {place} and to small hours."), "facts": facts, "later": later, "voice": voice}
