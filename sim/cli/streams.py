"""Standard streams that may be closed, full, or read by nobody any more: losing one of them never ends a run that is paid for.

What is lost on standard error is lost in silence. What is lost on standard output ends a command that does nothing but print, and no other.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TextIO


class OutputLost(Exception):
    """Standard output takes nothing any more."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(cause.strerror)
        self.unread = cause.errno == errno.EPIPE
        """Whether its reader has gone, as `head` does when it has enough: no fault of anybody's."""
        self.why = cause.strerror or str(cause)


class _Stream(io.TextIOWrapper):
    """A standard stream that leads nowhere once it has failed."""

    def __init__(self, number: int, stream: TextIO | None, *, raises: bool) -> None:
        encoding = stream.encoding if stream else "utf-8"
        buffering = stream.isatty() or number == 2 if stream else False
        buffer = stream.detach() if isinstance(stream, io.TextIOWrapper) else open(number, "wb", closefd=False)  # noqa: SIM115
        # A terminal that has no ± gets a ? for it.
        super().__init__(buffer, encoding=encoding, errors="replace", line_buffering=buffering)
        self.raises = raises
        """Whether its loss is told at once, by `OutputLost`."""
        self.lost: OutputLost | None = None

    def write(self, text: str, /) -> int:
        """As any stream does."""
        try:
            return super().write(text)
        except OSError as error:
            self._lose(error)
            return len(text)

    def flush(self) -> None:
        """As any stream does."""
        try:
            super().flush()
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        # What is buffered still, and what is written from now on, goes where it cannot fail: not even when Python ends and flushes once more.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)
        self.lost = self.lost or OutputLost(error)
        if self.raises:
            raise self.lost from error


def prepare_streams() -> None:
    """Make the process's standard streams ready for whatever may become of them; to be called once, before anything is opened."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # Closed by whoever started us. Left so, the next file opened, such as a journal, would take its number and be printed into.
            os.open(os.devnull, os.O_RDWR)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = sys.__stdout__ = _Stream(1, sys.stdout, raises=True)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _Stream(2, sys.stderr, raises=False)  # type: ignore[misc]


def outlive_output() -> None:
    """Let the command go on when standard output is lost, because what it does is worth more than what it prints."""
    if isinstance(sys.stdout, _Stream):
        sys.stdout.raises = False


def lost_output() -> OutputLost | None:
    """How standard output was lost, if it was."""
    sys.stdout.flush()
    return sys.stdout.lost if isinstance(sys.stdout, _Stream) else None
