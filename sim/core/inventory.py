"""A questionnaire on character: items with the facet that each belongs to and the way it is keyed, and a sheet of them as somebody is given it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from sim.core.event import Unscored

if TYPE_CHECKING:
    from sim.core.spec import Persona

OPTIONS: Final = ("very inaccurate", "moderately inaccurate", "neither accurate nor inaccurate", "moderately accurate", "very accurate")
"""How well a statement describes somebody, from 1 to 5."""

Way = Literal["alone", "again", "form"]
"""How an item is asked: in a call of its own, so once more, or among others."""


@dataclass(frozen=True, slots=True)
class InventoryItem:
    """One statement about oneself."""

    number: int
    text: str
    """A verb phrase, such as "Worry about things"."""
    facet: str
    domain: str
    reverse: bool
    """Whether who agrees has less of the facet."""

    def score(self, answer: int) -> int:
        """An answer from 1 to 5 in the direction of the facet."""
        return 6 - answer if self.reverse else answer


@dataclass(frozen=True, slots=True)
class InventorySheet:
    """Items that are asked together, of one persona."""

    persona: Persona
    items: tuple[InventoryItem, ...]
    """In the order in which they are asked."""
    descending: bool
    """Whether the options run from "very accurate" down."""
    seed: int

    @property
    def options(self) -> tuple[str, ...]:
        """In the order in which they are shown."""
        return OPTIONS[::-1] if self.descending else OPTIONS


@dataclass(frozen=True, slots=True)
class ItemAnswer:
    """What one persona said to one item, one time."""

    persona: str
    item: InventoryItem
    way: Way
    descending: bool
    answer: int | Unscored
    """1 to 5 as it was given, or why there is none."""

    @property
    def score(self) -> int | None:
        """In the direction of the facet; None: there is no answer."""
        return None if isinstance(self.answer, Unscored) else self.item.score(self.answer)
