"""The ledger of batches, a file beside the journal: which batch at which provider holds which requests, as ids alone.

A line is added and safe before a batch is made, and another once its id is known; of two lines with one label the later counts. A last line that was
cut by a kill says nothing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from sim.core.errors import InputError
from sim.llm.batch.desk import Booking
from sim.store.files import PRIVATE, open_regular
from sim.store.runs import BATCHES


class BatchFile:
    """See `sim.llm.batch.desk.Ledger`.

    Args:
        folder: the run's.

    Raises:
        InputError: the file is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / BATCHES
        self._by_label: dict[str, Booking] = {}
        content = _content(self._path)
        self._whole = len(content)
        for number, line in enumerate(content.splitlines(), 1):
            try:
                booking = Booking.model_validate_json(line)
            except ValidationError:
                mend = "put it back; without it, what is under way there is asked for again"
                raise InputError("is not a line of the ledger of batches", mend=mend, where=self._path, line=number) from None
            self._by_label[booking.label] = booking

    def bookings(self) -> Sequence[Booking]:
        """See `Ledger`."""
        return tuple(self._by_label.values())

    def keep(self, booking: Booking) -> None:
        """See `Ledger`.

        Raises:
            InputError: it cannot be written.
        """
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE)
            with os.fdopen(handle, "rb+") as file:
                file.truncate(self._whole)
                file.seek(self._whole)
                file.write(booking.model_dump_json(exclude_defaults=True).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
                self._whole = file.tell()
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror}", where=self._path) from None
        self._by_label[booking.label] = booking


def _content(path: Path) -> bytes:
    """The whole lines of the file; none where there is no file."""
    try:
        with open_regular(path) as file:
            content = file.read()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path) from None
    return content[: content.rfind(b"\n") + 1]
