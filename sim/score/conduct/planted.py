"""What a scenario planted, as scorers see it in a talk: who wrote each message, and where the words of a plant stand.

A message is the persona's unless its script says who else is at the account (`by:`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.spec.plants import PERSONA
from sim.score.evidence import quote_found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sim.core.spec.plants import Plants
    from sim.core.view import ScoringContext


@dataclass(frozen=True, slots=True)
class SentMessage:
    """One message of a trial, and who wrote it."""

    by: str
    message: str
    reply: str
    session: int
    """0: a talk before the study."""


def sent_messages(context: ScoringContext) -> Iterator[SentMessage]:
    """Every message so far, the last one last."""
    before = len(context.talks) - context.session
    for place, talk in enumerate(context.talks):
        session = max(0, place - before + 1)
        # Of a log the scenario has one session, however many took place.
        by = {s.exchange: s.by for spec in context.scenario.sessions[session - 1 : session] for s in spec.scripted} if session else {}
        for exchange, turn in enumerate(talk.turns, 1):
            yield SentMessage(by.get(exchange) or PERSONA, turn.user, turn.reply, session)


def plants_of(context: ScoringContext) -> Plants | None:
    """What the scenario plants; None: nothing."""
    return context.scenario.plants


def stands_in(text: str, message: str) -> bool:
    """Whether a message holds the words of a plant; typing errors do not hide them."""
    return quote_found(text, message)
