"""What a target is asked about its memory after a session, and what would be right: questions drawn by seed, the same for every target.

Facts are drawn from those that the scenario has scheduled by then; asked is what of these was told, so that arms are paired and nobody is asked for
what it never heard. What was never told is asked for as well: there the right answer is that one does not know.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sim.core.address import Address
from sim.core.ledger import Entry, scan, told_values
from sim.core.seeds import rng
from sim.core.text import contains

if TYPE_CHECKING:
    from random import Random

    from sim.core.cast import Cast
    from sim.core.event import ProbeKind
    from sim.core.record import Trial
    from sim.core.spec import Fact, Probes, Value

ORDER = "Which did I tell you about first: {0}, or {1}?"
"""Put in the words by which the persona calls two facts."""

Told = dict[str, dict[int, Entry]]
"""By fact id, then by version."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One question, and what answers to it may hold."""

    kind: ProbeKind
    fact: str
    """Of a question of order, the one told first."""
    version: int
    question: str
    expected: str
    """What is right, as the persona said it or would name it; empty: nothing is."""
    answers: tuple[str, ...]
    """Any one of them, as whole words, is right; on an abstention probe, a guess that nobody could have made."""
    stale: tuple[str, ...] = ()
    """Answers that were right once and were told."""
    untold: tuple[str, ...] = ()
    """Answers that are other values of the fact, none of which was told."""
    others: tuple[str, ...] = ()
    """Answers to neighbouring questions: values of other facts of the same topic; of a question of order, the fact told later."""
    needs: tuple[tuple[str, ...], ...] = ()
    """What a memory must hold for the answer: of each of these, any one."""
    told: int = 0
    """Session in which what is asked for was first told; 0: before the study, or never."""
    delay: int = 0
    """Days from there to the asking."""

    @property
    def part(self) -> str:
        """Its name in the journal."""
        return str(Address(self.kind, self.fact))


@dataclass(frozen=True, slots=True)
class Answered:
    """A probe with what the target answered: all that whoever grades it is given."""

    probe: Probe
    answer: str


@dataclass(frozen=True, slots=True)
class Asking:
    """What a study asks, drawn with its seed."""

    study_seed: int
    wanted: Probes

    def due(self, trial: Trial, session: int) -> tuple[Probe, ...]:
        """The probes that `session` of `trial` owes once it is over, whatever was said after it."""
        cast = trial.cast
        draw = rng(self.study_seed, cast.persona.id, cast.scenario.id, trial.seed, session, "probes")
        told = told_values(replace(trial, sessions=trial.sessions[:session]))
        drawn = _Drawn.at(cast, session, self.wanted.facts, draw)
        today = trial.sessions[session - 1].date
        asked = asking_date(cast, session)
        after = _After(cast, told, asked)
        found = [
            *_control(replace(after, asked=today), drawn, session),
            *(p for fact in drawn.facts for p in after.about(fact)),
            *(after.order(pair) for pair in drawn.pairs if trial.dated and after.are_apart(pair)),
            *(after.unknown(fact) for fact in drawn.untold if fact.id not in told),
        ]
        return tuple(p for p in found if p.kind in self.wanted.kinds)

    def most(self, cast: Cast, session: int, seed: int) -> int:
        """How many probes `session` can owe, by what is scheduled alone."""
        draw = rng(self.study_seed, cast.persona.id, cast.scenario.id, seed, session, "probes")
        drawn = _Drawn.at(cast, session, self.wanted.facts, draw)
        counts: dict[ProbeKind, int] = {
            "control": bool(drawn.today),
            "implicit": sum(any(v.implies for v in cast.values_by_fact[f.id]) for f in drawn.facts),
            "temporal": len(drawn.pairs),
            "abstention": len(drawn.untold),
        }
        direct = len(drawn.facts) if {"explicit", "update"} & set(self.wanted.kinds) else 0
        return direct + sum(n for kind, n in counts.items() if kind in self.wanted.kinds)


def asking_date(cast: Cast, session: int) -> dt.date:
    """When the probes after `session` are put: on the next session's date; after the last, a day later."""
    if session < len(cast.sessions):
        return cast.sessions[session].date
    last = cast.sessions[session - 1].date
    return last + dt.timedelta(days=1) if last < dt.date.max else last


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What may be asked, by what is scheduled alone."""

    facts: tuple[Fact, ...]
    pairs: tuple[tuple[Fact, Fact], ...]
    """Of these facts, none in two pairs, for questions of order."""
    untold: tuple[Fact, ...]
    """Not scheduled yet: half as many as facts may be asked about, rounded up."""
    today: tuple[Fact, ...]
    """Scheduled for this very session, in a drawn order."""

    @classmethod
    def at(cls, cast: Cast, session: int, most: int, draw: Random) -> _Drawn:
        """Drawn for `session`."""
        first = _scheduled(cast, session)
        known = [cast.facts[f] for f in first if cast.facts[f].question]
        facts = tuple(draw.sample(known, min(most, len(known))))
        later = [f for f in cast.facts.values() if f.question and f.id not in first]
        untold = tuple(draw.sample(later, min((most + 1) // 2, len(later))))
        today = list(dict.fromkeys(t.fact for t in cast.sessions[session - 1].core if t.fact.question))
        draw.shuffle(today)
        return cls(facts, tuple(_pairs([f for f in facts if f.called], first)), untold, tuple(today))


def _scheduled(cast: Cast, session: int) -> dict[str, int]:
    """The facts that every target is told by the end of `session`, with the session that tells each first; talks before the study are session 0."""
    before = [d.fact for t in cast.scenario.history for m in t.messages if m.role == "user" for d in scan(m.text, cast, session=0)]
    first = dict.fromkeys(before, 0)
    for past in cast.sessions[:session]:
        for telling in past.core:
            first.setdefault(telling.fact.id, past.index)
    return first


def _pairs(facts: list[Fact], first: dict[str, int]) -> Iterator[tuple[Fact, Fact]]:
    """Each fact with the next that another session tells, as long as there is one."""
    waiting = list(facts)
    while waiting:
        one = waiting.pop(0)
        other = next((f for f in waiting if first[f.id] != first[one.id]), None)
        if other is not None:
            waiting.remove(other)
            yield one, other


@dataclass(frozen=True, slots=True)
class _After:
    """The moment of asking."""

    cast: Cast
    told: Told
    asked: dt.date

    def about(self, fact: Fact) -> Iterator[Probe]:
        """What is asked of one fact: its newest value, as an update where an older one was told before it, and what follows from it."""
        values = self.told.get(fact.id)
        if values is None:
            return
        newest = values[max(values)]
        yield self._direct(fact, "update" if any(_place(e) < _place(newest) for e in values.values()) else "explicit")
        value = self.cast.values_by_fact[fact.id][newest.version]
        for implied in value.implies:
            premises = [self.told.get(g, {}) for g in implied.given]
            if all(set(p) == {0} for p in premises):
                needs = (value.answers, *(p[0].answers for p in premises))
                before = tuple(a for v in self._older(fact) for said in v.implies for a in said.answers)
                yield self._new("implicit", fact, newest, implied.question, implied.answers[0], implied.answers, before, needs=needs)
                return

    def control(self, fact: Fact) -> Probe:
        """Its newest value, asked while the session that told it still stands in the context."""
        return self._direct(fact, "control")

    def unknown(self, fact: Fact) -> Probe:
        """What was never told."""
        values = self.cast.values_by_fact[fact.id]
        assert fact.question is not None
        return Probe("abstention", fact.id, 0, fact.question, "", tuple(dict.fromkeys(a for v in values for a in v.answers)))

    def are_apart(self, pair: tuple[Fact, Fact]) -> bool:
        """Whether both were told, in different sessions."""
        one, other = (self._first(f) for f in pair)
        return one is not None and other is not None and one.session != other.session

    def order(self, pair: tuple[Fact, Fact]) -> Probe:
        """Which of the two was told first."""
        first, second = sorted(pair, key=self._first_place)
        told = self._first(first)
        assert told is not None
        named = [(f.called or "", *self._all_told(f)) for f in (first, second)]
        return Probe(
            kind="temporal",
            fact=first.id,
            version=told.version,
            question=ORDER.format(*(f.called for f in pair)),
            expected=named[0][0],
            answers=named[0],
            others=_apart_from(named[1], named[0]),
            needs=(self._all_told(first), self._all_told(second)),
            told=told.session,
            delay=(self.asked - told.date).days,
        )

    def _all_told(self, fact: Fact) -> tuple[str, ...]:
        return tuple(a for e in self.told[fact.id].values() for a in e.answers)

    def _first_place(self, fact: Fact) -> tuple[int, int]:
        return min(map(_place, self.told[fact.id].values()))

    def _first(self, fact: Fact) -> Entry | None:
        return min(self.told.get(fact.id, {}).values(), key=_place, default=None)

    def _older(self, fact: Fact) -> list[Value]:
        """Values of the fact that were told and are no longer true, newest first."""
        versions = sorted(self.told[fact.id], reverse=True)[1:]
        return [self.cast.values_by_fact[fact.id][v] for v in versions]

    def _direct(self, fact: Fact, kind: ProbeKind) -> Probe:
        entry = self.told[fact.id][max(self.told[fact.id])]
        stale = tuple(a for v in self._older(fact) for a in v.answers)
        untold = tuple(a for n, v in enumerate(self.cast.values_by_fact[fact.id]) if n not in self.told[fact.id] for a in v.answers)
        assert fact.question is not None
        others = tuple(
            a
            for f, values in self.told.items()
            if f != fact.id and self.cast.facts[f].topic == fact.topic
            for e in values.values()
            for a in e.answers
        )
        return self._new(kind, fact, entry, fact.question, entry.text, entry.answers, stale, untold, others, needs=(entry.answers,))

    def _new(
        self,
        kind: ProbeKind,
        fact: Fact,
        entry: Entry,
        question: str,
        expected: str,
        answers: tuple[str, ...],
        stale: tuple[str, ...] = (),
        untold: tuple[str, ...] = (),
        others: tuple[str, ...] = (),
        *,
        needs: tuple[tuple[str, ...], ...],
    ) -> Probe:
        """A probe whose wrong answers are none of its right ones, and stand neither in the right sentence nor in the question."""
        right = (*answers, expected, question)
        return Probe(
            kind=kind,
            fact=fact.id,
            version=entry.version,
            question=question,
            expected=expected,
            answers=answers,
            stale=_apart_from(stale, right),
            untold=_apart_from(untold, right),
            others=_apart_from(others, (*right, *stale)),
            needs=needs,
            told=entry.session,
            delay=(self.asked - entry.date).days,
        )


def _place(entry: Entry) -> tuple[int, int]:
    return entry.session, entry.exchange


def _control(now: _After, drawn: _Drawn, session: int) -> list[Probe]:
    """The first of the session's own facts whose newest value this session told."""
    told = [f for f in drawn.today if f.id in now.told and now.told[f.id][max(now.told[f.id])].session == session]
    return [now.control(f) for f in told[:1]]


def _apart_from(wrong: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, ...]:
    """Those of `wrong` that share nothing with any of `right`: two facts may have one answer."""
    return tuple(w for w in dict.fromkeys(wrong) if not any(contains(r, w) or contains(w, r) for r in right))
