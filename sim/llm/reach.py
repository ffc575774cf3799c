"""Whether anybody answers at an address: a connection is opened and closed again, and nothing is sent over it."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import socket
import ssl
from urllib.parse import urlsplit

PATIENCE = 10.0
"""Seconds that a connection may take to be opened."""
_ERRNO = re.compile(r"\[Errno (\d+)\]")


async def knock(url: str, *, seconds: float = PATIENCE) -> str | None:
    """Why nobody can be reached at `url`; None when somebody is there. Its path and query are not looked at."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except TimeoutError:
        return f"no connection within {seconds:g} s"
    except OSError as error:
        return why_unreachable(error)
    writer.close()
    return None


def why_unreachable(error: BaseException) -> str:
    """In a few words why a connection could not be opened: "connection refused", "its name cannot be resolved"."""
    inner = getattr(error, "os_error", error)
    if isinstance(inner, socket.gaierror):
        return "its name cannot be resolved"
    if isinstance(inner, ssl.SSLError):
        return f"its certificate was not accepted ({inner.reason or inner})"
    if isinstance(inner, TimeoutError):
        return "no connection in time"
    # Where several addresses of one name were tried, the numbers are in the text alone.
    number = inner.errno if isinstance(inner, OSError) and inner.errno else next(map(int, _ERRNO.findall(str(inner))), None)
    if number in (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ECONNRESET, errno.ETIMEDOUT):
        return os.strerror(number).lower()
    return str(inner) or type(inner).__name__
