"""A chat model as target: it is shown its system prompt, what its memory recalls, and the present session."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING

from sim.llm.client import Message, Request, Tab
from sim.targets.memory.policy import Heard, Memory
from sim.targets.target import Answer, MemoryStep

if TYPE_CHECKING:
    from sim.core.event import Role
    from sim.core.record import Trial
    from sim.llm.client import Client
    from sim.llm.prompts import Prompts


class ChatTarget:
    """A model that is sent the whole context with every message and keeps nothing itself.

    Args:
        system: its own system prompt, if any.
        seed: the sampling seed for (session, exchange), the same for every arm.
    """

    stateful = False

    def __init__(self, client: Client, prompts: Prompts, *, memory: Memory, system: str | None, seed: Callable[[int, int], int]) -> None:
        self._client = client
        self._prompts = prompts
        self._memory = memory
        self._system = (Message("system", system),) if system else ()
        self._seed = seed
        self._role: Role = "target"
        self._index = 0
        self._earlier: tuple[Heard, ...] = ()
        self._now = Heard(dt.date.min, ())

    async def open(self, date: dt.date) -> None:
        """Begin a session with nothing said in it."""
        if self._now.messages:
            self._earlier = (*self._earlier, self._now)
        self._index += 1
        self._now = Heard(date, ())

    async def reply(self, message: str, key: str) -> Answer:
        """Send system prompt, recalled messages and this session, ending with `message`."""
        said = self._heard(message)
        context = (*self._system, *self._memory.recall(self._earlier), *self._now.messages, said)
        tab = Tab()
        answer = await tab.ask(self._client, Request(self._role, context, seed=self._seed(self._index, len(self._now.messages) // 2 + 1) % 2**31))
        self._now = Heard(self._now.date, (*self._now.messages, said, Message("assistant", answer.text)))
        return Answer(answer.text, answer.finish, tab.calls, tab.timings)

    async def close_session(self) -> tuple[MemoryStep, ...]:
        """Let the memory consolidate."""
        return await self._memory.consolidate(self._now)

    def remembers(self) -> tuple[str, ...]:
        """What the memory holds, the session that has just ended included."""
        return tuple(m.content for m in self._memory.recall((*self._earlier, self._now)))

    async def fork(self) -> ChatTarget:
        """A copy; all it holds is immutable but its memory."""
        twin = copy(self)
        twin._memory = copy(self._memory)
        twin._role = "probe"
        return twin

    async def restore(self, trial: Trial) -> bool:
        """Hear again what the record says was said."""
        for talk in trial.cast.scenario.history:
            await self.open(trial.cast.start_date - dt.timedelta(days=talk.days_before))
            for user, reply in zip(talk.messages[::2], talk.messages[1::2], strict=True):
                self._now = Heard(self._now.date, (*self._now.messages, self._heard(user.text), Message("assistant", reply.text)))
        self._index = 0
        for session in trial.sessions:
            await self.open(session.date)
            for e in session.exchanges:
                if e.reply is not None:
                    self._now = Heard(self._now.date, (*self._now.messages, self._heard(e.user.message), Message("assistant", e.reply.text)))
        return True

    def _heard(self, message: str) -> Message:
        """`message` as the target gets it: the first of a session carries the date."""
        if self._now.messages:
            return Message("user", message)
        since = self._earlier[-1].date if self._earlier else None
        return Message("user", self._prompts.render("target_session", date=self._now.date, since=since) + message)
