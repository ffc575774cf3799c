"""The lock of a run: one process writes to it at a time, and who that is can be told."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from pathlib import Path

from sim.core.errors import InputError, RunLocked
from sim.store.files import PRIVATE, demand_regular, open_regular

FILE = "run.db"

LOCK = "lock"
_LONGEST_LOCK = 100
"""Characters by which a lock is told from any other file."""
_A_MOMENT = 1.0
"""Seconds in which whoever has just taken the lock has surely said so."""
_A_BLINK = 0.01


class RunLock:
    """Marks a run as being written, for as long as this process lives.

    The kernel gives the lock back when the process ends, however it ends.
    """

    def __init__(self, folder: Path) -> None:
        """Take the lock of the run in `folder`.

        Raises:
            RunLocked: another process, or another journal of this one, holds it.
            InputError: the folder cannot be written.
        """
        path = folder / LOCK
        try:
            # A run's folder may come from a stranger, whose lock may be a link to a file of ours: it is never followed.
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, PRIVATE)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise InputError("is a symbolic link, which no lock is", mend="delete it", where=path) from None
            raise InputError(f"cannot be written: {error.strerror}", where=path) from None
        try:
            demand_regular(os.fstat(file).st_mode, path)
        except InputError:
            os.close(file)
            raise
        self._file = os.fdopen(file, "r+", encoding="ascii", errors="replace")
        try:
            # flock and not the existence of a file: nothing is left behind that a person would have to delete after a kill.
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise self._locked(folder) from None
        except OSError as error:
            self._file.close()
            raise InputError(f"cannot be locked: {error.strerror}", mend="keep results on a file system with locks", where=path) from None
        before = self._file.read(_LONGEST_LOCK).strip()
        if before and not before.isdigit():
            # A hard link, say, to a file that is somebody's.
            self._file.close()
            raise InputError("holds something else than a lock does", mend="move it out of the run's folder", where=path)
        self._file.seek(0)
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def _locked(self, folder: Path) -> RunLocked:
        holder = self._holder()
        self._file.close()
        by = f"process {holder}" if holder.isdigit() else "another process"
        return RunLocked(f"run '{folder.name}' is being written by {by}", mend="wait until it is done, or end it")

    def _holder(self) -> str:
        """The number of the process that holds the lock. It writes it once it has the lock; until then the last holder's stands here, or nothing."""
        until = time.monotonic() + _A_MOMENT
        while True:
            self._file.seek(0)
            holder = self._file.read(20).strip()
            if (holder.isdigit() and _lives(int(holder))) or time.monotonic() > until:
                return holder
            time.sleep(_A_BLINK)

    def release(self) -> None:
        """Give the lock back."""
        self._file.close()


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def is_locked(folder: Path) -> bool:
    """Whether some process is writing to the run in `folder` right now."""
    try:
        with open_regular(folder / LOCK) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (OSError, InputError):
        return False
    return False
