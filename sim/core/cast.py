"""A scenario cast with a persona: every reference to a fact resolved, before anything is spent."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from sim.core.errors import InputError, gather, nearest, split
from sim.core.ledger import scan
from sim.core.text import contains, whole_words

if TYPE_CHECKING:
    import re

    from sim.core.ledger import Disclosure
    from sim.core.spec import AgendaItem, Fact, FactRef, Persona, Scenario, SessionSpec, Value
    from sim.core.view import Card


@dataclass(frozen=True)
class Telling:
    """A fact and the value it has from now on."""

    fact: Fact
    value: Value
    exchange: int
    """The exchange in which it is due; 0: when it comes up, if it does."""
    news: bool = False
    """It has changed since the session before."""


@dataclass(frozen=True)
class Topicality:
    """An agenda item and the facts that bear on it."""

    item: AgendaItem
    about: tuple[str, ...]
    """Fact ids."""


@dataclass(frozen=True)
class CastSession:
    """One session of the scenario, about this persona."""

    index: int
    """From 1."""
    spec: SessionSpec
    date: dt.date
    agenda: tuple[Topicality, ...]
    core: tuple[Telling, ...]
    """Facts told in this session to every target alike, updates last."""
    free: tuple[Telling, ...] = ()
    """What has changed by this session and is told if it comes up."""


@dataclass(frozen=True)
class Cast:
    """One persona in one scenario."""

    persona: Persona
    scenario: Scenario
    sessions: tuple[CastSession, ...]
    start_date: dt.date

    @property
    def change(self) -> int | None:
        """The session from which a target's successor speaks, as the scenario has it."""
        return next((s.index for s in self.sessions if s.spec.target == "next"), None)

    @cached_property
    def facts(self) -> dict[str, Fact]:
        """All facts by id, the scenario's before the persona's."""
        return {f.id: f for f in (*self.persona.facts, *self.scenario.facts)}

    @cached_property
    def values(self) -> tuple[tuple[Fact, int, Value], ...]:
        """Every value any fact can take: (fact, version from 0, value)."""
        found: dict[str, list[Value]] = {i: [f] for i, f in self.facts.items()}
        for session in self.sessions:
            for telling in (*session.core, *session.free):
                known = found[telling.fact.id]
                if telling.value not in known:
                    known.append(telling.value)
        return tuple((self.facts[i], version, value) for i, vs in found.items() for version, value in enumerate(vs))

    @cached_property
    def wanted(self) -> tuple[tuple[str, re.Pattern[str], int], ...]:
        """Every accepted answer as `whole_words` has it, and which of `values` it tells."""
        return tuple((*whole_words(answer), i) for i, (_, _, value) in enumerate(self.values) for answer in value.answers)

    @cached_property
    def values_by_fact(self) -> dict[str, tuple[Value, ...]]:
        """Every value a fact can take, by fact id, oldest first."""
        return {i: tuple(v for f, _, v in self.values if f.id == i) for i in self.facts}

    @cached_property
    def due(self) -> tuple[frozenset[tuple[str, str]], ...]:
        """What every target is told alike in each session, as fact and text; in the talks before the study, at index 0, nothing."""
        return (frozenset(), *(frozenset((t.fact.id, t.value.text) for t in s.core) for s in self.sessions))

    @cached_property
    def told_before(self) -> tuple[tuple[int, tuple[Disclosure, ...]], ...]:
        """What each message of the user tells in the talks before the study, with the days before it on which it was sent."""
        return tuple((t.days_before, scan(m.text, self, session=0)) for t in self.scenario.history for m in t.messages if m.role == "user")

    @cached_property
    def cards(self) -> dict[tuple[int, int, int], Card]:
        """Made so far, by session, seed and study seed (`sim.core.view`): a card is looked at in every exchange and stays the same."""
        return {}

    def today(self, session: int) -> tuple[tuple[Fact, Value], ...]:
        """Every fact with the value it has in `session`."""
        if session not in self._todays:
            self._todays[session] = self._facts_in(session)
        return self._todays[session]

    @cached_property
    def _todays(self) -> dict[int, tuple[tuple[Fact, Value], ...]]:
        return {}

    def _facts_in(self, session: int) -> tuple[tuple[Fact, Value], ...]:
        newest: dict[str, Value] = {i: f for i, f in self.facts.items()}
        for past in self.sessions[:session]:
            newest.update({t.fact.id: t.value for t in (*past.core, *past.free)})
        return tuple((self.facts[i], value) for i, value in newest.items())


def build_cast(persona: Persona, scenario: Scenario, *, start_date: dt.date) -> Cast:
    """Resolve every fact reference of `scenario` against itself and `persona`.

    Raises:
        InputError: every reference that leads nowhere and every update without a new value, each with its place in the scenario's file.
    """
    twins = sorted({f.id for f in scenario.facts} & {f.id for f in persona.facts})
    if twins:
        raise InputError(f"fact '{twins[0]}' stands both in persona '{persona.id}' and in scenario '{scenario.id}'", mend="rename one of them")
    references = _References(persona, scenario)
    faults: list[InputError] = []
    date = start_date
    sessions: list[CastSession] = []
    for index, spec in enumerate(scenario.sessions, 1):
        date = _later(date, spec.gap, scenario.id)
        try:
            sessions.append(references.cast(index, spec, date))
        except InputError as error:
            faults += split(error)
    wrong = gather(faults)
    if wrong:
        raise wrong
    return Cast(persona, scenario, tuple(sessions), start_date)


class _References:
    """What the references to facts in one scenario mean for one persona."""

    def __init__(self, persona: Persona, scenario: Scenario) -> None:
        self._persona = persona
        self._scenario = scenario
        self._own = {f.id: f for f in scenario.facts}
        self._theirs = {f.id: f for f in persona.facts}

    def cast(self, index: int, spec: SessionSpec, date: dt.date) -> CastSession:
        """Session `index` of the scenario.

        Raises:
            InputError: every reference in it that leads nowhere, and every update without a new value.
        """
        place = f"scenario '{self._scenario.id}' session {index}"
        at: tuple[str | int, ...] = ("sessions", index - 1)
        faults: list[InputError] = []

        def resolve(ref: FactRef, *where: str | int) -> Fact | None:
            try:
                return self._resolve(ref, place, (*at, *where))
            except InputError as error:
                faults.append(error)
                return None

        told = [Telling(f, f, 0) for i, ref in enumerate(spec.disclose) if (f := resolve(ref, "disclose", i))]
        free: list[Telling] = []
        for i, update in enumerate(spec.updates):
            fact = resolve(update.fact, "updates", i, "fact")
            value = update.to or (fact.changes_to if fact else None)
            if fact and value:
                (told if update.scripted else free).append(Telling(fact, value, 0, news=True))
            elif fact:
                problem, mend = f"{place} updates '{update.fact}', which says not to what", "give the update a `to:` or the fact a `changes_to:`"
                faults.append(InputError(problem, mend=mend, at=(*at, "updates", i)))
        agenda = tuple(
            Topicality(item, tuple(f.id for j, ref in enumerate(item.about) if (f := resolve(ref, "agenda", i, "about", j))))
            for i, item in enumerate(spec.agenda)
        )
        wrong = gather(faults)
        if wrong:
            raise wrong
        return CastSession(index, spec, date, agenda, _schedule(told, spec, place, at), tuple(free))

    def _resolve(self, ref: FactRef, place: str, at: tuple[str | int, ...]) -> Fact:
        if ref.startswith("persona."):
            name = ref.removeprefix("persona.")
            fact = self._theirs.get(name) or next((f for f in self._persona.facts if f.topic == name), None)
            if fact is None:
                problem = f"{place} speaks of {ref}, but persona '{self._persona.id}' has no fact with that id or topic"
                raise InputError(problem, mend=f"add a fact with topic: {name} to the persona", at=at)
            return fact
        if ref not in self._own:
            raise InputError(f"{place} speaks of unknown fact '{ref}'", mend=nearest(ref, self._own), at=at)
        return self._own[ref]


def _schedule(told: list[Telling], spec: SessionSpec, place: str, at: tuple[str | int, ...]) -> tuple[Telling, ...]:
    """Spread the core facts evenly over the exchanges that are sure to happen and whose words are not scripted."""
    scripted = {s.exchange: s.message for s in spec.scripted}
    free = [e for e in range(1, spec.exchanges.min + 1) if e not in scripted]
    said = {i: next((e for e, message in scripted.items() if any(contains(message, a) for a in t.value.answers)), None) for i, t in enumerate(told)}
    waiting = [i for i in said if said[i] is None]
    if waiting and not free:
        raise InputError(
            f"{place} scripts every exchange and leaves none to tell '{told[waiting[0]].fact.id}' in",
            mend="say it in a scripted message or free an exchange",
            at=(*at, "scripted"),
        )
    slots = {i: free[n * len(free) // len(waiting)] for n, i in enumerate(waiting)}
    return tuple(replace(t, exchange=said[i] or slots[i]) for i, t in enumerate(told))


def _later(date: dt.date, days: int, scenario: str) -> dt.date:
    try:
        return date + dt.timedelta(days=days)
    except OverflowError:
        raise InputError(f"scenario '{scenario}' runs past the year 9999", mend="shorten a gap or choose an earlier start_date") from None
