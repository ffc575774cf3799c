"""A run's `limits.json`: written by `sim limits` while the run goes on, and looked at by the run now and then."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from sim.core.errors import InputError
from sim.core.spec.tuning import Tuning
from sim.store.files import open_regular, write_whole

FILE = "limits.json"


def read_tuning(folder: Path) -> Tuning:
    """What the run in `folder` is told; nothing where nobody has told it anything.

    Raises:
        InputError: the file is not what `sim limits` writes.
    """
    path = folder / FILE
    try:
        with open_regular(path) as file:
            return Tuning.model_validate_json(file.read())
    except FileNotFoundError:
        return Tuning()
    except (OSError, ValidationError):
        raise InputError("cannot be read as what `sim limits` writes", mend="delete it, or write it anew with `sim limits`", where=path) from None


def write_tuning(folder: Path, tuning: Tuning) -> None:
    """Tell the run in `folder`.

    Raises:
        InputError: the folder cannot be written.
    """
    text = json.dumps(tuning.model_dump(exclude_defaults=True), indent=1)
    try:
        write_whole(folder / FILE, [text.encode(), b"\n"])
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=folder) from None


class TuningFile:
    """The file as a run looks at it: again and again, for whatever is new."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: tuple[int, int, int] | None = None

    def look(self) -> Tuning | None:
        """What it is told now; None: nothing new, or nothing that can be read."""
        try:
            at = (self._folder / FILE).stat()
        except OSError:
            return None
        now = at.st_mtime_ns, at.st_ino, at.st_size
        if now == self._seen:
            return None
        self._seen = now
        try:
            return read_tuning(self._folder)
        except InputError:
            return None  # Somebody has edited it by hand; what is paid for does not depend on that.
