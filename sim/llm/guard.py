"""The last door: while it is shut, this process can neither look up nor connect to a host that is not permitted, whichever library tries.

Specs are refused before any client exists (`sim.llm.hosts`). This catches what a spec does not show: a server that redirects, a proxy in the
environment, a library that has a default of its own.
"""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.llm.hosts import LocalOnly


class Refused(PermissionError):
    """A connection to a host that is not permitted was about to be made."""


class _Door:
    """An audit hook: Python calls it before every look-up and connection, also those of libraries. It cannot be taken out, only opened."""

    def __init__(self, local_only: LocalOnly) -> None:
        self._local_only = local_only
        self.shut = True
        self._addresses: frozenset[str] = frozenset()

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.shut or not event.startswith("socket."):
            return
        if event in ("socket.getaddrinfo", "socket.gethostbyname"):
            self._admit_name(arguments[0])
        elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            address = arguments[1]
            if isinstance(address, tuple):
                self._admit_address(str(address[0]))

    def _admit_name(self, name: object) -> None:
        host = name.decode("ascii", "replace") if isinstance(name, bytes) else name
        if host in (None, ""):
            return
        host = str(host)
        if not (self._local_only.permits(host) or host in self._addresses):
            raise Refused(f"--local-only does not let this process reach {host}")

    def _admit_address(self, address: str) -> None:
        if self._local_only.permits(address) or address in self._addresses:
            return
        self._addresses = frozenset(_addresses(self._local_only.allowed))
        if address not in self._addresses:
            raise Refused(f"--local-only does not let this process reach {address}")


def _addresses(names: frozenset[str]) -> Iterator[str]:
    """What the allowed names stand for now."""
    for name in names:
        with contextlib.suppress(OSError):
            yield from (str(found[4][0]) for found in socket.getaddrinfo(name, None))


@contextlib.contextmanager
def guarded(local_only: LocalOnly | None) -> Iterator[None]:
    """Within, only permitted hosts can be reached from this process; without a wish, any."""
    if local_only is None:
        yield
        return
    door = _Door(local_only)
    sys.addaudithook(door)
    try:
        yield
    finally:
        door.shut = False
