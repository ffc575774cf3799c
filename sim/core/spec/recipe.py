"""Many sessions written once: `repeat:` with what is usual, what is drawn for each, and a programme of what happens when.

A recipe is spread into plain sessions when its file is read, by its own seed: anybody who runs it, persona by persona and seed by seed, lives through
the same programme, and a run keeps the sessions in full.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from random import Random
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from sim.core.codebook import Dimension
from sim.core.frozen import Frozen, Text, refuse_all
from sim.core.seeds import rng
from sim.core.spec.session import AgendaItem, FactRef, FactUpdate, Length, Mood, Noise, ScriptedTurn, SessionSpec, Wish

_Number = Annotated[int, Field(strict=True, ge=1, le=1000)]
"""Of a session among those that are repeated, from 1."""
Days = Annotated[int, Field(strict=True, ge=0, le=36_525)]
_YEAR: Final = 365
_EVERY: Final = {"day": _YEAR, "week": 365 / 7, "month": 12}
"""How many of each a year has."""
_LISTS: Final = ("agenda", "disclose", "updates", "noise", "scripted")


class _Part(Frozen):
    """Some of what a session is made of, as `SessionSpec` has it."""

    situation: Text | None = None
    agenda: tuple[AgendaItem, ...] = ()
    mood: Mood | None = None
    life_event: Text | None = None
    disclose: tuple[FactRef, ...] = ()
    updates: tuple[FactUpdate, ...] = ()
    noise: tuple[Noise, ...] = ()
    wishes: dict[Dimension, Wish] = Field(default_factory=dict)
    scripted: tuple[ScriptedTurn, ...] = ()
    exchanges: Length | None = None
    target: Literal["next"] | None = None


class Drawn(_Part):
    """What one session is about, drawn by seed: each is taken once before any comes again, and not before what it is about was told."""

    earliest: _Number = 1
    """The first session that it may be drawn for."""


class Happening(_Part):
    """What happens in certain sessions: exactly one of `at`, `between` and `every` says in which."""

    at: _Number | tuple[_Number, ...] | None = None
    """In this session, or in these."""
    between: tuple[_Number, _Number] | None = None
    """In one of these, from the first to the last, drawn by seed."""
    every: _Number | None = None
    """In every n-th session."""
    gap: Days | None = None
    """Days since the session before it, instead of the usual."""

    @model_validator(mode="after")
    def _placed(self) -> Self:
        said = [name for name in ("at", "between", "every") if getattr(self, name) is not None]
        if len(said) != 1:
            raise ValueError("exactly one of at, between and every says when it happens")
        if self.between and self.between[0] > self.between[1]:
            raise ValueError(f"between: {self.between[0]} comes after {self.between[1]}")
        return self

    def places(self, count: int, chance: Random) -> tuple[int, ...]:
        """The sessions in which it happens, from 1, of `count`."""
        if self.between:
            return (chance.randint(*self.between),)
        if self.every:
            return tuple(range(self.every, count + 1, self.every))
        return (self.at,) if isinstance(self.at, int) else self.at or ()


class Programme(_Part):
    """Sessions that are written once. What is beside `repeat` holds for each; what is drawn, and then what happens, goes before it."""

    repeat: int = Field(strict=True, ge=2, le=1000)
    """How many sessions it makes."""
    seed: int = Field(default=1, strict=True, ge=0)
    """Whatever is drawn is drawn by it."""
    gap: Days | Literal["day", "week", "month"] = "day"
    """Days from one to the next; months are twelfths of a year, in whole days. The first comes as long after what was before it."""
    draw: tuple[Drawn, ...] = ()
    """What single sessions are about; one is drawn for each."""
    programme: tuple[Happening, ...] = ()
    """What happens in certain sessions."""

    @model_validator(mode="after")
    def _makes_sessions(self) -> Self:
        late = [n for h in self.programme for n in _named(h) if n > self.repeat]
        refuse_all([f"programme: there is no session {n} of {self.repeat}" for n in dict.fromkeys(late)])
        self.sessions()
        return self

    def sessions(self) -> tuple[SessionSpec, ...]:
        """The sessions it makes, in order.

        Raises:
            ValueError: one of them lacks what every session needs.
        """
        chance = rng(self.seed, "programme")
        happens: list[list[Happening]] = [[] for _ in range(self.repeat)]
        for happening in self.programme:
            for place in happening.places(self.repeat, chance):
                happens[place - 1].append(happening)
        drawn = self._drawn(happens, rng(self.seed, "drawn"))
        return tuple(
            self._session(n, gap, [*happens[n - 1], *([drawn[n - 1]] if drawn else [])]) for n, gap in enumerate(_gaps(self.gap, self.repeat), 1)
        )

    def _drawn(self, happens: Sequence[Sequence[Happening]], chance: Random) -> list[Drawn]:
        """What each session is about."""
        if not self.draw:
            return []
        left, told, found = list(self.draw), set(self.disclose), list[Drawn]()
        for n, happening in enumerate(happens, 1):
            if not any(d.earliest <= n for d in left):
                left = list(self.draw)
            ready = [d for d in left if d.earliest <= n]
            if not ready:
                raise ValueError(f"draw: nothing may be drawn for session {n} by its `earliest`")
            known = [d for d in ready if all(ref in told for item in d.agenda for ref in item.about)] or ready
            one = chance.choice([d for d in known if d not in found[-1:]] or known)
            left.remove(one)
            found.append(one)
            told |= {ref for part in (one, *happening) for ref in part.disclose}
        return found

    def _session(self, number: int, gap: int, parts: Sequence[Happening | Drawn]) -> SessionSpec:
        """Session `number`, of `parts` that come before what is usual, the first first."""
        made: dict[str, Any] = {"gap": next((p.gap for p in parts if isinstance(p, Happening) and p.gap is not None), gap)}
        every: tuple[_Part, ...] = (*parts, self)
        for name in _Part.model_fields:
            said = [value for p in every if (value := getattr(p, name))]
            if name in _LISTS:
                made[name] = tuple(dict.fromkeys(one for value in said for one in value)) if name == "disclose" else sum(said, ())
            elif name == "wishes":
                made[name] = {dimension: wish for value in reversed(said) for dimension, wish in value.items()}
            elif said:
                made[name] = said[0]
        missing = [name for name in ("situation", "agenda", "mood", "exchanges") if not made.get(name)]
        if missing:
            raise ValueError(f"session {number} of these has no {' and no '.join(missing)}; say what is usual beside repeat")
        return SessionSpec.model_validate(made)


def _named(happening: Happening) -> tuple[int, ...]:
    at = (happening.at,) if isinstance(happening.at, int) else happening.at or ()
    return (*at, *(happening.between or ()), *((happening.every,) if happening.every else ()))


def _gaps(gap: int | str, count: int) -> list[int]:
    """Days before each session; those of a year's months add up to a year."""
    if isinstance(gap, int):
        return [gap] * count
    days = [round(n * _YEAR / _EVERY[gap]) for n in range(count + 1)]
    return [later - before for before, later in itertools.pairwise(days)]
