"""Files that a person named: opened only if they are regular files, because a pipe or a device would wait for ever, and replaced only whole."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from sim.core.errors import InputError

PRIVATE = 0o600
"""Read and written by their owner alone: files that hold what people said."""


def open_regular(path: Path) -> BinaryIO:
    """`path` opened for reading.

    Raises:
        InputError: it is a folder, a pipe, a device or a socket.
        OSError: it cannot be opened.
    """
    # Looked at before it is opened, because opening a device may do something to it; and again afterwards, because it may have been exchanged.
    demand_regular(os.stat(path).st_mode, path)
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        demand_regular(os.fstat(file).st_mode, path)
        return os.fdopen(file, "rb")
    except BaseException:
        os.close(file)
        raise


def demand_regular(mode: int, path: Path) -> None:
    """Refuse what is no regular file.

    Raises:
        InputError: says what it is instead.
    """
    if stat.S_ISREG(mode):
        return
    kinds = {stat.S_IFDIR: "folder", stat.S_IFIFO: "pipe", stat.S_IFCHR: "device", stat.S_IFBLK: "device", stat.S_IFSOCK: "socket"}
    kind = kinds.get(stat.S_IFMT(mode), "special file")
    mend = "write what comes out of it to a file, and name that" if kind == "pipe" else ""
    raise InputError(f"is a {kind}, not a file", mend=mend, where=path)


def write_whole(place: Path, content: Iterable[bytes], *, mode: int | None = None) -> None:
    """`content` at `place`, whole or not at all, whoever reads meanwhile; a symbolic link there is replaced, never followed.

    Args:
        mode: permissions of a new file; None: as any new file of this user gets them. A file that is replaced hands its own on.

    Raises:
        OSError: it cannot be written.
    """
    handle, aside = tempfile.mkstemp(prefix=f".{place.name[:40]}.", suffix=".new", dir=place.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(content)
        os.chmod(aside, _mode(place, mode))
        os.replace(aside, place)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def _mode(place: Path, wanted: int | None) -> int:
    try:
        there = os.lstat(place).st_mode
        if stat.S_ISREG(there):
            return stat.S_IMODE(there)
    except FileNotFoundError:
        pass
    if wanted is not None:
        return wanted
    umask = os.umask(0o077)
    os.umask(umask)
    return 0o666 & ~umask
