"""Which persona a scenario is for. Where either was only swept up by a glob, what does not suit is left out and counted; what is named runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from sim.core.frozen import Frozen, Id

if TYPE_CHECKING:
    from sim.core.spec.persona import Persona
    from sim.core.spec.scenario import Scenario
    from sim.core.spec.study import Study


class Ages(Frozen):
    """From one age to another."""

    min: int = Field(default=0, strict=True, ge=0, le=120)
    max: int = Field(default=120, strict=True, ge=0, le=120)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min ({self.min}) is above max ({self.max})")
        return self


class Suits(Frozen):
    """Whom a scenario is for: those of whom all that is said here is true."""

    age: Ages | None = None
    tags: tuple[Id, ...] = ()
    """They have one of these tags."""


class Unsuited(Frozen):
    """A persona and a scenario that do not suit each other, and that a study did not both name."""

    persona: Id
    scenario: Id
    why: str


def unsuited(persona: Persona, scenario: Scenario) -> str:
    """Why `persona` and `scenario` do not suit each other; empty where they do."""
    if scenario.id in persona.unfit:
        return "the persona says so"
    own = {persona.id, *persona.tags}
    barred = [name for name in scenario.unfit if name in own]
    if barred:
        return f"not for {barred[0]}"
    suits = scenario.suits
    if suits and suits.age and not suits.age.min <= persona.age <= suits.age.max:
        return f"for ages {suits.age.min} to {suits.age.max}"
    if suits and suits.tags and not own & set(suits.tags):
        return f"for {' or '.join(suits.tags)}"
    return ""


def left_out(study: Study, personas: Iterable[Persona], scenarios: Iterable[Scenario]) -> tuple[Unsuited, ...]:
    """The pairs of `personas` and `scenarios` that `study` does not run, scenario by scenario."""
    # A suite names its personas once for all of its scenarios, and means of each those that it suits.
    named = frozenset[str]() if study.suite else _outright(study.personas)
    return tuple(_left_out(list(personas), scenarios, named, _outright(study.scenarios)))


def _left_out(people: list[Persona], scenarios: Iterable[Scenario], named: frozenset[str], named_scenarios: frozenset[str]) -> Iterator[Unsuited]:
    for scenario in scenarios:
        for persona in people:
            why = "" if persona.id in named and scenario.id in named_scenarios else unsuited(persona, scenario)
            if why:
                yield Unsuited(persona=persona.id, scenario=scenario.id, why=why)


def _outright(patterns: Iterable[str]) -> frozenset[str]:
    """The ids that `patterns` name outright, as ids or as files."""
    return frozenset(PurePath(p).stem if p.endswith((".yaml", ".yml")) else PurePath(p).name for p in patterns if not set("*?[") & set(p))
