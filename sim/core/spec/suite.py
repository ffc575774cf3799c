"""A suite: which talks a chatbot is put through before it is used, which figures of them decide, and what they leave untested.

A suite's file names scenarios as a study does; once it is run, the run keeps it whole, with the ids of the scenarios that were found.
"""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from sim.core.frozen import Frozen, Id, Text, run_checks
from sim.core.spec.fairness import TokenSwap
from sim.core.spec.scorers import ScorerUse
from sim.core.spec.stress import StressCurve, name_stress, steps
from sim.core.spec.twins import refuse_twins


class SuitePart(Frozen):
    """Some of a suite's talks: which scenarios, with how many personas, how often, and how the user is disturbed in them."""

    id: Id
    scenarios: tuple[Text, ...] = Field(min_length=1)
    """Ids, globs such as `stress/*`, or paths, as in a study."""
    personas: int | None = Field(default=None, strict=True, ge=1)
    """Each scenario is held with the first so many of the suite's personas that it suits; left out: with all of them."""
    seeds: int = Field(default=1, strict=True, ge=1, le=100)
    """How often each talk is held."""
    stress: tuple[StressCurve, ...] = ()
    """Its talks are held once more at each of these strengths, as in a study; the undisturbed ones are what they are compared with."""

    swaps: dict[Id, TokenSwap] = Field(default={}, exclude_if=lambda swaps: not swaps)
    """Its talks are held by each of these identities, as `{name: [Emily, Lakisha]}`, and by nobody else: every message of them has to be scripted."""

    @model_validator(mode="after")
    def _disturbs_or_swaps(self) -> Self:
        if self.stress and self.swaps:
            raise ValueError(f"part '{self.id}' has stress: and swaps:, which each make arms of their own; write them as two parts")
        return self

    @property
    def arms(self) -> frozenset[str]:
        """What its disturbed arms are called."""
        return frozenset(name_stress(step) for curve in self.stress for step in steps(curve))


class SuiteSection(Frozen):
    """One heading of the verdict: a question, the figures that answer it, and what they must be."""

    id: Id
    title: Text
    asks: Text
    """The question, in one sentence."""
    parts: tuple[Id, ...] = ()
    """Whose talks it is answered from; left out: all."""
    require: tuple[Text, ...] = ()
    """Its gates, written as for `sim gate --require`; left out: it is shown and decides nothing."""
    show: tuple[Text, ...] = ()
    """Measures that are shown without a gate, by id; of a label, `scorer=label`."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.require and not self.show:
            raise ValueError(f"section '{self.id}' has no figure; write require: or show:")
        return self


class SuiteProbes(Frozen):
    """Questions of memory after each session."""

    facts: int = Field(default=3, strict=True, ge=1, le=10)
    """Facts that are asked about after a session, at most."""


class Suite(Frozen):
    """What a chatbot is put through before it is used, and what decides."""

    id: Id
    title: Text
    about: Text
    """What it is for, in one or two sentences."""
    personas: tuple[Text, ...] = Field(min_length=1)
    """As in a study; those that come first talk in every part."""
    parts: tuple[SuitePart, ...] = Field(min_length=1)
    """Its talks."""
    scorers: tuple[ScorerUse, ...] = ()
    """As in a study."""
    probes: SuiteProbes | None = None
    """What is asked of the target's memory; left out: nothing."""
    rate_every: int = Field(default=1, strict=True, ge=1)
    """The first exchange of each session and every n-th after it is rated."""
    sections: tuple[SuiteSection, ...] = Field(min_length=1)
    """What the verdict is made of, in its order."""
    untested: tuple[Text, ...] = Field(min_length=1)
    """What it does not test, a sentence each: it is printed with every verdict."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        run_checks(
            lambda: refuse_twins("part", [p.id for p in self.parts], mend="give one another id"),
            lambda: refuse_twins("section", [s.id for s in self.sections], mend="give one another id"),
            lambda: refuse_twins("scorer", [s.use for s in self.scorers], mend="name each once"),
            lambda: refuse_twins("swap", [name for p in self.parts for name in p.swaps], mend="give one another name"),
        )
        return self

    @property
    def swaps(self) -> dict[Id, TokenSwap]:
        """Those of all parts."""
        return {name: swap for part in self.parts for name, swap in part.swaps.items()}

    def part(self, id: str) -> SuitePart:
        """The part called so."""
        return next(p for p in self.parts if p.id == id)
