"""SIGINT and SIGTERM as a wish to end in order: what is in flight is kept, nothing new is bought; the second time it ends at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from sim.llm.traffic.passage import Traffic

STOPS = (signal.SIGINT, signal.SIGTERM)
"""What a terminal and what a service manager or scheduler sends to end a run."""


class Stopping:
    """Listens for those signals, from `listen` until it is left.

    Args:
        say: is given the line that tells of it.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.asked = False
        """Whether a signal came."""

    def listen(self, traffic: Traffic) -> None:
        """Stop `traffic` on the first signal and cancel the current task on the second; to be called in that task."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def stop() -> None:
            if self.asked and task:
                task.cancel()
                return
            self.asked = True
            traffic.stop()
            self._say("stopping: calls in flight are kept, nothing new is bought (again to stop at once)")

        for asked in STOPS:
            loop.add_signal_handler(asked, stop)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for asked in STOPS:
            asyncio.get_running_loop().remove_signal_handler(asked)
