"""Which facts the user has told, when: read from the sent messages, whatever the user claims.

A value counts as told in a message that contains one of its accepted answers as whole words. A newer value supersedes an older one.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.text import normalise

if TYPE_CHECKING:
    from sim.core.cast import Cast
    from sim.core.record import Trial


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A message told this value of this fact."""

    fact: str
    version: int
    """0 is the fact as first written; later values count up."""
    core: bool
    """Scripted for this exchange, and so told to every target alike."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The newest value of a fact that the user has told."""

    fact: str
    version: int
    text: str
    answers: tuple[str, ...]
    core: bool
    session: int
    """Session in which this value was first told; 0 for a talk before the study."""
    exchange: int
    date: dt.date


def scan(message: str, cast: Cast, *, session: int, exchange: int) -> tuple[Disclosure, ...]:
    """Every value that `message` tells, in the order of the cast's facts."""
    within = normalise(message)
    near = [(pattern, i) for wanted, pattern, i in cast.wanted if wanted in within]
    if not near:
        return ()
    due = {(t.fact.id, t.value.text) for t in cast.sessions[session - 1].told_at(exchange)} if session else set()
    told = [cast.values[i] for i in sorted({i for pattern, i in near if pattern.search(within)})]
    return tuple(Disclosure(fact.id, version, (fact.id, value.text) in due) for fact, version, value in told)


def build_ledger(trial: Trial) -> dict[str, Entry]:
    """What has been told so far, newest value of each fact, by fact id."""
    cast = trial.cast
    ledger: dict[str, Entry] = {}

    def enter(told: tuple[Disclosure, ...], session: int, exchange: int, date: dt.date) -> None:
        for d in told:
            known = ledger.get(d.fact)
            if known is None or d.version > known.version:
                value = cast.values_by_fact[d.fact][d.version]
                ledger[d.fact] = Entry(d.fact, d.version, value.text, value.answers, d.core, session, exchange, date)

    for talk in cast.scenario.history:
        for message in talk.messages:
            if message.role == "user":
                enter(scan(message.text, cast, session=0, exchange=0), 0, 0, cast.start_date - dt.timedelta(days=talk.days_before))
    for session in trial.sessions:
        for exchange in session.exchanges:
            enter(exchange.disclosed, session.index, exchange.index, session.date)
    return ledger
