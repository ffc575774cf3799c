"""Templates of requests, filled in; and the way to a value in what comes back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from pydantic import JsonValue

from sim.core.errors import InputError, gather
from sim.core.spec.http import SLOT


@dataclass(frozen=True)
class Filling:
    """What placeholders and variables stand for in one call."""

    values: Mapping[str, str]
    messages: list[dict[str, str]]
    environ: Mapping[str, str]

    def text(self, template: str, *, quoted: bool = False) -> str:
        """`template` filled in; `quoted`: values, but not variables, are escaped for a URL."""

        def fill(slot: re.Match[str]) -> str:
            if slot["variable"]:
                return self.environ[slot["variable"]].strip()
            value = self.values[slot["name"]]
            return quote(value.encode("utf-8", "replace"), safe="") if quoted else value

        return SLOT.sub(fill, template)

    def body(self, template: JsonValue) -> JsonValue:
        """`template` filled in, whatever its shape."""
        if template == "{messages}":
            return [dict(m) for m in self.messages]
        if isinstance(template, str):
            return self.text(template)
        if isinstance(template, list):
            return [filled for item in template for filled in self._items(item)]
        if isinstance(template, dict):
            return {key: self.body(value) for key, value in template.items()}
        return template

    def _items(self, item: JsonValue) -> list[JsonValue]:
        """What stands for one item of a list: `{messages}` goes on with the list, as after a system message."""
        return [dict(m) for m in self.messages] if item == "{messages}" else [self.body(item)]


def check_variables(names: frozenset[str], environ: Mapping[str, str], *, target: str) -> None:
    """See that every variable is set to something a header can hold.

    Raises:
        InputError: names those that are not.
    """
    faults: list[InputError] = []
    for name in sorted(names):
        if not environ.get(name, "").strip():
            faults.append(InputError(f"target '{target}' needs {name}, which is not set", mend=f"export {name}=…"))
        elif not environ[name].strip().isprintable():
            problem = f"target '{target}' needs {name}, which holds a line break or control character"
            faults.append(InputError(problem, mend="set it to one line"))
    wrong = gather(faults)
    if wrong:
        raise wrong


class MissingPath(Exception):
    """There is nothing at the end of a path."""


def find(value: JsonValue, path: str) -> JsonValue:
    """What stands at `path` in `value`.

    Raises:
        MissingPath: nothing does.
    """
    for step in re.findall(r"[^.\[\]]+", path.removeprefix("$")):
        if isinstance(value, list) and re.fullmatch(r"[0-9]+", step) and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            raise MissingPath(step)
    return value


def at(value: JsonValue, path: str | None) -> JsonValue:
    """What stands at `path` in `value`; None where nothing does."""
    try:
        return find(value, path) if path else None
    except MissingPath:
        return None


def word_at(value: JsonValue, path: str | None) -> str:
    """The text at `path` in `value`; empty where there is none."""
    found = at(value, path)
    return found if isinstance(found, str) else ""


def find_text(value: JsonValue, path: str) -> str:
    """The text at `path`; null is a text without words, a list is the texts of its parts put together, whatever other parts stand among them.

    Raises:
        MissingPath: no text stands there.
    """
    found = find(value, path)
    if found is None:
        return ""
    if isinstance(found, str):
        return found
    parts = [item for item in found if not isinstance(item, dict) or "text" in item] if isinstance(found, list) else []
    if parts:
        return "".join(find_text(item, "text" if isinstance(item, dict) else "$") for item in parts)
    raise MissingPath(path)
