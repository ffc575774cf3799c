"""One small persona, scenario and study that hold together, for every test to start from and change.

Each function takes the fields to change as keyword arguments and validates the result, so that a test cannot start from something impossible.
"""

from __future__ import annotations

from typing import Any

from sim.core.codebook import DIMENSIONS
from sim.core.spec import Persona, Scenario, Study


def persona(id: str = "nora", **changes: Any) -> Persona:
    """A retired tram driver with three facts, one of which can change."""
    manner = {"level": 3, "text": "Neither much nor little; it goes with the day."}
    fields: dict[str, Any] = {
        "id": id,
        "name": "Nora",
        "age": 67,
        "type": {"sociability": "social", "stability": "steady"},
        "background": "Drove trams for thirty years, lives above a bakery, and writes to the chatbot in the evening.",
        "facts": [
            {
                "id": "cat",
                "topic": "pet",
                "text": "My cat Biscuit sleeps on the radio.",
                "answers": ["Biscuit"],
                "when": "when the evening is talked about",
            },
            {
                "id": "flat",
                "topic": "home",
                "text": "I live in Mill Lane, above the bakery.",
                "answers": ["Mill Lane"],
                "when": "when she says where she is",
                "changes_to": {"text": "I have moved to Harbour Street, with a lift.", "answers": ["Harbour Street"]},
            },
            {
                "id": "knee",
                "topic": "health",
                "text": "My left knee has been bad since the winter of the ice.",
                "answers": ["left knee", "my knee"],
                "when": "when stairs or walks come up",
            },
        ],
        "traits": [
            {"facet": "warmth", "level": 4, "text": "Asks after others within two messages, and remembers the answer."},
            {"facet": "patience", "level": 2, "text": "Gives up on a long reply after the third line."},
        ],
        "style": {
            "formality": {"level": 2, "text": "Writes as she speaks, without salutations."},
            "verbosity": {"level": 2, "text": "Two short sentences a message."},
            "directness": {"level": 4, "text": "Says what she wants in the first sentence."},
            "emotional_expressiveness": manner,
            "humour": {"level": 4, "text": "Dry remarks about trams in every other message."},
            "expertise": manner,
            "references": manner,
            "patience": {"level": 2, "text": "Answers 'ok' to anything with a list in it."},
            "initiative": manner,
        },
        "preferences": {
            dimension: {
                "want": want,
                "rubric": {"five": f"As she likes it in {dimension.replace('_', ' ')}.", "one": f"All wrong in {dimension.replace('_', ' ')}."},
                "signals": {
                    "met": {"shows": "goes on about it", "says": "That is just how I see it."},
                    "missed": {"shows": "answers in one word", "says": "Hm. If you say so."},
                },
            }
            for dimension, want in zip(DIMENSIONS, (4, 2, 3, 2, 3, 4, 5), strict=True)
        },
        "voice": {
            "hello": ["Evening. Here I am again.", "Good evening, it is Nora."],
            "bye": ["Good night then.", "That is enough for today. Bye."],
            "carries_on": ["Well.", "Anyway, as I was saying.", "Be that as it may."],
            "jokes": ["A tram never asks where you want to go either."],
            "allusions": [{"says": "It was like the winter of the ice all over again.", "means": ["cold", "frozen", "stuck"]}],
            "storms_off": "I have no patience for this. Good night.",
        },
    }
    return Persona.model_validate({**fields, **changes})


def scenario(id: str = "moving-house", **changes: Any) -> Scenario:
    """Two sessions nine days apart: something is told, then it changes, and what was told bears on the talk."""
    fields: dict[str, Any] = {
        "id": id,
        "title": "Moving house",
        "about": "A move from one flat to another, told before and after.",
        "facts": [
            {
                "id": "van",
                "topic": "plan",
                "text": "The van comes on Thursday at seven.",
                "answers": ["Thursday"],
                "when": "when the move is planned",
            },
        ],
        "sessions": [
            {
                "gap": 0,
                "situation": "The move is a week off and nothing is packed.",
                "mood": {"feels": "restless, looking forward to it", "valence": 0},
                "disclose": ["persona.home", "van"],
                "agenda": [
                    {"aim": "say that a move is coming", "says": ["I am moving, and I own too many cups.", "Where does one begin?"]},
                    {"aim": "ask how to carry a cat", "says": ["How do you move an animal that does not want to?"], "about": ["persona.pet"]},
                ],
                "noise": [{"text": "the line drops and words get lost", "says": "sorry it cut o"}],
                "exchanges": {"min": 3, "max": 4},
            },
            {
                "gap": 9,
                "situation": "The first evening in the new place.",
                "life_event": "A cup that was her mother's broke on the stairs.",
                "mood": {"feels": "tired and a little sad", "valence": -1},
                "disclose": ["persona.health"],
                "updates": [{"fact": "persona.home"}],
                "agenda": [
                    {
                        "aim": "tell how it went",
                        "says": ["It is done, we are in.", "One cup broke. Of all cups, that one."],
                        "about": ["van", "persona.home"],
                    },
                    {"aim": "talk of the first night", "says": ["I do not know the sounds of this house yet."], "about": ["persona.home"]},
                ],
                "wishes": {"length_fit": {"want": 1, "text": "A line or two tonight, no more."}},
                "exchanges": {"min": 3, "max": 4},
            },
        ],
    }
    return Scenario.model_validate({**fields, **changes})


def study(name: str = "two-memories", **changes: Any) -> Study:
    """One offline model with and without a memory, with `persona()` in `scenario()`."""
    fields: dict[str, Any] = {
        "name": name,
        "targets": [
            {"id": "remembers", "model": "offline/uses", "memory": "full"},
            {"id": "forgets", "model": "offline/uses", "memory": "none"},
        ],
        "user": {"model": "offline/friendly"},
        "personas": ["nora"],
        "scenarios": ["moving-house"],
    }
    return Study.model_validate({**fields, **changes})
