"""A questionnaire for the target: statements, the options that answer them, and the scales that they add up to.

A session's `questionnaire` is put to copies of the target once that session is over, so that the talk never knows of it (guide/questionnaires.md).
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from sim.core.frozen import Frozen, Id, Text, refuse_all, run_checks
from sim.core.spec.twins import refuse_twins
from sim.core.text import normalise

MOST_OPTIONS = 9
"""Options are lettered, and more letters than these are mistaken for words."""

Way = Literal["alone", "form"]
Variation = Literal["order", "wording", "again"]


class QuestionnaireItem(Frozen):
    """One statement or question."""

    id: Id
    text: Text
    also: tuple[Text, ...] = ()
    """The same in other words, for the variation `wording`."""
    scale: Id
    """What its answer counts towards."""
    reverse: bool = False
    """Whether who chooses the last option has less of it."""


class Questionnaire(Frozen):
    """The content of a questionnaire's file."""

    id: Id
    title: Text
    source: Text
    """Where its items come from, and under which licence."""
    asks: tuple[Text, ...] = Field(min_length=1)
    """What is asked before the statement, and the same in other words: "How accurately does this describe you?"."""
    options: tuple[Text, ...] = Field(min_length=2, max_length=MOST_OPTIONS)
    """The answers, from 1 upwards; shown in this order or turned round."""
    items: tuple[QuestionnaireItem, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        run_checks(
            lambda: refuse_twins("item", [i.id for i in self.items]),
            lambda: refuse_twins("option", [normalise(o) for o in self.options], mend="each needs words of its own"),
            self._are_no_letters,
        )
        return self

    def _are_no_letters(self) -> None:
        refuse_all([f"option '{o}' is a single letter, and options are lettered; write it out" for o in self.options if len(o) == 1 and o.isalpha()])

    @property
    def scales(self) -> tuple[str, ...]:
        """In the order of the items."""
        return tuple(dict.fromkeys(i.scale for i in self.items))

    def score(self, item: QuestionnaireItem, option: int) -> int:
        """An answer from 1 upwards in the direction of its scale."""
        return len(self.options) + 1 - option if item.reverse else option


class QuestionnaireUse(Frozen):
    """What is put to the target after a session."""

    use: Text
    """`ipip-neo-120`, which comes with the package, or the path of a file, seen from the study's folder."""
    way: Way = "alone"
    """`alone`: each item in a call of its own. `form`: all of them in one."""
    scales: tuple[Id, ...] = ()
    """Only items of these; left out: all."""
    per_scale: int | None = Field(default=None, strict=True, ge=1)
    """Items of each scale, at most, the first ones."""
    vary: tuple[Variation, ...] = ("order", "wording")
    """How items are put once more: with the options turned round, in other words, or just so again, which tells what the others are beyond noise."""
    form: Questionnaire | None = Field(default=None, exclude_if=lambda form: form is None)
    """The questionnaire itself: filled in when the study is read."""

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, written: object) -> object:
        return {"use": written} if isinstance(written, str) else written

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        refuse_twins("variation", list(self.vary), mend="name each once")
        if self.form is not None:
            unknown = [s for s in self.scales if s not in self.form.scales]
            refuse_all([f"questionnaire '{self.form.id}' has no scale '{s}'; it has {', '.join(self.form.scales)}" for s in unknown])
        return self

    @property
    def items(self) -> tuple[QuestionnaireItem, ...]:
        """Those that are put."""
        chosen: list[QuestionnaireItem] = []
        counted: dict[str, int] = {}
        for item in self.form.items if self.form else ():
            if self.scales and item.scale not in self.scales:
                continue
            counted[item.scale] = counted.get(item.scale, 0) + 1
            if self.per_scale is None or counted[item.scale] <= self.per_scale:
                chosen.append(item)
        return tuple(chosen)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Either the name alone, or keys and values."""
        written: dict[str, Any] = handler(core)
        return {"anyOf": [{"type": "string"}, written]}
