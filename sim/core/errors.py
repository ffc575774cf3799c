"""Every error this package raises on purpose.

    SimError
    ├── InputError        somebody's file or flag is wrong: one line, exit status 2
    │   ├── RunLocked     another process is writing to this run
    │   └── RunStuck      a run under way can write no further: exit status 3, resumable
    ├── CallFailed        a call to a model or target came to nothing; a node turns it into a value
    └── JournalConflict   two different events under one key: our own bug, shown with its traceback

Anything else that escapes is a bug of ours.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sim.core.event import Call, Timing

Cause = Literal["infrastructure", "refused", "too_long", "budget", "interrupted"]
"""Why a call came to nothing. `refused` and `too_long` are the model's own doing and final; the others are bought again on resume."""

LOST: tuple[Cause, ...] = ("infrastructure", "budget", "interrupted")
"""Causes that say nothing about any model: the event stays absent."""


_LONGEST = 1_000
"""Characters of a complaint; somebody may have pasted a whole file as a name."""

_KEY = re.compile(r"(?:\b(?:sk|pk|rk|gsk|xai|key|hf)[-_]|\bAIza|\bBearer\s+)[\w*.\-]{6,}", re.IGNORECASE)


class SimError(Exception):
    """Base of all errors raised on purpose."""


class InputError(SimError):
    """A file, flag or environment that a person can mend.

    Args:
        problem: what is wrong, as a phrase without a full stop.
        mend: what to do about it, as an imperative.
        where: the file, flag or key it stands in.
        line: 1-based line in `where`, if known.
    """

    def __init__(self, problem: str, *, mend: str = "", where: object = None, line: int | None = None) -> None:
        place = "" if where is None else f"{where}:{line}: " if line else f"{where}: "
        # Somebody may have written a key where the name of a variable belongs.
        text = one_line(strike_keys(f"{place}{problem}" + (f"; {mend}" if mend else ""), certain=True))
        super().__init__(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 200]} … {text[-197:]}")


class RunLocked(InputError):
    """Another process holds the run's lock."""


class RunStuck(InputError):
    """A run under way can write no further, as on a full disk; what was kept stays, and `resume` goes on."""


class CallFailed(SimError):
    """A call that brought no usable answer after all its attempts.

    Carries the calls that were paid for on the way, so that their cost is not lost.
    """

    def __init__(self, cause: Cause, message: str, *, calls: tuple[Call, ...] = (), timings: tuple[Timing, ...] = ()) -> None:
        super().__init__(message)
        self.cause: Cause = cause
        self.message = one_line(message)[:500]
        self.calls = calls
        self.timings = timings


class JournalConflict(SimError):
    """A second, different event under a key that the journal already holds."""


def strike_keys(text: str, *, certain: bool = False) -> str:
    """`text` with `[key]` for whatever looks like a provider's key; if `certain`, only where it has a figure in it, as ids seldom do."""
    return _KEY.sub(lambda m: "[key]" if not certain or any(c.isdigit() for c in m[0]) else m[0], text)


def one_line(text: str) -> str:
    """`text` with control characters made visible and line breaks folded."""
    folded = " ".join(text.split())
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in folded)


def nearest(word: str, known: Iterable[str]) -> str:
    """The mend for an unknown word: the nearest valid one, or all of them when none is near."""
    known = list(known)
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    if not known:
        return "there is none"
    shown = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return f"choose from: {shown}"
