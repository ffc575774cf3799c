"""What a target does when it is spoken to for the first time: whether it answers, keeps its users apart, and remembers.

The checks speak to it as the trials of a run would, each as a user of its own, and write nothing down.
"""

from __future__ import annotations

import datetime as dt
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sim.core.errors import CallFailed, InputError
from sim.core.ports import MemorySink
from sim.core.spec import ChatTargetSpec, Length, Scenario
from sim.core.text import contains, normalise
from sim.engine.recipe import Recipe
from sim.engine.staff import Parts
from sim.llm.build import Shared
from sim.llm.traffic.passage import Traffic
from sim.targets.first_contact.exchange import GREETING
from sim.targets.first_contact.finding import Finding
from sim.targets.isolation import check_isolation

if TYPE_CHECKING:
    from sim.core.record import Trial
    from sim.core.spec import Limits, Study
    from sim.engine.plan import TrialPlan
    from sim.llm.prompts import Prompts
    from sim.targets.target import MemoryStep, Survived, Target, TargetAnswer

WORD = "Zephyrine"
TELLS = f"My neighbour has a dog. Her name is {WORD}, please remember that."
ASKS = "What is the name of my neighbour's dog?"
DAY = dt.date(2026, 1, 5)
SLOW = 10.0
"""Seconds for one reply beyond which a study takes long."""

Tell = Callable[[Finding], None]


@dataclass(frozen=True)
class Spoken:
    """One message and its reply."""

    message: str
    reply: str
    seconds: float


class Stranger:
    """Whoever speaks to a target for the first time; to be closed.

    Args:
        plan: of a trial with the target; its seed is replaced, so that each user is another one.
        nonce: keeps these users apart from those of every run.
    """

    def __init__(self, study: Study, plan: TrialPlan, prompts: Prompts, *, limits: Limits, nonce: str) -> None:
        self.traffic = Traffic(limits)
        """Its calls."""
        shared = Shared(self.traffic)
        recipe = Recipe(study=study, prompts=prompts.texts, limits=limits, nonce=nonce)
        self._parts = Parts(recipe, shared, sink=MemorySink(), clock=time.time)
        self._plan = plan
        self._spoken: list[Spoken] = []

    def stop(self) -> None:
        """Let every further call be refused."""
        self.traffic.stop()

    async def greet(self) -> Spoken:
        """Say hello.

        Raises:
            InputError: there was no answer.
        """
        try:
            target = await self._meet("greeting")
            await target.open(DAY)
            await target.reply(GREETING, "contact/hello")
            await target.close_session()
        except CallFailed as failed:
            raise InputError(f"it did not answer: {failed.told}", mend="see that it runs, and try again") from None
        return self._spoken[-1]

    async def check(self, tell: Tell) -> None:
        """Find out whether it keeps users apart and what it remembers; `tell` is given each finding as it is made.

        Raises:
            InputError: it stopped answering.
        """
        try:
            tell(await self._keeps_apart())
            for finding in await self._remembers():
                tell(finding)
        except CallFailed as failed:
            raise InputError(f"it answered once and then no more: {failed.told}", mend="see what it logged, and try again") from None
        for finding in self._answers():
            tell(finding)

    async def close(self) -> None:
        """Give back every connection."""
        await self._parts.close()

    async def _meet(self, user: str) -> _Noting:
        plan = replace(self._plan, seed=int.from_bytes(user.encode()[:6]))
        target = self._parts.target(plan)
        await target.restore(plan.blank())
        return _Noting(target, self._spoken)

    async def _keeps_apart(self) -> Finding:
        about = "users kept apart"
        if isinstance(self._plan.target, ChatTargetSpec):
            return Finding(about=about, said="yes: a model is sent each user's talk anew, with a memory of Rapport's own", mark="good")
        before = len(self._spoken)
        found = await check_isolation(self._meet, date=DAY)
        asked = len(self._spoken) - before - 2
        if found.leaks:
            return Finding(about=about, said="NO: one user was told what another had said", evidence=found.leaks[0], mark="warning")
        if not found.remembered:
            said = f"nothing leaked in {asked} questions, but it did not remember its own user's word either, so that shows little"
            return Finding(about=about, said=said)
        return Finding(about=about, said=f"yes: asked {asked} times, it never told one user what another had said", mark="good")

    async def _remembers(self) -> tuple[Finding, Finding]:
        target = await self._meet("memory")
        await target.open(DAY)
        await target.reply(TELLS, "contact/tells")
        at_once = (await target.reply(ASKS, "contact/asks")).text
        await target.close_session()
        await target.open(DAY + dt.timedelta(days=1))
        later = (await target.reply(ASKS, "contact/asks-later")).text
        await target.close_session()
        return _memory("memory in a session", at_once), _memory("memory across them", later)

    def _answers(self) -> list[Finding]:
        """What all replies so far have in common."""
        replies = [s.reply for s in self._spoken]
        empty = sum(not r.strip() for r in replies)
        echoes = sum(normalise(s.message) == normalise(s.reply) for s in self._spoken)
        odd = [
            (empty, f"{empty} of {len(replies)} were empty"),
            (len(set(replies)) == 1, f"all {len(replies)} were the same"),
            (echoes, f"{echoes} of {len(replies)} only said the message back"),
            (sum(r.lstrip()[:1] in ("{", "<") for r in replies), "some begin like JSON or HTML: the place of the reply may be wrong"),
        ]
        found = [Finding(about="replies", said=said, evidence=replies[0], mark="warning") for is_so, said in odd if is_so]
        if not found:
            found = [Finding(about="replies", said=f"{len(replies)}, none of them empty or an echo", mark="good")]
        times = sorted(s.seconds for s in self._spoken)
        said = f"{statistics.median(times):.2f} s in the middle, {times[-1]:.2f} s at most"
        return [*found, Finding(about="time for a reply", said=said, mark="warning" if statistics.median(times) > SLOW else "good")]


def _memory(about: str, reply: str) -> Finding:
    knew = contains(reply, WORD)
    return Finding(about=about, said="yes" if knew else "no: the word it was told did not come back", evidence=reply, mark="good" if knew else "fact")


class _Noting:
    """A target whose replies are kept."""

    def __init__(self, target: Target, spoken: list[Spoken]) -> None:
        self.stateful = target.stateful
        self.given = target.given
        self._target = target
        self._spoken = spoken

    async def open(self, date: dt.date) -> None:
        await self._target.open(date)

    async def reply(self, message: str, key: str) -> TargetAnswer:
        started = time.perf_counter()
        answer = await self._target.reply(message, key)
        self._spoken.append(Spoken(message, answer.text, time.perf_counter() - started))
        return answer

    async def close_session(self) -> tuple[MemoryStep, ...]:
        return await self._target.close_session()

    def remembers(self) -> tuple[str, ...] | None:
        return self._target.remembers()

    async def fork(self) -> Target | None:
        return await self._target.fork()

    async def restore(self, trial: Trial) -> Survived:
        return await self._target.restore(trial)


def first_session(scenario: Scenario, *, exchanges: int) -> Scenario:
    """`scenario` cut down to its first session, of exactly so many exchanges."""
    session = scenario.sessions[0]
    scripted = tuple(s for s in session.scripted if s.exchange <= exchanges)
    short = session.model_copy(update={"exchanges": Length(min=exchanges, max=exchanges), "scripted": scripted})
    return scenario.model_copy(update={"history": (), "sessions": (short,)})
