"""What targets that keep their own memory have in common: nothing to consolidate, nothing to look into, and no way back to what is lost."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, Self

from sim.core.due import answered, talks_on
from sim.targets.sitting import Sitting, words_for

if TYPE_CHECKING:
    from sim.core.record import Trial
    from sim.core.spec.target import Durable
    from sim.llm.prompts import Prompts
    from sim.targets.identity import Identity
    from sim.targets.meter import Meter
    from sim.targets.target import MemoryStep, Survived


class KeepsItsOwn:
    """One trial's talk with a chatbot that keeps its own memory, whatever it is reached through.

    Args:
        remembers: whether it knows earlier messages by itself; if not, it is sent the session with every message.
        durable: what it knows when this process has ended.
    """

    given = ""

    def __init__(
        self,
        identity: Identity,
        till: Meter,
        prompts: Prompts,
        *,
        clock: Literal["header", "field", "text", "argument", "none"],
        remembers: bool,
        durable: Durable,
    ) -> None:
        self.stateful = remembers and durable is not False
        self._remembers = remembers
        self._durable = durable
        self._identity = identity
        self._till = till
        self._dated = clock == "argument"
        self._sitting = Sitting(words_for(clock, prompts))
        self._take = 1
        """Of the session under way, and of those that follow."""
        self._life = 1
        """Take of the first session: with each, it is another user."""

    async def close_session(self) -> tuple[MemoryStep, ...]:
        """Nothing to do: it takes a session in by itself."""
        return ()

    def remembers(self) -> tuple[str, ...] | None:
        """Nobody can look into its memory."""
        return None

    async def fork(self) -> Self | None:
        """A copy, unless it keeps a memory, which cannot be copied from outside."""
        if self._remembers:
            return None
        twin = copy(self)
        twin._sitting = copy(self._sitting)
        twin._till = replace(self._till, role="probe")
        return twin

    async def restore(self, trial: Trial) -> Survived:
        """Be where `trial` left off, as far as what it knew did not go with the process that ended."""
        survived = self._survived(trial)
        held = {"all": trial.sessions, "memory": trial.sessions[:-1], "nothing": ()}[survived]
        self._take = trial.sessions[-1].take + (survived != "all") if trial.sessions else 1
        # A user that was told something in a first session that is lost may have kept it: the session starts over as another one.
        self._life = held[0].take if held else self._take
        self._sitting.restore(replace(trial, sessions=held))
        return survived

    def _survived(self, trial: Trial) -> Survived:
        """A session that only has to be closed, the trial's last, needs nothing of what was said in it."""
        if not self._remembers or self._durable is True or not trial.exchanges or not talks_on(trial):
            return "all"
        if not self._durable:
            return "nothing"
        last = trial.sessions[-1]
        return "all" if last.closed or not answered(last) else "memory"
