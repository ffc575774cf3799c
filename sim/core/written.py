"""The memory that a target writes in words, as the record holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sim.core.event import MemoryWritten
    from sim.core.record import Trial

IN_WORDS: Final = ("profile", "summary")
"""Steps of memory that are written in words, the whole of it each time."""
GRADES: Final = "profile@1"
"""A judge's grades of the memory written last, by scorer and version."""


def last_written(trial: Trial) -> MemoryWritten | None:
    """The newest memory in words; None: the target writes none, or has not yet, or its texts are gone."""
    if trial.forgotten:
        return None
    return next((m for s in reversed(trial.sessions) for m in reversed(s.memory) if m.part in IN_WORDS), None)
