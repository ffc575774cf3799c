"""How many calls may be in flight to one model: found out from what its provider bears, and never guessed upward past what was used.

It starts low, doubles after each clean round until the provider first says that it is too much, and then grows by a twentieth. A round is as many
answers as calls may be in flight; it lets the limit grow only where no call broke in it and the limit was nearly reached. A refusal for the rate cuts
by a fifth, once in an episode: what was sent before the cut is refused as well and says nothing new. A provider that breaks is not one that is
overrun, so 5xx and broken lines stop growth and never cut. An answer to a call that was refused before counts neither way.
"""

from __future__ import annotations

from collections.abc import Callable

START = 20
"""Calls in flight to a provider that nothing is known of."""
LEAST_ROUND = 4
"""Answers, where fewer calls may be in flight."""
NEARLY = 0.8
"""Of the limit must have been in flight for it to grow."""
SLOWLY = 0.05
CUT = 0.8
COOL_DOWN = 15.0
"""Seconds after a cut without another, and without growth; longer where the provider asks for it."""


class AdaptiveLimit:
    """The limit of one model.

    Args:
        start: calls in flight at first.
        cap: never more than these.
        clock: seconds.
    """

    def __init__(self, *, start: int, cap: int, clock: Callable[[], float]) -> None:
        self.value = min(start, cap)
        self._cap = cap
        self._fixed = False
        self._clock = clock
        self._doubling = True
        self._cool_until = -1.0
        self._answers = self._peak = 0
        self._clean = True

    def fix(self, value: int) -> None:
        """Adapt nothing any more, and let `value` calls be in flight."""
        self.value, self._fixed = value, True

    def free(self, *, cap: int) -> None:
        """Adapt again, from here on, up to `cap`."""
        self._cap, self._fixed = cap, False
        self.value = min(self.value, cap)
        self._begin()

    def entered(self, in_flight: int) -> None:
        """A call has taken a place, and so many have one now."""
        if in_flight > self._peak:
            self._peak = in_flight

    def answered(self, in_flight: int) -> None:
        """A call was answered at its first attempt, while so many were in flight."""
        self._answers += 1
        if self._answers < max(self.value, LEAST_ROUND):
            return
        if self._clean and self._peak >= NEARLY * self.value and not self._fixed and self._clock() >= self._cool_until:
            more = self.value if self._doubling else max(1, int(SLOWLY * self.value))
            self.value = min(self.value + more, self._cap)
        self._begin(in_flight)

    def limited(self, wait: float | None) -> None:
        """The provider said that it was too much.

        Args:
            wait: seconds that it asked to be left alone.
        """
        now = self._clock()
        self._doubling = False
        if self._fixed or now < self._cool_until:
            return
        # Set here alone: were it set by every refusal, a storm of them would push it on for ever, and one cut would be all.
        self._cool_until = now + max(COOL_DOWN, wait or 0.0)
        self.value = max(1, int(self.value * CUT))
        self._begin()

    def broke(self) -> None:
        """A call broke: it says nothing of the rate."""
        self._clean = False

    def _begin(self, in_flight: int = 0) -> None:
        self._answers, self._peak, self._clean = 0, in_flight, True
