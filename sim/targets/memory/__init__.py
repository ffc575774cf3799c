"""Memory policies: what a chat model is shown of earlier sessions. One file each; `build_memory` finds them by name."""

from __future__ import annotations

from sim.core.errors import InputError, nearest
from sim.targets.memory.full import Full
from sim.targets.memory.nothing import Nothing
from sim.targets.memory.policy import Memory

POLICIES: dict[str, type[Memory]] = {"none": Nothing, "full": Full}


def build_memory(name: str) -> Memory:
    """A fresh memory of the policy `name`.

    Raises:
        InputError: there is no such policy.
    """
    if name not in POLICIES:
        raise InputError(f"unknown memory policy '{name}'", mend=nearest(name, POLICIES))
    return POLICIES[name]()
