"""Who a target is told it talks to: a new user for each trial, and the same one again when the trial goes on after an interruption.

Names are derived from the run's nonce, so that two runs never meet in one memory, and look like UUIDs, which every system takes.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """One trial, as a target knows it."""

    run: str
    """The run's nonce: the same over every resume of one run."""
    trial: str

    def user(self, take: int) -> str:
        """The user's id; another one in every take, so that a trial started over is not remembered."""
        return self._name("user", take)

    def session(self, take: int, index: int) -> str:
        """The id of session `index`."""
        return self._name("session", take, index)

    def key(self, key: str) -> str:
        """The idempotency key `key`, told apart from that of every other run."""
        return self._name("key", key)

    def _name(self, *parts: object) -> str:
        text = "\x1f".join((self.run, self.trial, *map(str, parts)))
        return str(uuid.UUID(bytes=hashlib.blake2b(text.encode(), digest_size=16).digest(), version=5))
