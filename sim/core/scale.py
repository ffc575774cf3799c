"""Scales that people rate on: from a number to a number, or names in order; files of questions and of ratings declare them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Self

from sim.core.errors import InputError
from sim.core.frozen import Frozen, Text

LOWEST: Final = "The lowest: not at all."
HIGHEST: Final = "The highest: as much as can be."
"""What the ends of a scale mean where nobody says it in words."""
FORM: Final = "write it as 0-6, or as names from low to high: poor|fair|good"

_NUMBER = r"[-+]?\d+(?:\.\d+)?"
_RANGE = re.compile(rf"\s*({_NUMBER})\s*(?:-|–|to|\.\.)\s*({_NUMBER})\s*")


class Scale(Frozen):
    """From `low` to `high`; where it has names, they are the numbers from 0 in their order."""

    low: float
    high: float
    names: tuple[Text, ...] = ()

    @classmethod
    def of_names(cls, names: Iterable[str]) -> Self:
        """The scale of these names, from low to high.

        Raises:
            InputError: there are fewer than two, or one stands twice.
        """
        own = tuple(name.strip() for name in names)
        if len(own) < 2 or not all(own):
            raise InputError("names fewer than two answers", mend=FORM)
        twin = next((name for i, name in enumerate(own) if name.casefold() in {n.casefold() for n in own[:i]}), None)
        if twin is not None:
            raise InputError(f"names '{twin}' twice", mend="name each answer once")
        return cls(low=0, high=len(own) - 1, names=own)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The scale that `text` describes.

        Raises:
            InputError: it describes none.
        """
        found = _RANGE.fullmatch(text)
        if not found:
            if "|" not in text:
                raise InputError(f"'{text[:80]}' is not a scale", mend=FORM)
            return cls.of_names(text.split("|"))
        low, high = float(found[1]), float(found[2])
        if low >= high:
            raise InputError(f"'{text.strip()}' does not rise", mend="write the lowest score first, as in 0-6")
        return cls(low=low, high=high)

    def __str__(self) -> str:
        return "|".join(self.names) if self.names else f"{self.low:g}-{self.high:g}"

    def place(self, name: str) -> float | None:
        """The number that `name` is on the scale; None: it is none of its names."""
        return next((float(i) for i, own in enumerate(self.names) if own.casefold() == name.strip().casefold()), None)

    def holds(self, score: float) -> bool:
        """Whether `score` lies on the scale."""
        return self.low <= score <= self.high and (not self.names or float(score).is_integer())
