"""Who may write of a trial: each time one is handed to a worker it is handed under a new number, and only what comes under the newest is kept.

A worker that was given up may still be alive and go on for a while, on the far side of a broken line, say. What it sends then bears an old number.
"""

from __future__ import annotations


class Leases:
    """The newest number of each trial."""

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}
        self._held: set[str] = set()

    def grant(self, trial: str) -> int:
        """A number under which `trial` is handed out; all earlier ones are void."""
        number = self._newest.get(trial, 0) + 1
        self._newest[trial] = number
        self._held.add(trial)
        return number

    def holds(self, trial: str, number: int) -> bool:
        """Whether what is said of `trial` under `number` is to be kept."""
        return trial in self._held and self._newest[trial] == number

    def end(self, trial: str) -> None:
        """Nobody holds `trial` any more."""
        self._held.discard(trial)

    @property
    def held(self) -> int:
        """How many trials are handed out."""
        return len(self._held)
