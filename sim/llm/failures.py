"""What went wrong with one attempt, and what follows from it: another attempt, another form of the request, or the end of the call.

Both HTTP clients judge here, so the same refusal means the same whichever of them met it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Literal

from sim.core.errors import one_line, strike_keys
from sim.core.secrets import Secrets, strike_runs

Kind = Literal["limited", "down", "other", "final", "too_long", "room", "refused", "format"]
"""`limited`: too many calls or tokens for the provider's rate limit. `down`: it cannot be reached, breaks or stalls. `other`: something else that may
pass. `final`: refused for good. `too_long`: the prompt does not fit. `room`: an answer as long as was asked for does not. `refused`: the content was
refused. `format`: the wish for JSON was."""

AGAIN: frozenset[Kind] = frozenset({"limited", "down", "other"})
"""Kinds after which another attempt may succeed."""
_PASSING = frozenset({408, 409, 425})
"""Statuses, beside 429 and 5xx, that may pass."""
_NAMED = {
    **dict.fromkeys((301, 302, 303, 307, 308), "it points to another URL, which is not followed; name that one"),
    401: "the key is not accepted",
    402: "there is no credit left",
    403: "access is denied",
    404: "there is nothing of that name",
    408: "it took too long to come in",
    413: "it is too large",
    529: "the provider is overloaded",
}
"""Statuses that say what is wrong, named."""
_QUOTA = re.compile(
    r"insufficient_quota|exceeded your current quota|billing_hard_limit|credit balance is too low|reached your \w+ usage limit", re.IGNORECASE
)
"""What an account without credit is answered, with status 429 or 400: no wait mends it."""
_DAY = re.compile(r"PerDay|per day", re.IGNORECASE)
"""A limit that is not worth waiting for."""
_MINUTE = re.compile(r"Per(?:Model)?(?:Minute|Second)", re.IGNORECASE)
"""What Gemini calls a limit that passes; it says of it too that the quota is exceeded."""

_FORMAT = re.compile(
    r"response_format|response_schema|json[_ ]schema|json_object|structured[ _]output|\b(?:unique|max|min)(?:Items|Length)\b|grammar",
    re.IGNORECASE,
)
_ROOM = re.compile(
    r"max(?:_completion|_output)?_?tokens\W{0,3}.{0,60}?(?:too (?:large|high|big)|exceed|at most|supported range|less than or equal|> ?\d)"
    r"|\d in the (?:messages|prompt), \d+ in the completion",
    re.IGNORECASE,
)
_TOO_LONG = re.compile(
    r"context_length_exceeded|context[ _](?:length|window|size|limit)|maximum (?:model|input|prompt) length|maximum number of tokens"
    r"|(?:prompt|input) is too long|too many (?:input )?tokens",
    re.IGNORECASE,
)
_REFUSED = re.compile(r"content_filter|content_policy|content policy|content management policy|ResponsibleAI|safety system", re.IGNORECASE)
_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|[nrtbf])")
LOOKED_AT = 64_000
"""Characters of what came that are looked at: enough to strike keys and quotations before it is cut."""
_KEPT = 4_000
"""Characters that are cleaned of quotations; what is kept in the end is shorter still."""
_QUOTED = 20
"""Letters and digits in a row, four or five words, from which on a failure quotes what was sent."""
_LINE = 6
"""Characters from which on a whole line that was sent is looked for as it stands."""
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)


class AttemptFailed(Exception):
    """One attempt brought no usable answer; never leaves this room."""

    def __init__(self, kind: Kind, message: str, *, quote: str = "", wait: float | None = None, brief: str = "", timed_out: bool = False) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.message = message
        self.brief = brief or message
        """The message without anything that came."""
        self.timed_out = timed_out
        """Whether there was no answer in time."""
        self.quote = quote
        """What came, whole: whoever keeps it cleans it first (`scrub`), and then cuts it."""
        self.wait = wait
        """Seconds the server asked to be left alone."""


def judge_status(status: int, said: str, *, quote: str = "", body: str = "", wait: float | None = None) -> AttemptFailed:
    """What an HTTP status other than 200 means.

    Args:
        status: the HTTP status.
        said: who answered, and what of the body speaks of the error.
        quote: the body, where nobody can tell what it speaks of.
        body: the body, where `said` is not all that it says of the error.
        wait: seconds that the provider asks to be left alone.
    """
    looked_at = f"{said}\n{quote}\n{body}"
    spent = _spent(looked_at, status)
    named = spent or _NAMED.get(status, "")
    brief = f"status {status}" + (f", {named}" if named else "")
    message = brief + (f": {said}" if said else "")
    if spent:
        return AttemptFailed("final", message, quote=quote, brief=brief)
    if status == 429:
        return AttemptFailed("limited", message, quote=quote, wait=wait, brief=brief)
    if status >= 500 or status in _PASSING:
        return AttemptFailed("down" if status >= 500 else "other", message, quote=quote, wait=wait, brief=brief)
    if status in (400, 413, 422):
        for kind, pattern in _BY_TEXT:
            if pattern.search(looked_at):
                return AttemptFailed(kind, message, quote=quote, brief=brief)
    return AttemptFailed("too_long" if status == 413 else "final", message, quote=quote, brief=brief)


def _spent(said: str, status: int) -> str:
    """What is used up, by what a provider says; empty: nothing that a while would not bring back."""
    if status == 429 and _DAY.search(said):
        return "the day's quota is used up"
    spent = status in (400, 403, 429) and _QUOTA.search(said) and not _MINUTE.search(said)
    return "the quota of the account is used up" if spent else ""


_BY_TEXT: tuple[tuple[Kind, re.Pattern[str]], ...] = (("room", _ROOM), ("too_long", _TOO_LONG), ("refused", _REFUSED), ("format", _FORMAT))


def timed_out(who: str, seconds: float, *, writing: bool = False) -> AttemptFailed:
    """An attempt that was not answered in time.

    Args:
        who: was asked; empty: the message has it already.
        writing: whether it had begun to answer, and then stopped for that long.
    """
    what = f"stopped writing for {seconds:g} s" if writing else f"did not answer within {seconds:g} s"
    said = f"{who} {what}" if who else f"no answer within {seconds:g} s"
    return AttemptFailed("down", said, timed_out=True)


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


_WAIT = re.compile(
    r'(?:"retryDelay":\s*"|(?:retry|try again) (?:in|after) )(?:(?P<minutes>\d+) ?m(?:in(?:utes?)?)? ?)?(?P<number>\d+(?:\.\d+)?) ?(?P<unit>ms|s)',
    re.IGNORECASE,
)
"""How Gemini, OpenAI and Azure say in the body when to come back: `34s`, `7m12s`, `120ms`, `6 seconds`."""


def wait_asked(headers: Mapping[str, str], body: str, *, now: float) -> float | None:
    """Seconds that a provider asks to be left alone: by `retry-after-ms`, else by `retry-after`, else by what the body says.

    Args:
        headers: of the answer, by name in any case.
        body: of the answer.
        now: Unix time in seconds.
    """
    by_name = {name.lower(): value for name, value in headers.items()}
    with suppress(KeyError, ValueError):
        milliseconds = float(by_name["retry-after-ms"])
        if math.isfinite(milliseconds):
            return max(0.0, milliseconds / 1000)
    asked = parse_retry_after(by_name.get("retry-after"), now=now)
    said = _WAIT.search(body[:LOOKED_AT]) if asked is None else None
    if said is None:
        return asked
    return 60.0 * int(said["minutes"] or 0) + float(said["number"]) / (1000 if said["unit"].lower() == "ms" else 1)


def scrub(message: str, environ: Mapping[str, str], *, sent: Iterable[str] = ()) -> str:
    """`message` on one line, 400 characters at most, without anything that is or looks like a key, and without what it quotes of `sent`.

    Providers quote the key they were sent when they refuse it, and the prompt when they cannot take it.

    Args:
        message: what went wrong, uncut.
        environ: values of its variables named like keys, tokens and passwords are struck out, beside the keys that any client of this process sends.
        sent: texts of the messages that were sent.
    """
    message, beyond = message[:LOOKED_AT], len(message) > LOOKED_AT
    named = Secrets(value for name, value in environ.items() if _SECRET_NAME.search(name))
    message = strike_keys(named.strike(message, pieces=True))
    if beyond:  # A key that lies across the end is there in part, and would be the last thing left of a message that repeats it.
        message = message[: -LOOKED_AT // 8]
    text = one_line(_unquote(message[:_KEPT], tuple(sent)))
    return text if len(text) <= 400 else text[:399] + "…"


def _unquote(message: str, sent: Sequence[str]) -> str:
    """`message` with `[text]` for each run of `_QUOTED` letters and digits that also stands in `sent`, however spaces, marks and escapes differ, and
    for each whole line of `sent`."""
    lines = {line.strip() for text in sent for line in text.splitlines() if len(line.strip()) >= _LINE}
    for line in sorted(lines, key=len, reverse=True):
        message = message.replace(line, "[text]")
    # Case is folded a character at a time, for one may become several and places have to stay known.
    letters = [(f, i, i + 1) for i, c in enumerate(_ESCAPED.sub(_padded, message)) if c.isalnum() for f in c.casefold()]
    known = {run for text in sent for run in _runs("".join(c.casefold() for c in text if c.isalnum()))}
    return strike_runs(message, letters, known, "[text]")


def _runs(letters: str) -> Iterator[str]:
    return (letters[i : i + _QUOTED] for i in range(len(letters) - _QUOTED + 1))


def _padded(escape: re.Match[str]) -> str:
    """The character that a JSON escape stands for, filled up so that places stay the same."""
    return (chr(int(escape[1], 16)) if escape[1] else " ").ljust(len(escape[0]))
