"""Ids that must differ."""

from __future__ import annotations


def refuse_twins(what: str, ids: list[str]) -> None:
    """Raise for the first of `ids` that stands twice."""
    seen: set[str] = set()
    for i in ids:
        if i in seen:
            raise ValueError(f"{what} '{i}' stands twice; give each its own id")
        seen.add(i)
