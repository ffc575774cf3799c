"""Scorers of a study's own, as a test writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sim.core.errors import CallFailed
from sim.core.event import Assessed, Assessment, Call, Timing
from sim.core.spec.scorer import Grain, ResultKind, ScorerInfo
from sim.core.view import ScoringContext
from sim.score.scorer import Scored

CALL = Call(role="judge", model="m", prompt="0" * 16, cost=0.5)


@dataclass
class Double:
    """Gives back what `answer` makes of its context, and keeps each context."""

    info: ScorerInfo
    answer: Callable[[ScoringContext], Any] = lambda context: True
    seen: list[ScoringContext] = field(default_factory=list)

    def score(self, context: ScoringContext) -> Any:
        self.seen.append(context)
        return self.answer(context)


def scorer(id: str, grain: Grain = "exchange", result: ResultKind = "yes_no", *, answer: Any = None, **more: Any) -> Double:
    info = ScorerInfo(id=id, grain=grain, result=result, **more)
    return Double(info, answer or (lambda context: True))


@dataclass
class Rubrics:
    """A model that judges by several rubrics at once."""

    infos: tuple[ScorerInfo, ...]
    lose: int = 0
    """Calls, from the first, that come to nothing."""
    seen: list[ScoringContext] = field(default_factory=list)

    async def score(self, context: ScoringContext) -> Scored[Mapping[str, Assessed]]:
        self.seen.append(context)
        if len(self.seen) <= self.lose:
            raise CallFailed("infrastructure", "away", calls=(CALL,))
        return Scored({i: Assessment(value=True, reason=f"By {i}.") for i in context.wanted}, (CALL,), (Timing(latency=0.1),))


def rubrics(*ids: str, grain: Grain = "exchange", lose: int = 0) -> Rubrics:
    return Rubrics(tuple(ScorerInfo(id=i, grain=grain, result="yes_no", calls=1, group="m") for i in ids), lose)


def infos_of(scorers: Sequence[Any]) -> tuple[ScorerInfo, ...]:
    return tuple(i for s in scorers for i in ((s.info,) if hasattr(s, "info") else s.infos))
