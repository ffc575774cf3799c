"""A use case without `await`, in a script and in a notebook alike: it runs in a thread with an event loop of its own, and Ctrl-C ends it in order.

A notebook's cell runs inside an event loop already, where `asyncio.run` refuses to work. A thread has none, so one way serves both.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from sim.llm.traffic.passage import Traffic

T = TypeVar("T")

SOON = 0.5
"""Seconds after which the waiting thread looks up, since on some systems a signal does not end a wait."""


class Interruption:
    """What Ctrl-C does to something that is going on.

    The first time, nothing new begins and calls in flight are kept; the second time it ends at once.

    Args:
        say: is given the line that tells of it.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._traffic: Traffic | None = None
        self._then, self._grace = "", 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self.asked = False
        """Whether it was asked for."""

    def watch(self, traffic: Traffic, *, grace: float, then: str) -> None:
        """From now on Ctrl-C stops `traffic`; to be called in the task that is to end.

        Args:
            grace: seconds that calls in flight are waited for.
            then: how to go on later.
        """
        self._traffic, self._then, self._grace = traffic, then, grace
        if self.asked:
            traffic.stop()

    def begin(self, loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any]) -> None:
        """This is what is going on."""
        self._loop, self._task = loop, task
        if self.asked:
            task.cancel()

    def ask(self) -> None:
        """Ctrl-C was pressed."""
        again, self.asked = self.asked, True
        if self._loop is None or self._task is None or self._loop.is_closed():
            return
        if again or self._traffic is None:
            self._loop.call_soon_threadsafe(self._task.cancel)
            return
        self._loop.call_soon_threadsafe(self._stop, self._loop, self._task, self._traffic)
        self._say(f"stopping: calls in flight are kept, for up to {self._grace:g} s (again to stop at once); {self._then}")

    def _stop(self, loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any], traffic: Traffic) -> None:
        traffic.stop()
        loop.call_later(self._grace, task.cancel)


class _Outcome(Generic[T]):
    """What came of it, once it is over."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.value: list[T] = []
        self.error: BaseException | None = None


def finish(work: Callable[[], Coroutine[Any, Any, T]], interruption: Interruption) -> T:
    """What `work` gives back, waited for in this thread while it runs in another.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed a second time, or before anything had begun that could be gone on with.
    """
    outcome: _Outcome[T] = _Outcome()
    go = threading.Event()

    async def begun() -> T:
        task = asyncio.current_task()
        assert task is not None
        interruption.begin(asyncio.get_running_loop(), task)
        return await work()

    def run() -> None:
        go.wait()
        try:
            outcome.value.append(asyncio.run(begun()))
        except BaseException as error:  # raised again in the thread that waits
            outcome.error = error
        finally:
            outcome.over.set()

    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(run,), name="rapport", daemon=True)
    thread.start()
    pressed = heard = 0
    while True:
        try:
            go.set()  # Not before Ctrl-C is heard: the work would otherwise go on with nobody waiting for it.
            while not outcome.over.is_set():
                if heard < pressed:  # Here and not below, so that a second one may come while the first is answered.
                    heard += 1
                    interruption.ask()
                else:
                    outcome.over.wait(SOON)
            break
        except KeyboardInterrupt:
            pressed += 1
    thread.join()
    if isinstance(outcome.error, asyncio.CancelledError):
        raise KeyboardInterrupt from None
    if outcome.error is not None:
        raise outcome.error
    return outcome.value[0]
