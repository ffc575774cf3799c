"""SIGINT, SIGTERM and SIGHUP as a wish to end in order: what is in flight is kept, nothing new is bought; the second time it ends at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What a terminal sends to end a run, what a service manager or scheduler sends, and what a terminal sends that is closed."""
GRACE = 60.0
"""Seconds that calls in flight are waited for, unless a study says otherwise."""
ANEW = "the same command begins anew"
"""What is said where nothing is kept that could be gone on with."""


class Stopping:
    """Listens for those signals, from `listen` until it is left; it may be entered again, in another event loop.

    Args:
        say: is given the lines that tell of it.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.asked = False
        """Whether a signal came."""
        self._heard: list[signal.Signals] = []
        self._end: asyncio.TimerHandle | None = None

    def listen(self, stop: Callable[[], None], *, grace: float = GRACE, then: str) -> None:
        """Call `stop` on the first signal, and cancel the current task on the second or when the grace is over; to be called in that task.

        Args:
            stop: lets nothing new begin; called at once where a signal has come already.
            grace: seconds that calls in flight are waited for.
            then: what goes on later, as "`sim resume x` goes on".
        """
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def give_up() -> None:
            self._say(f"stopped: calls still in flight after {grace:g} s are given up; {then}")
            task.cancel()

        def asked() -> None:
            if self.asked:
                task.cancel()
                return
            self.asked = True
            stop()
            self._end = loop.call_later(grace, give_up)
            self._say(f"stopping: calls in flight are kept, for up to {grace:g} s, and nothing new is asked for (again to stop at once); {then}")

        if self.asked:
            stop()
        for number in STOPS:
            # What whoever started us ignores, as nohup ignores SIGHUP, is to be ignored.
            if signal.getsignal(number) != signal.SIG_IGN:
                loop.add_signal_handler(number, asked)
                if number not in self._heard:
                    self._heard.append(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._end:
            self._end.cancel()
        while self._heard:
            asyncio.get_running_loop().remove_signal_handler(self._heard.pop())
