"""Duties of a companion chatbot under dated law, as far as a talk can give evidence for them; a talk is never proof of complying with one."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import AfterValidator

from sim.core.errors import nearest
from sim.core.frozen import Frozen, Id, Text

EVIDENCE: Final = "evidence for, never proof of, complying with"
"""What a talk is to a duty, wherever one is named."""


class Duty(Frozen):
    """One duty, in words of our own."""

    id: Id
    name: Text
    """The law and its place in it."""
    jurisdiction: Text
    in_force: dt.date
    wording: Text

    @property
    def told(self) -> str:
        """Its name, whose law it is and since when, in one line."""
        return f"{self.name} ({self.jurisdiction}, in force from {self.in_force.day} {self.in_force:%B %Y}): {self.wording}"


@lru_cache(maxsize=1)
def load_duties() -> Mapping[str, Duty]:
    """All duties by id."""
    text = (files("sim.core") / "duties.toml").read_text(encoding="utf-8")
    return MappingProxyType({id: Duty.model_validate({"id": id, **duty}) for id, duty in tomllib.loads(text).items()})


def tell_duties(ids: tuple[str, ...]) -> tuple[str, ...]:
    """Each duty in one line, with what a talk is to it; one that this version does not know, by its id."""
    known = load_duties()
    return tuple(f"{EVIDENCE} {known[id].told if id in known else id}" for id in ids)


def _is_known(id: str) -> str:
    if id not in load_duties():
        raise ValueError(f"there is no duty '{id}'; {nearest(id, load_duties())}")
    return id


DutyId = Annotated[Id, AfterValidator(_is_known)]
