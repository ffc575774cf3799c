"""A base for chatbots in Python that keep a memory: what a stateful target may say of itself, and how that is journalled, copied and restored.

A class needs no base to be talked to (`sim.targets.callable`). One that derives from `CustomTarget` may also say what it remembers, and may save it:
the state is written into the run's journal at the end of each session, so that a run that was cut short goes on from there, and probes are put to a
copy. What it was told in a session that had not ended is lost with the process, and that session starts over.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Self

from sim.core.due import answered, talks_on
from sim.core.errors import CallFailed
from sim.targets.callable import ObjectTarget
from sim.targets.own import KeepsItsOwn
from sim.targets.target import MemoryStep, Survived

if TYPE_CHECKING:
    from sim.core.record import Trial

STATE: Final = "state"
"""The memory step that holds what `save` gave."""


class CustomTarget(ABC):
    """A chatbot of your own as a class: each trial, which is one user, has an instance. Only `reply` must be written; any method may be `async`.

    `__init__` may take `user_id`, `session_id` and, with `clock: argument` in the study, `date`; so may the methods below.
    """

    @abstractmethod
    def reply(self, message: str) -> Any:
        """Answer: a text, or a mapping with `content` and perhaps `tools`. May also take `key`, the same for a message that is sent again."""

    def new_session(self) -> Any:
        """A sitting begins."""
        return None

    def close_session(self) -> Any:
        """The sitting is over: what is to be kept of it can be kept now."""
        return None

    def memories(self) -> Any:
        """What it remembers of the sessions that are over, as texts; None: nobody can look into it. It tells where memory fails."""
        return None

    def save(self) -> Any:
        """Everything it knows, as what JSON can hold; None: a trial that was cut short starts over, and no probe can be asked."""
        return None

    def load(self, saved: Any) -> Any:
        """Know again what `save` gave; called on a new instance, before anything else. A class that writes `save` must write it too."""
        return None


class SavingTarget(ObjectTarget):
    """A trial's talk with a `CustomTarget`."""

    _memories: tuple[str, ...] | None = None
    _saves = True
    """Whether it can be saved, as far as anybody knows."""

    async def close_session(self) -> tuple[MemoryStep, ...]:
        """Tell the instance, and keep what it saves."""
        await self._tell("close_session", {})
        await self._look()
        saved = await self._saved()
        return () if saved is None else (MemoryStep(STATE, saved),)

    def remembers(self) -> tuple[str, ...] | None:
        """What it said when its last session was over."""
        return self._memories

    async def fork(self) -> Self | None:
        """Another instance that has loaded what this one saves; None: it cannot be saved."""
        saved = await self._saved()
        if saved is None:
            return None
        twin = copy(self)
        twin._sitting = copy(self._sitting)
        twin._till = replace(self._till, role="probe")
        twin._instance = None
        await twin._make(saved)
        return twin

    async def restore(self, trial: Trial) -> Survived:
        """A new instance that has loaded what was saved last."""
        states = [step.content for s in trial.sessions for step in s.memory if step.part == STATE]
        self._saves = bool(states) or not any(s.closed for s in trial.sessions)
        survived = await KeepsItsOwn.restore(self, trial)
        if survived == "nothing":
            return survived
        if states:
            await self._make(states[-1])
            await self._look()
        if survived == "all" and trial.sessions and talks_on(trial) and not trial.sessions[-1].closed:
            await self._begin()
        return survived

    def _survived(self, trial: Trial) -> Survived:
        last = trial.sessions[-1] if trial.sessions else None
        if last is None or not trial.exchanges:
            return "all"
        if not self._saves:
            return super()._survived(trial)
        return "all" if last.closed or last.memory or not answered(last) else "memory"

    async def _make(self, saved: str) -> None:
        self._instance = await self._invoke(self._kind, self._circumstances())
        await self._tell("load", {"saved": json.loads(saved)})

    async def _look(self) -> None:
        found = await self._tell("memories", {})
        if found is None:
            self._memories = None
        elif isinstance(found, Iterable) and not isinstance(found, str):
            self._memories = tuple(map(str, found))
        else:
            raise CallFailed("infrastructure", f"{type(self._instance).__name__}.memories gave {type(found).__name__}, not a list of texts")

    async def _saved(self) -> str | None:
        found = await self._tell("save", {})
        if found is None:
            return None
        try:
            return json.dumps(found, ensure_ascii=False)
        except (TypeError, ValueError) as error:
            raise CallFailed("infrastructure", f"{type(self._instance).__name__}.save gave what JSON cannot hold: {error}") from None
