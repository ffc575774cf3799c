"""Which facts the user has told, when: read from the sent messages, whatever the user claims.

A value counts as told in a message that contains one of its accepted answers as whole words. A newer value supersedes an older one. Words do not
understand: `python -m tests.benchmarks.ledger` counts what is missed and what is heard wrongly.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sim.core.text import contains, normalise

if TYPE_CHECKING:
    from sim.core.cast import Cast
    from sim.core.record import Trial
    from sim.core.spec import Value

_STOP = re.compile(r"(?<=[.!?…])\s+|\n")
# Words by which a question speaks of the one who asks ("Did I tell you that my cat is called Biscuit?"), apostrophes typed or not.
_OWN = re.compile(r"\b(?:i|i'm|im|i've|ive|i'd|i'll|me|my|mine|we|we're|we've|us|our|ours)\b")


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
    """Every value that `message` tells, in the order of the cast's facts; of several values of one fact the newest, which the others led up to."""
    within = normalise(message)
    near = [(pattern, i) for wanted, pattern, i in cast.wanted if wanted in within]
    if not near:
        return ()
    due = cast.due[session]
    found = (cast.values[i] for i in sorted({i for pattern, i in near if pattern.search(within)}))
    told = {fact.id: (version, value) for fact, version, value in found if _is_said(message, value, cast.persona.language)}
    return tuple(Disclosure(fact, version, (fact, value.text) in due) for fact, (version, value) in told.items())


def hears(message: str, value: Value, language: str) -> bool:
    """Whether `message` tells `value`: one of its answers stands in it, and not only in questions that do not speak of the one who asks.

    Which questions do is known for English alone; in other languages every answer counts.
    """
    return tells(message, value.answers) and _is_said(message, value, language)


def _is_said(message: str, value: Value, language: str) -> bool:
    """Whether `message`, in which an answer of `value` stands, has it in more than questions that do not speak of the one who asks."""
    if "?" not in message or not language.startswith("en") or contains(message, value.text):
        return True
    said = (s for s in _STOP.split(message) if not s.rstrip().endswith("?") or _OWN.search(normalise(s)))
    return tells(" ".join(said), value.answers)


def tells(text: str, answers: Iterable[str]) -> bool:
    """Whether any of `answers` stands in `text` as whole words."""
    return any(contains(text, a) for a in answers)


def told_values(trial: Trial, before: int | None = None) -> dict[str, dict[int, Entry]]:
    """Every value that has been told, where it was told first: by fact id, then by version.

    Args:
        before: the session before which it was told; left out: told at all.
    """
    cast = trial.cast
    told: dict[str, dict[int, Entry]] = {}

    def enter(disclosed: tuple[Disclosure, ...], session: int, exchange: int, date: dt.date) -> None:
        for d in disclosed:
            versions = told.setdefault(d.fact, {})
            known = versions.get(d.version)
            if known is None:
                value = cast.values_by_fact[d.fact][d.version]
                versions[d.version] = Entry(d.fact, d.version, value.text, value.answers, d.core, session, exchange, date)
            elif d.core and not known.core:
                versions[d.version] = replace(known, core=True)

    for days_before, disclosed in cast.told_before:
        enter(disclosed, 0, 0, cast.start_date - dt.timedelta(days=days_before))
    for session in trial.sessions if before is None else trial.sessions[: before - 1]:
        for exchange in session.exchanges:
            if exchange.disclosed:
                enter(exchange.disclosed, session.index, exchange.index, session.date)
    return told


def build_ledger(trial: Trial) -> dict[str, Entry]:
    """What has been told so far, newest value of each fact, by fact id."""
    return _newest(told_values(trial))


def ledger_before(trial: Trial, session: int) -> dict[str, Entry]:
    """What had been told before `session` began, as `build_ledger` has it."""
    return _newest(told_values(trial, session))


def _newest(told: dict[str, dict[int, Entry]]) -> dict[str, Entry]:
    return {fact: values[max(values)] for fact, values in told.items()}
