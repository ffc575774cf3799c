"""The seam of every target: sessions are opened and closed, messages answered, and what it remembers is restored from the record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import datetime as dt

    from sim.core.event import Call, Kept, Timing
    from sim.core.record import Trial
    from sim.core.tools import ToolUse


@dataclass(frozen=True, slots=True)
class TargetAnswer:
    """A target's reply and what it took."""

    text: str
    finish: str = "stop"
    calls: tuple[Call, ...] = ()
    timings: tuple[Timing, ...] = ()
    recalled: tuple[str, ...] | None = None
    """What of earlier sessions stood in the context of this reply; None: nobody knows."""
    dropped: int = 0
    """Messages that no longer fitted the context and were left out, oldest first."""
    tools: tuple[ToolUse, ...] = ()
    """What it says it did for it."""
    resent: bool = False
    """An earlier attempt may have reached a target that remembers what it hears; each bore the same key."""


@dataclass(frozen=True, slots=True)
class MemoryStep:
    """One thing a target's memory did when a session closed; `content` is enough to restore it."""

    name: str
    content: str
    calls: tuple[Call, ...] = ()
    timings: tuple[Timing, ...] = ()
    kept: Kept = ""
    """Why the memory stayed as it was; empty: it took the session in."""
    dropped: int = 0
    """Messages that did not fit the prompt of this step."""


Survived = Literal["all", "memory", "nothing"]
"""How much of what a target knew is still there: all of it, what it took in of sessions that are over, or nothing."""


class Target(Protocol):
    """One target in one trial. Every method may raise `CallFailed`."""

    stateful: bool
    """Whether it keeps the talk itself beyond this process, so that a message sent twice is heard twice."""
    given: str
    """The name that the target gave the session under way, by which alone that can be gone on with; empty: none."""

    async def open(self, date: dt.date) -> None:
        """A session begins on `date`."""

    async def reply(self, message: str, key: str) -> TargetAnswer:
        """Answer `message`. The same `key` marks the same message, sent again after an interruption."""

    async def close_session(self) -> tuple[MemoryStep, ...]:
        """The session is over; what memory does then. Not called again for a session whose steps the record already holds."""

    def remembers(self) -> tuple[str, ...] | None:
        """What its memory holds of the sessions that are over, as texts; None: nobody knows."""

    async def fork(self) -> Target | None:
        """A copy whose further talk leaves no trace here and is paid for as `probe`; None: it cannot be copied.

        What can be copied can be made anew from the record: of a fresh one, `restore` returns `all` for any trial.
        """

    async def restore(self, trial: Trial) -> Survived:
        """Become what it was when `trial`'s last event was kept, talks before the study included. Called once, before anything else.

        Returns:
            What of that there is a way back to; replaying what was said is none, for the replies would be other ones. With `memory` it is as before
            the last session of `trial`, with `nothing` as before the first, and what is lost starts over, one take higher than the last session was.
        """
