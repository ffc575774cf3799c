"""The character that a target plays, and the target that it is compared with: the same without that character.

Arms that a study's `stress` or `fairness` makes of a target keep its character, and are compared with the same arm of the other target.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pydantic import Field

from sim.core.frozen import Frozen, Id, refuse_all
from sim.core.spec.fairness import arm_suffix, base_of
from sim.core.spec.stress import name_stress

if TYPE_CHECKING:
    from sim.core.spec.target import TargetSpec


class PlayedCharacter(Frozen):
    """What is known of the character that a target plays."""

    without: Id
    """The target that is the same without the character."""
    agreeableness: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    """How agreeable the character is, from 0 to 1. Left out: what the target says of itself in a questionnaire with a scale `agreeableness`."""


def refuse_characters(targets: Iterable[TargetSpec]) -> None:
    """Refuse characters that cannot be compared with anything.

    Raises:
        ValueError: a target names no other target as the one without the character, or one that plays a character too.
    """
    known = tuple(targets)
    refuse_all(list(dict.fromkeys(_faults(known))))


def _faults(targets: tuple[TargetSpec, ...]) -> Iterator[str]:
    characters = {id: t.character for t in targets for id in (t.id, base_of(t))}
    for target in targets:
        if target.character is None:
            continue
        without = target.character.without
        if without not in characters:
            yield f"target '{target.id}' plays a character, and '{without}', which is to be the same without it, is not among the targets"
        elif characters[without] is not None:
            yield f"target '{target.id}' plays a character, and so does '{without}', which is to be the same without it; name one that plays none"


def without_character(target: TargetSpec, targets: Iterable[TargetSpec]) -> TargetSpec | None:
    """The target that `target` is compared with, in the same arm as far as there is one; None: it plays no character, or there is no such arm."""
    if target.character is None:
        return None
    known = {t.id: t for t in targets}
    arm = f"-{name_stress(target.stress)}" if target.stress else arm_suffix(target.swap) if target.swap else ""
    return known.get(f"{target.character.without}{arm}") or known.get(target.character.without)
