"""What every event has: where it belongs, the calls that were made for it, and what may differ from one execution to the next."""

from __future__ import annotations

from typing import Literal, NamedTuple

from sim.core.address import Address
from sim.core.event.calls import Call, Meta
from sim.core.frozen import Frozen

Kind = Literal[
    "session_opened",
    "user_spoke",
    "target_replied",
    "rated",
    "tagged",
    "memory_written",
    "probe_answered",
    "probed",
    "sheet_answered",
    "scored",
    "session_closed",
    "labelled",
    "form_answered",
    "call_lost",
    "trial_failed",
    "trial_finished",
    "trial_forgotten",
]


class Key(NamedTuple):
    """Where an event belongs; no two events share one."""

    trial: str
    session: int
    take: int
    exchange: int
    kind: Kind
    part: str


class BaseEvent(Frozen):
    """What every event has."""

    trial: str
    session: int = 0
    """From 1; 0 is the whole trial."""
    take: int = 0
    """From 1; rises when the session is started over. 0 is the whole trial."""
    exchange: int = 0
    """From 1; 0 is the whole session."""
    part: str = ""
    """Rater, tagger, memory step, probe, scorer, person or attempt, as `sim.core.address` reads it."""
    calls: tuple[Call, ...] = ()
    meta: Meta = Meta()

    @property
    def address(self) -> Address:
        """The part, taken apart."""
        return Address.parse(self.kind, self.part)  # type: ignore[attr-defined]
