"""A sink whose disk is full: what was bought is held until there is room, and no longer than patience lasts."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence

import pytest

from sim.core.batch import EncodedEvent, EventBatch, batch_of, decode
from sim.core.errors import RunStuck
from sim.core.event import Event, TrialFinished
from sim.core.ports import MemorySink
from sim.core.spec import Limits
from sim.engine.holding import EVERY, HoldingSink
from sim.llm.traffic.passage import Traffic
from sim.store.journal import may_pass

FULL = sqlite3.SQLITE_FULL


class Disk:
    """Has no room until `room`; time is a number here."""

    def __init__(self, code: int = FULL) -> None:
        self.now = 0.0
        self.room = float("inf")
        self.kept = MemorySink()
        self._code = code

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)

    async def append(self, event: Event) -> None:
        if self.now < self.room:
            cause = sqlite3.OperationalError("no room")
            cause.sqlite_errorcode = self._code
            raise RunStuck("the disk is full", mend="make room", where="run.db") from cause
        await self.kept.append(event)

    async def append_batch(self, batch: EventBatch) -> None:
        for row in batch.rows:
            await self.append(decode(row))

    def events(self, trial: str) -> Sequence[Event]:
        return self.kept.events(trial)

    def encoded(self, trial: str) -> Sequence[EncodedEvent]:
        return self.kept.encoded(trial)


def holding(disk: Disk, *, patience: float = 60.0) -> tuple[HoldingSink, Traffic, list[str]]:
    traffic, said = Traffic(Limits()), list[str]()
    traffic.say = said.append
    return HoldingSink(disk, traffic, may_pass=may_pass, patience=patience, clock=disk.clock, sleep=disk.sleep), traffic, said


async def test_all_that_is_held_is_kept_once_there_is_room_and_each_thing_is_said_once() -> None:
    disk = Disk()
    disk.room = 10.0
    sink, _, said = holding(disk)
    alone = [sink.append(TrialFinished(trial=f"t{n}")) for n in range(20)]
    await asyncio.gather(*alone, sink.append_batch(batch_of([TrialFinished(trial="t20")])))
    assert all(disk.events(f"t{n}") for n in range(21))
    assert said == [
        "paused: run.db: the disk is full; make room: answers are held and nothing is asked for, for up to 1 minutes (--patience)",
        "there is room again after 10 s; the run goes on",
    ]
    assert disk.now == 10.0, "one tries for all"


async def test_patience_ends_it_and_so_does_a_stop() -> None:
    disk = Disk()
    sink, traffic, _ = holding(disk)
    with pytest.raises(RunStuck, match="the disk is full"):
        await sink.append(TrialFinished(trial="t"))
    assert 60 <= disk.now < 60 + 2 * EVERY
    disk = Disk()
    sink, traffic, _ = holding(disk)
    held = asyncio.create_task(sink.append(TrialFinished(trial="t")))
    await asyncio.sleep(0)
    traffic.stop()
    with pytest.raises(RunStuck):
        await held
    assert disk.now <= EVERY


@pytest.mark.parametrize(("code", "patience"), [(sqlite3.SQLITE_CORRUPT, 60.0), (sqlite3.SQLITE_READONLY, 60.0), (FULL, 0.0)])
async def test_what_waiting_does_not_mend_or_nobody_waits_for_ends_it_at_once(code: int, patience: float) -> None:
    disk = Disk(code)
    sink, _, said = holding(disk, patience=patience)
    with pytest.raises(RunStuck):
        await sink.append(TrialFinished(trial="t"))
    assert (disk.now, said) == (0.0, [])
