"""What one call may take, by the role it is made for: tokens of its answer and seconds of waiting, where a study says nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import PlainValidator

from sim.core.event import ROLES, Role

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
"""How hard a reasoning model is asked to think."""

TOKENS: Mapping[Role, int] = MappingProxyType(
    {"user": 3_000, "target": 3_000, "rater": 5_000, "tagger": 5_000, "memory": 4_000, "probe": 2_000, "judge": 4_000}
)
"""Tokens of an answer. What is asked for takes a few hundred, a rating of seven dimensions some 1,200; the rest is room to think first."""

HEADROOM: Mapping[Effort, int] = MappingProxyType({"none": 1, "minimal": 1, "low": 1, "medium": 2, "high": 4, "xhigh": 8, "max": 8})
"""Times as many where a model is told to think harder."""

SECONDS: Mapping[Role, float] = MappingProxyType(
    {"user": 120.0, "target": 120.0, "rater": 180.0, "tagger": 180.0, "memory": 180.0, "probe": 120.0, "judge": 180.0}
)
"""Seconds of one attempt; of an answer that is streamed, until its first piece."""

Seconds = float | dict[Role, float]

_WISH = "must be a number of seconds above 0, or one for each role, as {user: 60, target: 120}"


def _read_seconds(value: object) -> Seconds:
    """Seconds for every role, or for some.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, Mapping):
        for role in value:
            if role not in ROLES:
                raise ValueError(f"there is no role '{role}'; choose from: {', '.join(ROLES)}")
        return {role: _number(of) for role, of in value.items()}
    return _number(value)


def _number(value: object) -> float:
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        seconds = float(value)
    except ValueError:
        raise ValueError(f"{_WISH}, not '{value}'") from None
    if not (seconds > 0 and isfinite(seconds)):
        raise ValueError(f"{_WISH}, not '{value}'")
    return seconds


Timeout = Annotated[Seconds, PlainValidator(_read_seconds, json_schema_input_type=Seconds)]
"""Seconds for one attempt: for every role, or by role."""


def seconds_of(timeout: Seconds, role: Role) -> float:
    """Seconds that an attempt for `role` may take."""
    return timeout.get(role, SECONDS[role]) if isinstance(timeout, dict) else timeout
