"""What a tagger takes: calls, tokens and dollars, and the same for 1,000 replies. Sums alone are kept; what a provider does not say is unknown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.core.event import Call


@dataclass(frozen=True, slots=True)
class PerThousand:
    """What 1,000 replies take, repairs, chunks and calls that came to nothing included."""

    calls: float
    input_tokens: float | None
    """None: of some call the provider did not say."""
    output_tokens: float | None
    dollars: float | None
    """US dollars. None: of some call nobody knows the price."""


class CallTally:
    """Sums over calls, to which more can be added."""

    def __init__(self) -> None:
        self.replies = self.calls = 0
        self._input = self._output = 0
        self._dollars = 0.0
        self._uncounted = self._unpriced = 0

    def add(self, calls: Iterable[Call], *, replies: int = 1) -> None:
        """Count `calls`, which gave a verdict on so many replies."""
        self.replies += replies
        for call in calls:
            self.calls += 1
            if call.usage is None:
                self._uncounted += 1
            else:
                self._input += call.usage.input
                self._output += call.usage.output
            if call.cost is None:
                self._unpriced += 1
            else:
                self._dollars += call.cost

    @property
    def per_thousand(self) -> PerThousand | None:
        """For 1,000 replies; one unknown call makes its sum unknown. None: no call was made, or it gave no verdict."""
        if not self.calls or not self.replies:
            return None
        each = 1000 / self.replies
        counted = not self._uncounted
        return PerThousand(
            calls=self.calls * each,
            input_tokens=self._input * each if counted else None,
            output_tokens=self._output * each if counted else None,
            dollars=None if self._unpriced else self._dollars * each,
        )
