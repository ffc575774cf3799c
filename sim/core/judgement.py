"""A rating as a table of ratings has it: who gave which score to which item on which dimension. What calibration reads, from a file or from a run."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

NotApplicableMark = Literal["n/a"]
NOT_APPLICABLE: NotApplicableMark = "n/a"

PEOPLE = "human"
"""The one person, or several consolidated into one, of a ratings file; and before a colon the beginning of every person's own id."""


class Judgement(NamedTuple):
    """One rater's word on one item and dimension."""

    item: str
    system: str
    """Who made the item; empty where the table does not tell."""
    rater: str
    dimension: str
    score: float | NotApplicableMark
    """A finite number, or `n/a`."""
    group: str = ""
    """The conversation that the item is a part of; empty: the item stands for itself."""

    @property
    def talk(self) -> str:
        """The conversation that is rated, by itself or in a part of it."""
        return self.group or self.item


def bare_name(name: str) -> str:
    """`name` without what people write in several ways: capitals, spaces, hyphens and underscores."""
    return "-".join(re.findall(r"[^\s_-]+", name.casefold()))


def is_person(rater: str) -> bool:
    """Whether `rater` is a person, or people taken together."""
    return rater == PEOPLE or rater.startswith(f"{PEOPLE}:")
