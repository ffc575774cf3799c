"""One average: a measure's values by trial and session, and the one function that takes their mean at every level.

A measure is the unweighted mean of its parts, such as the seven dimensions. A part is a plain function from trials to values by trial and session
(session 0: the trial as a whole); a session or trial without a value is simply not there. Then, for every part: a session's value is the mean of its
exchanges, a trial's that of its sessions, a persona's that of its trials, a target's that of its personas; and last the mean over the parts that have
a value (`sim/guide/methods.md`, likability). A trial's likability is this very mean, of the one trial; a session's, of the one session.

The mean of one exchange is `sim.core.record.Exchange.mean`. A mean over something else than the trials as they are has another name: over what two
sides have *in common*, of `sim.analysis.verdicts.pairs`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import fsum, nan
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.figures.adaptability import SessionMeans
from sim.analysis.figures.columns import RatingColumns, extract_columns
from sim.analysis.figures.estimates import FEWEST_SCENARIOS, Estimate, estimate, interval
from sim.analysis.figures.occasions import find_occasions
from sim.analysis.verdicts.pairs import Place, Slots, seed_means
from sim.core.codebook import DIMENSIONS
from sim.core.event import Tags
from sim.score.repetition.said_before import Sayings

if TYPE_CHECKING:
    from sim.analysis.figures.occasions import Met
    from sim.analysis.figures.pooled import Repeated
    from sim.core.codebook import Codebook, Dimension
    from sim.core.record import Trial
    from sim.core.spec.study import Primary
    from sim.score.repetition.said_before import Said

Moment = int | tuple[int, str]
"""A session (0: the trial as a whole), or one thing in it, such as a question of memory or an occasion: what a trial's value is the mean of."""
Values = dict[str, dict[Moment, float]]
"""By trial id and moment."""

LOWEST, HIGHEST = 1.0, 5.0
"""Of the scale of ratings."""


@dataclass(frozen=True)
class Viewpoint:
    """Whose verdicts are looked at."""

    rater: str
    """The primary rater."""
    tagger: str = ""
    codebook: Codebook | None = None
    """None: nobody looks at moves."""
    references: Mapping[str, str] = field(default_factory=dict)
    """By target, the one that its adaptability is held against (`sim.analysis.verdicts.policies.find_reference`)."""
    primary: Primary = "fixed_set"
    """The study's primary outcome: the measure that verdicts are about."""
    checked: bool = True
    """Whether a model wrote the user's messages, each of which was checked; False: people did, or a log was read."""


Part = Callable[["MeasureTable"], Values]


@dataclass
class MeasureTable:
    """Values of some trials, each part computed once, and each trial walked through once for all that is made of its ratings or its moves."""

    trials: Sequence[Trial]
    view: Viewpoint
    repeated: dict[tuple[str, ...], Repeated] = field(default_factory=dict)
    """Repetition in some of the trials, by their ids: kept here by `sim.analysis.figures.pooled`."""
    _known: dict[Part, Values] = field(default_factory=dict)
    _slots: dict[tuple[Part, frozenset[str], Hashable], Slots] = field(default_factory=dict)
    _others: dict[tuple[str, str], MeasureTable] = field(default_factory=dict)

    def values(self, part: Part) -> Values:
        """The values of `part`."""
        if part not in self._known:
            self._known[part] = part(self)
        return self._known[part]

    def estimate(self, parts: Sequence[Part], trials: Iterable[str], *, session: int | None = None) -> Estimate | None:
        """The mean of `parts` at the level that `trials` make: one trial, those of a persona, those of a target; None where nothing has a value.

        Args:
            trials: ids.
            session: of this session alone; left out: of all.
        """
        keys = {t: self.places[t] for t in trials}
        return estimate_mean([self.values(part) for part in parts], keys, session=session)

    def mean(self, parts: Sequence[Part], trials: Iterable[str], *, session: int | None = None) -> float | None:
        """The value of `estimate`, without how far it can be trusted."""
        return level_mean([self.values(part) for part in parts], {t: self.places[t] for t in trials}, session=session)

    def slots(self, part: Part, trials: Collection[str], *, also: Hashable = None) -> Slots:
        """What pairs are made of: values of some trials by persona, scenario and session, seeds averaged.

        Args:
            also: must be the same on both sides, beside the session.
        """
        wanted = frozenset(trials)
        if (part, wanted, also) not in self._slots:
            # A side meets every other one.
            own = {t: s for t, s in self.values(part).items() if t in wanted}
            self._slots[part, wanted, also] = seed_means(own, self.places, also=also)
        return self._slots[part, wanted, also]

    def seen_by(self, rater: str) -> MeasureTable:
        """The same trials as another rater saw them."""
        return self if rater == self.view.rater else self._other(replace(self.view, rater=rater))

    def tagged_by(self, tagger: str, codebook: Codebook) -> MeasureTable:
        """The same trials with another tagger's moves."""
        return self if tagger == self.view.tagger else self._other(replace(self.view, tagger=tagger, codebook=codebook))

    def _other(self, view: Viewpoint) -> MeasureTable:
        return self._others.setdefault((view.rater, view.tagger), MeasureTable(self.trials, view))

    @cached_property
    def places(self) -> dict[str, Place]:
        """Persona and scenario by trial id."""
        return {t.id: (t.cast.persona.id, t.cast.scenario.id) for t in self.trials}

    @cached_property
    def by_target(self) -> dict[str, tuple[str, ...]]:
        """The ids of each target's trials."""
        found: dict[str, list[str]] = {}
        for trial in self.trials:
            found.setdefault(trial.target, []).append(trial.id)
        return {target: tuple(ids) for target, ids in found.items()}

    def of(self, ids: Collection[str]) -> list[Trial]:
        """The trials of these ids, in the order of the table."""
        return [self.trials[i] for i in sorted({self._rows[t] for t in ids if t in self._rows})]

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {t.id: i for i, t in enumerate(self.trials)}

    @cached_property
    def session_means(self) -> SessionMeans:
        """Each session's mean over dimensions that always apply, of every trial."""
        return SessionMeans(self.columns)

    @cached_property
    def columns(self) -> RatingColumns:
        """The primary rater's ratings."""
        return extract_columns(self.trials, self.view.rater)

    @cached_property
    def rated_sessions(self) -> dict[str, list[int]]:
        """By trial id: the sessions in which the rater has rated anything; trials without one are not there."""
        found: dict[str, list[int]] = {}
        columns = self.columns
        for i in np.unique(columns.session).tolist():
            found.setdefault(columns.trials[columns.session_trial[i]], []).append(int(columns.session_index[i]))
        return found

    def rated(self, dimension: Dimension) -> Values:
        """The rater's mean by session, over the scores that had an occasion."""
        columns = self.columns
        means = self._rated_means[:, DIMENSIONS.index(dimension)]
        some = np.flatnonzero(~np.isnan(means))
        found: Values = {}
        places = zip(columns.session_trial[some].tolist(), columns.session_index[some].tolist(), means[some].tolist(), strict=True)
        for trial, session, value in places:
            found.setdefault(columns.trials[trial], {})[session] = value
        return found

    @cached_property
    def _rated_means(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return self.columns.session_means()

    @cached_property
    def occasions(self) -> dict[str, tuple[Met, ...]]:
        """By trial id: the occasions that its users gave, in order, with what the rater made of them."""
        return {t.id: find_occasions(t, self.view.rater) for t in self.trials}

    @cached_property
    def words(self) -> dict[tuple[str, int], list[int]]:
        """By trial and session: the words of each answered exchange."""
        return {(t.id, s.index): [e.reply.words for e in s.exchanges if e.reply is not None] for t in self.trials for s in t.sessions}

    @cached_property
    def said(self) -> Repeats:
        """What each answered exchange repeats, among all that its target said; trials whose texts were forgotten are left out."""
        return find_said(self.trials)

    @cached_property
    def sets(self) -> dict[tuple[str, int], list[int | None]]:
        """By trial and session: the counted moves of each answered exchange, a bit a move; None where it has no tags."""
        bit = {m.id: 1 << i for i, m in enumerate(self.view.codebook.moves)} if self.view.codebook else {}
        tagger = self.view.tagger
        bits: dict[int, int | None] = {}
        found = {}
        for trial in self.trials:
            for session in trial.sessions:
                here: list[int | None] = []
                for exchange in session.exchanges:
                    if exchange.reply is not None:
                        tags = exchange.tags.get(tagger)
                        # Alike tags are one object in a run that was read without its words.
                        if id(tags) not in bits:
                            bits[id(tags)] = sum(bit.get(m, 0) for m in tags.moves) if isinstance(tags, Tags) else None
                        here.append(bits[id(tags)])
                found[trial.id, session.index] = here
        return found


@dataclass(frozen=True)
class Repeats:
    """Which replies were said before."""

    found: Mapping[tuple[str, int, int], Said]
    """By trial, session and exchange."""
    looked: Mapping[str, bool]
    """By target: whether near repeats were looked for."""


def find_said(trials: Iterable[Trial]) -> Repeats:
    """What each reply of `trials` repeats, each target on its own; a trial's replies are all to one person."""
    sayings: dict[str, Sayings] = {}
    places: dict[str, list[tuple[str, int, int]]] = {}
    for trial in trials:
        if not trial.forgotten:
            own, of = sayings.setdefault(trial.target, Sayings()), places.setdefault(trial.target, [])
            for session in trial.sessions:
                for exchange in session.exchanges:
                    if exchange.reply is not None:
                        place = (session.index, exchange.index)
                        own.add(exchange.reply.text, person=trial.id, place=place, opening=exchange.index == 1)
                        of.append((trial.id, session.index, exchange.index))
    found = {place: said for target, own in sayings.items() for place, said in zip(places[target], own.found(), strict=True)}
    return Repeats(found, {target: own.looks for target, own in sayings.items()})


def level_mean(parts: Sequence[Values], keys: Mapping[str, Place], *, session: int | None = None) -> float | None:
    """The unweighted mean over parts of their mean over personas, a persona being the mean of its trials, a trial that of its sessions.

    Args:
        keys: persona and scenario of each trial that belongs.
        session: of this session alone; left out: of all.
    """
    means = []
    for part in parts:
        personas: dict[str, list[float]] = {}
        for trial, (persona, _) in keys.items():
            value = _trial_mean(part.get(trial), session)
            if value is not None:
                personas.setdefault(persona, []).append(value)
        if personas:
            means.append(fmean(map(fmean, personas.values())))
    return fmean(means) if means else None


def estimate_mean(parts: Sequence[Values], keys: Mapping[str, Place], *, session: int | None = None) -> Estimate | None:
    """`level_mean` as an estimate over personas and scenarios, from which an interval can be made."""
    personas, scenarios = (sorted({place[i] for place in keys.values()}) for i in (0, 1))
    row, column = {p: i for i, p in enumerate(personas)}, {s: i for i, s in enumerate(scenarios)}
    values = np.full((len(parts), len(personas), len(scenarios)), nan)
    weights = np.zeros_like(values)
    for d, part in enumerate(parts):
        cells: dict[tuple[int, int], list[float]] = {}
        for trial, (persona, scenario) in keys.items():
            value = _trial_mean(part.get(trial), session)
            if value is not None:
                cells.setdefault((row[persona], column[scenario]), []).append(value)
        for cell, found in cells.items():
            values[d][cell], weights[d][cell] = fmean(found), len(found)
    return estimate(values, weights) if values.size else None


def _trial_mean(moments: Mapping[Moment, float] | None, session: int | None) -> float | None:
    if moments is None:
        return None
    if session is None:
        values: Collection[float] = moments.values()
    elif session in moments:
        # Sessions and questions of memory never stand side by side, so that this is the only value.
        return moments[session]
    else:
        values = [v for m, v in moments.items() if session_of(m) == session]
    return fsum(values) / len(values) if values else None


def session_of(moment: Moment) -> int:
    """The session that `moment` belongs to."""
    return moment if isinstance(moment, int) else moment[0]


def on_scale(bounds: tuple[float, float] | None) -> tuple[float, float] | None:
    """The part of an interval that lies on the scale of ratings: a mean of ratings can be nowhere else."""
    return None if bounds is None else (max(LOWEST, bounds[0]), min(HIGHEST, bounds[1]))


def rated_interval(found: Estimate | None) -> tuple[float, float] | None:
    """The 95 % interval of a mean of ratings."""
    return on_scale(interval(found)) if found else None


def population(scenarios: int) -> str:
    """What every 95 % interval of this program speaks of, in words: the one source of this phrase."""
    if scenarios >= FEWEST_SCENARIOS:
        return "personas and scenarios like these"
    return f"personas like these, in {'this scenario' if scenarios == 1 else 'these scenarios'} only"
