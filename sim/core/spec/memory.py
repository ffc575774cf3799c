"""Memory policies by name: what a study may write behind `memory:` for a chat model, read here so that a mistake is told with its line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator

from sim.core.errors import nearest

Kind = Literal["none", "full", "window", "summary", "profile", "retrieval"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SIZED: dict[str, str] = {"window": "how many earlier sessions are shown", "retrieval": "how many earlier exchanges are shown"}
"""Kinds that need a number, with what it counts."""
WRITERS: tuple[Kind, ...] = ("summary", "profile")
"""Kinds that ask the target's own model to write, once a session."""
MOST = 1_000

_NAME = re.compile(r"([a-z]+)(?::(\S*))?")


@dataclass(frozen=True, slots=True)
class Policy:
    """A memory policy."""

    kind: Kind
    size: int = 0
    """Sessions of `window`, exchanges of `retrieval`; 0 for the others."""


def read_policy(name: str) -> Policy:
    """The policy that `name` stands for: `none`, `full`, `window:5`, `summary`, `profile`, `retrieval:8`.

    Raises:
        ValueError: it stands for none; the mend is in the message.
    """
    found = _NAME.fullmatch(name)
    kind = next((k for k in KINDS if found and found[1] == k), None)
    if found is None or kind is None:
        known = [f"{k}:5" if k in SIZED else k for k in KINDS]
        raise ValueError(f"unknown memory policy '{name}'; {nearest(name, known)}")
    number = found[2]
    if kind not in SIZED:
        if number is not None:
            raise ValueError(f"{kind} takes no number; write memory: {kind}")
        return Policy(kind)
    if number is None or not re.fullmatch(r"[1-9][0-9]{0,3}", number) or int(number) > MOST:
        raise ValueError(f"{name} must say {SIZED[kind]}, from 1 to {MOST}; write for example {kind}:5")
    return Policy(kind, int(number))


def _is_ours(name: str) -> str:
    if name == "native":
        raise ValueError("native is the memory of http, callable and graph targets; a chat model is given one of ours, such as full")
    read_policy(name)
    return name


PolicyName = Annotated[str, AfterValidator(_is_ours)]
"""A policy of ours, as a study writes it."""


def slug(name: str) -> str:
    """`name` as part of an id: `window-5`."""
    return name.replace(":", "-")
