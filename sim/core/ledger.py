"""Which facts the user has told, when: read from the sent messages, whatever the user claims.

A value counts as told in a message that contains one of its accepted answers as whole words. A newer value supersedes an older one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sim.core.text import contains

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
    """Scripted for this session, and so told to every target alike, be it a message earlier or later."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The newest value of a fact that the user has told."""

    fact: str
    version: int
    text: str
    answers: tuple[str, ...]
    core: bool
    """Told to every target alike by the end of the session at hand; else elicited: this target drew it out."""
    session: int
    """Session in which this value was first told; 0 for a talk before the study."""
    exchange: int
    date: dt.date


def scan(message: str, cast: Cast, *, session: int) -> tuple[Disclosure, ...]:
    """Every value that `message` tells, in the order of the cast's facts."""
    due = {(t.fact.id, t.value.text) for t in cast.sessions[session - 1].core} if session else set()
    told = [(f, version, v) for f, version, v in cast.values if tells(message, v.answers)]
    return tuple(Disclosure(fact.id, version, (fact.id, value.text) in due) for fact, version, value in told)


def tells(text: str, answers: Iterable[str]) -> bool:
    """Whether any of `answers` stands in `text` as whole words."""
    return any(contains(text, a) for a in answers)


def told_values(trial: Trial) -> dict[str, dict[int, Entry]]:
    """Every value that has been told, where it was told first: by fact id, then by version."""
    cast = trial.cast
    told: dict[str, dict[int, Entry]] = {}

    def enter(disclosed: tuple[Disclosure, ...], session: int, exchange: int, date: dt.date) -> None:
        for d in disclosed:
            value = cast.values_by_fact[d.fact][d.version]
            entry = Entry(d.fact, d.version, value.text, value.answers, d.core, session, exchange, date)
            known = told.setdefault(d.fact, {}).setdefault(d.version, entry)
            if d.core and not known.core:
                told[d.fact][d.version] = replace(known, core=True)

    for talk in cast.scenario.history:
        for message in talk.messages:
            if message.role == "user":
                enter(scan(message.text, cast, session=0), 0, 0, cast.start_date - dt.timedelta(days=talk.days_before))
    for session in trial.sessions:
        for exchange in session.exchanges:
            enter(exchange.disclosed, session.index, exchange.index, session.date)
    return told


def build_ledger(trial: Trial) -> dict[str, Entry]:
    """What has been told so far, newest value of each fact, by fact id."""
    return {fact: values[max(values)] for fact, values in told_values(trial).items()}
