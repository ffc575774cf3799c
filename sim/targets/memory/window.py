"""`window:K`: the last K earlier sessions stand in the context, word for word; what is older is gone."""

from __future__ import annotations

from collections.abc import Sequence

from sim.targets.memory.policy import Heard, Policy, Recalled, words_of


class Window(Policy):
    """Remembers the latest sessions. One in which nothing was said counts for none."""

    counts = "earlier sessions"

    async def recall(self, earlier: Sequence[Heard], message: str) -> Recalled:
        """The last sessions."""
        return Recalled(talks=tuple(earlier[-self.tools.size :]))

    def holds(self, talks: Sequence[Heard]) -> tuple[str, ...]:
        """What was said in the last sessions."""
        return words_of(talks[-self.tools.size :])
