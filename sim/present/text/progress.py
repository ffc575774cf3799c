"""How far a run has come: a bar on a terminal, a line that changes in a notebook, plain lines with growing gaps elsewhere, or lines of JSON."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import IO, TYPE_CHECKING, Any, Self

import structlog

from sim.core.batch import rows_of
from sim.core.event import CallLost, Event, SessionClosed, SessionOpened, TargetReplied, TrialFailed, TrialFinished
from sim.llm.traffic.passage import waited_for
from sim.present.words import many

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress as Bar

    from sim.core.batch import CallTotals, EventBatch
    from sim.core.record import Trial
    from sim.engine.plan import TrialPlan
    from sim.llm.traffic.passage import Traffic

EVERY = 10.0
"""Seconds before the first plain line; each gap is twice as long as the one before,"""
RARELY = 300.0
"""up to this."""
RECENT = 30.0
"""Seconds over which the rate of calls is taken."""


def in_notebook(stream: IO[str]) -> bool:
    """Whether what is written to `stream` appears under a cell of a notebook, where a carriage return begins the line anew."""
    return type(stream).__module__.partition(".")[0] == "ipykernel"


def _write(stream: IO[str], text: str, end: str = "\n") -> None:
    stream.write(text + end)
    stream.flush()


class Gaps:
    """When a further plain line is due."""

    def __init__(self) -> None:
        self._said = time.monotonic()
        self._gap = EVERY

    def due(self) -> bool:
        """Whether it is time; if so, the next gap begins."""
        if time.monotonic() - self._said < self._gap:
            return False
        self._said, self._gap = time.monotonic(), min(2 * self._gap, RARELY)
        return True

    def begin(self) -> None:
        """Something else was said just now."""
        self._said = time.monotonic()


@asynccontextmanager
async def going_on(show: Callable[[], None]) -> AsyncIterator[None]:
    """Call `show` now and then, also while nothing happens, as when everybody waits for a server that is down."""

    async def look() -> None:
        while True:
            await asyncio.sleep(1.0)
            show()

    looking = asyncio.create_task(look())
    try:
        yield
    finally:
        looking.cancel()


class CallsSeen:
    """The calls of a run as they come: how many in a second, how many are in flight, and what they took.

    Args:
        cost: spent before, of the calls whose cost is known.
        unknown: calls made before whose cost nobody knows.
    """

    def __init__(self, *, cost: float = 0.0, unknown: int = 0) -> None:
        self._cost = cost
        self._unknown = unknown
        self._retries = 0
        self._recent: deque[tuple[float, int]] = deque()
        self._traffic: Traffic | None = None

    def watch(self, traffic: Traffic) -> None:
        """Look at `traffic` for what is in flight."""
        self._traffic = traffic

    def count(self, event: Event) -> None:
        """Count the calls of one event."""
        if not event.calls:
            return
        self._cost += sum(c.cost or 0.0 for c in event.calls)
        self._unknown += sum(c.cost is None for c in event.calls)
        self._retries += sum(t.retries for t in event.meta.timings)
        self._recent.append((time.monotonic(), len(event.calls)))

    def add(self, totals: CallTotals) -> None:
        """Count the calls of many events."""
        if not totals.calls:
            return
        self._cost += totals.cost
        self._unknown += totals.unknown_cost
        self._retries += totals.retries
        self._recent.append((time.monotonic(), totals.calls))

    @property
    def figures(self) -> dict[str, float | None]:
        """Everything as numbers; a cost that nobody knows is none."""
        in_flight, limit = self._traffic.load if self._traffic else (0, 0)
        cost = None if self._unknown and not self._cost else round(self._cost, 6)
        return {"in_flight": in_flight, "limit": limit, "calls_per_second": round(self._rate(), 2), "retries": self._retries, "cost": cost}

    def __str__(self) -> str:
        figures = self.figures
        flight = [f"{figures['in_flight']}/{figures['limit']} calls in flight"] if figures["limit"] else []
        rate = [f"{figures['calls_per_second']:.3g} calls/s"] if figures["calls_per_second"] else []
        retries = [many(self._retries, "retry", "retries")] if self._retries else []
        waiting = waited_for(self._traffic.waiting) if self._traffic else ""
        return ", ".join([*flight, *rate, *retries, self._price(), *([waiting] if waiting else [])])

    @property
    def waiting(self) -> dict[str, str | float]:
        """Who is waited for, where that is worth saying."""
        now = self._traffic.waiting if self._traffic else None
        return {"waiting_for": now.role, "waiting_seconds": round(now.seconds, 1)} if now and waited_for(now) else {}

    def _rate(self) -> float:
        """Calls answered in a second, lately."""
        now = time.monotonic()
        while self._recent and now - self._recent[0][0] > RECENT:
            self._recent.popleft()
        if not self._recent:
            return 0.0
        return sum(n for _, n in self._recent) / max(now - self._recent[0][0], 1.0)

    def _price(self) -> str:
        if self._unknown and not self._cost:
            return "cost unknown"
        return f"${self._cost:.2f}" + ("+" if self._unknown else "")


class Progress:
    """Counts exchanges and trials, and guesses the time left from the exchanges per second so far.

    What is expected is every session at its longest, and becomes less whenever a session ends early or a trial fails.

    Args:
        plans: all trials of the run.
        done: the trials as they stood before, when a run is resumed.
        as_json: whether everything is said as a log line, once logging is configured.
    """

    def __init__(self, plans: Sequence[TrialPlan], *, stream: IO[str], done: Sequence[Trial] = (), as_json: bool = False) -> None:
        self._planned = len(plans)
        self._stream = stream
        self._as_json = as_json
        self._longest = {p.id: [s.spec.exchanges.max for s in p.cast.sessions] for p in plans}
        self._over: set[tuple[str, int]] = set()
        self._heard = Counter((t.id, s.index) for t in done for s in t.sessions for e in s.exchanges if e.reply is not None)
        self._exchanges = self._before = self._heard.total()
        self._trials = sum(t.finished or t.failed is not None for t in done)
        self._expected = sum(map(sum, self._longest.values()))
        for trial in done:
            self._end(trial.id, range(1, len(self._longest[trial.id]) + 1) if trial.failed else [s.index for s in trial.sessions if s.closed])
        spent = [s for t in done for s in t.spent.values()]
        self.calls = CallsSeen(cost=sum(s.cost for s in spent), unknown=sum(s.unknown_cost for s in spent))
        self._started = time.monotonic()
        self._gaps = Gaps()
        self._bar: Bar | None = None
        self._line = Line(stream) if in_notebook(stream) and not as_json else None

    def on_event(self, event: Event) -> None:
        """Count, and show now and then."""
        self.calls.count(event)
        if self._counted(event):
            self.show()

    def on_batch(self, batch: EventBatch) -> None:
        """Count what has come at once. No trial is in it twice but for what happens side by side, so that replies can be counted first."""
        self.calls.add(batch.totals)
        for row in rows_of(batch, "target_replied"):
            self._reply(row.trial, row.session)
        for event in batch.whole:
            self._counted(event)
        self.show()

    def _reply(self, trial: str, session: int) -> None:
        self._exchanges += 1
        self._heard[trial, session] += 1

    def _counted(self, event: Event) -> bool:
        match event:
            case SessionOpened():
                self._begin(event.trial, event.session)
            case TargetReplied():
                self._reply(event.trial, event.session)
            case TrialFinished():
                self._trials += 1
            case TrialFailed():
                self._trials += 1
                self._end(event.trial, range(1, len(self._longest[event.trial]) + 1))
            case SessionClosed():
                self._end(event.trial, [event.session])
            case _:
                return False
        return True

    def show(self) -> None:
        """Show how things are, if it is time."""
        if self._bar:
            self._bar.update(self._bar.task_ids[0], completed=self._exchanges, total=max(self._expected, self._exchanges), numbers=self._numbers())
        elif self._line:
            self._line.show(self._text)
        elif self._gaps.due():
            if self._as_json:
                trials = {"trials": self._trials, "trials_planned": self._planned}
                exchanges = {"exchanges": self._exchanges, "exchanges_expected": self._expected}
                structlog.get_logger().info(
                    "progress", **exchanges, **trials, **self.calls.figures, **self.calls.waiting, seconds_left=self._seconds_left()
                )
            else:
                _write(self._stream, self._text())

    def say(self, line: str) -> None:
        """Say something else: above the live line if there is one."""
        self._gaps.begin()
        if self._as_json:
            structlog.get_logger().warning("notice", text=line)
        elif self._bar:
            self._bar.console.print(line, highlight=False)
        elif self._line:
            self._line.say(line)
        else:
            _write(self._stream, line)

    def __enter__(self) -> Self:
        if self._stream.isatty() and not self._as_json:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
            from rich.progress import Progress as Bar
            from rich.table import Column

            numbers = TextColumn("exchanges, {task.fields[numbers]}", table_column=Column(no_wrap=True, overflow="ellipsis"))
            self._bar = Bar(BarColumn(bar_width=16), MofNCompleteColumn(), numbers, console=Console(file=self._stream), transient=True)
            self._bar.add_task("", total=self._expected, completed=self._exchanges, numbers=self._numbers())
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()
        if self._line:
            self._line.end()

    def _begin(self, trial: str, session: int) -> None:
        """A session is begun; once more where a target's memory was lost with its process, and what had been said there counts for nothing."""
        place = trial, session
        if place in self._over:
            self._over.discard(place)
            self._expected += self._longest[trial][session - 1] - self._heard[place]
        self._exchanges -= self._heard.pop(place, 0)

    def _end(self, trial: str, sessions: Iterable[int]) -> None:
        """No more is expected of these sessions."""
        for place in {(trial, session) for session in sessions} - self._over:
            self._over.add(place)
            self._expected -= self._longest[trial][place[1] - 1] - self._heard[place]

    def _text(self) -> str:
        return f"{self._exchanges}/{self._expected} exchanges, {self._numbers()}"

    def _numbers(self) -> str:
        return f"{self._trials}/{self._planned} trials, {self.calls}, {self._left()} left"

    def _seconds_left(self) -> float | None:
        made = self._exchanges - self._before
        if not made:
            return None
        return round((time.monotonic() - self._started) / made * max(self._expected - self._exchanges, 0), 1)

    def _left(self) -> str:
        return in_words(self._seconds_left())


def in_words(seconds: float | None) -> str:
    """A time that is left."""
    if seconds is None:
        return "unknown time"
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


class Line:
    """How far something has come: one line that changes on a terminal and in a notebook, a line now and then elsewhere.

    Args:
        as_json: whether everything is said as a log line, once logging is configured.
    """

    def __init__(self, stream: IO[str], *, as_json: bool = False) -> None:
        self._stream = stream
        self._as_json = as_json
        self._changing = (stream.isatty() or in_notebook(stream)) and not as_json
        self._said = time.monotonic()
        self._gaps = Gaps()
        self._shown = False

    def show(self, text: Callable[[], str], **figures: Any) -> None:
        """Show what `text` says, or as JSON the `figures`, if it is time."""
        if not self._changing:
            if self._gaps.due():
                if self._as_json:
                    structlog.get_logger().info("progress", **figures)
                else:
                    _write(self._stream, text())
        elif time.monotonic() - self._said >= 1.0:
            self._said, self._shown = time.monotonic(), True
            _write(self._stream, f"\r{text()}\x1b[K", end="")

    def say(self, text: str) -> None:
        """Say something in a line of its own."""
        self.end()
        if self._as_json:
            structlog.get_logger().warning("notice", text=text)
        else:
            _write(self._stream, text)

    def end(self) -> None:
        """Leave the line behind."""
        if self._changing and self._shown:
            _write(self._stream, "")
        self._shown = False


class VerdictProgress:
    """Counts verdicts, and says now and then how many there are.

    Args:
        of: how many are to come.
        line: where it is said.
        in_batches: whether verdicts come all at once, so that those so far tell nothing of the others.
    """

    def __init__(self, of: int, line: Line, *, in_batches: bool) -> None:
        self.calls = CallsSeen()
        self._of = of
        self._done = 0
        self._batches = ""
        self._in_batches = in_batches
        self._line = line
        self._started = time.monotonic()

    def on_event(self, event: Event) -> None:
        """Count one."""
        self.calls.count(event)
        self._done += not isinstance(event, CallLost)
        self.show()

    def show(self) -> None:
        """Show how things are, if it is time."""
        left = (time.monotonic() - self._started) / self._done * (self._of - self._done) if self._done else None
        how = self._batches or str(self.calls) if self._in_batches else f"{self.calls}, {in_words(left)} left"
        figures = {"batches": self._batches} if self._in_batches else {"seconds_left": left}
        self._line.show(
            lambda: f"{self._done:,} of {self._of:,} verdicts, {how}",
            verdicts=self._done,
            verdicts_expected=self._of,
            **figures,
            **self.calls.figures,
        )

    def show_batches(self, how: str) -> None:
        """Show how the batches stand that are waited for; empty: none is."""
        self._batches = how
        self.show()

    def end(self) -> None:
        """Leave the line behind."""
        self._line.end()
