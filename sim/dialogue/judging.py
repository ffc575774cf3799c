"""Having one judge asked: what it is given, and the events that its verdicts are kept as. The nodes and re-scoring both come here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from sim.core.address import Address
from sim.core.codebook import DIMENSIONS
from sim.core.errors import CallFailed
from sim.core.event import CallLost, Judged, Meta, Unscored
from sim.core.panel import Assignment
from sim.core.swapping import blinded_turn
from sim.core.view import ScoringContext, Turn, criterion_view, rater_view, trial_view
from sim.score.checked import wanted_ids

if TYPE_CHECKING:
    from sim.core.event import Event, Result
    from sim.core.panel import Node
    from sim.core.ports import Clock
    from sim.score.scorer import Scorer

UNSAID: Final = Unscored(cause="too_long", reason="the reply reached its bound before it said a word")
"""What a judge is not asked about: a target that spent its whole bound on thought said nothing that could be judged."""
_KINDS: Final[Mapping[Node, str]] = {"rate_likability": "rated", "tag_moves": "tagged", "score_memory": "scored", "judge": "scored"}


@dataclass(frozen=True, slots=True)
class Sent:
    """An assignment with what its judge is given."""

    assignment: Assignment
    context: ScoringContext | Turn | None
    """None: a question of memory or a questionnaire, which is put to a target and not to a judge."""

    def apart(self) -> tuple[Sent, ...]:
        """An assignment for each call whose verdict is kept by itself: scorers of one group share theirs, all else is asked alone."""
        one = self.assignment
        alone = one.node == "judge" or len(one.parts) == 1
        return (self,) if alone else tuple(replace(self, assignment=replace(one, parts=(part,))) for part in one.parts)


@dataclass(frozen=True)
class Judges:
    """Everybody who judges, ready to be asked."""

    by_node: Mapping[Node, Mapping[str, Scorer[Any, Any]]]
    """By node and by the part that their verdicts are kept under."""
    study_seed: int
    history_tokens: int

    def give(self, due: Iterable[Assignment]) -> Iterator[Sent]:
        """Each assignment with what its judge is given; judges of one exchange, session or trial share their view of it."""
        views: dict[tuple[str, int, int, bool], ScoringContext] = {}
        for one in due:
            if one.node in ("tag_moves", "probe_memory", "put_questionnaire"):
                yield Sent(one, self._turn(one) if one.node == "tag_moves" else None)
                continue
            place = one.trial.id, one.session, one.exchange, one.node == "score_memory"
            if place not in views:
                views[place] = self._view(one)
            context = views[place]
            yield Sent(one, replace(context, wanted=wanted_ids(one.parts)) if one.node == "judge" else context)

    def _turn(self, one: Assignment) -> Turn:
        """What was said before is none of a tagger's business."""
        exchange = one.trial.sessions[one.session - 1].exchanges[one.exchange - 1]
        return blinded_turn(one.trial, exchange.turn)

    def _view(self, one: Assignment) -> ScoringContext:
        fixed = {"study_seed": self.study_seed, "history_tokens": self.history_tokens}
        if one.node == "score_memory":
            return trial_view(replace(one.trial, sessions=one.trial.sessions[: one.session]), **fixed)
        if one.exchange:
            return rater_view(one.trial, one.session, one.exchange, **fixed)
        return criterion_view(one.trial, one.session, **fixed) if one.session else trial_view(one.trial, **fixed)


async def ask_judge(sent: Sent, judges: Judges, clock: Clock, *, attempt: int) -> tuple[Event, ...]:
    """The verdicts that the judge gives, an event each, or the one that says that its call came to nothing.

    Args:
        attempt: counts the calls of this assignment that came to nothing, from 1.
    """
    one, context = sent.assignment, sent.context
    if _unsaid(one):
        return tuple(
            Judged(**place_of(one), kind=_KINDS[one.node], part=part, result=_nothing(one, part), meta=Meta(at=clock())) for part in one.parts
        )
    try:
        scored = await judges.by_node[one.node][one.parts[0]].score(context)
    except CallFailed as failed:
        return (lost(one, failed, clock, attempt=attempt),)
    results: Mapping[str, Result] = scored.value if one.node == "judge" else {one.parts[0]: scored.value}
    cut = isinstance(context, ScoringContext) and context.past.cut and one.node != "score_memory"
    return tuple(
        Judged(
            **place_of(one),
            kind=_KINDS[one.node],
            part=part,
            result=results[Address.parse("scored", part).who if one.node == "judge" else part],
            history_cut=cut,
            calls=() if n else scored.calls,
            meta=Meta(at=clock(), timings=() if n else scored.timings),
        )
        for n, part in enumerate(one.parts)
    )


def _unsaid(one: Assignment) -> bool:
    """Whether what is to be judged is a reply in which nothing was said."""
    reply = one.trial.sessions[one.session - 1].exchanges[one.exchange - 1].reply if one.exchange else None
    return reply is not None and reply.unsaid


def _nothing(one: Assignment, part: str) -> Result:
    """The verdict on such a reply: nobody is asked for it."""
    if one.node != "rate_likability":
        return UNSAID
    asked = Address.parse("rated", part).edition
    return dict.fromkeys((asked,) if asked else DIMENSIONS, UNSAID)


def lost(one: Assignment, failed: CallFailed, clock: Clock, *, attempt: int) -> CallLost:
    """The event of an assignment whose call came to nothing."""
    meta = Meta(at=clock(), timings=failed.timings)
    part = str(lost_at(one, attempt))
    return CallLost(**place_of(one), part=part, cause=failed.cause, message=failed.message, quote=failed.quote, calls=failed.calls, meta=meta)


def lost_at(one: Assignment, attempt: int) -> Address:
    """Where the journal keeps that a call came to nothing."""
    return Address(one.node, "" if one.node == "score_memory" else one.part, count=attempt)


def place_of(one: Assignment) -> dict[str, Any]:
    """The fields of an event that say where it belongs."""
    take = one.trial.sessions[one.session - 1].take if one.session else 0
    return {"trial": one.trial.id, "session": one.session, "take": take, "exchange": one.exchange}
