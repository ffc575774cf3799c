"""What first contact finds out: one line each, with what shows it."""

from __future__ import annotations

from typing import Literal

from sim.core.frozen import Frozen


class Finding(Frozen):
    """One thing found out."""

    about: str
    """Two or three words, such as `message` or `users kept apart`."""
    said: str
    """What was found."""
    evidence: str = ""
    """Words of a reply, or the place in a request."""
    mark: Literal["fact", "good", "warning"] = "fact"
