"""How many calls of a run are in no event: those that a kill has cut off, which somebody may have to pay for.

Two numbers in a file beside the journal: what earlier executions lost, and what the present one has begun and not yet kept. The second goes up when a
call is begun and down when it comes to nothing or its event is safe, so that it is right whenever the process ends.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from sim.core.batch import IN_PROCESS
from sim.core.errors import InputError
from sim.store.files import PRIVATE

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from sim.core.batch import EventBatch
    from sim.core.event import Event

FILE = "calls.count"
_NUMBERS = struct.Struct("<qq")


def read_unaccounted(folder: Path, *, running: bool) -> int:
    """Calls that no event of the run in `folder` accounts for, at most.

    Args:
        running: whether a process is writing to it, whose open calls are no loss.
    """
    try:
        numbers: tuple[int, int] = _NUMBERS.unpack((folder / FILE).read_bytes())
    except (OSError, struct.error):  # A run of an earlier version has no such file.
        return 0
    return max(0, numbers[0] + (0 if running else numbers[1]))


class CallCount:
    """Keeps the count of one execution, as a listener to its events; to be used under the run's lock."""

    def __init__(self, folder: Path) -> None:
        lost = read_unaccounted(folder, running=False)
        try:
            self._file = os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE)
            os.pwrite(self._file, _NUMBERS.pack(lost, 0), 0)
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror}", where=folder) from None
        self._lost, self._open = lost, 0

    def begun(self, calls: int) -> None:
        """So many more calls are under way; fewer, where `calls` is negative."""
        self._open += calls
        try:
            os.pwrite(self._file, _NUMBERS.pack(self._lost, self._open), 0)
        except OSError:  # What is paid for does not depend on whether it could be counted.
            return

    def on_event(self, event: Event) -> None:
        """Its calls are accounted for."""
        if event.calls:
            kept = sum([call.askings for call in event.calls if not call.model.startswith(IN_PROCESS)])
            if kept:
                self.begun(-kept)

    def on_batch(self, batch: EventBatch) -> None:
        """Its calls are accounted for."""
        if batch.totals.over_network:
            self.begun(-batch.totals.over_network)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self._file)
