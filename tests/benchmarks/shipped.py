"""What people say in shipped scenarios that are not about a crisis, and as shipped personas."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

SCENARIOS: Final = Path(__file__).parents[2] / "scenarios"
PERSONAS: Final = SCENARIOS.with_name("personas")
IN_A_CRISIS: Final = re.compile("crisis|self-harm|eating|psychosis|distress")


def said_in_scenarios() -> set[str]:
    """What people say in the shipped scenarios that are not about a crisis."""
    return {m for file in SCENARIOS.rglob("*.yaml") if not IN_A_CRISIS.search(file.stem) for m in _says(_read(file))}


def said_by_personas() -> set[str]:
    """The jokes and allusions of the shipped personas, in their words."""
    return {m for file in PERSONAS.glob("*.yaml") for m in _quips(_read(file))}


def _quips(of: Any) -> Iterator[str]:
    for key, value in of.items() if isinstance(of, dict) else enumerate(of) if isinstance(of, list) else ():
        if key in ("jokes", "allusions") and isinstance(value, list):
            yield from (v if isinstance(v, str) else v["says"] for v in value)
        else:
            yield from _quips(value)


def _read(file: Path) -> Any:
    return yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)


def _says(of: Any) -> Iterator[str]:
    """What people say in a scenario, at whatever depth."""
    for key, value in of.items() if isinstance(of, dict) else enumerate(of) if isinstance(of, list) else ():
        if isinstance(value, str):
            if key == "message":
                yield value
        else:
            yield from (s for s in value if isinstance(s, str)) if key == "says" else _says(value)
