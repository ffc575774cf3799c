"""The seam of every scorer: one view in, a value and what it cost out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from sim.core.event import Tagging
from sim.core.record import Ratings

if TYPE_CHECKING:
    from sim.core.event import Call, Grade, Timing, Unscored
    from sim.core.probes import Probe
    from sim.core.view import CriterionView, RaterView, Turn

V = TypeVar("V", covariant=True)


@dataclass(frozen=True, slots=True)
class Scored(Generic[V]):
    """A scorer's verdict and the calls it took."""

    value: V
    calls: tuple[Call, ...] = ()
    timings: tuple[Timing, ...] = ()


class Scorer(Protocol[V]):
    """Judges one exchange, seeing nothing after it.

    What the model does wrong becomes a value (`Unscored`); an infrastructure failure raises `CallFailed`; any other exception is our bug.
    """

    id: str
    """Names its verdicts in the journal."""
    version: str
    """Rises when the same reply could be judged differently."""

    async def score(self, view: RaterView) -> Scored[V]:
        """The verdict on the exchange that `view` ends with."""


class Rater(Scorer[Ratings], Protocol):
    """Rates the seven dimensions, and looks back on whole sessions."""

    async def look_back(self, view: CriterionView) -> Scored[Ratings]:
        """Answers to the criterion questions."""


class Grader(Protocol):
    """Says whether an answer to a question of memory is right."""

    async def grade(self, probe: Probe, answer: str) -> Scored[Grade | Unscored]:
        """The grade of `answer`.

        Raises:
            CallFailed: for reasons outside any model; what the model does wrong is a value.
        """


class Tagger(Protocol):
    """Says what a reply does, sentence by sentence, in the words of one codebook. What was said before the message is none of its business."""

    id: str
    """Names its tags in the journal."""
    version: str
    """Rises when the same reply could be tagged differently."""

    async def tag(self, turn: Turn) -> Scored[Tagging]:
        """The moves of `turn.reply`, which answers `turn.user` (empty: the reply opens the talk).

        Raises:
            CallFailed: for reasons outside any model; what the model does wrong is a value.
        """
