"""The primary rater asked once more about a reply it has rated (`sim.core.controls` says which, guide/methods.md#halo-and-noise why)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from sim.core.codebook import DIMENSIONS
from sim.core.controls import control_parts
from sim.core.errors import CallFailed
from sim.core.view import RaterView
from sim.score.scorer import Scored

if TYPE_CHECKING:
    from sim.core.event import Rating
    from sim.core.record import Ratings
    from sim.core.view import CriterionView
    from sim.score.scorer import Rater


def build_controls(rater: Rater) -> dict[str, Rater]:
    """The controls of `rater` by the part they are kept under."""
    parts = control_parts(rater.id)
    controls: tuple[Rater, ...] = (OneByOne(parts["one_by_one"], rater), Repeat(parts["repeat"], rater))
    return {c.id: c for c in controls}


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


class OneByOne:
    """One call for each of the seven dimensions, side by side.

    All see the same view; each has a sampling seed of its own, for a shared one would let chance move the dimensions together.
    """

    def __init__(self, id: str, rater: Rater) -> None:
        self.id = id
        self.version = rater.version
        self._rater = rater

    async def score(self, context: RaterView | CriterionView) -> Scored[Ratings]:
        """Rate the reply again.

        Raises:
            CallFailed: as the first of the calls that failed, with what all of them paid; a part of the seven is not kept.
        """
        view = _of_exchange(context)
        alone = [replace(view, only=d, purpose=f"one_by_one {d}") for d in DIMENSIONS]
        found = await asyncio.gather(*(self._attempt(v) for v in alone))
        calls = tuple(c for f in found for c in f.calls)
        timings = tuple(t for f in found for t in f.timings)
        ratings: dict[str, Rating] = {}
        for one in found:
            if isinstance(one, CallFailed):
                raise one.paying(calls, timings) from one
            ratings |= one.value
        return Scored(ratings, calls, timings)

    async def _attempt(self, view: RaterView) -> Scored[Ratings] | CallFailed:
        """A failed call as a value, so that the calls beside it end and are counted."""
        try:
            return await self._rater.score(view)
        except CallFailed as failed:
            return failed


def _of_exchange(context: RaterView | CriterionView) -> RaterView:
    """A session is looked back on once."""
    assert isinstance(context, RaterView)
    return context
