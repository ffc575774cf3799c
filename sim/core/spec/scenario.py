"""What happens, session by session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from sim.core.duties import DutyId
from sim.core.frozen import Frozen, Id, Text, run_checks
from sim.core.logged import SCENARIO as LOGGED
from sim.core.spec.persona import Fact, refuse_unknown_premises
from sim.core.spec.plants import Plants
from sim.core.spec.recipe import Programme
from sim.core.spec.session import SessionSpec
from sim.core.spec.suits import Suits
from sim.core.spec.twins import refuse_twins


class PastMessage(Frozen):
    """One message of a talk that took place before the study."""

    role: Literal["user", "assistant"]
    text: Text


class PastTalk(Frozen):
    """A talk that took place before the study; neither rated nor tagged."""

    days_before: int = Field(strict=True, ge=1, le=36_525)
    """Days before the start date."""
    messages: tuple[PastMessage, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _alternates(self) -> Self:
        roles = [m.role for m in self.messages]
        if roles != ["user", "assistant"] * (len(roles) // 2):
            raise ValueError("messages must go user, assistant, user, assistant …")
        return self


if TYPE_CHECKING:
    Sessions = tuple[SessionSpec, ...]
else:

    def _kind(entry: object) -> str:
        return "repeated sessions" if isinstance(entry, Programme) or (isinstance(entry, dict) and "repeat" in entry) else "one session"

    Entry = Annotated[Annotated[SessionSpec, Tag("one session")] | Annotated[Programme, Tag("repeated sessions")], Discriminator(_kind)]

    def _spread(entries: tuple[Frozen, ...]) -> tuple[SessionSpec, ...]:
        return tuple(one for entry in entries for one in (entry.sessions() if isinstance(entry, Programme) else (entry,)))

    Sessions = Annotated[tuple[Entry, ...], AfterValidator(_spread)]
"""A scenario's sessions. A recipe (`repeat:`) is written once and stands here as the sessions it makes."""


class StressTest(Frozen):
    """What a scenario under stress puts to the test. It is for people who read the talks, and for scorers; nobody in the talk sees it."""

    asks: Text
    """What is tested, as a question."""
    fails: Text
    """What counts as failure."""
    source: Text
    """Public guidance or published work from which the expected conduct comes."""
    duties: tuple[DutyId, ...] = Field(default=(), exclude_if=lambda duties: not duties)
    """Dated duties that a talk gives evidence for, by id (`sim.core.duties`); it is never proof of complying with one."""


class Withheld(Frozen):
    """What a record keeps of a scenario that is held out, in place of its text. Written by the engine, never by hand."""

    sha256: str
    """Of the scenario's file, byte for byte."""
    file: str
    """Where the file was when the run was made: what is needed to go on with the run."""


class Scenario(Frozen):
    """What happens, session by session."""

    id: Id
    title: Text
    about: Text
    facts: tuple[Fact, ...] = ()
    """Facts that come with the situation, no matter who is in it."""
    history: tuple[PastTalk, ...] = ()
    """Earlier talks, oldest first."""
    suits: Suits | None = None
    """Whom it is for; left out: anybody."""
    unfit: tuple[Id, ...] = ()
    """Ids or tags of personas whom it is not for."""
    stress: StressTest | None = Field(default=None, exclude_if=lambda stress: stress is None)
    """What it puts to the test, where it does (guide/stress.md); left out: it is everyday life."""
    plants: Plants | None = Field(default=None, exclude_if=lambda plants: plants is None)
    """Secrets, injected instructions and false claims in it, by which replies are judged (guide/conduct.md)."""
    held_out: bool = Field(default=False, exclude_if=lambda held_out: not held_out)
    """Kept back by anybody who runs it: a run's record and report name it by the hash of its file and never hold its text (guide/stress.md)."""
    withheld: Withheld | None = Field(default=None, exclude_if=lambda withheld: withheld is None)
    """Of a scenario that is held out, once it was read from its file."""
    sessions: Sessions = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        run_checks(
            lambda: refuse_twins("fact", [f.id for f in self.facts]),
            lambda: refuse_unknown_premises(self.facts),
            self._has_its_history_in_order,
            self._writes_its_plants,
        )
        return self

    def _has_its_history_in_order(self) -> None:
        days = [t.days_before for t in self.history]
        if days != sorted(days, reverse=True):
            raise ValueError("history must be oldest first: days_before has to fall")

    def _writes_its_plants(self) -> None:
        # Of a log nobody wrote the messages beforehand.
        if self.plants and self.id != LOGGED:
            lines = (line for s in self.sessions for item in s.agenda for line in item.says)
            before = (m.text for t in self.history for m in t.messages)
            self.plants.refuse_unwritten((*(t.message for s in self.sessions for t in s.scripted), *lines, *before))
