"""Progress of a run: a bar on a terminal, plain lines elsewhere; a fold over events like everything else."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import IO, TYPE_CHECKING, Self

from sim.core.event import Event, SessionClosed, SessionOpened, TargetReplied, TrialFailed, TrialFinished

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress as Bar

    from sim.core.record import Trial
    from sim.run.plan import TrialPlan

EVERY = 10.0
"""Seconds between two plain lines."""


class Progress:
    """Counts exchanges, trials and cost, and guesses the time left from the exchanges per second so far.

    What is expected is every session at its longest, and becomes less whenever a session ends early or a trial fails.

    Args:
        plans: all trials of the run.
        done: the trials as they stood before, when a run is resumed.
    """

    def __init__(self, plans: Sequence[TrialPlan], *, stream: IO[str], done: Sequence[Trial] = ()) -> None:
        self._planned = len(plans)
        self._stream = stream
        self._longest = {p.id: [s.spec.exchanges.max for s in p.cast.sessions] for p in plans}
        self._over: set[tuple[str, int]] = set()
        self._heard = Counter((t.id, s.index) for t in done for s in t.sessions for e in s.exchanges if e.reply is not None)
        self._exchanges = self._before = self._heard.total()
        self._trials = sum(t.finished or t.failed is not None for t in done)
        self._expected = sum(map(sum, self._longest.values()))
        for trial in done:
            self._end(trial.id, range(1, len(self._longest[trial.id]) + 1) if trial.failed else [s.index for s in trial.sessions if s.closed])
        self._cost = sum(s.cost for t in done for s in t.spent.values())
        self._unknown = sum(s.unknown_cost for t in done for s in t.spent.values())
        self._started = self._said = time.monotonic()
        self._bar: Bar | None = None

    def on_event(self, event: Event) -> None:
        """Count, and show now and then."""
        self._cost += sum(c.cost or 0.0 for c in event.calls)
        self._unknown += sum(c.cost is None for c in event.calls)
        match event:
            case SessionOpened():
                self._begin(event.trial, event.session)
            case TargetReplied():
                self._exchanges += 1
                self._heard[event.trial, event.session] += 1
            case TrialFinished():
                self._trials += 1
            case TrialFailed():
                self._trials += 1
                self._end(event.trial, range(1, len(self._longest[event.trial]) + 1))
            case SessionClosed():
                self._end(event.trial, [event.session])
            case _:
                return
        if self._bar:
            self._bar.update(self._bar.task_ids[0], completed=self._exchanges, total=max(self._expected, self._exchanges), numbers=self._numbers())
        elif time.monotonic() - self._said >= EVERY:
            self.say(f"{self._exchanges}/{self._expected} exchanges, {self._numbers()}, {self._left()} left")

    def say(self, line: str) -> None:
        """Print a line, above the bar if there is one."""
        self._said = time.monotonic()
        if self._bar:
            self._bar.console.print(line, highlight=False)
        else:
            print(line, file=self._stream, flush=True)

    def __enter__(self) -> Self:
        if self._stream.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = (BarColumn(), MofNCompleteColumn(), TextColumn("exchanges, {task.fields[numbers]},"), TimeRemainingColumn(), TextColumn("left"))
            self._bar = Bar(*columns, console=Console(file=self._stream), transient=True)
            self._bar.add_task("", total=self._expected, completed=self._exchanges, numbers=self._numbers())
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()

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

    def _numbers(self) -> str:
        return f"{self._trials}/{self._planned} trials, {self._price()}"

    def _price(self) -> str:
        if self._unknown and not self._cost:
            return "cost unknown"
        return f"${self._cost:.2f}" + ("+" if self._unknown else "")

    def _left(self) -> str:
        made = self._exchanges - self._before
        if not made:
            return "unknown time"
        seconds = (time.monotonic() - self._started) / made * max(self._expected - self._exchanges, 0)
        return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


class Line:
    """How far something shorter than a run has come: one line that changes on a terminal, a line now and then elsewhere."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._changing = stream.isatty()
        self._said = time.monotonic()
        self._shown = False

    def show(self, text: Callable[[], str]) -> None:
        """Show what `text` says, if it is time."""
        now = time.monotonic()
        if now - self._said < (1.0 if self._changing else EVERY):
            return
        self._said, self._shown = now, True
        print(f"\r{text()}" if self._changing else text(), end="" if self._changing else "\n", file=self._stream, flush=True)

    def say(self, text: str) -> None:
        """Print a line of its own."""
        self.end()
        print(text, file=self._stream, flush=True)

    def end(self) -> None:
        """Leave the line behind."""
        if self._changing and self._shown:
            print(file=self._stream)
        self._shown = False
