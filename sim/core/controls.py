"""Controls: exchanges, drawn by seed, that the primary rater rates once more, to tell its noise and its halo (guide/methods.md#halo-and-noise).

`repeat` asks the same words again under another sampling seed: what moves is noise. `one_by_one` asks one dimension a call: what moves beyond noise
is what rating the seven together does to each. A control is a verdict like any other, kept under a part of its own, and feeds no figure but its own.
Each of the seven calls of `one_by_one` is kept by itself, so that none is made again when another is lost; the control is had once all seven are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.address import CONTROLS, Control, control
from sim.core.codebook import DIMENSIONS
from sim.core.seeds import derive
from sim.core.spec import Controls

if TYPE_CHECKING:
    from sim.core.cast import Cast

CALLS: dict[Control, int] = {"one_by_one": len(DIMENSIONS), "repeat": 1}
"""What one control of one exchange takes, repairs apart. Dimensions without an occasion are asked too: an attempt needs none."""


def control_parts(rater: str) -> dict[Control, str]:
    """The parts under which the controls of `rater` are kept, by control: `self:repeat`."""
    return {c: control(rater, c) for c in CONTROLS}


@dataclass(frozen=True, slots=True)
class Draw:
    """Which exchanges are drawn: each by itself, with the study's shares as probabilities.

    The target is not among the names of a draw, so the same exchanges are drawn in all arms. What is drawn does not depend on what was said.
    """

    study_seed: int
    shares: Controls

    def on(self, cast: Cast, seed: int, session: int, exchange: int) -> tuple[Control, ...]:
        """The controls that `exchange` of `session` owes, in a trial of `cast` and `seed`."""
        shares: tuple[tuple[Control, float], ...] = (("one_by_one", self.shares.one_by_one), ("repeat", self.shares.repeat))
        point = (self.study_seed, cast.persona.id, cast.scenario.id, seed, session, exchange)
        return tuple(c for c, share in shares if share and derive(*point, c) < int(share * 2**63))


NOTHING = Draw(0, Controls(one_by_one=0, repeat=0))
"""Draws no exchange."""
