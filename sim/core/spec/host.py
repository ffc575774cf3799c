"""Names of hosts, as far as they can be judged before anything is looked up."""

from __future__ import annotations

_LONGEST = 253


def can_be_host(name: str) -> bool:
    """Whether `name` can be looked up at all: each part between its dots has 1 to 63 characters, as the network spells them. Addresses can, too."""
    if ":" in name:
        return True
    try:
        spelt = name.removesuffix(".").encode("idna")
    except UnicodeError:
        return False
    return 0 < len(spelt) <= _LONGEST
