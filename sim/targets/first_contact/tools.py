"""Where in what a chatbot sends back it says which tools it used: a field of its own, or parts among those of the reply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from sim.core.tools import read_tools
from sim.targets.first_contact.curl import names
from sim.targets.first_contact.request import Place, plain

_SURE = names("toolcalls tooluses toolsused usedtools toolinvocations functioncall functioncalls")
"""Names of fields that tell of tools, even where none was used."""
_LIKELY = names("tools steps intermediatesteps actions trace")
"""Names of fields that tell of tools if what is in them names one."""
_OFFERED = names("parameters description input_schema inputSchema")
"""Names in what describes a tool that a model may use."""
_PARTS = ("tool_use", "function_call", "tool_result", "function_call_output", "server_tool_use")
"""What a part of a reply is called that is a use of a tool."""


def find_tools(values: Sequence[JsonValue]) -> Place | None:
    """The place in `values`, each the body of an answer or one event of a stream; None: nothing tells of tools.

    Of several places the first that has a use now, else the first.
    """
    found = [(place, value) for whole in values for place, value in _told(whole)]
    using = [place for place, value in found if read_tools(value, clean=str)]
    return next(iter([*using, *(place for place, _ in found)]), None)


def _told(value: JsonValue, place: Place = ()) -> Iterator[tuple[Place, JsonValue]]:
    if isinstance(value, list):
        if any(is_part(item) for item in value):
            yield place, value
            return
        # What stands at a number is at another one next time, but for the first choice or candidate.
        below: list[tuple[str | int, JsonValue]] = [(0, value[0])] if value else []
    elif isinstance(value, dict):
        for key, item in value.items():
            name = plain(key)
            if name in _SURE or (name in _LIKELY and _are_uses(item)):
                yield (*place, key), item
                return
        below = list(value.items())
    else:
        return
    for step, item in below:
        yield from _told(item, (*place, step))


def _are_uses(items: JsonValue) -> bool:
    """Whether they are uses of tools, and not the tools that there are to use."""
    offered = isinstance(items, list) and any(isinstance(i, dict) and _OFFERED & {*i, *_keys(i.get("function"))} for i in items)
    return not offered and any(use.name for use in read_tools(items, clean=str))


def _keys(value: JsonValue) -> Iterator[str]:
    return iter(value if isinstance(value, dict) else ())


def is_part(item: JsonValue) -> bool:
    """Whether it is a use of a tool among the parts of a reply."""
    return isinstance(item, dict) and (item.get("type") in _PARTS or "functionCall" in item)
