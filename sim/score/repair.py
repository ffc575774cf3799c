"""Asking a model for something of a set form: once, and once more, told what was wrong, where the answer does not fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from sim.core.errors import LOST, CallFailed
from sim.core.event import Unscored
from sim.llm.client import Completion, Message, Request, Tab
from sim.llm.reading import CLASH
from sim.score.scorer import Scored

if TYPE_CHECKING:
    from sim.llm.client import Client

V = TypeVar("V")


class Misfit(Exception):
    """An answer that does not fit; says how, in words for the model."""


async def ask(client: Client, first: Request, read: Callable[[Completion], V], *, again: Callable[[str], str]) -> Scored[V | Unscored]:
    """What `read` makes of the answer, or why the model gave none that fits.

    Args:
        read: raises `Misfit`.
        again: from what was wrong to the words in which it is asked once more.

    Raises:
        CallFailed: for reasons outside any model, with the calls that were paid for.
    """
    tab, request, problem = Tab(), first, ""
    for _ in range(2):
        try:
            came = await tab.ask(client, request)
        except CallFailed as failed:
            if failed.cause in LOST:
                raise
            cause = Unscored(cause="too_long" if failed.cause == "too_long" else "refused", reason=failed.told)
            return Scored(cause, tab.calls, tab.timings)
        try:
            if came.clash:
                raise Misfit(CLASH)
            return Scored(read(came), tab.calls, tab.timings)
        except Misfit as misfit:
            problem = str(misfit)
        more = (*first.messages, Message("assistant", came.text or "(nothing)"), Message("user", again(problem)))
        request = replace(first, messages=more, step="repair")
    return Scored(Unscored(cause="schema", reason=problem[:500]), tab.calls, tab.timings)
