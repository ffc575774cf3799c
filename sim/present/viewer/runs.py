"""The runs under a folder as the viewer has them open: each with its index, kept up to date for as long as somebody watches."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sim.core.errors import InputError
from sim.core.event import Label, Labelled, Meta
from sim.core.fold import fold
from sim.present.viewer.index import Filter, Page, Progress, Row, RunIndex
from sim.run.plan import TrialPlan, plan_trials
from sim.store.journal import FILE
from sim.store.runs import HEADER, RunFolder, open_run

if TYPE_CHECKING:
    from sim.core.ports import Clock
    from sim.core.record import Trial

EVERY: Final = 0.3
"""Seconds between two looks at the journal of a run that is watched."""

Rows = tuple[Row, ...]


class OpenRun:
    """One run that somebody looks at. Everything that reads the disk blocks, and is called from a thread."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._watchers: set[asyncio.Queue[Rows]] = set()
        self._watching: asyncio.Task[None] | None = None
        self._report_lock = threading.Lock()
        self._report: tuple[tuple[object, ...], str] | None = None

    @cached_property
    def plans(self) -> dict[str, TrialPlan]:
        """All trials of the run, by id."""
        return {p.id: p for p in plan_trials(self.folder.study, self.folder.personas, self.folder.scenarios)}

    @cached_property
    def _index(self) -> RunIndex:
        study = self.folder.study
        return RunIndex(self.plans, rater=study.primary_rater, tagger=study.tagger_id)

    def catch_up(self) -> Rows:
        """Bring the index up to date; the rows that are new or changed."""
        with self._lock, self.folder.read_journal() as journal:
            return self._index.catch_up(journal)

    def reread(self) -> None:
        """Forget what was read, because something was deleted."""
        with self._lock:
            self._index.clear()

    def report(self, build: Callable[[OpenRun], str]) -> str:
        """The run's report, built again only when something was written since the last time."""
        with self._report_lock:
            stamp = self._stamp()
            if self._report is None or self._report[0] != stamp:
                self._report = stamp, build(self)
            return self._report[1]

    def _stamp(self) -> tuple[object, ...]:
        """Differs whenever a report would."""
        files = [self.folder.path / name for name in (FILE, f"{FILE}-wal", HEADER)]
        seen = [(s.st_mtime_ns, s.st_size) if f.exists() and (s := f.stat()) else None for f in files]
        return self.folder.is_being_written(), *seen

    @property
    def progress(self) -> Progress:
        """How far the run has come."""
        return self._index.progress

    def choices(self) -> dict[str, list[str]]:
        """What can be filtered by."""
        with self._lock:
            return self._index.choices()

    def page(self, wish: Filter, *, words: str, offset: int, limit: int) -> Page:
        """The rows that are wished for, of those in whose texts `words` stand."""
        self.catch_up()
        among = None
        if words:
            with self.folder.read_journal() as journal:
                among = frozenset(journal.find_texts(words))
        with self._lock:
            return self._index.page(wish, offset=offset, limit=limit, among=among)

    def suspects(self, most: int) -> list[Trial]:
        """The trials that hold the `most` exchanges most speaks against."""
        self.catch_up()
        with self._lock:
            names = self._index.suspects(most)
        return [self.trial(name) for name in names]

    def trial(self, name: str) -> Trial:
        """One trial as far as it has come.

        Raises:
            InputError: the run has no such trial.
        """
        if name not in self.plans:
            raise InputError(f"run '{self.folder.name}' has no trial '{name}'")
        with self.folder.read_journal() as journal:
            return fold(self.plans[name].blank(), journal.events(name))

    async def label(self, who: str, *, trial: str, session: int, exchange: int, label: Label, note: str, of: str, clock: Clock) -> None:
        """Keep what `who` says of an exchange.

        Raises:
            InputError: there is no such exchange.
            RunLocked: the run is being written.
        """
        told = await asyncio.to_thread(self.trial, trial)
        held = told.sessions[session - 1].exchanges if 1 <= session <= len(told.sessions) else ()
        if not 1 <= exchange <= len(held):
            raise InputError(f"trial '{trial}' has no exchange {exchange} in session {session}")
        number = 1 + sum(e.part.startswith(f"{who}#") for e in held[exchange - 1].labels)
        event = Labelled(
            trial=trial,
            session=session,
            take=told.sessions[session - 1].take,
            exchange=exchange,
            part=f"{who}#{number}",
            label=label,
            note=note,
            of=of,
            meta=Meta(at=clock()),
        )
        with self.folder.write_journal() as journal:
            await journal.append(event)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[asyncio.Queue[Rows]]:
        """Puts the rows that are new or changed into a queue of the caller's own, for as long as it is used."""
        mine: asyncio.Queue[Rows] = asyncio.Queue()
        self._watchers.add(mine)
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        try:
            yield mine
        finally:
            self._watchers.discard(mine)

    async def _watch(self) -> None:
        while self._watchers:
            rows = await asyncio.to_thread(self.catch_up)
            if rows:
                for queue in self._watchers:
                    queue.put_nowait(rows)
            await asyncio.sleep(EVERY)


class OpenRuns:
    """The runs of one results folder, each opened when it is first asked for."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self._open: dict[str, OpenRun] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> OpenRun:
        """The run called `name`.

        Raises:
            InputError: there is none, or its files are damaged.
        """
        with self._lock:
            if name not in self._open:
                if "/" in name or name.startswith("."):
                    raise InputError(f"'{name}' is no name for a run")
                self._open[name] = OpenRun(open_run(self.results / name, self.results))
            return self._open[name]
