"""What every memory policy must do, as tests that anybody can run against their own: the package's policies pass the same.

    from sim.targets.memory.conformance import PolicyConformance
    from notes import Notes

    class TestNotes(PolicyConformance):
        policy = Notes

pytest collects the tests of the class; nothing of pytest is imported here. `size` is the number after the policy's name, where it takes one.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any, ClassVar

from sim.core.event import MemoryWritten
from sim.core.spec import MemorySpec
from sim.core.text import normalise
from sim.core.view import CHARACTERS_PER_TOKEN
from sim.llm.client import Client, Completion, Message, Request, Scripted
from sim.llm.embedding import OfflineEmbedder
from sim.llm.prompts import load_prompts
from sim.targets.memory.custom import UNCHANGED, CustomMemory, check_policy
from sim.targets.memory.policy import Heard, Policy, Recalled
from sim.targets.memory.tools import Tools, Writer
from sim.targets.target import MemoryStep

START = dt.date(2026, 1, 5)
SESSIONS = 8
ROOM = 300
"""Tokens of the context in the test of length; what eight sessions say is more than twice as much."""
SEED = 7

_TOLD = (
    ("My cat is called Biscuit and sleeps on the radio all day.", "It is raining here in Mill Lane."),
    ("The van for the move comes on Thursday at seven.", "Nothing is packed yet, and Kofi is of no help."),
    ("My sister Leila has opened a bakery in Rotterdam.", "I burnt the rice again, for the third time."),
    ("Our neighbour Ingrid plays the cello at night.", "I have bought ear plugs, the yellow ones."),
)
_ASKED = ("How is Biscuit, my cat?", "When does the van come?", "What did I say of Leila and her bakery?", "Good morning.")


def heard(index: int, said: Sequence[str] | None = None) -> Heard:
    """A session as a target hears it, the first at index 0; by default one of four, said anew for every fifth."""
    told = _TOLD[index % len(_TOLD)] if said is None else said
    words = [f"{text} I say so for time number {index // len(_TOLD) + 1}." if said is None and index >= len(_TOLD) else text for text in told]
    messages = [m for text in words for m in (Message("user", text), Message("assistant", f"I see: {text.lower()}"))]
    date = START + dt.timedelta(days=9 * index)
    return Heard(date, date - dt.timedelta(days=9) if index else None, f"[{date:%d %B %Y}]\n\n", tuple(messages))


def obliging() -> Scripted:
    """A model that writes one dated line, whatever it is asked."""
    return Scripted(lambda request: Completion(f"<memory>\n{START}: They have a cat called Biscuit.\n</memory>"))


class Life:
    """One trial's memory, with the steps that a journal would hold.

    Args:
        kind: the policy's class.
        client: the target's model; None: it writes one line, dated, whatever it is asked.
        tokens: how many a prompt may have; None: any number.
    """

    def __init__(self, kind: type[Policy], *, size: int = 0, client: Client | None = None, tokens: int | None = None) -> None:
        self._kind = check_policy(kind, MemorySpec("policy", size), of="the policy under test")
        self._client = client or obliging()
        writer = Writer(self._client, tokens=tokens)
        self._tools = Tools(size, tokens, writer, OfflineEmbedder(), self._client, load_prompts())
        self.memory = self._fresh()
        self.talks: tuple[Heard, ...] = ()
        self.steps: tuple[tuple[MemoryWritten, int], ...] = ()

    async def live(self, sessions: int, *, since: int = 0) -> Life:
        """Go through so many sessions, from number `since` on."""
        for index in range(since, since + sessions):
            await self.end(heard(index))
        return self

    async def end(self, talk: Heard) -> tuple[MemoryStep, ...]:
        """Have `talk` taken in."""
        self.talks = (*self.talks, talk)
        steps = await self.memory.consolidate(self.talks, seed=SEED)
        written = (MemoryWritten(trial="t", session=len(self.talks), take=1, part=s.name, content=s.content, kept=s.kept) for s in steps)
        self.steps = (*self.steps, *((step, len(self.talks)) for step in written))
        return steps

    def restored(self) -> CustomMemory:
        """A memory made anew, as after a kill, from what the journal holds."""
        fresh = self._fresh()
        for step, talks in self.steps:
            # Through JSON, as the journal keeps it: what is not text would not come back.
            fresh.restore(MemoryWritten.model_validate_json(step.model_dump_json()), talks)
        return fresh

    async def shown(self, memory: CustomMemory | None = None) -> tuple[Recalled, ...]:
        """What is recalled for each of the questions, without what it cost."""
        found = [await (memory or self.memory).recall(self.talks, asked) for asked in _ASKED]
        return tuple(Recalled(r.shown, r.texts, r.talks) for r in found)

    def _fresh(self) -> CustomMemory:
        return CustomMemory(self._kind, self._tools, self._kind.__name__, seconds=60.0)


def _alone(test: Callable[[Any], Coroutine[Any, Any, None]]) -> Callable[[Any], None]:
    """An async test as one that any pytest runs, in an event loop of its own."""

    @wraps(test)
    def run(self: Any) -> None:
        asyncio.run(test(self))

    return run


class PolicyConformance:
    """Derive a test class from this one and name the policy in it."""

    policy: ClassVar[type[Policy]]
    """The class under test."""
    size: ClassVar[int] = 0
    """The number after its name, where it takes one."""
    client: ClassVar[Client | None] = None
    """The target's model, such as a `Scripted` that answers what the policy asks it; None: it writes one dated line, whatever it is asked."""

    @_alone
    async def test_before_the_first_session_nothing_is_shown(self) -> None:
        """Nothing can be known of somebody who has said nothing yet."""
        found = await self._life().memory.recall((), "Hello.")
        assert (found.shown, found.texts, found.talks) == ("", (), ()), f"before anything was said, it shows {found}"

    @_alone
    async def test_what_it_shows_is_what_it_says_it_shows(self) -> None:
        """`texts` are looked up to tell whether a fact was retrieved, so they must stand in what the model is shown."""
        life = await self._life().live(3)
        for found in await life.shown():
            assert set(found.talks) <= set(life.talks), "Recalled.talks holds a session that was not among the earlier ones, or a changed one"
            absent = [t for t in found.texts if normalise(t) not in normalise(found.shown)]
            assert not absent, f"Recalled.texts has {absent[0]!r}, which is not in Recalled.shown"

    @_alone
    async def test_recalling_changes_nothing(self) -> None:
        """A message may be sent again after an interruption, and must then meet the same memory."""
        life = await self._life().live(3)
        assert await life.shown() == await life.shown(), "asked twice, it shows two different things"

    @_alone
    async def test_a_memory_made_anew_from_the_journal_is_the_same(self) -> None:
        """After a kill the policy is made again and given the steps it had returned; it must go on as if nothing had happened."""
        life = self._life()
        for index in range(4):
            await life.end(heard(index))
            restored = life.restored()
            assert await life.shown(restored) == await life.shown(), f"made anew after session {index + 1}, it shows something else"
            assert restored.holds(life.talks) == life.memory.holds(life.talks), f"made anew after session {index + 1}, it holds something else"
        undisturbed, life.memory = life.memory, life.restored()
        expected = await undisturbed.consolidate((*life.talks, heard(4)), seed=SEED)
        written = await life.end(heard(4))
        assert _told(written) == _told(expected), "made anew from the journal, it writes something else at the end of the next session"

    @_alone
    async def test_talks_before_the_study_are_taken_in_with_the_first_session(self) -> None:
        """The past of a persona was never consolidated: it is among the earlier sessions all the same."""
        life = self._life()
        life.talks = (heard(2),)
        assert await life.shown() == await life.shown(life.restored()), "with a past and no session yet, one made anew shows something else"
        await life.end(heard(0))
        assert await life.shown(life.restored()) == await life.shown(), "with a past and one session, one made anew shows something else"

    @_alone
    async def test_each_trial_has_a_memory_of_its_own(self) -> None:
        """Trials run side by side, and a probe is put to a copy: nothing that one hears may reach another."""
        one, other = self._life(), self._life()
        for index in range(2):
            await one.end(heard(index))
            await other.end(heard(index, ["My parrot has learnt to swear.", "The parrot lives in Oslo."]))
        await other.shown()
        shown = [text for r in await one.shown() for text in (r.shown, *r.texts)] + list(one.memory.holds(one.talks) or ())
        assert not any("parrot" in text.casefold() for text in shown), "what another trial said has reached this one: keep nothing in class or module"

    @_alone
    async def test_a_session_in_which_nothing_was_said_changes_nothing(self) -> None:
        """Such a session is not among the talks, so that the policy is asked to take in what it has taken in before."""
        life = await self._life().live(2)
        before, held = await life.shown(), life.memory.holds(life.talks)
        again = await life.memory.consolidate(life.talks, seed=SEED)
        assert not any(s.calls for s in again), "asked to take in the same talks again, it asked its model"
        assert (await life.shown(), life.memory.holds(life.talks)) == (before, held), "asked to take in the same talks again, it has changed"

    @_alone
    async def test_what_it_shows_and_asks_finds_room_in_the_context(self) -> None:
        """`tools.tokens` bounds the whole prompt; beside the memory, the message and the present session need room too."""
        client = _Measuring(self.client or obliging())
        life = await Life(self.policy, size=self.size, client=client, tokens=ROOM).live(SESSIONS)
        for found in await life.shown():
            size = len(found.shown) // CHARACTERS_PER_TOKEN
            assert size <= ROOM * 3 // 4, f"in a context of {ROOM} tokens, the memory alone shows {size}: shorten it by tools.tokens"
        longest = client.longest // CHARACTERS_PER_TOKEN
        assert longest <= ROOM, f"in a context of {ROOM} tokens, its model was asked with {longest}: shorten the prompt by tools.tokens"
        lost = sum(s.part == UNCHANGED and s.kept != "" for s, _ in life.steps)
        assert not lost, f"of {SESSIONS} sessions, {lost} did not fit the prompt of the writer: shorten it by tools.tokens"

    @_alone
    async def test_its_forecast_holds(self) -> None:
        """`calls_per_session` and `calls_per_message` are what a run is forecast and priced by."""
        life = self._life()
        paid = sum(len(s.calls) for s in await life.end(heard(0)))
        assert paid == self.policy.calls_per_session, (
            f"it made {paid} calls when a session ended; calls_per_session is {self.policy.calls_per_session}"
        )
        paid = len((await life.memory.recall(life.talks, _ASKED[0])).calls)
        assert paid == self.policy.calls_per_message, f"it made {paid} calls for a message; calls_per_message is {self.policy.calls_per_message}"

    def _life(self) -> Life:
        return Life(self.policy, size=self.size, client=self.client)


class _Measuring:
    """A client that notes how long its longest prompt was."""

    def __init__(self, inner: Client) -> None:
        self.model = inner.model
        self.longest = 0
        self._inner = inner

    async def complete(self, request: Request) -> Completion:
        self.longest = max(self.longest, sum(len(m.content) for m in request.messages))
        return await self._inner.complete(request)

    async def close(self) -> None:
        await self._inner.close()


def _told(steps: Sequence[MemoryStep]) -> list[tuple[str, str, str]]:
    return [(s.name, s.content, s.kept) for s in steps]
