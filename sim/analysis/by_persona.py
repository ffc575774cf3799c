"""What each persona thought of each target: the points behind the means, aggregated as in `sim.analysis.summary`.

Personas are the unit of every interval here, and the one thing that two targets have in common; a mean without its personas hides both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from sim.analysis.estimates import t_interval
from sim.analysis.pairs import WITHOUT_CALLBACK
from sim.core.codebook import ALWAYS, CRITERIA, DIMENSIONS, Criterion, Dimension
from sim.core.event import Score
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from sim.core.record import Session, Trial


class PersonaPoint(Frozen):
    """One persona with one target, as the primary rater saw it; scores on the scale of 1 to 5."""

    target: str
    persona: str
    trials: tuple[str, ...]
    n: int
    """Exchanges with a score."""
    dimensions: dict[Dimension, float]
    """Those that were scored."""
    likability: float | None
    """Mean over `dimensions`."""
    fixed_set: float | None
    """Mean over the four that always apply."""
    without_callback: float | None
    criterion: dict[Criterion, float]


class SessionPoint(Frozen):
    """One session of one target over its personas."""

    target: str
    session: int
    fixed_set: float | None
    interval: tuple[float, float] | None
    """95 % t interval over personas; None below three."""
    callback: float | None
    """None: callback was not scored in this session."""
    personas: int


def summarise_personas(trials: Sequence[Trial], *, rater: str) -> tuple[PersonaPoint, ...]:
    """A point for every persona that has met a target, ordered by target and persona."""
    met: dict[tuple[str, str], list[Trial]] = {}
    for trial in trials:
        if trial.exchanges:
            met.setdefault((trial.target, trial.cast.persona.id), []).append(trial)
    return tuple(_point(target, persona, of, rater) for (target, persona), of in sorted(met.items()))


def summarise_sessions(trials: Sequence[Trial], *, rater: str) -> tuple[SessionPoint, ...]:
    """A point for every session of every target; a persona's value is the mean over its trials."""
    found: dict[tuple[str, int], dict[str, list[dict[Dimension, float]]]] = {}
    for trial in trials:
        for session in trial.sessions:
            means = _session_means(session, rater)
            if means:
                found.setdefault((trial.target, session.index), {}).setdefault(trial.cast.persona.id, []).append(means)
    return tuple(_session_point(target, session, of) for (target, session), of in sorted(found.items()))


def dimension_interval(points: Iterable[PersonaPoint], dimension: Dimension) -> tuple[float, float] | None:
    """95 % t interval of a dimension over the personas that scored it, as far as the scale reaches; None below three."""
    return on_scale(t_interval([p.dimensions[dimension] for p in points if dimension in p.dimensions]))


def on_scale(interval: tuple[float, float] | None) -> tuple[float, float] | None:
    """The part of `interval` that lies on the scale of 1 to 5: a mean of ratings can be nowhere else."""
    return None if interval is None else (max(1.0, interval[0]), min(5.0, interval[1]))


def mean_of(values: Iterable[float | None]) -> float | None:
    """The mean of the values that are there; None where none is."""
    known = [v for v in values if v is not None]
    return fmean(known) if known else None


def _point(target: str, persona: str, trials: Sequence[Trial], rater: str) -> PersonaPoint:
    talks = [[_session_means(s, rater) for s in t.sessions] for t in trials]
    each = {d: mean_of(mean_of(means.get(d) for means in sessions) for sessions in talks) for d in DIMENSIONS}
    dimensions = {d: m for d, m in each.items() if m is not None}
    looks = {c: mean_of(_criterion_mean(t, rater, c) for t in trials) for c in CRITERIA}
    return PersonaPoint(
        target=target,
        persona=persona,
        trials=tuple(t.id for t in trials),
        n=sum(any(isinstance(r, Score) for r in e.ratings.get(rater, {}).values()) for t in trials for e in t.exchanges),
        dimensions=dimensions,
        likability=mean_of(dimensions.values()),
        fixed_set=_over(dimensions, ALWAYS),
        without_callback=_over(dimensions, WITHOUT_CALLBACK),
        criterion={c: m for c, m in looks.items() if m is not None},
    )


def _session_point(target: str, session: int, personas: Mapping[str, Sequence[Mapping[Dimension, float]]]) -> SessionPoint:
    fixed = [m for of in personas.values() if (m := mean_of(_all_of(means, ALWAYS) for means in of)) is not None]
    callback = [m for of in personas.values() if (m := mean_of(means.get("callback") for means in of)) is not None]
    return SessionPoint(
        target=target,
        session=session,
        fixed_set=mean_of(fixed),
        interval=on_scale(t_interval(fixed)),
        callback=mean_of(callback),
        personas=len(personas),
    )


def _session_means(session: Session, rater: str) -> dict[Dimension, float]:
    scores: dict[Dimension, list[int]] = {}
    for exchange in session.exchanges:
        ratings = exchange.ratings.get(rater, {})
        for d in DIMENSIONS:
            rating = ratings.get(d)
            if isinstance(rating, Score):
                scores.setdefault(d, []).append(rating.score)
    return {d: fmean(of) for d, of in scores.items()}


def _criterion_mean(trial: Trial, rater: str, criterion: Criterion) -> float | None:
    answers = (s.criterion.get(rater, {}).get(criterion) for s in trial.sessions)
    return mean_of(float(a.score) for a in answers if isinstance(a, Score))


def _over(dimensions: Mapping[Dimension, float], over: Iterable[Dimension]) -> float | None:
    return mean_of(dimensions.get(d) for d in over)


def _all_of(dimensions: Mapping[Dimension, float], over: Sequence[Dimension]) -> float | None:
    """Their mean where every one is there: a mean whose ingredients change drifts by itself."""
    return fmean(dimensions[d] for d in over) if all(d in dimensions for d in over) else None
