"""How long a message is to be: drawn for each one, for people write three words now and sixty then, around what the persona usually writes.

The seed names session and exchange, and no target: every arm is written to at the same length, and a resumed run draws the same again. Users of
chatbots write 11 words in the median (guide/realism.md); their spread, of which pasted documents are a large part, is not reached on purpose.
"""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING, Final

from sim.core.seeds import rng

if TYPE_CHECKING:
    from sim.core.spec import Persona

USUAL: Final = (5, 8, 11, 16, 24)
"""Words of a message in the median, by the level of the persona's verbosity."""
SPREAD: Final = 0.9
"""Standard deviation of the logarithm."""
OUTPOURING: Final = 0.04
"""Share of messages in which somebody writes everything down."""
_MORE: Final = 4
"""How many times longer these are."""
MOST: Final = 250


def length_of(persona: Persona, seed: int) -> int:
    """Words of the message that `persona` writes at the point that `seed` names."""
    chance = rng(seed, "length")
    drawn = USUAL[persona.style.verbosity.level - 1] * exp(chance.normalvariate(0, SPREAD))
    if chance.random() < OUTPOURING:
        drawn *= _MORE
    return max(1, min(MOST, round(drawn)))
