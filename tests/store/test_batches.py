"""A batch of encoded events is kept as its events would be, all or none of it, and those who watch are told the same."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from sim.app.writing import WatchedSink
from sim.cli.logs import LogEstimated, LogLost, LogSteps
from sim.core.batch import batch_of, decode, encode
from sim.core.errors import JournalConflict
from sim.core.event import CallLost, Event, Judged, TargetReplied, Unscored, UserSpoke, key
from sim.core.ports import BatchListener, Listener, MemorySink
from sim.engine.outage import OutageListener
from sim.present.text.progress import Progress
from sim.store.call_count import CallCount, read_unaccounted
from sim.store.journal import create_journal, open_journal
from tests.engine.backends import Kept, plans_of, recipe_of, study
from tests.engine.test_backends import run
from tests.store.sample import reply, trial_events

TRIAL = "nora/moving-house/remembers/1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder with an empty journal."""
    run = tmp_path / "first-look"
    run.mkdir()
    create_journal(run)
    return run


def test_a_row_is_the_event() -> None:
    for event in trial_events(TRIAL, 3):
        assert decode(encode(event)) == event
        assert encode(event).key == key(event)


async def test_a_batch_is_kept_as_its_events_would_be(folder: Path, tmp_path: Path) -> None:
    events = list(trial_events(TRIAL, 5))
    other = tmp_path / "one-by-one"
    other.mkdir()
    create_journal(other)
    with open_journal(folder) as journal, open_journal(other) as one_by_one:
        await journal.append_batch(batch_of(events[:7]))
        await journal.append_batch(batch_of(events[5:]))  # Two of them again, which changes nothing.
        for event in events:
            await one_by_one.append(event)
        assert journal.rows(TRIAL) == one_by_one.rows(TRIAL)
        assert journal.encoded(TRIAL) == tuple(map(encode, events))


async def test_a_conflict_in_a_batch_keeps_nothing_of_it(folder: Path) -> None:
    with open_journal(folder) as journal:
        await journal.append(reply(exchange=2, text="As it was."))
        with pytest.raises(JournalConflict):
            await journal.append_batch(batch_of([reply(exchange=1), reply(exchange=2, text="Another."), reply(exchange=3)]))
        assert [e.exchange for e in journal.events(TRIAL)] == [2]
        await journal.append_batch(batch_of([reply(exchange=1)]))
        assert [e.exchange for e in journal.events(TRIAL)] == [2, 1]


async def lived() -> list[Event]:
    """What happens in a small run, with something that goes wrong."""
    of = study()
    kept = await run("local", recipe_of(of), plans_of(of))
    (first, *_) = kept.order
    lost = CallLost(trial=first.trial, part="user_speaks#1", cause="infrastructure", message="down")
    broken = Judged(
        kind="scored", trial=first.trial, session=1, take=1, exchange=1, part="own@1", result=Unscored(cause="scorer", reason="KeyError: x")
    )
    return [*kept.order, lost, broken]


async def test_who_watches_is_told_the_same_of_a_batch_as_of_its_events(capsys: pytest.CaptureFixture[str]) -> None:
    events, plans = await lived(), plans_of(study())
    told: list[str] = []
    for size in (1, 7):
        progress = Progress(plans, stream=io.StringIO())
        outage = OutageListener(plans)
        sink = WatchedSink(MemorySink(), (progress, outage, LogLost(), LogSteps()))
        for at in range(0, len(events), size):
            if size == 1:
                await sink.append(events[at])
            else:
                await sink.append_batch(batch_of(events[at : at + size]))
        logged = sorted(line.partition("]")[2].split()[0] for line in capsys.readouterr().out.splitlines())
        figures = {**progress.calls.figures, "calls_per_second": 0}
        told.append(f"{progress._exchanges}/{progress._expected} {progress._trials} {figures} {outage._failed} {logged}")
    assert told[0] == told[1]


async def test_a_listener_of_somebody_elses_is_told_of_each_event() -> None:
    seen: list[Event] = []

    class Theirs:
        def on_event(self, event: Event) -> None:
            seen.append(event)

    events = await lived()
    await WatchedSink(Kept(), (Theirs(),)).append_batch(batch_of(events))
    assert seen == events


async def test_calls_of_a_batch_are_accounted_for(folder: Path) -> None:
    events = [e for e in trial_events(TRIAL, 2) if isinstance(e, UserSpoke | TargetReplied)]
    with CallCount(folder) as counted:
        counted.begun(9)
        counted.on_batch(batch_of(events))
    assert read_unaccounted(folder, running=False) == 9 - sum(len(e.calls) for e in events)


def test_every_listener_of_ours_can_do_without_most_events() -> None:
    ours: tuple[type[Listener], ...] = (Progress, OutageListener, LogLost, LogSteps, LogEstimated, CallCount)
    assert all(issubclass(listener, BatchListener) for listener in ours)
