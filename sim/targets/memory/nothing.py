"""`none`: every session begins anew."""

from __future__ import annotations

from collections.abc import Sequence

from sim.targets.memory.policy import Heard, Policy, Recalled


class Nothing(Policy):
    """Remembers nothing across sessions."""

    shows = 0

    async def recall(self, earlier: Sequence[Heard], message: str) -> Recalled:
        """Nothing."""
        return Recalled()

    def holds(self, talks: Sequence[Heard]) -> tuple[str, ...]:
        """Nothing."""
        return ()
