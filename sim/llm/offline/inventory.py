"""How an offline user fills in a questionnaire: by the level that its persona's file gives a facet, with noise drawn by seed.

It reads which facet an item belongs to and how it is keyed, which no real model is told. That checks how answers are asked for, read and counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sim.core.inventory import OPTIONS
from sim.core.seeds import rng

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.core.inventory import InventorySheet

NOISE: Final = 0.8
"""Standard deviation of an answer, in levels."""
UNTOLD: Final = 3
"""The level of a facet of which the persona says nothing."""


def fill_in_sheet(sheet: InventorySheet) -> JsonValue:
    """An option for each item, by its number."""
    levels = {t.facet: t.level for t in sheet.persona.traits}
    answers: dict[str, JsonValue] = {}
    for item in sheet.items:
        drawn = levels.get(item.facet, UNTOLD) + rng(sheet.seed, "offline inventory", sheet.persona.id, item.number).gauss(0, NOISE)
        answers[str(item.number)] = OPTIONS[item.score(min(max(round(drawn), 1), 5)) - 1]
    return answers
