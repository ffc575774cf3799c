"""`full`: every earlier session stands in the context, word for word."""

from __future__ import annotations

from collections.abc import Sequence

from sim.llm.client import Message
from sim.targets.memory.policy import Heard
from sim.targets.target import MemoryStep


class Full:
    """Remembers everything, as it was said."""

    def recall(self, earlier: Sequence[Heard]) -> tuple[Message, ...]:
        """All earlier messages, oldest first."""
        return tuple(m for talk in earlier for m in talk.messages)

    async def consolidate(self, ended: Heard) -> tuple[MemoryStep, ...]:
        """Nothing to do: the words themselves are kept."""
        return ()
