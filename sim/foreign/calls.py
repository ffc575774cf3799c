"""Somebody's Python code, called so that nothing it does can end a run: what it raises becomes a `CallFailed`, what hangs is left behind.

Sync code runs in a thread of its own, which ends with the process even when it hangs; async code runs in the event loop and must not block it. Both
run in an empty context, so that a LangGraph graph does not take our own state machine for its parent.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import Context
from typing import Any, TypeVar

from sim.core.errors import CallFailed
from sim.core.secrets import SECRETS
from sim.llm.failures import scrub

R = TypeVar("R")

Outcome = tuple[object, BaseException | None]
"""What a function returned, or what it raised."""


class Raised(CallFailed):
    """What somebody's code raised, for callers to whom it matters what that was."""

    def __init__(self, name: str, error: BaseException) -> None:
        quote = scrub(described(error).partition(": ")[2], os.environ)
        super().__init__("infrastructure", f"{name} raised {type(error).__name__}", quote=quote)
        self.error = error


async def call_foreign(
    function: Callable[..., object], arguments: Mapping[str, object], *, seconds: float, name: str, waits: Callable[[], bool] = lambda: False
) -> object:
    """What `function` returns.

    Args:
        seconds: how long it may take.
        name: what failures are said of.
        waits: whether it is waiting right now for a model that it was lent, which does not count as its own time.

    Raises:
        CallFailed: it raised (`Raised`), or did not return in time. One that what it was lent has raised, such as for a used-up budget, passes as
            it is.
    """
    task = asyncio.create_task(_outcome(function, arguments), context=Context())
    try:
        await asyncio.wait({task}, timeout=seconds)
        while not task.done() and waits():
            await asyncio.wait({task}, timeout=seconds)
    finally:
        finished = task.done()
        task.cancel()
    if not finished:
        raise CallFailed("infrastructure", f"{name} did not answer within {seconds:g} s")
    if task.cancelled():
        raise CallFailed("infrastructure", f"{name} raised CancelledError")
    value, error = task.result()
    if isinstance(error, CallFailed):
        raise error
    if error is not None:
        raise Raised(name, error)
    return SECRETS.strike(value) if isinstance(value, str) else value


def described(error: BaseException) -> str:
    """Type and message of `error`."""
    try:
        said = str(error)
    except Exception:
        said = ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


async def _outcome(function: Callable[..., object], arguments: Mapping[str, object]) -> Outcome:
    if _is_async(function):
        value: object = function(**arguments)
    else:
        value, error = await _in_thread(function, arguments)
        if error is not None:
            return None, error
    if not inspect.isawaitable(value):
        return value, None
    try:
        return await value, None
    except (Exception, SystemExit) as error:
        return None, error


class DaemonThreads(ThreadPoolExecutor):
    """A thread for each call, which nobody waits for when the process ends: an ordinary pool would wait for a call that hangs."""

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        """Begin `fn` at once."""
        future: Future[R] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        threading.Thread(target=work, daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing to wait for."""


def free_threads() -> None:
    """Let what runs in the running loop's threads, as LangGraph's sync nodes do, be left behind when it hangs."""
    asyncio.get_running_loop().set_default_executor(DaemonThreads())


async def _in_thread(function: Callable[..., object], arguments: Mapping[str, object]) -> Outcome:
    def work() -> Outcome:
        try:
            return Context().run(function, **arguments), None
        except BaseException as error:
            return None, error

    return await asyncio.wrap_future(DaemonThreads().submit(work))


def _is_async(function: Callable[..., object]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def finish_of(value: object) -> str:
    """The word of a reply for why it ended, where it has one: a mapping's `finish_reason`, or that of a message's `response_metadata`."""
    found = value if isinstance(value, Mapping) else {}
    about = found.get("response_metadata") if found else getattr(value, "response_metadata", None)
    for place in (found, about):
        if isinstance(place, Mapping):
            word = next((place[name] for name in ("finish_reason", "stop_reason", "done_reason") if isinstance(place.get(name), str)), "")
            if word:
                return str(word)
    return "stop"


def tools_of(value: object) -> object:
    """The tools that a reply says it used, as it has them: under `tools` or `tool_calls`. None where it does not say."""
    for name in ("tools", "tool_calls"):
        found = value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
        if isinstance(found, Mapping | Sequence) and found:
            return found
    return None


def as_mapping(message: object) -> object:
    """A message of LangChain's as a mapping of what is read of it; what is one already stays as it is."""
    if isinstance(message, Mapping | str):
        return message
    return {name: getattr(message, name, None) for name in ("type", "name", "tool_calls", "tool_call_id", "content")}


def text_of(value: object, *, name: str) -> str:
    """The text of a reply: a str, or the `content` of a message.

    Raises:
        CallFailed: it is neither.
    """
    content = value.get("content") if isinstance(value, Mapping) else getattr(value, "content", value)
    if isinstance(content, str):
        return str(content)
    if isinstance(content, list):
        return "".join(p if isinstance(p, str) else str(p.get("text", "")) for p in content if isinstance(p, str | Mapping))
    raise CallFailed("infrastructure", f"{name} returned {type(value).__name__}, not text")
