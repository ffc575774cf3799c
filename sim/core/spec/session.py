"""One sitting: what a session is made of."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sim.core.codebook import Dimension
from sim.core.frozen import Frozen, Id, Level, Text, refuse_all, run_checks
from sim.core.spec.persona import Value
from sim.core.spec.pressed import Pressed
from sim.core.spec.questionnaire import QuestionnaireUse
from sim.core.spec.twins import refuse_twins

FactRef = Annotated[str, StringConstraints(pattern=r"^(persona\.)?[a-z0-9][a-z0-9_-]*$", max_length=80)]
"""`biscuit`: a fact of the scenario. `persona.work`: the persona's fact of that id, else its first fact on that topic."""


class AgendaItem(Frozen):
    """Something the user means to bring up in a session."""

    aim: Text
    """For the user's model: "ask what to bring to the neighbours' dinner"."""
    says: tuple[Text, ...] = Field(min_length=1)
    """How it may sound, one message each, in order; offline users say these as they stand."""
    about: tuple[FactRef, ...] = ()
    """Facts that bear on it: an occasion for callback once they were told in an earlier session."""


class Mood(Frozen):
    """How the user feels when a session opens."""

    feels: Text
    valence: Literal[-1, 0, 1]
    """-1 low, 0 even, 1 high."""


class Wish(Frozen):
    """A preference that is different today."""

    want: Level
    text: Text


class Noise(Frozen):
    """A disturbance of ordinary life, placed by seed somewhere in the session."""

    text: Text
    """What happens, for the user's model: "the tram is loud, words get lost"."""
    says: Text
    """How it shows in a message."""


class FactUpdate(Frozen):
    """A fact that has a new value from this session on."""

    fact: FactRef
    to: Value | None = None
    """Left out: the fact's own `changes_to`."""
    scripted: bool = True
    """Told in this session to every target alike. `false`: it is true from now on, and the persona tells it if it comes up."""


class ScriptedTurn(Frozen):
    """A user message sent word for word, whatever the reply before it was."""

    exchange: int = Field(strict=True, ge=1)
    message: Text
    by: Id | None = Field(default=None, exclude_if=lambda by: by is None)
    """Who writes it, where somebody else is at the persona's account: `osric`. What one of them told is not for the other (`plants: secrets`)."""


class Length(Frozen):
    """How many exchanges a session has: at least `min`, at most `max`."""

    min: int = Field(strict=True, ge=1, le=10_000)
    max: int = Field(strict=True, ge=1, le=10_000)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min ({self.min}) is above max ({self.max})")
        return self


class Clock(Frozen):
    """A simulated clock: every message of the session carries its time, as messengers show it, so that whatever is tested can know how late it is."""

    starts: Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    """When the first message is written, as "18:05"."""
    minutes: int = Field(strict=True, ge=1, le=720)
    """From each message to the next."""

    def passed(self, exchange: int) -> int:
        """Minutes from the first message to that of `exchange`."""
        return (exchange - 1) * self.minutes

    def at(self, exchange: int) -> str:
        """The time of the message of `exchange`, as "21:05"."""
        hours, minutes = map(int, self.starts.split(":"))
        now = 60 * hours + minutes + self.passed(exchange)
        return f"{now // 60 % 24:02d}:{now % 60:02d}"


class SessionSpec(Frozen):
    """One sitting: when, in what state, to talk about what."""

    gap: int = Field(default=1, strict=True, ge=0, le=36_525)
    """Days since the session before it (since the start date for the first)."""
    situation: Text
    agenda: tuple[AgendaItem, ...] = Field(min_length=1)
    mood: Mood
    life_event: Text | None = None
    disclose: tuple[FactRef, ...] = ()
    """Core facts told in this session to every target alike."""
    updates: tuple[FactUpdate, ...] = ()
    noise: tuple[Noise, ...] = ()
    wishes: dict[Dimension, Wish] = Field(default_factory=dict)
    """Preferences that are different today."""
    scripted: tuple[ScriptedTurn, ...] = ()
    pressed: Pressed | None = Field(default=None, exclude_if=lambda pressed: pressed is None)
    """A claim that is asked about and then pressed (guide/stress.md); left out: nothing is."""
    exchanges: Length
    clock: Clock | None = Field(default=None, exclude_if=lambda clock: clock is None)
    """What time it is as the session goes on, as `{starts: "18:05", minutes: 30}`; left out: nobody is told."""
    questionnaire: QuestionnaireUse | None = Field(default=None, exclude_if=lambda questionnaire: questionnaire is None)
    """What copies of the target fill in between this session and the next, as `ipip-neo-120`; the talk never knows of it."""
    target: Literal["next"] | None = None
    """`next`: from this session on, a target that names a successor (`next:`) is played by that; every other target stays what it is."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        most = self.exchanges.max
        late = [f"scripted exchange {s.exchange} lies beyond the session's maximum of {most}" for s in self.scripted if s.exchange > most]
        run_checks(
            lambda: refuse_twins("scripted exchange", [str(s.exchange) for s in self.scripted]),
            lambda: refuse_all(late),
            self._asks_what_it_presses,
        )
        return self

    def _asks_what_it_presses(self) -> None:
        if self.pressed and self.pressed.asked not in (s.exchange for s in self.scripted):
            raise ValueError(
                f"pressed: exchange {self.pressed.asked} asks, and has no scripted message; script it, so that every target is asked alike"
            )
        if self.pressed and self.pressed.asked >= self.exchanges.min:
            raise ValueError("pressed: a session needs an exchange after the one that asks; raise exchanges: min")
