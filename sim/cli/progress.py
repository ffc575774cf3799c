"""Progress of a run: a bar on a terminal, plain lines elsewhere; a fold over events like everything else."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING, Self

from sim.core.event import Event, SessionClosed, TargetReplied, TrialFailed, TrialFinished

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress as Bar

    from sim.core.record import Trial
    from sim.run.plan import Forecast

EVERY = 10.0
"""Seconds between two plain lines."""


class Progress:
    """Counts exchanges, trials and cost, and guesses the time left from the exchanges per second so far.

    Args:
        forecast: what the whole run takes.
        done: the trials as they stood before, when a run is resumed.
    """

    def __init__(self, forecast: Forecast, *, stream: IO[str], done: Sequence[Trial] = ()) -> None:
        self._forecast = forecast
        self._stream = stream
        self._exchanges = self._before = sum(len(t.exchanges) for t in done)
        self._trials = sum(t.finished or t.failed is not None for t in done)
        self._expected = forecast.exchanges.max
        self._cost = sum(s.cost for t in done for s in t.spent.values())
        self._unknown = sum(s.unknown_cost for t in done for s in t.spent.values())
        self._started = self._said = time.monotonic()
        self._bar: Bar | None = None

    def on_event(self, event: Event) -> None:
        """Count, and show now and then."""
        self._cost += sum(c.cost or 0.0 for c in event.calls)
        self._unknown += sum(c.cost is None for c in event.calls)
        match event:
            case TargetReplied():
                self._exchanges += 1
            case TrialFinished() | TrialFailed():
                self._trials += 1
            case SessionClosed():
                self._shorten(event)
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

    def _shorten(self, closed: SessionClosed) -> None:
        """Sessions that end early make the run shorter than its maximum; what they did not use is learnt when a trial ends."""

    def _numbers(self) -> str:
        return f"{self._trials}/{self._forecast.trials} trials, {self._price()}"

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
