"""`window:K`: the last K earlier sessions stand in the context, word for word; what is older is gone."""

from __future__ import annotations

from collections.abc import Sequence

from sim.targets.memory.policy import Heard, Recalled, Unwritten, words_of


class Window(Unwritten):
    """Remembers the latest sessions.

    Args:
        sessions: how many, at least one. A session in which nothing was said counts for none.
    """

    def __init__(self, sessions: int) -> None:
        self._sessions = sessions

    async def recall(self, earlier: Sequence[Heard], message: str) -> Recalled:
        """The last sessions."""
        return Recalled(talks=tuple(earlier[-self._sessions :]))

    def holds(self, talks: Sequence[Heard]) -> tuple[str, ...]:
        """What was said in the last sessions."""
        return words_of(talks[-self._sessions :])
