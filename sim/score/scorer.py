"""The seam of every judge: one context in, a result and what it cost out.

What differs between judges is what they are given and what they find:

    rater           RaterView, CriterionView    ratings by dimension, by question
    tagger          Turn                        the moves of a reply
    grader          Answered                    whether an answer to a question of memory is right
    memory judge    TrialView                   how true each fact of a written memory is
    of a study      ScoringContext              an assessment, by scorer
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar

from sim.core.event import Assessed, Grade, Tagging, Truths, Unscored
from sim.core.probes import Answered
from sim.core.record import Ratings
from sim.core.view import CriterionView, RaterView, ScoringContext, TrialView, Turn

if TYPE_CHECKING:
    from sim.core.event import Call, Timing
    from sim.core.spec.scorer import ScorerInfo

C = TypeVar("C", contravariant=True)
V = TypeVar("V", covariant=True)


@dataclass(frozen=True, slots=True)
class Scored(Generic[V]):
    """A scorer's result and the calls it took."""

    value: V
    calls: tuple[Call, ...] = ()
    timings: tuple[Timing, ...] = ()


class Scorer(Protocol[C, V]):
    """Judges what its context shows, and nothing else."""

    @property
    def id(self) -> str:
        """Names its results in the journal."""

    @property
    def version(self) -> str:
        """Rises when the same context could be judged differently."""

    async def score(self, context: C) -> Scored[V]:
        """The result on `context`.

        Raises:
            CallFailed: for reasons outside any model; what the model does wrong is a value (`Unscored`), any other exception is our bug.
        """


Rater: TypeAlias = Scorer[RaterView | CriterionView, Ratings]
Tagger: TypeAlias = Scorer[Turn, Tagging]
Grader: TypeAlias = Scorer[Answered, Grade | Unscored]
MemoryJudge: TypeAlias = Scorer[TrialView, Truths | Unscored]

Found: TypeAlias = "Assessed | bool | float | str"
"""What a study's own scorer may give back: a bare value where there is nothing to say of it."""


class OneScorer(Protocol):
    """A study's own scorer. Its code may be anybody's: `sim.score.checked` makes results of whatever it gives back or raises."""

    @property
    def info(self) -> ScorerInfo:
        """What it reads and what its results are."""

    def score(self, context: ScoringContext) -> Scored[Assessed] | Found | Awaitable[Scored[Assessed] | Found]:
        """The result on `context`; in a coroutine where it has to wait for anything."""


class ScorerGroup(Protocol):
    """Several scorers of one grain that are asked together, as rubrics are that one model judges."""

    @property
    def infos(self) -> tuple[ScorerInfo, ...]:
        """What each of them is; all have one `group`."""

    async def score(self, context: ScoringContext) -> Scored[Mapping[str, Assessed]]:
        """The results by scorer id: of those that `context.wanted` names."""


StudyScorer: TypeAlias = OneScorer | ScorerGroup
