"""The primary rater asked once more about a reply it has rated (`sim.core.controls` says which, guide/methods.md#halo-and-noise why)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sim.core.address import control
from sim.core.codebook import DIMENSIONS
from sim.core.view import RaterView

if TYPE_CHECKING:
    from sim.core.codebook import Dimension
    from sim.core.record import Ratings
    from sim.core.view import CriterionView
    from sim.score.scorer import Rater, Scored


def build_controls(rater: Rater) -> dict[str, Rater]:
    """The controls of `rater` by the part they are kept under; one by one has a part for each dimension."""
    repeat = Repeat(control(rater.id, "repeat"), rater)
    return {repeat.id: repeat, **{c.id: c for c in (Alone(control(rater.id, "one_by_one", d), rater, d) for d in DIMENSIONS)}}


class Repeat:
    """The same words in the same order of dimensions, under another sampling seed.

    A model that samples greedily, or a provider that answers from a store, shows no noise; that is then what there is.
    """

    def __init__(self, id: str, rater: Rater) -> None:
        self.id = id
        self.version = rater.version
        self._rater = rater

    async def score(self, context: RaterView | CriterionView) -> Scored[Ratings]:
        """Rate the reply again."""
        return await self._rater.score(replace(_of_exchange(context), purpose="repeat"))


class Alone:
    """One of the seven dimensions in a call of its own.

    All seven see the same view; each has a sampling seed of its own, for a shared one would let chance move the dimensions together.
    """

    def __init__(self, id: str, rater: Rater, dimension: Dimension) -> None:
        self.id = id
        self.version = rater.version
        self._rater = rater
        self._dimension = dimension

    async def score(self, context: RaterView | CriterionView) -> Scored[Ratings]:
        """Rate the reply again, on that dimension."""
        return await self._rater.score(replace(_of_exchange(context), only=self._dimension, purpose=f"one_by_one {self._dimension}"))


def _of_exchange(context: RaterView | CriterionView) -> RaterView:
    """A session is looked back on once."""
    assert isinstance(context, RaterView)
    return context
