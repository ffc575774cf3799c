"""Memory policies by name: what a study may write behind `memory:` for a chat model, read here so that a mistake is told with its line.

A policy is one of the package's own (`BUILT_IN`), an installed entry point of the group `rapport.memory`, or a class of the study's own, named as
`module:Class` or `path/to/file.py:Class`. A number may follow: `window:5`, `mine:Notes:3`. Nothing is imported here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Final

from pydantic import AfterValidator, ValidationInfo

from sim.core.errors import nearest

GROUP = "rapport.memory"
"""Entry points of this group are memory policies."""
MOST = 1_000
"""The largest number that may follow a name."""
RECORDED: Final = {"recorded": True}
"""Validation context of a study that a run has recorded: it can be read where a policy that it used is no longer installed."""


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A policy that comes with the package."""

    place: str
    """Its class, as `module:Class` in `sim.targets.memory`."""
    counts: str = ""
    """What the number after its name counts; empty: it takes none."""
    embedding: str = ""
    """The class that takes its place where the target has an `embedding`; empty: it has no use for one."""


BUILT_IN: Final[Mapping[str, BuiltIn]] = {
    "none": BuiltIn("nothing:Nothing"),
    "full": BuiltIn("full:Full"),
    "window": BuiltIn("window:Window", counts="earlier sessions"),
    "summary": BuiltIn("summary:Summary"),
    "profile": BuiltIn("profile:Profile"),
    "retrieval": BuiltIn("retrieval:Retrieval", counts="earlier exchanges", embedding="embedded:EmbeddedRetrieval"),
}
"""A policy of the package's own is a file in `sim/targets/memory` and a line here."""

_PLACE = re.compile(r"(?:[A-Za-z_][\w.]*|[^:\0]+\.py):[A-Za-z_][\w.]*")
"""`module:Class` or `path/to/file.py:Class`."""
_SIZE = re.compile(r"[1-9][0-9]{0,3}")
_INSTALLED = re.compile(r"[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True, slots=True)
class MemorySpec:
    """A memory policy, as named in a study."""

    name: str
    """Of a built-in policy or an entry point, or the place of a class."""
    size: int = 0
    """The number after the name, such as the sessions of `window`; 0: none was given."""

    @property
    def built_in(self) -> BuiltIn | None:
        """What is known of it, if it comes with the package."""
        return BUILT_IN.get(self.name)

    @property
    def embeds(self) -> bool:
        """Whether it can make use of an embedding model; of a class that is not imported here it is taken on trust."""
        return self.built_in is None or bool(self.built_in.embedding)


def read_memory(text: str) -> MemorySpec:
    """The policy that `text` stands for, such as `none`, `window:5`, `mine:Notes` or `notes.py:Notes:3`; a bare word is an entry point's name.

    Raises:
        ValueError: it cannot stand for any; how to mend it is in the message.
    """
    first, colon, rest = text.partition(":")
    if first in BUILT_IN:
        return MemorySpec(first, _built_in_size(text, first, rest if colon else None))
    name, _, number = text.rpartition(":")
    if name and not re.fullmatch(r"[A-Za-z_]\w*(?:\.\w+)*", number):
        return MemorySpec(_place(name, text), _size(number, f"{text} ends in '{number}'"))
    return MemorySpec(_place(text, text))


@cache
def installed() -> dict[str, EntryPoint]:
    """The memory policies that installed packages bring, by name; looked up, not imported."""
    return {point.name: point for point in entry_points(group=GROUP)}


def _built_in_size(text: str, name: str, number: str | None) -> int:
    counts = BUILT_IN[name].counts
    if not counts:
        if number is not None:
            raise ValueError(f"{name} takes no number; write memory: {name}")
        return 0
    return _size(number or "", f"{text} must say how many {counts} are shown", name)


def _size(number: str, problem: str, name: str = "") -> int:
    if not _SIZE.fullmatch(number) or int(number) > MOST:
        raise ValueError(f"{problem}, from 1 to {MOST}; write for example {name}:5" if name else f"{problem}, which is not a number from 1 to {MOST}")
    return int(number)


def _place(name: str, text: str) -> str:
    if _PLACE.fullmatch(name) or _INSTALLED.fullmatch(name):
        return name
    raise ValueError(_unknown(text))


def _unknown(text: str) -> str:
    known = [f"{name}:5" if about.counts else name for name, about in BUILT_IN.items()]
    return f"unknown memory policy '{text}'; {nearest(text, [*known, *installed(), 'module:Class'])}"


def _is_policy(name: str, info: ValidationInfo) -> str:
    if name == "native":
        raise ValueError("native is the memory of http, callable and graph targets; a chat model is given a policy, such as full")
    found = read_memory(name)
    recorded = bool(info.context and info.context.get("recorded"))
    if not (recorded or found.built_in or ":" in found.name or found.name in installed()):
        raise ValueError(_unknown(name))
    return name


PolicyName = Annotated[str, AfterValidator(_is_policy)]
"""A memory policy, as a study writes it."""


def slug(text: str) -> str:
    """`text` as part of an id: `window-5` for `window:5`, `pen-pal` for `mine:PenPal`, `pen-pal-3` for `notes.py:PenPal:3`."""
    found = read_memory(text)
    own = found.name.rpartition(":")[2].rpartition(".")[2] if ":" in found.name else found.name
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", own).lower()
    name = re.sub(r"[^a-z0-9_-]+", "-", words).strip("-_") or "own"
    return f"{name}-{found.size}" if found.size else name
