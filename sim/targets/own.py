"""What targets that keep their own memory have in common: nothing to consolidate, nothing to look into, and no way back to what is lost."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, Self

from sim.targets.sitting import Sitting, words_for

if TYPE_CHECKING:
    from sim.core.record import Trial
    from sim.llm.prompts import Prompts
    from sim.targets.identity import Identity
    from sim.targets.meter import Meter
    from sim.targets.target import MemoryStep


class KeepsItsOwn:
    """One trial's talk with a chatbot that keeps its own memory, whatever it is reached through.

    Args:
        remembers: whether it knows earlier messages by itself; if not, it is sent the session with every message.
        durable: whether what it knows outlives this process.
    """

    def __init__(
        self,
        identity: Identity,
        till: Meter,
        prompts: Prompts,
        *,
        clock: Literal["header", "field", "text", "argument", "none"],
        remembers: bool,
        durable: bool,
    ) -> None:
        self.stateful = remembers and durable
        self._remembers = remembers
        self._durable = durable
        self._identity = identity
        self._till = till
        self._dated = clock == "argument"
        self._sitting = Sitting(words_for(clock, prompts))
        self._take = 1

    async def close_session(self) -> tuple[MemoryStep, ...]:
        """Nothing to do: it takes a session in by itself."""
        return ()

    def remembers(self) -> None:
        """Nobody can look into its memory."""

    async def fork(self) -> Self | None:
        """A copy, unless it keeps a memory, which cannot be copied from outside."""
        if self._remembers:
            return None
        twin = copy(self)
        twin._sitting = copy(self._sitting)
        twin._till = replace(self._till, role="probe")
        return twin

    async def restore(self, trial: Trial) -> bool:
        """Be where `trial` left off, if nothing that it knew went with the process that ended."""
        self._take = trial.sessions[0].take if trial.sessions else 1
        if self._remembers and not self._durable and trial.exchanges:
            self._take += 1
            return False
        self._sitting.restore(trial)
        return True
