"""Asking a model for something of a set form, or for several such things at once: once, and once more, told what was wrong, where it does not fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from sim.core.errors import LOST, CallFailed
from sim.core.event import Unscored
from sim.llm.client import CallLog, Completion, Message, Request
from sim.llm.reading import CLASH
from sim.score.scorer import Scored

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.llm.client import Client, Schema

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
    tab, request, problem = CallLog(), first, ""
    for _ in range(2):
        try:
            came = await tab.ask(client, request)
        except CallFailed as failed:
            return Scored(_final(failed), tab.calls, tab.timings)
        try:
            if came.clash:
                raise Misfit(CLASH)
            return Scored(read(came), tab.calls, tab.timings)
        except Misfit as misfit:
            problem = str(misfit)
        more = (*first.messages, Message("assistant", came.text or "(nothing)"), Message("user", again(problem)))
        request = replace(first, messages=more, step="repair")
    return Scored(Unscored(cause="schema", reason=problem[:500]), tab.calls, tab.timings)


async def ask_each(
    client: Client,
    first: Request,
    items: Sequence[str],
    read: Callable[[str, JsonValue], V],
    *,
    schema: Callable[[tuple[str, ...]], Schema],
    again: Callable[[Sequence[str], tuple[str, ...]], str],
) -> Scored[dict[str, V | Unscored]]:
    """What `read` makes of the answer's entry for each of `items`, or why there is none that fits; one bad entry leaves the others as they are.

    Args:
        read: takes the item and its entry (None: there is none), and raises `Misfit`.
        schema: of an answer for these items alone.
        again: from what was wrong, and the items that it was wrong with, to the words in which they are asked for once more.

    Raises:
        CallFailed: for reasons outside any model, with the calls that were paid for.
    """
    tab, request = CallLog(), first
    found: dict[str, V | Unscored] = {}
    left, problems = tuple(items), dict.fromkeys(items, "")
    for step in ("first", "repair"):
        try:
            came = await tab.ask(client, request)
        except CallFailed as failed:
            found |= dict.fromkeys(left, _final(failed))
            break
        good, problems = _read_each(came, left, read)
        found |= good
        left = tuple(problems)
        if not left:
            break
        if step == "repair":
            found |= {item: Unscored(cause="schema", reason=problem[:500]) for item, problem in problems.items()}
            break
        said = again(tuple(dict.fromkeys(problems.values())), left)
        more = (*first.messages, Message("assistant", came.text or "(nothing)"), Message("user", said))
        request = replace(first, messages=more, schema=schema(left), step="repair")
    return Scored({item: found[item] for item in items}, tab.calls, tab.timings)


def _read_each(came: Completion, items: Sequence[str], read: Callable[[str, JsonValue], V]) -> tuple[dict[str, V], dict[str, str]]:
    """The entries that fit, and what is wrong with each of the others."""
    if not isinstance(came.value, dict):
        return {}, dict.fromkeys(items, CLASH if came.clash else "the answer is not one JSON object")
    good: dict[str, V] = {}
    problems: dict[str, str] = {}
    for item in items:
        try:
            good[item] = read(item, came.value.get(item))
        except Misfit as misfit:
            problems[item] = str(misfit)
    return good, problems


def _final(failed: CallFailed) -> Unscored:
    """What the model's own doing makes of a result.

    Raises:
        CallFailed: it was not the model's doing.
    """
    if failed.cause in LOST:
        raise failed
    return Unscored(cause="too_long" if failed.cause == "too_long" else "refused", reason=failed.told)
