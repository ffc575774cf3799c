"""Does a target come to be liked more while the same person keeps coming back, and does it find back after the person's wishes have changed?

Adaptability (LikeBench, arXiv 2512.13077; the form is ours) is the slope of the fixed-set session mean on the session's index, minus the slope of the
same model without memory on the same persona × scenario: the order of sessions carries their difficulty, and the reference arm goes through the
same sessions. Without that arm the slope is a *trend* and named so. Only the four dimensions that always apply enter, because a mean whose
ingredients change drifts by itself; callback's slope stands apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from sim.analysis.estimates import t_interval
from sim.core.codebook import ALWAYS, Dimension
from sim.core.drift import wishes_on
from sim.core.event import Rating, Score
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from sim.core.record import Session, Trial

FEWEST_SESSIONS = 3
"""Sessions below which no slope is estimated."""
FEWEST_FOR_FIT = 6
"""Sessions below which no R² is given: a line through few points always fits."""
CEILING = 4.75
"""A fixed-set session mean from here on leaves no room to rise."""
NEAR = 0.5
"""How close to the level before a drift a score counts as back."""
_NONE: dict[str, Rating] = {}
IN_A_ROW = 2
"""Scores that must be back one after the other."""


class Adaptability(Frozen):
    """Over the personas of one target; slopes in points a session."""

    slope: float | None
    """Mean over personas of the slope of the fixed-set session mean, minus the reference's where there is one. None: not estimable."""
    reference: str | None
    """The target whose slope is taken off: the same model without memory. None: there is none, and `slope` is a trend."""
    interval: tuple[float, float] | None
    """95 %, t over personas; None below three."""
    sessions: int
    """Fewest sessions that a slope was fitted to."""
    trend_only: bool
    """No reference arm: whatever makes later sessions easier or harder is in the slope."""
    personas: int
    own_slope: float | None
    """Before the reference is taken off."""
    reference_slope: float | None
    r_squared: float | None
    """Mean over trials of at least six sessions; None: there are none."""
    last_minus_first: float | None
    """Fixed-set mean of the last session minus that of the first, the reference's difference taken off where there is one."""
    at_ceiling: float | None
    """Share of sessions whose fixed-set mean leaves no room to rise (4.75 and more)."""
    callback_slope: float | None
    """The same slope for callback alone, over sessions in which it was scored; never part of `slope`."""


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
    difference: float
    sessions: int


def summarise_adaptability(trials: Sequence[Trial], *, rater: str, reference: Sequence[Trial] = (), reference_id: str | None = None) -> Adaptability:
    """Adaptability of the target whose trials these are.

    Args:
        rater: the primary rater.
        reference: the trials of the same model under memory `none`, paired by persona × scenario, seeds averaged within.
        reference_id: their target's id; None: no reference arm.
    """
    own, beside = _lines(trials, rater, ALWAYS), _lines(reference, rater, ALWAYS)
    pairs = {place: (lines, beside.get(place, [])) for place, lines in own.items() if reference_id is None or place in beside}
    slopes = _personas(pairs, lambda line: line.slope)
    differences = _personas(pairs, lambda line: line.difference)
    callback = _personas({p: (ls, []) for p, ls in _lines(trials, rater, ("callback",)).items()}, lambda line: line.slope)
    means = [m for t in trials for m in _session_means(t, rater, ALWAYS).values()]
    fits = [line.r_squared for lines, _ in pairs.values() for line in lines if line.r_squared is not None]
    lengths = [line.sessions for sides in pairs.values() for lines in sides for line in lines]
    return Adaptability(
        slope=fmean(slopes) if slopes else None,
        reference=reference_id,
        interval=t_interval(slopes),
        sessions=min(lengths, default=0),
        trend_only=reference_id is None,
        personas=len(slopes),
        own_slope=_mean([line.slope for lines, _ in pairs.values() for line in lines]),
        reference_slope=_mean([line.slope for _, lines in pairs.values() for line in lines]),
        r_squared=_mean(fits),
        last_minus_first=_mean(differences),
        at_ceiling=sum(m >= CEILING for m in means) / len(means) if means else None,
        callback_slope=_mean(callback),
    )


def summarise_recovery(trials: Sequence[Trial], *, rater: str, study_seed: int) -> Recovery:
    """How a target finds back after its user's wishes have changed, over all its trials.

    A drift is a wish that differs from the one of the session before, be it by scenario or by a volatile persona's day. Its level is the dimension's
    mean score in that session, its first signal the first message of the new session that shows it. It is watched for as long as the wish lasts.
    """
    watched = [w for t in trials for s in range(1, len(t.sessions)) for w in _drifts(t, s, rater, study_seed)]
    events = sorted({time for time, back in watched if back})
    alive, curve, median = 1.0, [], None
    for time in events:
        at_risk = sum(t >= time for t, _ in watched)
        alive *= 1 - sum(t == time and back for t, back in watched) / at_risk
        curve.append((time, alive))
        if median is None and alive <= 0.5:
            median = float(time)
    return Recovery(drifts=len(watched), recovered=sum(back for _, back in watched), median=median, curve=tuple(curve))


def session_slope(trial: Trial, rater: str) -> float | None:
    """The slope of one trial's fixed-set session mean on the session's index, in points a session; None below three sessions."""
    line = _line(_session_means(trial, rater, ALWAYS))
    return None if line is None else line.slope


def _drifts(trial: Trial, index: int, rater: str, study_seed: int) -> list[tuple[int, bool]]:
    """Of the session at `index` (from 0): for each drift, exchanges watched since its signal, and whether it came back at the last of them."""
    before, cast = trial.sessions[index - 1], trial.cast
    wishes = [wishes_on(cast, s, seed=trial.seed, study_seed=study_seed) for s in cast.sessions]
    found: list[tuple[int, bool]] = []
    for dimension in ALWAYS:
        wants = [today.get(dimension, cast.persona.preferences[dimension]).want for today in wishes]
        level = _mean([float(v) for v in _scores(before, rater, dimension)])
        signalled = next((e.index for e in trial.sessions[index].exchanges if dimension in e.user.signalled), None)
        if wants[index] == wants[index - 1] or level is None or signalled is None:
            continue
        lasting = next((i for i in range(index, len(wants)) if wants[i] != wants[index]), len(wants))
        scores: list[int] = []
        for at, session in enumerate(trial.sessions[index:lasting]):
            scores += _scores(session, rater, dimension, since=signalled if at == 0 else 1)
        found.append(_until_back(scores, level))
    return [f for f in found if f[0]]


def _until_back(scores: Sequence[int], level: float) -> tuple[int, bool]:
    near = 0
    for watched, score in enumerate(scores, 1):
        near = near + 1 if score >= level - NEAR else 0
        if near == IN_A_ROW:
            return watched, True
    return len(scores), False


def _personas(pairs: Mapping[tuple[str, str], tuple[list[_Line], list[_Line]]], of: Callable[[_Line], float]) -> list[float]:
    """Each persona's mean over scenarios of (mean over own seeds − mean over the reference's seeds)."""
    personas: dict[str, list[float]] = {}
    for (persona, _), (lines, beside) in pairs.items():
        off = fmean(map(of, beside)) if beside else 0.0
        personas.setdefault(persona, []).append(fmean(map(of, lines)) - off)
    return [fmean(values) for values in personas.values()]


def _lines(trials: Sequence[Trial], rater: str, over: tuple[Dimension, ...]) -> dict[tuple[str, str], list[_Line]]:
    """The line of every trial that has one, by persona and scenario."""
    found: dict[tuple[str, str], list[_Line]] = {}
    for trial in trials:
        line = _line(_session_means(trial, rater, over))
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
    return _Line(slope, fit, means[max(means)] - means[min(means)], n)


def _session_means(trial: Trial, rater: str, over: tuple[Dimension, ...]) -> dict[int, float]:
    """By session: the mean over the dimensions of their mean over exchanges; only sessions in which every one of them was scored."""
    found: dict[int, float] = {}
    for session in trial.sessions:
        each = [_scores(session, rater, d) for d in over]
        if all(each):
            found[session.index] = fmean(fmean(scores) for scores in each)
    return found


def _scores(session: Session, rater: str, dimension: Dimension, *, since: int = 1) -> list[int]:
    found = []
    for exchange in session.exchanges[since - 1 :]:
        rating = exchange.ratings.get(rater, _NONE).get(dimension)
        if isinstance(rating, Score):
            found.append(rating.score)
    return found


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None
