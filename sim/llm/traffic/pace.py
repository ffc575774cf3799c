"""So much a minute: who comes too early is told how long to wait, in the order of arrival."""

from __future__ import annotations

from collections.abc import Callable


class Pace:
    """An allowance that fills up evenly.

    Args:
        per_minute: how much it lets pass; None: any amount.
        clock: seconds.
    """

    def __init__(self, per_minute: int | None, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._at = clock()
        self._level = 0.0
        self.set(per_minute)

    def set(self, per_minute: int | None) -> None:
        """Let another amount pass from now on."""
        self._rate = None if per_minute is None else per_minute / 60
        # A second's worth may be saved up, so that a minute never holds noticeably more than was allowed.
        self._most = max(1.0, self._rate or 0.0)
        self._level = min(self._level, self._most)

    def wait(self, amount: float = 1.0) -> float:
        """Take `amount`; seconds until it may be used."""
        if self._rate is None:
            return 0.0
        now = self._clock()
        self._level = min(self._level + (now - self._at) * self._rate, self._most) - amount
        self._at = now
        return max(0.0, -self._level / self._rate)

    def give_back(self, amount: float) -> None:
        """Less was taken than had been thought; negative: more."""
        self._level += amount
