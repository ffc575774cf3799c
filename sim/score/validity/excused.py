"""Flags that are a perturbation's doing and not the simulated user's: whoever is asked to write Spanish is not flagged for the wrong language.

Perturbations of the text need no excuse: a message is checked as the user wrote it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sim.core.event import Flag, FlagKind
    from sim.core.perturbation import PerturbationKind

EXCUSED: Final[Mapping[PerturbationKind, frozenset[FlagKind]]] = {
    "code_switching": frozenset({"wrong_language"}),
    "other_language": frozenset({"wrong_language"}),
    "contradiction": frozenset({"contradicts_fact"}),
    "topic_jumps": frozenset({"invented_fact"}),
    "insistence": frozenset({"repeats_itself", "signal_twice"}),
}


def without_excused(flags: Iterable[Flag], by: Iterable[PerturbationKind]) -> tuple[Flag, ...]:
    """`flags` without those that the perturbations `by` explain."""
    excused = frozenset[str]().union(*(EXCUSED.get(kind, frozenset()) for kind in by))
    return tuple(f for f in flags if f.kind not in excused)
