"""`full`: every earlier session stands in the context, word for word."""

from __future__ import annotations

from collections.abc import Sequence

from sim.targets.memory.policy import Heard, Policy, Recalled, words_of


class Full(Policy):
    """Remembers everything, as it was said."""

    shows = None

    async def recall(self, earlier: Sequence[Heard], message: str) -> Recalled:
        """All earlier sessions."""
        return Recalled(talks=tuple(earlier))

    def holds(self, talks: Sequence[Heard]) -> tuple[str, ...]:
        """All that was said."""
        return words_of(talks)
