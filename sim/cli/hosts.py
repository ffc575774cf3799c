"""`--local-only` and `--allow-host`: which hosts a command may reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.llm.hosts import LocalOnly


def read_local_only(wish: bool, allowed: Sequence[str]) -> LocalOnly | None:
    """`--local-only` and every `--allow-host` as one wish; None without the first.

    Raises:
        InputError: a host is allowed where none is refused, or is no host name.
    """
    from sim.llm.hosts import LocalOnly

    if allowed and not wish:
        raise InputError("means nothing without --local-only, as any host is allowed", mend="add --local-only or leave it out", where="--allow-host")
    for host in allowed:
        if not host or any(c.isspace() or c in "/@*[]" for c in host) or (":" in host and host.count(":") < 2):
            raise InputError(f"'{host}' is not a host", mend="write a name or an address without scheme, port and path", where="--allow-host")
    return LocalOnly(frozenset(host.lower() for host in allowed)) if wish else None
