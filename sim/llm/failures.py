"""What went wrong with one attempt, and what follows from it: another attempt, another form of the request, or the end of the call.

Both HTTP clients judge here, so the same refusal means the same whichever of them met it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Literal

from sim.core.errors import one_line

Verdict = Literal["again", "format", "refused", "too_long", "final"]
"""`again`: may pass. `format`: the wish for JSON was refused. `refused`: the content was. `too_long`: the prompt does not fit. `final`: trying again
is of no use."""

AGAIN = frozenset({408, 409, 425, 429})
"""Statuses, beside 5xx, after which another attempt may succeed."""

_FORMAT = re.compile(r"response_format|json_schema|json_object|structured[ _]output", re.IGNORECASE)
_TOO_LONG = re.compile(
    r"context_length_exceeded|context[ _](?:length|window|size|limit)|maximum (?:model|input|prompt) length|maximum number of tokens"
    r"|(?:prompt|input) is too long|too many (?:input )?tokens",
    re.IGNORECASE,
)
_REFUSED = re.compile(r"content_filter|content_policy|content policy|content management policy|ResponsibleAI|safety system", re.IGNORECASE)
_KEY = re.compile(r"(?:\b(?:sk|pk|rk|gsk|xai|key|hf)[-_]|\bAIza|\bBearer\s+)[\w*.\-]{6,}", re.IGNORECASE)
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)


class AttemptFailed(Exception):
    """One attempt brought no usable answer; never leaves this room."""

    def __init__(self, verdict: Verdict, message: str, *, wait: float | None = None) -> None:
        super().__init__(message)
        self.verdict: Verdict = verdict
        self.message = message
        self.wait = wait
        """Seconds the server asked to be left alone."""


def judge_status(status: int, said: str, *, wait: float | None = None) -> AttemptFailed:
    """What an HTTP status other than 200 means.

    Args:
        status: the HTTP status.
        said: the body, or what of it speaks of the error.
        wait: seconds that Retry-After names.
    """
    message = f"status {status}" + (f": {said}" if said else "")
    if status in AGAIN or status >= 500:
        return AttemptFailed("again", message, wait=wait)
    if status in (400, 413, 422):
        for verdict, pattern in _BY_TEXT:
            if pattern.search(said):
                return AttemptFailed(verdict, message)
    return AttemptFailed("final", message)


_BY_TEXT: tuple[tuple[Verdict, re.Pattern[str]], ...] = (("too_long", _TOO_LONG), ("refused", _REFUSED), ("format", _FORMAT))


def parse_retry_after(header: str | None, *, now: float) -> float | None:
    """Seconds to wait by a Retry-After header, given as seconds or as an HTTP date; None where there is none or it makes no sense.

    Args:
        header: the header's value.
        now: Unix time in seconds, which a date is held against.
    """
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def scrub(message: str, environ: Mapping[str, str]) -> str:
    """`message` on one line, 400 characters at most, without anything that is or looks like a key.

    Providers quote the key they were sent when they refuse it.

    Args:
        message: what went wrong.
        environ: values of its variables named like keys, tokens and passwords are struck out.
    """
    for name, value in environ.items():
        if len(value) >= 6 and _SECRET_NAME.search(name):
            message = message.replace(value, "[key]")
    text = one_line(_KEY.sub("[key]", message))
    return text if len(text) <= 400 else text[:399] + "…"
