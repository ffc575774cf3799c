"""A facet of character at a level, in a sentence that says how often, how deep, at what threshold, at what effort and how willingly.

Levels 1 and 5 are the strong poles, 2 and 4 the mild ones, 3 lies between: so a level is told by behaviour, and never by a number.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from sim.population.parts import facets, factors

DEGREES: Final = ("strong", "mild", "middle", "mild", "strong")
"""Of levels 1 to 5."""


@cache
def facet_sentence(facet: str, level: int) -> str:
    """What somebody of `level`, from 1 to 5, in `facet` does."""
    index, of, degree = list(facets()).index(facet), facets()[facet], DEGREES[level - 1]
    often, deep, threshold, effort, willing = (
        wordings[degree][(index // 3 ** (place % 3) + place) % len(wordings[degree])] for place, wordings in enumerate(factors().values())
    )
    does = f"now {of.high}, now {of.low}" if level == 3 else of.high if level > 3 else of.low
    return f"{does[0].upper()}{does[1:]}: {often}, {deep}; {threshold}, {effort}, and {willing}."
