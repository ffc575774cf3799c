"""`none`: every session begins anew."""

from __future__ import annotations

from collections.abc import Sequence

from sim.llm.client import Message
from sim.targets.memory.policy import Heard
from sim.targets.target import MemoryStep


class Nothing:
    """Remembers nothing across sessions."""

    def recall(self, earlier: Sequence[Heard]) -> tuple[Message, ...]:
        """Nothing."""
        return ()

    async def consolidate(self, ended: Heard) -> tuple[MemoryStep, ...]:
        """Nothing to do."""
        return ()
