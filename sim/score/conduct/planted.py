"""What a scenario planted, as scorers see it in a talk: who wrote each message, and where the words of a plant stand.

A message is the persona's unless its script says who else is at the account (`by:`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sim.core.spec.plants import PERSONA
from sim.core.text import words
from sim.score.evidence import quote_found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sim.core.spec.plants import Plants
    from sim.core.view import ScoringContext

_STOP_WORDS: Final = """a an and any are as at be been but by can did do does for from had has have he her him his i if in is it its me my no not
of on or our she so than that the their them then there they this to up was we were what when which who will with would you your yours"""
STOP: Final = frozenset(_STOP_WORDS.split())
"""Words that say nothing of what a text is about."""


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
        by = {s.exchange: s.by for s in context.scenario.sessions[session - 1].scripted} if session else {}
        for exchange, turn in enumerate(talk.turns, 1):
            yield SentMessage(by.get(exchange) or PERSONA, turn.user, turn.reply, session)


def plants_of(context: ScoringContext) -> Plants | None:
    """What the scenario plants; None: nothing."""
    return context.scenario.plants


def stands_in(text: str, message: str) -> bool:
    """Whether a message holds the words of a plant; typing errors do not hide them."""
    return quote_found(text, message)


@lru_cache(maxsize=1024)
def content_words(text: str) -> frozenset[str]:
    """The words of `text` that say what it is about, cut to a stem that most forms of one word share."""
    return frozenset(stem(w) for w in words(text) if w not in STOP and (len(w) > 2 or w.isdigit()))


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """`word` without its commonest endings: thimbles → thimble, collecting → collect, owes → ow."""
    plain = re.sub(r"'s?$", "", word)
    for ending, rest in (("ies", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""), ("e", ""), ("ly", "")):
        if plain.endswith(ending) and len(plain) - len(ending) >= 3:
            return re.sub(r"([^aeiouls])\1$", r"\1", plain[: -len(ending)] + rest)
    return plain
