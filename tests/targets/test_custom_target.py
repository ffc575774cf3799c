"""A chatbot as a class that derives from `sim.CustomTarget`: journalled, copied for probes and restored by what it saves."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import sim
from sim.core.errors import CallFailed, InputError
from sim.core.event import MemoryWritten, SessionClosed, SessionOpened, TargetReplied, UserSpoke, Utterance
from sim.core.fold import fold
from sim.core.record import Trial
from sim.targets.target import MemoryStep, Target
from tests.targets.chatbots import Booth, spec

MONDAY, TUESDAY = dt.date(2026, 1, 5), dt.date(2026, 1, 6)
BOTS = """
import sim


class Diary(sim.CustomTarget):
    def __init__(self, user_id):
        self.told = []
        self.now = []

    async def new_session(self):
        self.now = []

    def reply(self, message):
        self.now.append(message)
        return " / ".join([*self.told, *self.now])

    def close_session(self):
        self.told += self.now
        self.now = []

    def memories(self):
        return self.told

    def save(self):
        return self.told

    def load(self, saved):
        self.told = list(saved)


class Plain(sim.CustomTarget):
    def reply(self, message):
        return message


class Odd(Diary):
    def save(self):
        return {1, 2}


class Hoarder(Plain):
    def save(self):
        return [1, 2]
"""


@pytest.fixture
async def booth(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Booth]:
    (tmp_path / "custom_bots.py").write_text(BOTS, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    booth = Booth(spec(callable=f"custom_bots:{getattr(request, 'param', 'Diary')}", clock="none"))
    yield booth
    await booth.parts.close()


def told(booth: Booth, *, steps: tuple[MemoryStep, ...] = (), closed: bool = False) -> Trial:
    """A trial in which the user has said one thing."""
    _, blank = booth.trial(seed=ord("a"))
    where = {"trial": blank.id, "session": 1, "take": 1}
    return fold(
        blank,
        (
            SessionOpened(**where, date=MONDAY),
            UserSpoke(**where, exchange=1, said=Utterance(message="My cat is called Biscuit.")),
            TargetReplied(**where, exchange=1, reply="I see."),
            *(MemoryWritten(**where, part=s.name, content=s.content) for s in steps),
            *([SessionClosed(**where, ending="maximum")] if closed else []),
        ),
    )


async def first_session(booth: Booth) -> tuple[Target, tuple[MemoryStep, ...]]:
    target = await booth.target()
    await target.open(MONDAY)
    await target.reply("My cat is called Biscuit.", "k1")
    return target, await target.close_session()


async def test_what_it_saves_is_a_step_of_memory_and_what_it_remembers_is_told(booth: Booth) -> None:
    target, steps = await first_session(booth)
    assert steps == (MemoryStep("state", '["My cat is called Biscuit."]'),)
    assert target.remembers() == ("My cat is called Biscuit.",)


async def test_a_copy_knows_what_it_knew_and_leaves_no_trace(booth: Booth) -> None:
    target, _ = await first_session(booth)
    twin = await target.fork()
    assert twin is not None
    await twin.open(TUESDAY)
    answer = await twin.reply("What is my cat called?", "k2")
    assert "Biscuit" in answer.text
    assert [c.role for c in answer.calls] == ["probe"]
    await target.open(TUESDAY)
    assert "What is my cat called?" not in (await target.reply("Hello.", "k3")).text


async def test_a_trial_that_was_cut_short_goes_on_from_the_session_before(booth: Booth) -> None:
    _, steps = await first_session(booth)
    trial = told(booth, steps=steps, closed=True)
    target = booth.parts.target(booth.trial(seed=ord("a"))[0])
    assert await target.restore(trial) == "all"
    assert target.remembers() == ("My cat is called Biscuit.",)
    await target.open(TUESDAY)
    assert "Biscuit" in (await target.reply("Hello.", "k2")).text


async def test_a_session_that_had_not_ended_starts_over(booth: Booth) -> None:
    target = booth.parts.target(booth.trial(seed=ord("a"))[0])
    assert await target.restore(told(booth)) == "memory"
    await target.open(MONDAY)
    assert (await target.reply("Hello.", "k1")).text == "Hello."


async def test_a_session_whose_state_is_kept_only_has_to_be_closed(booth: Booth) -> None:
    _, steps = await first_session(booth)
    target = booth.parts.target(booth.trial(seed=ord("a"))[0])
    assert await target.restore(told(booth, steps=steps)) == "all"
    assert target.remembers() == ("My cat is called Biscuit.",)


@pytest.mark.parametrize("booth", ["Plain"], indirect=True)
async def test_only_reply_must_be_written(booth: Booth) -> None:
    target, steps = await first_session(booth)
    assert steps == ()
    assert target.remembers() is None
    assert await target.fork() is None
    again = booth.parts.target(booth.trial(seed=ord("a"))[0])
    assert await again.restore(told(booth, closed=True)) == "nothing"


@pytest.mark.parametrize("booth", ["Odd"], indirect=True)
async def test_what_json_cannot_hold_is_told_of_and_ends_no_run(booth: Booth) -> None:
    with pytest.raises(CallFailed, match=r"Odd\.save gave what JSON cannot hold"):
        await first_session(booth)


def test_a_class_without_reply_cannot_be_made() -> None:
    class Mute(sim.CustomTarget):
        pass

    with pytest.raises(TypeError, match="reply"):
        Mute()  # type: ignore[abstract]


def test_one_that_saves_and_cannot_load_is_refused_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "custom_bots.py").write_text(BOTS, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match=r"custom_bots:Hoarder has a method save and no load; write def load\(self, saved\)"):
        Booth(spec(callable="custom_bots:Hoarder", clock="none"))
