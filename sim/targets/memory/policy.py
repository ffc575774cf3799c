"""The seam of every memory policy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sim.llm.client import Message
from sim.targets.target import MemoryStep


@dataclass(frozen=True, slots=True)
class Heard:
    """A session as the target heard it: user and assistant messages in turn."""

    date: dt.date
    messages: tuple[Message, ...]


class Memory(Protocol):
    """What of the earlier sessions stands before the present one."""

    def recall(self, earlier: Sequence[Heard]) -> tuple[Message, ...]:
        """The messages to put before this session's own."""

    async def consolidate(self, ended: Heard) -> tuple[MemoryStep, ...]:
        """What is written down of a session that has just ended."""
