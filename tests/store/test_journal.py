"""The journal keeps every event once, survives its writer's death, and can be read while it is written."""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.core.errors import InputError, JournalConflict, RunLocked
from sim.core.event import FormAnswered, Judged, Labelled, Meta, key
from sim.store.journal import FILE, create_journal, open_journal, read_journal
from sim.store.lock import RunLock, is_locked
from tests.store.sample import reply, trial_events
from tests.waiting import CEILING

TRIAL = "nora/moving-house/remembers/1"

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder with an empty journal."""
    run = tmp_path / "first-look"
    run.mkdir()
    create_journal(run)
    return run


def child(code: str, *args: object) -> subprocess.Popen[str]:
    """A process of its own that runs `code` with `args` in `sys.argv`."""
    command = [sys.executable, "-c", code, *map(str, args)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment)


WRITER = """
import asyncio, sys
from pathlib import Path
from sim.store.journal import open_journal
from tests.store.sample import reply
async def main():
    with open_journal(Path(sys.argv[1])) as journal:
        for n in range(1, 10**6):
            await journal.append(reply(exchange=n))
            print(n, flush=True)
asyncio.run(main())
"""
"""Appends for ever, and says after each commit how many events are safe."""

AS_SOMEBODY_ELSE = """
import json, os, sys  # all of them now: the standard library may lie where somebody else cannot read
from pathlib import Path
from sim.store.journal import open_journal, read_journal
if os.getuid() == 0:  # a superuser may write anywhere
    os.setuid(65534)
"""
READER = (
    AS_SOMEBODY_ELSE
    + """
with read_journal(Path(sys.argv[1])) as journal:
    print(len(list(journal.all_events())))
"""
)


# --- keeping ------------------------------------------------------------------------------------------------------


async def test_events_come_back_as_they_were_in_the_order_of_appending(folder: Path) -> None:
    first, second = list(trial_events("a", 3)), list(trial_events("b", 2))
    mixed = [e for pair in zip(first, second, strict=False) for e in pair] + first[len(second) :]
    with open_journal(folder) as journal:
        for event in mixed:
            await journal.append(event)
        assert list(journal.events("a")) == first
    with read_journal(folder) as journal:
        assert list(journal.all_events()) == mixed
        assert list(journal.events("b")) == second
        assert journal.events("c") == ()
        assert journal.trials() == ("a", "b")


async def test_reading_in_pages_loses_nothing_and_sees_what_is_appended_meanwhile(folder: Path) -> None:
    with open_journal(folder) as journal:
        for n in range(1, 1002):
            await journal.append(reply(exchange=n))
        read = journal.all_events()
        seen = [next(read)]
        await journal.append(reply(exchange=1002))
        seen += read
    assert [e.exchange for e in seen] == list(range(1, 1003))


async def test_an_event_again_is_a_no_op_and_keeps_its_first_meta(folder: Path) -> None:
    with open_journal(folder) as journal:
        await journal.append(reply(meta=Meta(at=1.0)))
        await journal.append(reply(meta=Meta(at=2.0, resent=True)))
        (kept,) = journal.all_events()
    assert kept.meta == Meta(at=1.0)


async def test_a_different_event_under_the_same_key_is_a_bug(folder: Path) -> None:
    with open_journal(folder) as journal:
        await journal.append(reply(text="Good evening."))
        with pytest.raises(JournalConflict, match="target_replied"):
            await journal.append(reply(text="Good morning."))
        (kept,) = journal.all_events()
    assert kept.reply == "Good evening."


@pytest.mark.parametrize("change", [{"trial": "b"}, {"session": 2}, {"take": 2}, {"exchange": 2}, {"part": "x"}], ids=str)
async def test_every_part_of_the_key_tells_events_apart(folder: Path, change: dict[str, object]) -> None:
    with open_journal(folder) as journal:
        await journal.append(reply(text="one"))
        await journal.append(reply(text="two").model_copy(update=change))
        assert len({key(e) for e in journal.all_events()}) == 2


async def test_text_of_any_script_comes_back(folder: Path) -> None:
    text = "‘žluťoučký’ 猫 🐈‍⬛ \u2028 \" \\ \x07 '; DROP TABLE event;"
    with open_journal(folder) as journal:
        await journal.append(reply(trial='a"\\ž', text=text))
        (kept,) = journal.events('a"\\ž')
    assert kept.reply == text


async def test_counts_tell_how_far_the_run_is(folder: Path) -> None:
    with open_journal(folder) as journal:
        for event in (*trial_events("a", 3), *list(trial_events("b", 2))[:4]):
            await journal.append(event)
        counts = journal.counts()
    assert (counts.started, counts.finished, counts.failed, counts.exchanges) == (2, 1, 0, 4)


# --- one writer ---------------------------------------------------------------------------------------------------


def test_a_second_writer_is_told_in_one_line_who_holds_the_run(folder: Path) -> None:
    with open_journal(folder), pytest.raises(RunLocked) as refused:
        open_journal(folder)
    assert str(refused.value) == f"run 'first-look' is being written by process {os.getpid()}; wait until it is done, or end it"
    with open_journal(folder):
        pass


def test_a_failed_opening_leaves_no_lock_behind(folder: Path) -> None:
    (folder / FILE).write_bytes(b"not a database at all" * 100)
    with pytest.raises(InputError, match="not a journal"):
        open_journal(folder)
    assert not is_locked(folder)


def test_kill_9_loses_nothing_that_was_acknowledged_and_frees_the_lock(folder: Path) -> None:
    writer = child(WRITER, folder)
    assert writer.stdout is not None
    said = [int(writer.stdout.readline()) for _ in range(200)]
    assert is_locked(folder)
    with pytest.raises(RunLocked, match=f"process {writer.pid}"):
        open_journal(folder)
    writer.send_signal(signal.SIGKILL)
    said += map(int, writer.stdout.read().split())
    writer.communicate()
    assert not is_locked(folder)
    with read_journal(folder) as journal:
        kept = [e.exchange for e in journal.all_events()]
    # The last one may have been committed without having been said.
    assert kept in (said, [*said, said[-1] + 1])
    with open_journal(folder) as journal:
        assert len(journal.events(reply().trial)) == len(kept)


@pytest.mark.parametrize("before", ["", "4194304"], ids=["a new lock", "that of somebody who is gone"])
def test_who_has_just_taken_the_lock_is_named_though_it_has_not_said_so_yet(tmp_path: Path, before: str) -> None:
    lock = tmp_path / "lock"
    lock.write_text(before)
    with lock.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        late = threading.Timer(0.1, lambda: lock.write_text(f"{os.getpid()}\n"))
        late.start()
        with pytest.raises(RunLocked, match=f"process {os.getpid()};"):
            RunLock(tmp_path)
        late.join()


def test_a_reader_needs_no_lock_and_sees_the_writer_go_on(folder: Path) -> None:
    writer = child(WRITER, folder)
    try:
        assert writer.stdout is not None
        seen = []
        for _ in range(3):
            safe = int(writer.stdout.readline())
            while seen and safe <= seen[-1]:
                safe = int(writer.stdout.readline())
            with read_journal(folder) as journal:
                seen.append(len(list(journal.all_events())))
            assert seen[-1] >= safe
        assert seen[0] < seen[1] < seen[2]
    finally:
        writer.kill()
        writer.communicate()


async def test_the_writer_closes_without_waiting_for_a_reader_that_is_open(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.store.journal._PATIENCE", 3 * CEILING)
    journal = open_journal(folder)
    await journal.append(reply())
    with read_journal(folder) as reader:
        started = time.monotonic()
        journal.close()
        assert time.monotonic() - started < CEILING
        assert len(list(reader.all_events())) == 1
    with open_journal(folder) as again:
        assert len(list(again.all_events())) == 1


# --- reading without writing --------------------------------------------------------------------------------------


async def test_reading_a_run_at_rest_writes_nothing_beside_it(folder: Path) -> None:
    with open_journal(folder) as journal:
        await journal.append(reply())
    before = _times(folder)
    assert set(before) == {"run.db", "lock"}
    with read_journal(folder) as journal:
        assert len(list(journal.all_events())) == 1
        assert _times(folder) == before


def _times(folder: Path) -> dict[str, int]:
    return {f.name: f.stat().st_mtime_ns for f in folder.iterdir()}


@pytest.fixture
def sealed() -> Iterator[Path]:
    """A run whose writer was killed, in a folder that nobody may write."""
    base = Path(tempfile.mkdtemp(dir="/tmp"))
    run = base / "sealed"
    run.mkdir()
    create_journal(run)
    writer = child(WRITER, run)
    assert writer.stdout is not None
    for _ in range(20):
        writer.stdout.readline()
    writer.kill()
    writer.communicate()
    yield run
    for f in (base, run):
        f.chmod(0o755)
    shutil.rmtree(base)


@pytest.mark.parametrize("helpers", [("run.db-wal", "run.db-shm"), ("run.db-wal",)], ids=["as left", "without the index"])
def test_a_killed_run_can_be_read_from_a_read_only_folder(sealed: Path, helpers: tuple[str, ...]) -> None:
    for file in sealed.iterdir():
        if file.name not in ("run.db", *helpers):
            file.unlink()
        else:
            file.chmod(0o444)
    before = sorted(f.name for f in sealed.iterdir())
    sealed.chmod(0o555)
    sealed.parent.chmod(0o555)
    out, err = child(READER, sealed).communicate()
    assert err == ""
    assert int(out) >= 20
    assert sorted(f.name for f in sealed.iterdir()) == before


def test_a_folder_that_cannot_be_written_is_refused_in_one_line(sealed: Path) -> None:
    sealed.chmod(0o555)
    (sealed / "lock").chmod(0o444)
    sealed.parent.chmod(0o555)
    _, err = child(AS_SOMEBODY_ELSE + "open_journal(Path(sys.argv[1]))", sealed).communicate()
    assert err.splitlines()[-1].endswith("lock: cannot be written: Permission denied")


# --- somebody's file is wrong -------------------------------------------------------------------------------------


def _foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE event (id)")


def _newer(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")


def _older(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 0")


def _without_table(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE event")


@pytest.mark.parametrize("use", [open_journal, read_journal], ids=["write", "read"])
@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda p: p.unlink(), "there is no journal here; name a folder that `sim run` has made"),
        (lambda p: p.write_bytes(b""), "is not a journal of this program; name a folder that `sim run` has made"),
        (lambda p: p.write_bytes(b"hello\n" * 999), "is not a journal of this program; name a folder that `sim run` has made"),
        (_foreign, "is not a journal of this program; name a folder that `sim run` has made"),
        (_newer, "was written by a newer version (schema 99, known here: 1); upgrade rapport-sim"),
        (_older, "was written by an older version (schema 0, known here: 1); read it with that one"),
        (_without_table, "is damaged (no such table: event); restore the file from a copy"),
        (lambda p: p.write_bytes(p.read_bytes()[:100]), "is damaged (database disk image is malformed); restore the file from a copy"),
    ],
    ids=["missing", "empty", "text", "foreign", "newer", "older", "no table", "truncated"],
)
def test_a_file_that_is_no_journal_is_refused_in_one_line(folder: Path, use: object, spoil: object, complaint: str) -> None:
    spoil(folder / FILE)
    with pytest.raises(InputError) as refused:
        use(folder)
    assert str(refused.value) == f"{folder / FILE}: {complaint}"


async def test_damage_inside_the_file_is_named_when_it_is_met(folder: Path) -> None:
    with open_journal(folder) as journal:
        for event in trial_events("a", 40):
            await journal.append(event)
    data = bytearray((folder / FILE).read_bytes())
    data[8192:] = b"\xff" * (len(data) - 8192)
    (folder / FILE).write_bytes(data)
    with pytest.raises(InputError, match=r"run\.db: is damaged"), read_journal(folder) as journal:
        list(journal.all_events())


async def test_a_body_that_is_no_event_is_named_by_its_number(folder: Path) -> None:
    with open_journal(folder) as journal:
        await journal.append(reply())
        await journal.append(reply(exchange=2))
    with sqlite3.connect(folder / FILE) as db:
        db.execute("UPDATE event SET body = '{\"replie\":1}' WHERE id = 2")
    with read_journal(folder) as journal, pytest.raises(InputError, match=r"run\.db: event 2 cannot be read"):
        list(journal.all_events())


async def test_a_full_disk_is_said_in_one_line(folder: Path) -> None:
    with open_journal(folder) as journal:
        await journal.append(reply())
        journal._db.execute("PRAGMA max_page_count = 1")
        with pytest.raises(InputError, match=r"run\.db: the disk is full; make room; `sim resume`, or the same `sim score`, goes on"):
            await journal.append(reply(exchange=2, text="x" * 100_000))
        assert len(list(journal.all_events())) == 1


async def test_forgetting_on_a_full_disk_says_so_and_can_be_done_again(folder: Path) -> None:
    with open_journal(folder) as journal:
        await journal.append(reply(text="a secret " * 10_000))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open_journal(folder) as journal:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
        try:
            with pytest.raises(InputError) as full:
                journal.forget([TRIAL])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert "damaged" not in str(full.value)
        assert "rollback" not in str(full.value)
        journal.forget([TRIAL])
    assert b"a secret" not in _bytes(folder)


def _bytes(folder: Path) -> bytes:
    return b"".join(f.read_bytes() for f in folder.iterdir())


async def test_who_withdraws_leaves_nothing_and_takes_nobody_along(folder: Path) -> None:
    mine = [
        Judged(kind="rated", trial=TRIAL, session=1, take=1, exchange=1, part="human:p1", result={}),
        Labelled(trial=TRIAL, session=1, take=1, exchange=1, part="human:p1#1", label="fine"),
        FormAnswered(trial=TRIAL, part="human:p1:consent", answers={"agreed": "yes"}),
    ]
    others = [
        reply(),
        Judged(kind="rated", trial=TRIAL, session=1, take=1, exchange=1, part="human:p11", result={}),
        Judged(kind="rated", trial=TRIAL, session=1, take=1, exchange=1, part="human:p_", result={}),
        Labelled(trial=TRIAL, session=1, take=1, exchange=1, part="human:p11#1", label="fine"),
    ]
    with open_journal(folder) as journal:
        for event in (*mine, *others):
            await journal.append(event)
        assert journal.withdraw("human:p1") == len(mine)
        assert journal.withdraw("human:p1") == 0
        assert set(map(key, journal.all_events())) == set(map(key, others))
        assert b"human:p1:" not in _bytes(folder)
        assert journal.withdraw("human:p%") == 0


# --- size and speed -----------------------------------------------------------------------------------------------


async def test_growth_is_linear_and_small(folder: Path) -> None:
    sizes, took = [], 0.0
    for part in range(2):
        events = [e for n in range(10) for e in trial_events(f"nora/moving-house/remembers/{part * 10 + n}", 25)]
        with open_journal(folder) as journal:
            started = time.perf_counter()
            for event in events:
                await journal.append(event)
            took = (time.perf_counter() - started) / len(events)
        sizes.append((folder / FILE).stat().st_size)
    exchanges = 10 * 25
    print(f"\n{took * 1e6:.0f} µs an event, {sizes[1] / 2 / len(events):.0f} bytes an event, {sizes[1] / 2 / exchanges:.0f} bytes an exchange")
    # What the exchange holds in JSON is 3.5 kB; a checkpoint of the whole state at every step would be a hundred times that.
    assert sizes[1] / 2 / exchanges < 8_000
    assert sizes[1] < 2.1 * sizes[0]
