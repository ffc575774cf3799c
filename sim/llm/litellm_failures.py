"""What LiteLLM raises, as the failure of an attempt: the one place where its exceptions become ours.

It puts other exceptions around what the provider answered, changes the status on the way and forgets headers; but the answer itself stands behind
them, and that is what is judged. Where there was none, the way there failed; where there was one and no error status, it could not be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import aiohttp

from sim.llm.bounds import too_much
from sim.llm.failures import AttemptFailed, judge_status, timed_out, wait_asked
from sim.llm.guard import Refused
from sim.llm.litellm_bodies import TooMuch
from sim.llm.native import ENDINGS, error_of, read_native

if TYPE_CHECKING:
    from sim.llm.litellm_client import Library


def judge(error: Exception, library: Library, *, timeout: float, now: Callable[[], float], came: object = None) -> AttemptFailed:
    """What `error` says of the attempt.

    Args:
        library: LiteLLM.
        timeout: seconds that the attempt was given.
        now: Unix time.
        came: the body of an answer that was no error, where there was one.
    """
    import httpx  # what LiteLLM speaks HTTP through

    litellm, chain = library.module, list(_behind(error))
    refused = next((str(e) for e in chain if isinstance(e, Refused)), "")
    if refused:
        return AttemptFailed("final", refused)
    if any(isinstance(e, TooMuch) for e in chain):
        return too_much("")
    answered = next((e.response for e in chain if isinstance(e, httpx.HTTPStatusError)), None)
    if answered is not None:
        return _of_answer(error, answered, litellm, now=now())
    said = _plain(str(getattr(error, "message", "") or error or type(error).__name__))
    if any(isinstance(e, httpx.TransportError | aiohttp.ClientError | OSError) for e in chain):
        if any(isinstance(e, httpx.TimeoutException | TimeoutError) for e in chain):
            return timed_out("", timeout)
        unreached = any(isinstance(e, httpx.ConnectError | aiohttp.ClientConnectorError) for e in chain)
        return AttemptFailed("down", "the provider could not be reached" if unreached else "the connection broke while it answered", quote=said)
    if isinstance(error, litellm.Timeout):
        return timed_out("", timeout)
    status = getattr(error, "status_code", None)
    if came is None and isinstance(status, int) and 400 <= status < 500 and not (status == 422 and _MISREAD in said):
        return judge_status(status, said)
    return _unreadable(said, came)


def _of_answer(error: Exception, answered: object, litellm: object, *, now: float) -> AttemptFailed:
    """What an answer with an error status means; LiteLLM's own reading counts where ours finds nothing but a refusal."""
    status, headers, body = answered.status_code, answered.headers, answered.text  # type: ignore[attr-defined]
    told = error_of(body)
    failure = judge_status(status, told, quote="" if told else body, body=body, wait=wait_asked(headers, body, now=now))
    if failure.kind == "final" and status == 400:
        if isinstance(error, litellm.ContextWindowExceededError):  # type: ignore[attr-defined]
            return AttemptFailed("too_long", failure.message, quote=failure.quote, brief=failure.brief)
        if isinstance(error, litellm.ContentPolicyViolationError):  # type: ignore[attr-defined]
            return AttemptFailed("refused", failure.message, quote=failure.quote, brief=failure.brief)
    return failure


def _unreadable(said: str, came: object) -> AttemptFailed:
    """An answer that is none, or of which nobody knows what to make."""
    native = read_native(came)
    if native.error:
        return AttemptFailed("down", f"the provider answered with an error: {native.error}", brief="an error with status 200")
    if native.unknown:
        return strange(native.unknown)
    if native.ending and native.ending not in ENDINGS:
        return AttemptFailed("other", f"the answer ended for a reason that is not known: '{native.ending}'")
    return AttemptFailed("other", "the provider answered with something other than a chat completion", quote=said)


def strange(kinds: tuple[str, ...]) -> AttemptFailed:
    """An answer with nothing in it but what nobody knows."""
    return AttemptFailed("other", f"the answer holds nothing but content of a kind that is not known: {', '.join(map(repr, kinds))}")


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    """`error`, and what it was raised from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


_LEAD = re.compile(r"^(?:(?:litellm\.)?\w*(?:Error|Exception|Timeout)\b(?: \w+Error)?(?::| -)\s*)+")
_HINT = re.compile(r"\s*\.?\s*Handle with `litellm\.\w+`\.")
_MISREAD = "converting to valid response"
"""How LiteLLM says, with a status of its own, that it cannot read an answer. From 1.110 on it says so before it tells of the body."""
_TRACE = "Traceback (most recent call last)"


def _plain(said: str) -> str:
    """`said` without the names of LiteLLM's exceptions and without the trace that it sometimes writes behind them."""
    return _HINT.sub("", _LEAD.sub("", said.partition(_TRACE)[0])).strip()
