"""Every error this package raises on purpose.

    SimError
    ├── InputError        somebody's file or flag is wrong: one line, exit status 2
    │   ├── InputErrors   several of them at once; its line is the first one's
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

from sim.core.secrets import SECRETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sim.core.event import Call, Timing

Cause = Literal["infrastructure", "refused", "too_long", "budget", "interrupted"]
"""Why a call came to nothing. `refused` and `too_long` are the model's own doing and final; the others are bought again on resume."""

LOST: tuple[Cause, ...] = ("infrastructure", "budget", "interrupted")
"""Causes that say nothing about any model: the event stays absent."""


_LONGEST = 1_000
"""Characters of a complaint; somebody may have pasted a whole file as a name."""
_FAILURE = 500
"""Characters of what went wrong with a call, and of what came instead."""

_KEY = re.compile(r"(?:\b(?:sk|pk|rk|gsk|xai|key|hf)[-_]|\bAIza|\bBearer\s+)[\w*.\-]{6,}", re.IGNORECASE)


class Notice(UserWarning):
    """Something that a person should know and that stops nothing."""


class SimError(Exception):
    """Base of all errors raised on purpose."""


class InputError(SimError):
    """A file, flag or environment that a person can mend.

    Args:
        problem: what is wrong, as a phrase without a full stop.
        mend: what to do about it, as an imperative.
        where: the file, flag or key it stands in.
        line: 1-based line in `where`, if known.
        at: the keys and list places (from 0) that lead to it in a file, for a reader of that file who knows its lines.
    """

    def __init__(self, problem: str, *, mend: str = "", where: object = None, line: int | None = None, at: tuple[str | int, ...] = ()) -> None:
        self.problem, self.mend, self.where, self.line, self.at = _clean(problem), _clean(mend), where, line, at
        place = "" if where is None else f"{where}:{line}: " if line else f"{where}: "
        super().__init__(_clean(f"{place}{problem}" + (f"; {mend}" if mend else "")))


class InputErrors(InputError):
    """Several things wrong with one input. As a line it is the first of them, and how many more there are."""

    def __init__(self, each: Sequence[InputError]) -> None:
        first, more = each[0], f" (and {len(each) - 1} more)"
        problem, mend = (first.problem, first.mend + more) if first.mend else (first.problem + more, "")
        super().__init__(problem, mend=mend, where=first.where, line=first.line, at=first.at)
        self.each = tuple(each)


def gather(found: Iterable[InputError]) -> InputError | None:
    """All of `found` as one error, each line once; None when there are none."""
    each = {str(one): one for error in found for one in split(error)}
    return InputErrors(list(each.values())) if len(each) > 1 else next(iter(each.values()), None)


def split(error: InputError) -> tuple[InputError, ...]:
    """Every single thing that `error` says is wrong."""
    return error.each if isinstance(error, InputErrors) else (error,)


class RunLocked(InputError):
    """Another process holds the run's lock."""


class RunStuck(InputError):
    """A run under way can write no further, as on a full disk; what was kept stays, and `resume` goes on."""


class CallFailed(SimError):
    """A call that brought no usable answer after all its attempts.

    Carries the calls that were paid for on the way, so that their cost is not lost.

    Args:
        message: what went wrong, in words of ours that a log may hold.
        quote: what came instead of an answer; it may repeat what was said in the talk, so it is kept in the journal and never logged.
    """

    def __init__(self, cause: Cause, message: str, *, quote: str = "", calls: tuple[Call, ...] = (), timings: tuple[Timing, ...] = ()) -> None:
        self.cause: Cause = cause
        self.message = one_line(SECRETS.strike(message, pieces=True))[:_FAILURE]
        self.quote = one_line(SECRETS.strike(quote, pieces=True))[:_FAILURE]
        self.calls = calls
        self.timings = timings
        super().__init__(self.message)

    @property
    def told(self) -> str:
        """The message, and what came."""
        return tell(self.message, self.quote)

    def paying(self, calls: tuple[Call, ...], timings: tuple[Timing, ...]) -> CallFailed:
        """The same failure, with other calls paid for."""
        return CallFailed(self.cause, self.message, quote=self.quote, calls=calls, timings=timings)


class JournalConflict(SimError):
    """A second, different event under a key that the journal already holds."""


def _clean(text: str) -> str:
    """`text` on one line of bounded length, without keys: somebody may have written one where the name of a variable belongs."""
    line = one_line(strike_keys(text, certain=True))
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 200]} … {line[-197:]}"


def tell(message: str, quote: str) -> str:
    """What went wrong and what came, in one line."""
    return f"{message}: {quote}" if quote else message


def strike_keys(text: str, *, certain: bool = False) -> str:
    """`text` with `[key]` for every key that this process sends, and for whatever looks like a provider's key.

    Args:
        certain: leave alone what looks like a key and has no figure in it, as ids seldom have, and mere pieces of keys.
    """
    text = SECRETS.strike(text, pieces=not certain)
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
