"""A chat model as target: it is shown its system prompt, what its memory recalls, and the present session."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sim.core.errors import CallFailed
from sim.llm.client import CallLog, Message, Request
from sim.targets.context import fit
from sim.targets.memory.policy import Heard, Memory, words_of
from sim.targets.target import MemoryStep, Survived, TargetAnswer

if TYPE_CHECKING:
    from sim.core.event import Role
    from sim.core.record import Trial
    from sim.llm.client import Client
    from sim.llm.prompts import Prompts


@dataclass(frozen=True)
class Takeover:
    """Who speaks in the first one's place from a session on."""

    client: Client
    system: str
    since: int
    """The number of its first session."""


class ChatTarget:
    """A model that is sent the whole context with every message and keeps nothing itself.

    Args:
        system: its own system prompt, if any.
        seed: the sampling seed for (session, exchange), the same for every arm; exchange 0 is what memory does when the session has ended.
        tokens: how many a prompt may have; None: any number.
        takeover: another model, which speaks from a later session on.
    """

    stateful = False
    given = ""

    def __init__(
        self,
        client: Client,
        prompts: Prompts,
        *,
        memory: Memory,
        system: str | None,
        seed: Callable[[int, int], int],
        tokens: int | None = None,
        takeover: Takeover | None = None,
    ) -> None:
        self._client = client
        self._prompts = prompts
        self._memory = memory
        self._system = system or ""
        self._seed = seed
        self._tokens = tokens
        self._takeover = takeover
        self._role: Role = "target"
        self._index = 0
        self._earlier: tuple[Heard, ...] = ()
        self._now = Heard(dt.date.min)

    async def open(self, date: dt.date) -> None:
        """Begin a session with nothing said in it."""
        self._earlier = self._talks
        self._index += 1
        since = self._earlier[-1].date if self._earlier else None
        self._now = Heard(date, since, self._prompts.render("target_session", date=date, since=since))

    async def reply(self, message: str, key: str) -> TargetAnswer:
        """Send system prompt, recalled messages and this session, ending with `message`."""
        recalled = await self._memory.recall(self._earlier, message)
        tab = CallLog(recalled.calls, recalled.timings)
        later = self._takeover if self._takeover and self._index >= self._takeover.since else None
        client, own = (later.client, later.system) if later else (self._client, self._system)
        system = "\n\n".join(filter(None, (own, recalled.shown)))
        asked = replace(self._now, said=(*self._now.said, Message("user", message)))
        try:
            fitted = fit(system, (*recalled.talks, asked), tokens=self._tokens)
        except CallFailed as failed:
            raise failed.paying(tab.calls, tab.timings) from None
        context = (*((Message("system", system),) if system else ()), *fitted.messages)
        answer = await tab.ask(client, Request(self._role, context, seed=self._draw(len(self._now.said) // 2 + 1)))
        self._now = replace(asked, said=(*asked.said, Message("assistant", answer.text)))
        known = (*recalled.texts, *words_of(fitted.earlier))
        return TargetAnswer(answer.text, answer.finish, tab.calls, tab.timings, recalled=known, dropped=fitted.dropped, tools=answer.tools)

    async def close_session(self) -> tuple[MemoryStep, ...]:
        """Let the memory consolidate."""
        return await self._memory.consolidate(self._talks, seed=self._draw(0))

    def remembers(self) -> tuple[str, ...] | None:
        """What the memory holds, the session that has just ended included."""
        return self._memory.holds(self._talks)

    async def fork(self) -> ChatTarget:
        """A copy; all it holds is immutable but its memory, which holds immutable values only."""
        twin = copy(self)
        twin._memory = copy(self._memory)
        twin._role = "probe"
        return twin

    async def restore(self, trial: Trial) -> Survived:
        """Hear again what the record says was said, and take what memory wrote from it."""
        for talk in trial.cast.scenario.history:
            await self.open(trial.cast.start_date - dt.timedelta(days=talk.days_before))
            self._hear(Message(m.role, m.text) for m in talk.messages)
        self._index = 0
        for session in trial.sessions:
            await self.open(session.date)
            for e in session.exchanges:
                if e.reply is not None:
                    self._hear((Message("user", e.user.message), Message("assistant", e.reply.text)))
            for step in session.memory:
                self._memory.restore(step, len(self._talks))
        return "all"

    @property
    def _talks(self) -> tuple[Heard, ...]:
        """All sessions in which something was said, the present one included."""
        return (*self._earlier, self._now) if self._now.said else self._earlier

    def _hear(self, messages: Iterable[Message]) -> None:
        self._now = replace(self._now, said=(*self._now.said, *messages))

    def _draw(self, exchange: int) -> int:
        return self._seed(self._index, exchange) % 2**31
