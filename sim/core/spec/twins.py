"""Ids that must differ."""

from __future__ import annotations


def refuse_twins(what: str, ids: list[str], *, mend: str = "give each its own id") -> None:
    """Raise for the first of `ids` that stands twice."""
    seen: set[str] = set()
    for i in ids:
        if i in seen:
            raise ValueError(f"{what} '{i}' stands twice; {mend}")
        seen.add(i)
