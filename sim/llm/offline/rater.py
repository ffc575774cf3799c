"""The offline rater: seven ratings of an exchange, two answers about a session, both from text alone."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING

from sim.core.logged import SCENARIO
from sim.llm.offline.measures import ObservedExchange, impression, measure

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.core.view import CriterionView, RaterView

_LEANING = {"social": 0.3, "reserved": 0.0, "hostile": -0.5}
"""How much better or worse than its parts a persona finds a whole talk, in scale points."""


def rate(view: RaterView) -> JsonValue:
    """The seven ratings of the exchange that `view` ends with, in the order in which they are asked."""
    session = view.card.session.index
    today = tuple(t.user for t in view.talk)
    # What was said before a log begins nobody knows; and within a talk, what is taken up may have been said in several messages.
    logged = view.scenario.id == SCENARIO
    heard = ObservedExchange(
        view.persona,
        view.card,
        message=view.said.message,
        reply=view.reply,
        mood=view.said.mood,
        allusion=view.occasion.allusion,
        humour_bid=view.occasion.humour_bid,
        bearing=view.occasion.bearing,
        told_earlier=tuple(e for e in view.told if e.session < session),
        said_earlier=tuple(t.user for talk in view.past.talks for t in talk.turns),
        said_today=(*today, " ".join(today)) if logged else today,
        all_known=not view.past.cut and not logged,
    )
    value: dict[str, JsonValue] = {}
    for dimension in view.order:
        found = measure(dimension, heard)
        rating: dict[str, JsonValue] = {
            "attempt": found.attempt,
            "evidence": {"kind": found.kind, "text": found.text},
            "reason": found.reason,
            "score": found.score,
        }
        if dimension == "callback":
            rating["false_memory"] = found.false_memory
        value[dimension] = rating
    return value


def look_back(view: CriterionView) -> JsonValue:
    """Enjoyment and return, from the impression that the talk itself leaves; no rating is read."""
    impressions = [_impression(view, i) for i in range(len(view.talk))]
    whole = mean(impressions) if impressions else 2.0
    end = mean(impressions[-2:]) if impressions else 2.0
    leaning = _LEANING[view.persona.type.sociability] - (1.0 if view.left and end <= 2.5 else 0.0)
    enjoyed, again = _point(whole + leaning), _point((whole + 2 * end) / 3 + leaning)
    liked = _pick(enjoyed, "It was hard going.", "It was all right.", "I liked this talk.")
    returning = _pick(again, "I have no wish to come back for more.", "I may come back.", "I would come back tomorrow.")
    return {"enjoyment": {"reason": liked, "score": enjoyed}, "return": {"reason": returning, "score": again}}


def _impression(view: CriterionView, index: int) -> float:
    """Mean of the always-applicable dimensions for one exchange."""
    turn = view.talk[index]
    mood = view.said[index].mood if index < len(view.said) else ""
    return impression(ObservedExchange(view.persona, view.card, message=turn.user, reply=turn.reply, mood=mood))


def _point(value: float) -> int:
    return max(1, min(5, round(value)))


def _pick(score: int, low: str, middle: str, high: str) -> str:
    return low if score <= 2 else middle if score == 3 else high
