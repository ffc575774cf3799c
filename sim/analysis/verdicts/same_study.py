"""What runs must have in common before their figures are put together: everything that figures depend on, but for what is named as free."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import TYPE_CHECKING

from sim.analysis.verdicts.versions import differing

if TYPE_CHECKING:
    from sim.analysis.verdicts.arms import RunSource

NAMED = 4
"""Differences named one by one."""


def what_differs(
    first: RunSource, other: RunSource, conditions: tuple[Mapping[str, str], Mapping[str, str]], *, free: Container[str] = ()
) -> list[str]:
    """What two runs differ in, by name.

    Args:
        conditions: of each, hashes of what it was made with (`sim.analysis.verdicts.versions`).
        free: names in which they may differ.
    """
    there = _design(other)
    found = [*differing(*conditions), *(name for name, value in _design(first).items() if there[name] != value)]
    return [name for name in dict.fromkeys(found) if name not in free]


def listed(names: list[str]) -> str:
    """The first few of them in words."""
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _design(source: RunSource) -> dict[str, object]:
    """What a study asks for beside models and prompts, whose hashes are conditions."""
    study = source.study
    return {
        "targets": [t.model_dump(mode="json") for t in study.targets],
        "personas": sorted({t.cast.persona.id for t in source.trials}),
        "scenarios": sorted({t.cast.scenario.id for t in source.trials}),
        "seeds": sorted({t.seed for t in source.trials}),
        "the study's seed": study.seed,
        "start_date": study.start_date,
        "history_tokens": study.history_tokens,
        "rate_every": study.rate_every,
        "sampling": study.sampling,
        "who plays the user": study.played_by,
        "primary": study.primary,
        "probes": study.probes,
        "judge": study.judge,
        "scorers": study.scorers,
    }
