"""Does a target come to be liked more while the same person keeps coming back, and does it find back after the person's wishes have changed?

Adaptability (LikeBench, arXiv 2512.13077; the form is ours) is a difference of two gains. A talk's *gain* is its fixed set from session two on less
that of session one. A target's adaptability is its gain less that of the same model without memory on the same persona × scenario: sessions differ in
difficulty, and the reference arm goes through the same ones. Session one cannot differ between the two, for there is nothing to remember yet; that
it does not is shown beside it, a *placebo test*. Without that arm there is no adaptability.

A slope over sessions is a *trend*. The same gain makes a smaller slope in a longer talk, so trends stand apart by how many sessions they are over.
Only the four dimensions that always apply enter, because a mean whose ingredients change drifts by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import fsum
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.figures.columns import means_by
from sim.analysis.figures.estimates import EQUAL, Estimate, estimate, interval, t_interval
from sim.analysis.stats.survival import survival
from sim.analysis.verdicts.pairs import Paired, Place, Slots, align, compare_sides
from sim.core.codebook import ALWAYS, DIMENSIONS, Dimension
from sim.core.drift import wishes_on
from sim.core.event import Rating, Score
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from sim.analysis.figures.columns import Floats, RatingColumns
    from sim.core.record import Session, Trial

FEWEST_SESSIONS = 3
"""Sessions below which no slope is estimated."""
FEWEST_FOR_FIT = 6
"""Sessions below which no R² is given: a line through few points always fits."""
WIDEST = (-4.0, 4.0)
"""What two levels on the scale of 1 to 5 can differ by."""
CEILING = 4.75
"""A fixed-set session mean from here on leaves no room to rise."""
NEAR = 0.5
"""How close to the level before a drift a score counts as back."""
_NONE: dict[str, Rating] = {}
IN_A_ROW = 2
"""Scores that must be back one after the other."""


class Trend(Frozen):
    """Slopes over talks of so many sessions, in points a session."""

    sessions: int
    slope: float
    """Mean over personas of the slope of the fixed-set session mean on the session's index."""
    interval: tuple[float, float] | None
    """95 %, t over personas; None below three."""
    personas: int
    r_squared: float | None
    """Mean over talks of six sessions or more; None: shorter."""
    callback: float | None
    """The same slope of callback alone, over sessions in which it was scored."""


class Adaptability(Frozen):
    """Of one target, in points of the fixed set."""

    value: float | None
    """Its gain less the reference's, paired by persona and scenario. None: no reference, or no talk of two sessions that both have."""
    interval: tuple[float, float] | None
    """95 %, over personas as in every comparison; None below three."""
    reference: str | None
    """The same model without memory. None: there is none in the run."""
    personas: int
    """With a gain on both sides; without a reference, with a gain."""
    gain: float | None
    """The level from session two on less that of session one, over the pairs that `value` is of; without a reference, over all."""
    gain_interval: tuple[float, float] | None
    reference_gain: float | None
    placebo: float | None
    """What the two differ by in session one, before anything can be remembered: it should be near 0."""
    placebo_interval: tuple[float, float] | None
    at_ceiling: float | None
    """Share of sessions whose fixed-set mean leaves no room to rise (4.75 and more)."""
    trends: tuple[Trend, ...]
    """By how many sessions the talks have; never averaged over them."""

    @property
    def reading(self) -> str:
        """What may be said of it: that it adapts only where it rises, and rises more than without memory."""
        if self.value is None or self.gain is None:
            return "no memory-less arm to compare it with" if self.reference is None else "not estimable"
        if self.interval is None:
            return "the same as without memory" if abs(self.value) < EQUAL else "too few personas to tell it from the arm without memory"
        if self.interval[0] <= 0 <= self.interval[1]:
            return "not told apart from the arm without memory"
        if self.value < 0:
            return "gains less than without memory"
        return "adapts" if self.gain > 0 else "falls less than without memory"


class Recovery(Frozen):
    """After a drift of wishes: exchanges from its first signal until two scores in a row are back near the level before."""

    drifts: int
    """Drifts that were signalled, with a level to come back to."""
    recovered: int
    median: float | None
    """Exchanges after which half are back (Kaplan–Meier); None: fewer than half came back while they were watched."""
    curve: tuple[tuple[int, float], ...]
    """(exchanges since the signal, share not yet back), a point for each time at which one came back; drifts watched no longer are censored."""


@dataclass(frozen=True, slots=True)
class _Line:
    slope: float
    r_squared: float | None


class SessionMeans:
    """Of trials as one rater saw them: each session's mean over some dimensions, over whatever was scored."""

    def __init__(self, columns: RatingColumns) -> None:
        self._columns = columns
        self._known: dict[tuple[Dimension, ...], dict[str, dict[int, float]]] = {}

    def of(self, trial: Trial, over: tuple[Dimension, ...] = ALWAYS) -> Mapping[int, float]:
        """By session: the mean over the dimensions of their mean over exchanges; only sessions in which every one of them was scored."""
        if over not in self._known:
            self._known[over] = self._computed(over)
        return self._known[over].get(trial.id, {})

    def _computed(self, over: tuple[Dimension, ...]) -> dict[str, dict[int, float]]:
        columns, rows = self._columns, [DIMENSIONS.index(d) for d in over]
        means = self._each[:, rows]
        whole = np.flatnonzero(~np.isnan(means).any(axis=1))
        found: dict[str, dict[int, float]] = {}
        places = zip(columns.session_trial[whole].tolist(), columns.session_index[whole].tolist(), means[whole].tolist(), strict=True)
        for trial, session, each in places:
            found.setdefault(columns.trials[trial], {})[session] = fsum(each) / len(each)
        return found

    @cached_property
    def _each(self) -> Floats:
        """Sessions × dimensions."""
        return means_by(self._columns.scores, self._columns.session, len(self._columns.session_trial))

    def gain(self, trial: Trial) -> float | None:
        """The fixed set of one trial from session two on less that of session one; None without the first, or without another."""
        means = self.of(trial)
        later = [value for session, value in means.items() if session > 1]
        return fmean(later) - means[1] if 1 in means and later else None

    def first(self, trial: Trial) -> float | None:
        """The level of session one of a trial that has a gain."""
        return self.of(trial)[1] if self.gain(trial) is not None else None


def summarise_adaptability(
    trials: Sequence[Trial], *, means: SessionMeans, reference: Sequence[Trial] = (), reference_id: str | None = None
) -> Adaptability:
    """Adaptability of the target whose trials these are.

    Args:
        means: as the primary rater saw the trials.
        reference: the trials of the same model under memory `none`, paired by persona × scenario, seeds averaged within.
        reference_id: their target's id; None: no reference arm.
    """
    gains, firsts = (_by_place(trials, of) for of in (means.gain, means.first))
    their_gains, their_firsts = (_by_place(reference, of) for of in (means.gain, means.first))
    gained, placebo = _held(gains, their_gains), _held(firsts, their_firsts)
    own = gained.these if reference_id else _held(gains, gains).these
    levels = [m for t in trials for m in means.of(t).values()]
    return Adaptability(
        value=gained.paired.difference,
        interval=gained.paired.interval,
        reference=reference_id,
        personas=own.personas if own else 0,
        gain=float(own.value) if own else None,
        gain_interval=interval(own, WIDEST) if own else None,
        reference_gain=float(gained.those.value) if gained.those else None,
        placebo=placebo.paired.difference,
        placebo_interval=placebo.paired.interval,
        at_ceiling=sum(m >= CEILING for m in levels) / len(levels) if levels else None,
        trends=_trends(trials, means),
    )


@dataclass(frozen=True, slots=True)
class _Held:
    paired: Paired
    these: Estimate | None
    """Over the pairs."""
    those: Estimate | None


def _held(these: Mapping[Place, float], those: Mapping[Place, float]) -> _Held:
    slots: list[list[Slots]] = [[{(*place, None): value for place, value in side.items()}] for side in (these, those)]
    sides = align(*slots)
    return _Held(compare_sides(sides, scale=WIDEST), estimate(sides.these), estimate(sides.those))


def _by_place(trials: Sequence[Trial], of: Callable[[Trial], float | None]) -> dict[Place, float]:
    """A figure of each trial by persona and scenario, seeds averaged within."""
    found: dict[Place, list[float]] = {}
    for trial in trials:
        value = of(trial)
        if value is not None:
            found.setdefault((trial.cast.persona.id, trial.cast.scenario.id), []).append(value)
    return {place: fmean(values) for place, values in found.items()}


def _trends(trials: Sequence[Trial], means: SessionMeans) -> tuple[Trend, ...]:
    lengths: dict[int, list[Trial]] = {}
    for trial in trials:
        lengths.setdefault(len(means.of(trial)), []).append(trial)
    return tuple(_trend(n, of, means) for n, of in sorted(lengths.items()) if n >= FEWEST_SESSIONS)


def _trend(sessions: int, trials: Sequence[Trial], means: SessionMeans) -> Trend:
    lines = _lines(trials, means, ALWAYS)
    slopes = _personas({place: [line.slope for line in of] for place, of in lines.items()})
    callback = _personas({place: [line.slope for line in of] for place, of in _lines(trials, means, ("callback",)).items()})
    fits = [line.r_squared for of in lines.values() for line in of if line.r_squared is not None]
    return Trend(
        sessions=sessions,
        slope=fmean(slopes),
        interval=t_interval(slopes),
        personas=len(slopes),
        r_squared=_mean(fits),
        callback=_mean(callback),
    )


def summarise_recovery(trials: Sequence[Trial], *, rater: str, study_seed: int) -> Recovery:
    """How a target finds back after its user's wishes have changed, over all its trials.

    A drift is a wish that differs from the one of the session before, be it by scenario or by a volatile persona's day. Its level is the dimension's
    mean score in that session, its first signal the first message of the new session that shows it. It is watched for as long as the wish lasts.
    """
    watched = [w for t in trials for w in _drifts(t, rater, study_seed)]
    curve, median = survival(watched)
    return Recovery(drifts=len(watched), recovered=sum(back for _, back in watched), median=median, curve=curve)


def _drifts(trial: Trial, rater: str, study_seed: int) -> list[tuple[int, bool]]:
    """For each drift, exchanges watched since its signal, and whether it came back at the last of them."""
    cast = trial.cast
    wishes = [wishes_on(cast, s, seed=trial.seed, study_seed=study_seed) for s in cast.sessions]
    if not any(wishes):
        return []
    wants = {d: [today.get(d, cast.persona.preferences[d]).want for today in wishes] for d in ALWAYS}
    moved = ((index, d) for index in range(1, len(trial.sessions)) for d in ALWAYS if wants[d][index] != wants[d][index - 1])
    found = (_watched(trial, index, d, wants[d], rater) for index, d in moved)
    return [f for f in found if f is not None and f[0]]


def _watched(trial: Trial, index: int, dimension: Dimension, wants: Sequence[int], rater: str) -> tuple[int, bool] | None:
    """The drift of one wish in the session at `index` (from 0); None without a signal, or without a level to come back to."""
    level = _mean([float(v) for v in _scores(trial.sessions[index - 1], rater, dimension)])
    signalled = next((e.index for e in trial.sessions[index].exchanges if dimension in e.user.signalled), None)
    if level is None or signalled is None:
        return None
    lasting = next((i for i in range(index, len(wants)) if wants[i] != wants[index]), len(wants))
    scores: list[int] = []
    for at, session in enumerate(trial.sessions[index:lasting]):
        scores += _scores(session, rater, dimension, since=signalled if at == 0 else 1)
    return _until_back(scores, level)


def _until_back(scores: Sequence[int], level: float) -> tuple[int, bool]:
    near = 0
    for watched, score in enumerate(scores, 1):
        near = near + 1 if score >= level - NEAR else 0
        if near == IN_A_ROW:
            return watched, True
    return len(scores), False


def _personas(values: Mapping[Place, Sequence[float]]) -> list[float]:
    """Each persona's mean over scenarios of the mean over seeds."""
    personas: dict[str, list[float]] = {}
    for (persona, _), of in values.items():
        personas.setdefault(persona, []).append(fmean(of))
    return [fmean(of) for of in personas.values()]


def _lines(trials: Sequence[Trial], means: SessionMeans, over: tuple[Dimension, ...]) -> dict[Place, list[_Line]]:
    """The line of every trial that has one, by persona and scenario."""
    found: dict[Place, list[_Line]] = {}
    for trial in trials:
        line = _line(means.of(trial, over))
        if line is not None:
            found.setdefault((trial.cast.persona.id, trial.cast.scenario.id), []).append(line)
    return found


def _line(means: Mapping[int, float]) -> _Line | None:
    """Least squares through (session, mean); None below three sessions."""
    n = len(means)
    if n < FEWEST_SESSIONS:
        return None
    centre, level = fmean(means), fmean(means.values())
    spread = sum((x - centre) ** 2 for x in means)
    slope = sum((x - centre) * (y - level) for x, y in means.items()) / spread
    total = sum((y - level) ** 2 for y in means.values())
    fit = slope**2 * spread / total if n >= FEWEST_FOR_FIT and total else None
    return _Line(slope, fit)


def _scores(session: Session, rater: str, dimension: Dimension, *, since: int = 1) -> list[int]:
    found = []
    for exchange in session.exchanges[since - 1 :]:
        rating = exchange.ratings.get(rater, _NONE).get(dimension)
        if isinstance(rating, Score):
            found.append(rating.score)
    return found


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None
