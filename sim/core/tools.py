"""The tools that a chatbot says it used for a reply: what it called, with what, and what came back. They are evidence, and never run by us.

Chatbots, graphs and logs write them in the forms of OpenAI, Anthropic, Gemini and LangChain; all are read into one value here. Whatever has none of
these forms is kept as it came, under no name, so that nothing a chatbot did is lost for the way it put it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import JsonValue

from sim.core.frozen import small

MOST = 40
"""Uses that are kept of one reply."""
LONGEST = 4_000
"""Characters that are kept of arguments or of a result."""
LONGEST_NAME = 100
"""Characters that are kept of a name."""
DEPTH = 8
"""Levels of lists and messages within which uses are looked for."""
ROOM = 40_000
"""Characters that are kept of all uses of one reply together."""

_ARGUMENTS = ("arguments", "args", "input", "parameters")
_RESULTS = ("result", "output", "content", "response")
_OTHERS = frozenset({"text", "image_url", "input_text", "output_text", "thinking", "reasoning"})
"""Parts of a message that are no use of a tool."""


@small
class ToolUse:
    """One use of a tool, in the chatbot's own words."""

    name: str
    """Empty: it does not say."""
    arguments: str = ""
    """What the tool was called with: JSON as a rule, but whatever came."""
    result: str | None = None
    """What came back. None: it does not say."""


def read_tools(given: object, *, clean: Callable[[str], str]) -> tuple[ToolUse, ...]:
    """The uses that `given` tells of, in order; none where it is None or empty.

    Args:
        given: a use, a message with `tool_calls` or parts, or a list of these and of messages with results.
        clean: makes of foreign text what may be kept; texts are cut after it, so that no half of a key is left.
    """
    uses: list[ToolUse] = []
    places: dict[str, int] = {}
    for what in _flat(given):
        _take(what, uses, places)
    return _bounded([ToolUse(name=clean(u.name), arguments=clean(u.arguments), result=None if u.result is None else clean(u.result)) for u in uses])


def tell_tools(uses: Iterable[ToolUse], *, room: int = 8_000) -> str:
    """`uses` as lines for whoever judges them: each line begins with the number of its use, so that no text in one can pass for another.

    Args:
        room: characters that arguments and results may have together; what is beyond is left out, and said to be.
    """
    lines: list[str] = []
    for number, use in enumerate(uses, 1):
        lines.append(f"use {number}, tool: {' '.join(use.name.split()) or '(not named)'}")
        for what, text in (("given", use.arguments), ("came back", use.result)):
            if text:
                shown = _cut(text, min(room, LONGEST // 2))
                room = max(0, room - len(text))
                lines += [f"use {number}, {what}: {line}" for line in shown.splitlines() or [""]]
    return "\n".join(lines)


class StreamedUses:
    """The uses of tools that a stream tells of; what comes of one piece by piece, under its `index`, is put together."""

    def __init__(self) -> None:
        self.whole: list[JsonValue] = []
        self._begun: dict[int, dict[str, JsonValue]] = {}

    def add(self, told: JsonValue) -> None:
        """What one event says of them."""
        for one in told if isinstance(told, list) else [told]:
            index = one.get("index") if isinstance(one, dict) else None
            if isinstance(one, dict) and isinstance(index, int) and index in self._begun:
                _extend(self._begun[index], one)
            elif one:
                self.whole.append(one)
                if isinstance(one, dict) and isinstance(index, int):
                    self._begun[index] = one


def _extend(begun: dict[str, JsonValue], piece: dict[str, JsonValue]) -> None:
    """Add to a call what came next of it: arguments are gone on with, what is new is taken over."""
    for name, value in piece.items():
        before = begun.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            _extend(before, value)
        elif name == "arguments" and isinstance(before, str) and isinstance(value, str):
            begun[name] = before + value
        elif value is not None and not before:
            begun[name] = value


def _flat(given: object, depth: int = DEPTH) -> Iterator[Mapping[str, Any] | str]:
    """Uses and results, one by one, out of whatever they are wrapped in."""
    if given is None or given == "" or given == {}:
        return
    if not depth:
        yield _text(given)
    elif isinstance(given, Mapping):
        role, kind = str(given.get("role")), str(given.get("type"))
        called, parts = given.get("tool_calls") or given.get("function_call") or given.get("functionCall"), given.get("content")
        answered = given.get("functionResponse")
        if called or role in ("assistant", "ai") or kind == "ai":
            yield from _flat(called, depth - 1)
            if isinstance(parts, list):
                yield from _flat(parts, depth - 1)
        elif isinstance(answered, Mapping):
            yield {**answered, "role": "tool"}
        elif role not in ("user", "human", "system", "developer") and kind not in _OTHERS:
            yield given
    elif isinstance(given, Sequence) and not isinstance(given, str | bytes):
        gemini = any(isinstance(one, Mapping) and ("functionCall" in one or "functionResponse" in one) for one in given)
        for one in given:
            # Gemini's parts have no type: those that are text have a text.
            if not (gemini and isinstance(one, Mapping) and "text" in one):
                yield from _flat(one, depth - 1)
    else:
        yield given if isinstance(given, str) else _text(given)


def _take(what: Mapping[str, Any] | str, uses: list[ToolUse], places: dict[str, int]) -> None:
    """Add a use to `uses`, or a result to the use that it belongs to."""
    if isinstance(what, str):
        uses.append(ToolUse(name="", arguments=what))
    elif _is_result(what):
        answers, name = what.get("tool_call_id") or what.get("tool_use_id") or what.get("call_id"), what.get("name")
        came = _text(_first(what, _RESULTS))
        unanswered = (i for i, u in enumerate(uses) if u.result is None and name in (None, "", u.name))
        place = places.get(str(answers)) if answers else next(unanswered, None)
        if place is None or uses[place].result is not None:
            uses.append(ToolUse(name=_text(name), result=came))
        else:
            uses[place] = replace(uses[place], result=came)
    else:
        id = what.get("call_id") or what.get("id")
        if isinstance(id, str):
            places[id] = len(uses)
        uses.append(_use(what))


def _is_result(what: Mapping[str, Any]) -> bool:
    """Whether it is what a tool gave back, rather than what it was called with."""
    if str(what.get("role")) in ("tool", "function") or str(what.get("type")) in ("tool", "tool_result", "function_call_output"):
        return True
    answers = what.get("tool_call_id") or what.get("tool_use_id") or what.get("call_id")
    return bool(answers) and not isinstance(what.get("function"), Mapping) and not any(name in what for name in _ARGUMENTS)


def _use(what: Mapping[str, Any]) -> ToolUse:
    function, result = what.get("function"), _first(what, _RESULTS)
    of = function if isinstance(function, Mapping) else what
    name = of.get("name") or of.get("tool") or of.get("tool_name")
    if not isinstance(name, str):
        return ToolUse(name="", arguments=_text(what))
    return ToolUse(name=name, arguments=_text(_first(of, _ARGUMENTS)), result=None if result is None else _text(result))


def _first(of: Mapping[str, Any], names: Iterable[str]) -> object:
    return next((of[name] for name in names if of.get(name) is not None), None)


def _text(value: object) -> str:
    """`value` as a text: itself, the texts of its parts, or JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(p, Mapping) and isinstance(p.get("text"), str) for p in value):
        return "\n".join(p["text"] for p in value)
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        return f"({type(value).__name__})"


def _bounded(uses: Sequence[ToolUse]) -> tuple[ToolUse, ...]:
    """`uses` cut to what is kept; what is cut says how much is missing."""
    kept: list[ToolUse] = []
    room = ROOM
    for use in uses[:MOST]:
        arguments = _cut(use.arguments, min(room, LONGEST))
        room = max(0, room - len(arguments))
        result = None if use.result is None else _cut(use.result, min(room, LONGEST))
        room = max(0, room - len(result or ""))
        kept.append(ToolUse(name=use.name if len(use.name) <= LONGEST_NAME else _cut(use.name, LONGEST_NAME), arguments=arguments, result=result))
    if len(uses) > MOST:
        kept.append(ToolUse(name=f"({len(uses) - MOST:,} more uses)"))
    return tuple(kept)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most:,} more characters)"
