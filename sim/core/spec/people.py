"""A study with people: they read what was said in a run and rate it, or they are the user themselves (source of the procedure: LEXI).

People are known by a code that they are given, and by nothing else.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from sim.core.frozen import Frozen, Id, Text, refuse_all, run_checks
from sim.core.spec.twins import refuse_twins

FEWEST_RATERS = 2
"""People an item, so that their agreement is known: it is the ceiling of any rater's."""


class ScaleQuestion(Frozen):
    """A question answered by a number."""

    id: Id
    ask: Text
    scale: tuple[Text, Text]
    """What the lowest and the highest number mean."""
    points: int = Field(default=5, strict=True, ge=2, le=11)


class ChoiceQuestion(Frozen):
    """A question answered by one of a few words."""

    id: Id
    ask: Text
    choices: tuple[Text, ...] = Field(min_length=2, max_length=30)

    @field_validator("choices")
    @classmethod
    def _differ(cls, choices: tuple[str, ...]) -> tuple[str, ...]:
        refuse_twins("choice", list(choices), mend="keep one of them")
        return choices


class TextQuestion(Frozen):
    """A question answered in the person's own words, or not at all."""

    id: Id
    ask: Text
    text: Literal["line", "lines"]


def _kind(question: object) -> str | None:
    keys = ("scale", "choices", "text")
    found = [k for k in keys if (k in question if isinstance(question, dict) else hasattr(question, k))]
    return found[0] if len(found) == 1 else None


Question = Annotated[
    Annotated[ScaleQuestion, Tag("scale")] | Annotated[ChoiceQuestion, Tag("choices")] | Annotated[TextQuestion, Tag("text")],
    Discriminator(_kind, custom_error_type="question_kind", custom_error_message="a question has exactly one of the keys scale, choices and text"),
]
"""Told apart by their one key of `scale`, `choices` and `text`."""


class PeopleStudy(Frozen):
    """Who is asked what about which conversations."""

    name: Id
    title: Text
    """What people see above every page."""
    read: Text | None = None
    """The run whose conversations are read and rated, blind, exchange by exchange."""
    chat: Text | None = None
    """The study whose targets people talk with, each of them as its user; the run is named as this study is."""
    people: int = Field(strict=True, ge=1, le=10_000)
    """How many are awaited."""
    each: int = Field(default=4, strict=True, ge=1, le=200)
    """Conversations for each: sessions to read, or trials to hold."""
    raters: int = Field(default=FEWEST_RATERS, strict=True, ge=FEWEST_RATERS, le=50)
    """People who read the same conversation. Of no meaning to who chats."""
    checks: int = Field(default=1, strict=True, ge=0, le=10)
    """Attention checks for each person: a line among the ratings that says what to choose."""
    consent: Text
    """What people agree to before anything else."""
    before: tuple[Question, ...] = ()
    after: tuple[Question, ...] = ()
    seed: int = Field(default=0, strict=True, ge=0, lt=2**63)
    """From which orders and attention checks are drawn."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        problems = []
        if (self.read is None) == (self.chat is None):
            problems.append("a study with people has exactly one of the keys read and chat")
        if self.read is not None and self.people < self.raters:
            problems.append(f"{self.raters} raters an item cannot be had of {self.people} people")
        run_checks(lambda: refuse_all(problems), lambda: refuse_twins("question", [q.id for q in (*self.before, *self.after)]))
        return self
