"""Randomness is derived, never carried: each draw is named by what it is for, so a resumed run draws the same."""

from __future__ import annotations

import hashlib
import random


def derive(*names: object) -> int:
    """A 63-bit seed from the names of a draw: study seed, persona, scenario, seed, session, exchange, purpose.

    Users, scenarios, probes and noise leave the target out of the names, so that arms stay paired.
    """
    digest = hashlib.blake2b("\x1f".join(map(str, names)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def rng(*names: object) -> random.Random:
    """A generator seeded with `derive(*names)`."""
    return random.Random(derive(*names))
