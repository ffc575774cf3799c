"""Ids that must differ."""

from __future__ import annotations

from collections import Counter

from sim.core.frozen import refuse_all


def refuse_twins(what: str, ids: list[str], *, mend: str = "give each its own id") -> None:
    """Raise for those of `ids` that stand twice."""
    refuse_all([f"{what} '{i}' stands twice; {mend}" for i, times in Counter(ids).items() if times > 1])
