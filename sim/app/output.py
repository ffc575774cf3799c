"""What commands write where a flag says: whole or not at all, never over a run's own files, and never over a file of another kind."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from sim.core.errors import InputError
from sim.store.files import open_regular, write_whole
from sim.store.runs import belongs_to_run


def put(place: Path, content: Iterable[str] | Iterable[bytes], *, alike: int, flag: str) -> None:
    """Write `content` to `place`.

    An existing file is replaced only if it is empty or begins as the content does, as it would after the same command before: a slip of the pen
    costs no journal, persona or log. A pipe or terminal is written to as it is.

    Args:
        alike: how many bytes at the beginning are the same in everything that this kind of command writes.
        flag: where another place can be named.

    Raises:
        InputError: it cannot be written, or must not be.
    """
    pieces = iter(_as_bytes(content))
    head = b""
    while len(head) < alike and (piece := next(pieces, None)) is not None:
        head += piece
    try:
        there = _look_at(place, flag)
        if there is not None and not stat.S_ISREG(there):
            _pour(place, chain([head], pieces))
            return
        if there is not None:
            _demand_alike(place, head[:alike], flag)
        write_whole(Path(os.path.realpath(place)), chain([head], pieces))
    except OSError as error:
        raise _unwritable(place, error, flag) from None


def demand_room(place: Path, head: str, *, flag: str) -> None:
    """See, before anything is paid for, that `put` will write to `place` what begins with `head`.

    Raises:
        InputError: it must not be written, or its folder does not exist.
    """
    try:
        there = _look_at(place, flag)
        if there is not None and stat.S_ISREG(there):
            _demand_alike(place, head.encode(), flag)
        elif there is None and not place.absolute().parent.is_dir():
            raise InputError("its folder does not exist", where=place, mend=f"make it, or choose another place with {flag}")
    except OSError as error:
        raise _unwritable(place, error, flag) from None


def add(place: Path, text: str, *, flag: str) -> None:
    """Add `text` to the end of what stands at `place`, where several write in turn.

    Raises:
        InputError: it cannot be written, or must not be.
    """
    try:
        _look_at(place, flag)
        with place.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise _unwritable(place, error, flag) from None


def _look_at(place: Path, flag: str) -> int | None:
    """The mode of what is there; None: nothing.

    Raises:
        InputError: it must not be written.
        OSError: it cannot be looked at.
    """
    if belongs_to_run(place):
        raise InputError("is one of a run's own files", where=place, mend=f"choose another place with {flag}")
    try:
        mode = os.stat(place).st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode) or stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
        kind = "folder" if stat.S_ISDIR(mode) else "device" if stat.S_ISBLK(mode) else "socket"
        raise InputError(f"is a {kind}, not a file", where=place, mend=f"name a file with {flag}")
    return mode


def _demand_alike(place: Path, head: bytes, flag: str) -> None:
    with open_regular(place) as file:
        old = file.read(len(head))
    if old and old != head:
        raise InputError("is there already and is something else", where=place, mend=f"choose another place with {flag}, or delete it")


def _pour(place: Path, pieces: Iterable[bytes]) -> None:
    # Not waiting: a pipe that nobody reads would never open.
    handle = os.open(place, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    os.set_blocking(handle, True)
    with os.fdopen(handle, "wb") as file:
        file.writelines(pieces)


def _as_bytes(content: Iterable[str] | Iterable[bytes]) -> Iterator[bytes]:
    for piece in content:
        yield piece.encode("utf-8", "replace") if isinstance(piece, str) else piece


def _unwritable(place: Path, error: OSError, flag: str) -> InputError:
    return InputError(f"cannot be written: {error.strerror}", where=place, mend=f"choose another place with {flag}")
