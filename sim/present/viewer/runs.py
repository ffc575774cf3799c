"""The runs under a folder as the viewer has them open: each with its index, kept up to date for as long as somebody watches."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cached_property
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from sim.analysis.figures.outages import Outage, find_outages
from sim.core.address import Address
from sim.core.errors import InputError
from sim.core.event import Label, Labelled, Meta
from sim.core.fold import fold
from sim.engine.plan import TrialPlan
from sim.present.data.plans import plans_of
from sim.present.text.stops import stop_lines
from sim.present.viewer.index import RunIndex, RunProgress
from sim.present.viewer.rows import ExchangeRow, Filter, RowDocument, RowPage, first_line
from sim.present.viewer.run_figures import RunFigures, run_figures
from sim.store.call_count import read_unaccounted
from sim.store.journal import FILE
from sim.store.runs import HEADER, RunFolder, open_run

if TYPE_CHECKING:
    from sim.core.ports import Clock
    from sim.core.record import Trial
    from sim.core.spec.scorer import ScorerInfo
    from sim.present.viewer.sections import RunSections
    from sim.store.journal import Journal

T = TypeVar("T")

EVERY: Final = 0.3
"""Seconds between two looks at the journal of a run that is watched."""

A_MOMENT: Final = 0.05
"""Seconds that a page waits for the index."""
A_BLINK: Final = 0.005
"""Seconds between two looks at whether somebody still waits for an answer,"""
LONGEST_PAUSE: Final = 0.3
"""and seconds after which the next events are read all the same."""
A_WHILE: Final = 1.0
"""Seconds between two signs of how far reading has come."""

LONGEST_NAME: Final = 255
"""Bytes of a folder's name."""

Rows = tuple[ExchangeRow, ...]


class _Stamped(Generic[T]):
    """What is made of a run's files, kept as long as they stay as they are; one thread makes it, and others wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: tuple[tuple[object, ...], T] | None = None

    def get(self, stamp: Callable[[], tuple[object, ...]], make: Callable[[], T]) -> T:
        with self._lock:
            now = stamp()
            if self._made is None or self._made[0] != now:
                self._made = now, make()
            return self._made[1]


class OpenRun:
    """One run that somebody looks at. Everything that reads the disk blocks, and is called from a thread.

    Args:
        is_asked: whether somebody waits for an answer, about whatever run.
    """

    def __init__(self, folder: RunFolder, is_asked: Callable[[], bool] = lambda: False) -> None:
        self.folder = folder
        self._is_asked = is_asked
        self._lock = threading.Lock()
        """Held while the index is used."""
        self._reading = threading.Lock()
        """Held by whoever brings it up to date."""
        self._watchers: set[asyncio.Queue[Rows]] = set()
        self._watching: asyncio.Task[None] | None = None
        self._news: list[ExchangeRow] = []
        """What is new and was not yet told to those who watch."""
        self._suspected: tuple[tuple[int, int], tuple[Trial, ...]] | None = None
        self._report: _Stamped[str] = _Stamped()
        self._figures: _Stamped[RunFigures] = _Stamped()
        self._sections: _Stamped[RunSections] = _Stamped()
        self._ahead = threading.Thread(target=self.read_ahead, name=f"reads {folder.name}", daemon=True)

    @cached_property
    def plans(self) -> dict[str, TrialPlan]:
        """All trials of the run, by id."""
        return {p.id: p for p in plans_of(self.folder)}

    @cached_property
    def _index(self) -> RunIndex:
        study = self.folder.study
        return RunIndex(self.plans, rater=study.primary_rater, tagger=study.tagger_id, scorers=self.scorers)

    @property
    def scorers(self) -> tuple[ScorerInfo, ...]:
        """The study's own, and those that were added later."""
        return tuple(s.info for s in self.folder.scorers.values())

    def documents_of(self, rows: Sequence[ExchangeRow]) -> tuple[RowDocument, ...]:
        """`rows`, as they are sent, each with the first line of the message and of the reply."""
        with self._lock:
            known = [self._index.document_of(row) for row in rows]
        with self.folder.read_journal() as journal:
            said = journal.said_at((r.plan.id, r.session, r.take, r.exchange) for r in rows)
        lines = ({"message": first_line(message), "reply": first_line(reply)} for message, reply in said)
        return tuple(row.model_copy(update=line) for row, line in zip(known, lines, strict=True))

    def catch_up(self, within: float = inf) -> None:
        """Bring the index up to date, or as far as it gets `within` so many seconds.

        Reading a large run for the first time takes long; whoever wants a page meanwhile gets what there is.
        """
        until = time.monotonic() + within
        if not self._reading.acquire(timeout=-1 if within == inf else within):
            return
        try:
            with self.folder.read_journal() as journal:
                while time.monotonic() < until and self._read_on(journal):
                    # Whoever waits for the index goes first.
                    time.sleep(0.001)
        finally:
            self._reading.release()

    def start_reading(self) -> None:
        """Read ahead in a thread of its own, unless that has begun; to be called by one thread at a time."""
        if self._ahead.ident is None:
            self._ahead.start()

    def read_ahead(self) -> None:
        """Bring the index up to date unless the journal cannot be read, which whoever asks for a page is told; pages that are asked for go first."""
        with suppress(InputError), self.folder.read_journal() as journal:
            more = True
            while more:
                self._give_way()
                # Given back in between, so that a page can read on by itself as far as it waits.
                with self._reading:
                    more = self._read_on(journal)

    def _give_way(self) -> None:
        """Let whoever waits for an answer have the processor."""
        until = time.monotonic() + LONGEST_PAUSE
        time.sleep(0.001)
        while self._is_asked() and time.monotonic() < until:
            time.sleep(A_BLINK)

    def _read_on(self, journal: Journal) -> bool:
        """Take in the next events; whether there were any."""
        with self._lock:
            last, known = self._index.last, self._index.complete
            rows = self._index.catch_up(journal)
            if known and self._watchers:
                self._news += rows
            return self._index.last != last

    def reread(self) -> None:
        """Forget what was read, because something was deleted."""
        with self._lock:
            self._index.clear()

    def report(self, build: Callable[[OpenRun], str]) -> str:
        """The run's report, built again only when something was written since the last time."""
        return self._report.get(self._stamp, lambda: build(self))

    def figures(self) -> RunFigures:
        """What the list of runs says of it, taken again only when something was written since the last time."""
        return self._figures.get(self._stamp, lambda: run_figures(self.folder, tuple(self.plans.values())))

    def sections(self, build: Callable[[OpenRun], RunSections]) -> RunSections:
        """Its figures section by section, taken again only when something was written since the last time."""
        return self._sections.get(self._stamp, lambda: build(self))

    def _stamp(self) -> tuple[object, ...]:
        """Differs whenever a report would."""
        files = [self.folder.path / name for name in (FILE, f"{FILE}-wal", HEADER)]
        seen = [(s.st_mtime_ns, s.st_size) if f.exists() and (s := f.stat()) else None for f in files]
        return self.folder.is_being_written(), *seen

    @property
    def progress(self) -> RunProgress:
        """How far the run has come."""
        return self._index.progress

    def outages(self) -> tuple[Outage, ...]:
        """Who never answered, and why."""
        with self.folder.read_journal() as journal:
            answered = {t.id for t in self.folder.study.targets if journal.has_answered(t.id)}
            silent = [plan for plan in self.plans.values() if plan.target.id not in answered]
            found = find_outages([fold(plan.blank(), journal.events(plan.id)) for plan in silent])
        # Where anybody was answered, the user has spoken.
        return tuple(o for o in found if o.target is not None or not answered)

    def stops(self) -> list[str]:
        """What stopped the run before its end; nothing while it goes on, for nobody knows yet whether it will."""
        running = self.folder.is_being_written()
        with self._lock:
            budgets = () if running else self._index.budget_stops()
        return stop_lines(budgets, read_unaccounted(self.folder.path, running=running))

    def choices(self) -> dict[str, list[str]]:
        """What can be filtered by."""
        with self._lock:
            return self._index.choices()

    def page(self, wish: Filter, *, words: str, offset: int, limit: int) -> RowPage:
        """The rows that are wished for, of those in whose texts `words` stand."""
        self.catch_up(A_MOMENT)
        among = None
        if words:
            with self.folder.read_journal() as journal:
                among = frozenset(journal.find_texts(words))
        with self._lock:
            total, rows, reading = self._index.find(wish, offset=offset, limit=limit, among=among)
        return RowPage(total=total, rows=self.documents_of(rows), reading=reading)

    def suspects(self, most: int) -> tuple[Trial, ...]:
        """The trials that hold the `most` exchanges most speaks against, without the words of raters and taggers but for what is critical."""
        self.catch_up()
        with self._lock:
            asked = self._index.last, most
            if self._suspected is not None and self._suspected[0] == asked:
                return self._suspected[1]
            names = self._index.suspects(most)
            told = {name for name in names if self._index.has_critical(name)}
        with self.folder.read_journal() as journal:
            whole = {name: fold(self.plans[name].blank(), journal.events(name)) for name in told}
            lean = {t.id: t for t in journal.digest(self.plans[name].blank() for name in names if name not in told)}
            found = tuple({**lean, **whole}[name] for name in names)
        self._suspected = asked, found
        return found

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
        number = 1 + sum(e.address.who == who for e in held[exchange - 1].labels)
        event = Labelled(
            trial=trial,
            session=session,
            take=told.sessions[session - 1].take,
            exchange=exchange,
            part=str(Address(who, count=number)),
            label=label,
            note=note,
            of=of,
            meta=Meta(at=clock()),
        )
        with self.folder.write_journal() as journal:
            await journal.append(event)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[asyncio.Queue[Rows]]:
        """Puts the rows that are new or changed into a queue of the caller's own, for as long as it is used; none while a run is first read."""
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
            before = self._index.last
            await asyncio.to_thread(self.catch_up, A_WHILE)
            with self._lock:
                news, self._news = tuple(self._news), []
                last = self._index.last
            if news or last != before:
                for queue in self._watchers:
                    queue.put_nowait(news)
            await asyncio.sleep(EVERY if self._index.complete else 0)


class OpenRuns:
    """The runs of one results folder, each opened when it is first asked for."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self._asked = 0
        self._open: dict[str, OpenRun] = {}
        self._lock = threading.Lock()

    def get(self, name: str, *, ahead: bool = True) -> OpenRun:
        """The run called `name`.

        Args:
            ahead: whether its exchanges will be asked for, so that they are read from now on.

        Raises:
            InputError: there is none, or its files are damaged.
        """
        with self._lock:
            if name not in self._open:
                demand_name(name)
                self._open[name] = OpenRun(open_run(self.results / name, self.results), lambda: self._asked > 0)
            if ahead:
                # A large run takes seconds to read; what is asked for meanwhile is answered from what has been read.
                self._open[name].start_reading()
            return self._open[name]

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Somebody waits for an answer; to be used in the event loop's thread."""
        self._asked += 1
        try:
            yield
        finally:
            self._asked -= 1


def demand_name(name: str) -> None:
    """Refuse what names no folder directly within that of the results.

    Raises:
        InputError: it does not.
    """
    if "/" in name or name.startswith(".") or len(name.encode()) > LONGEST_NAME:
        raise InputError(f"'{name}' is not a valid name for a run")
