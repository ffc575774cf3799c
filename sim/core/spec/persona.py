"""Who the simulated user is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from sim.core.codebook import DIMENSIONS, Dimension
from sim.core.frozen import Frozen, Id, Level, Text, refuse_all, run_checks
from sim.core.spec.brief import fill_fact, fill_in, fill_value
from sim.core.spec.schema import may_leave_out, or_level
from sim.core.spec.twins import refuse_twins
from sim.core.text import contains


class Implied(Frozen):
    """What follows from a value without being said in it."""

    question: Text
    """By the persona, first person: "Which sea do I look out on?"."""
    answers: tuple[Text, ...] = Field(min_length=1)
    """Any one of them, as whole words, answers it."""
    given: tuple[Id, ...] = ()
    """Other facts of the same file that it also takes, each in its first value."""

    @model_validator(mode="after")
    def _asks(self) -> Self:
        _refuse_given_away("question", self.question, self.answers)
        return self


class Value(Frozen):
    """One value of a fact, as the persona would say it."""

    model_config = ConfigDict(json_schema_extra=may_leave_out("answers"))

    text: Text
    """A sentence in the persona's own words, first person: "My sister Leila moved to Rotterdam in May."."""
    answers: tuple[Text, ...] = Field(min_length=1)
    """What a message must contain, any one of them as whole words, for the value to count as told. Left out: the names and figures in its text."""
    implies: tuple[Implied, ...] = ()
    """For implicit probes, while this value is the newest told."""

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, raw: object) -> object:
        return fill_value(raw)

    @model_validator(mode="after")
    def _text_tells_it(self) -> Self:
        if not any(contains(self.text, answer) for answer in self.answers):
            raise ValueError(f"none of its answers is in its text ({', '.join(self.answers)})")
        said = next((a for i in self.implies for a in i.answers if contains(self.text, a)), None)
        if said is not None:
            raise ValueError(f"what it implies is said in its own text: {said}")
        return self


Topic = Literal["home", "work", "family", "friend", "pet", "health", "food", "pastime", "plan", "past", "worry", "other"]


class Fact(Value):
    """Something true of the persona or of the scenario, that can be told and remembered."""

    model_config = ConfigDict(json_schema_extra=may_leave_out("answers", "when"))

    id: Id
    topic: Topic = "other"
    """Lets a scenario speak of `persona.work` without knowing the persona. Left out: the id, where that is a topic."""
    when: Text
    """When it would come up of itself. Left out: by its topic."""
    changes_to: Value | None = None
    """Its later value, if it may change while the talks go on."""
    question: Text | None = None
    """How the persona asks a chatbot for it, whichever value it has by now: "Where do I live, again?". Without one it is never probed."""
    called: Text | None = None
    """A noun phrase that names it without telling it, for questions of order: "where I live"."""

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, raw: object) -> object:
        return fill_fact(raw)

    @model_validator(mode="after")
    def _gives_nothing_away(self) -> Self:
        answers = (*self.answers, *(self.changes_to.answers if self.changes_to else ()))
        for field in ("question", "called"):
            _refuse_given_away(field, getattr(self, field) or "", answers)
        return self


def _refuse_given_away(field: str, text: str, answers: tuple[str, ...]) -> None:
    said = next((a for a in answers if contains(text, a)), None)
    if said is not None:
        raise ValueError(f"its {field} gives the answer away: {said}")


def refuse_unknown_premises(facts: tuple[Fact, ...]) -> None:
    """Raise for those of `facts` of which something follows only with a fact that is not among them, or that says it already."""
    by_id = {f.id: f for f in facts}
    refuse_all([problem for fact in facts for problem in _unknown_premises(fact, by_id)])


def _unknown_premises(fact: Fact, by_id: Mapping[str, Fact]) -> Iterator[str]:
    for implied in (i for v in (fact, fact.changes_to) if v for i in v.implies):
        for other in implied.given:
            if other not in by_id or other == fact.id:
                yield f"fact '{fact.id}' implies something given '{other}', which is not another fact here"
                continue
            said = next((a for a in implied.answers if contains(by_id[other].text, a)), None)
            if said is not None:
                yield f"what fact '{fact.id}' implies is said in fact '{other}': {said}"


class Trait(Frozen):
    """One facet of character, told in a sentence that says how often, how deep, at what threshold."""

    facet: Text
    level: Level
    text: Text


class Manner(Frozen):
    """How much of one style dimension, and what that looks like in this persona."""

    level: Level
    text: Text


class Style(Frozen):
    """Nine dimensions of how the persona writes; one that is left out follows from how sociable the persona is, a bare level says the usual."""

    model_config = ConfigDict(json_schema_extra=or_level)

    formality: Manner
    verbosity: Manner
    directness: Manner
    emotional_expressiveness: Manner
    humour: Manner
    expertise: Manner
    """Vocabulary and expertise: 1 beginner, 5 expert in what they talk about."""
    references: Manner
    """References and culture: how often they allude to names, places, shows, sayings."""
    patience: Manner
    initiative: Manner


class PreferenceRubric(Frozen):
    """For the rater, never for the user."""

    model_config = ConfigDict(json_schema_extra=may_leave_out())

    five: Text
    """What a 5 looks like to this persona."""
    one: Text
    """What a 1 looks like."""


class Signal(Frozen):
    """How liking or disliking shows, for the user, never for the rater."""

    model_config = ConfigDict(json_schema_extra=may_leave_out())

    shows: Text
    """What the persona does: "answers 'ok'; the second time says it is a lot of text"."""
    says: Text
    """A line they might say."""


class Signals(Frozen):
    """Both sides of one preference as others would notice them."""

    model_config = ConfigDict(json_schema_extra=may_leave_out())

    met: Signal
    missed: Signal


class Preference(Frozen):
    """What one likability dimension means to this persona. What is left out follows from how the persona writes."""

    model_config = ConfigDict(json_schema_extra=may_leave_out())

    want: Level
    """How much of it: warmth (1 dry, 5 very warm), formality (1 slang, 5 ceremonious), depth (1 for beginners, 5 for experts),
    length (1 a line, 5 several paragraphs), references taken up (1 unimportant, 5 crucial), humour (1 none, 5 all the time), callback (1 finds it
    intrusive, 5 loves it)."""
    rubric: PreferenceRubric
    signals: Signals


class Allusion(Frozen):
    """Something half said that a good listener gets."""

    says: Text
    means: tuple[Text, ...] = Field(min_length=1)
    """Words that show it was understood, any one of them."""


class Voice(Frozen):
    """Lines in the persona's own voice: samples of style for a model, and what offline users are made of. Those that are left out follow from how
    formal the persona is."""

    model_config = ConfigDict(json_schema_extra=may_leave_out())

    hello: tuple[Text, ...] = Field(min_length=2)
    bye: tuple[Text, ...] = Field(min_length=2)
    carries_on: tuple[Text, ...] = Field(min_length=3)
    """Said before going on, whatever the reply was."""
    jokes: tuple[Text, ...] = ()
    """Bids for humour."""
    allusions: tuple[Allusion, ...] = ()
    storms_off: Text
    """What they say when they have had enough and leave."""


class ProfileType(Frozen):
    """LikeBench's social or anti-social × predictable or unpredictable, in three and two grades. Left out: reserved, steady."""

    model_config = ConfigDict(json_schema_extra=may_leave_out())

    sociability: Literal["social", "reserved", "hostile"]
    stability: Literal["steady", "volatile"]
    """`volatile`: wishes move with mood and day."""

    def __str__(self) -> str:
        return f"{self.sociability}, {self.stability}"


class Persona(Frozen):
    """Who the simulated user is: id, name, age, background and facts; whatever else the file leaves out is derived (`sim.core.spec.brief`)."""

    model_config = ConfigDict(json_schema_extra=may_leave_out("type", "traits", "style", "preferences", "voice", levels=("traits", "preferences")))

    id: Id
    name: Text
    age: int = Field(strict=True, ge=16, le=110)
    type: ProfileType
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")] = "en"
    """BCP 47 tag of the language they write."""
    hemisphere: Literal["north", "south"] | None = None
    """Where they live, if that has four seasons; left out, no season is spoken of."""
    gender: Literal["woman", "man", "nonbinary"] | None = None
    """For tables of who is who: anybody who plays the persona reads it from the background."""
    tags: tuple[Id, ...] = ()
    """What scenarios may ask for, such as `parent` or `student`."""
    unfit: tuple[Id, ...] = ()
    """Ids of scenarios that they do not suit."""
    background: Text
    facts: tuple[Fact, ...] = Field(min_length=1)
    traits: tuple[Trait, ...] = Field(min_length=1)
    style: Style
    preferences: dict[Dimension, Preference]
    voice: Voice

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, raw: object) -> object:
        return fill_in(raw)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        run_checks(
            self._has_every_preference,
            lambda: refuse_twins("fact", [f.id for f in self.facts]),
            lambda: refuse_unknown_premises(self.facts),
        )
        return self

    def _has_every_preference(self) -> None:
        missing = [d for d in DIMENSIONS if d not in self.preferences]
        if missing:
            raise ValueError(f"preferences lack {', '.join(missing)}; every dimension needs one")
