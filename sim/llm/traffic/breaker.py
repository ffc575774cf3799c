"""A provider that is down: calls to it wait, and one at a time finds out whether it is back, instead of every trial failing by itself.

It opens when a provider that has answered before fails several times in a row, and closes with the first sign of life. One that has never answered
is not waited for: its address or its model is wrong. Nor is one that refuses for good, over and over: it is not asked again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

ENOUGH = 5
"""Failures in a row."""
FIRST = 1.0
"""Seconds until the first call is let through; each further one waits twice as long."""
LONGEST = 60.0


class Breaker:
    """Whether one model can be asked.

    Args:
        name: of the model, for what is said of it.
        patience: seconds that a provider may be down.
        clock: seconds.
        say: is given a line when it opens, and when it closes.
    """

    def __init__(self, name: str, *, patience: float, clock: Callable[[], float], say: Callable[[str], None]) -> None:
        self.shut = ""
        """Why it is not asked again in this execution; empty: it is."""
        self.sleepers: set[asyncio.Future[None]] = set()
        """Who waits for it to be back."""
        self._name = name
        self._patience = patience
        self._clock = clock
        self._say = say
        self._known = False
        self._down = self._refused = 0
        self._opened: float | None = None
        self._cause = ""
        self._interval = FIRST
        self._next = 0.0
        self._probing = False

    @property
    def open(self) -> bool:
        """Whether the provider is held to be down."""
        return self._opened is not None

    def failed(self, cause: str, *, probing: bool = False) -> bool:
        """A call found the provider down.

        Args:
            probing: whether it was the one let through to find out.

        Returns:
            Whether it is held to be down, so that the attempt says nothing of the call.
        """
        self._down += 1
        if self._opened is not None:
            if probing:  # The others were under way before, and tell nothing new.
                self._interval = min(2 * self._interval, LONGEST)
                self._next = self._clock() + self._interval
        elif self._known and self._down >= ENOUGH and self._patience > 0:
            self._opened, self._cause, self._interval = self._clock(), cause, FIRST
            self._next = self._opened + FIRST
            self._say(
                f"paused: {self._name} is down ({cause}); calls to it wait, and one of them tries again now and then, "
                f"for up to {self._patience / 60:g} minutes (--patience)"
            )
        return self._opened is not None

    def refused(self, cause: str) -> None:
        """A call was refused for good."""
        self.alive()
        self._refused += 1
        if self._refused >= ENOUGH and not self.shut:
            self.shut = f"{self._name} is not asked any more: it refused {self._refused} times in a row ({cause})"
            self._say(self.shut)

    def answered(self) -> None:
        """A call was answered."""
        self._known = True
        self._refused = 0
        self.alive()

    def alive(self) -> None:
        """There was a sign of life, if no answer."""
        self._down = 0
        if self._opened is None:
            return
        self._say(f"{self._name} is back after {self._clock() - self._opened:.0f} s; the run goes on")
        self._opened = None
        self._probing = False
        for sleeper in self.sleepers:
            if not sleeper.done():
                sleeper.get_loop().call_soon_threadsafe(_wake, sleeper)

    def wait(self) -> float:
        """Seconds until it may be asked; 0: now. Who is let through while it is down is the one that finds out."""
        if self._opened is None or self.shut:
            return 0.0
        now, end = self._clock(), self._opened + self._patience
        if now >= end:
            self.shut = f"{self._name} was down for {self._patience / 60:g} minutes ({self._cause})"
            self._say(f"{self.shut}: it is not waited for any longer")
            return 0.0
        if now >= self._next and not self._probing:
            self._probing = True
            return 0.0
        return max(min(self._next, end) - now, 0.0) or FIRST

    def left(self) -> None:
        """The call that was let through is over."""
        self._probing = False


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
