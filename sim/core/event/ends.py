"""How things end: a call that was lost, a trial that failed, is finished, or was forgotten."""

from __future__ import annotations

from typing import Literal

from sim.core.errors import Cause, tell
from sim.core.event.base import BaseEvent


class CallLost(BaseEvent):
    """A node's call came to nothing for reasons outside any model: its own event stays absent, what it paid is counted here.

    `part` is the node, the judge if any, and the attempt: `rate_likability:self#1`.
    """

    kind: Literal["call_lost"] = "call_lost"
    cause: Cause
    message: str
    quote: str = ""
    """What came instead of an answer; empty: nothing, or nothing beyond the message."""


class TrialFailed(BaseEvent):
    """The trial cannot go on, now or ever: the target refused or its context is full."""

    kind: Literal["trial_failed"] = "trial_failed"
    cause: Cause
    message: str
    quote: str = ""
    """What came instead of an answer; empty: nothing, or nothing beyond the message."""

    @property
    def told(self) -> str:
        """The message, and what came."""
        return tell(self.message, self.quote)


class TrialFinished(BaseEvent):
    """All sessions are closed."""

    kind: Literal["trial_finished"] = "trial_finished"


class TrialForgotten(BaseEvent):
    """The texts of all events before this one were deleted (`sim.core.forget`); the trial cannot go on."""

    kind: Literal["trial_forgotten"] = "trial_forgotten"
