"""What each persona thought of each target, and how each session went: the points behind the means, averaged alike (`sim.analysis.figures.table`).

Personas are the unit of every interval here, and the one thing that two targets have in common; a mean without its personas hides both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sim.analysis.figures.figure import figure
from sim.analysis.figures.measures import BY_ID
from sim.analysis.figures.table import session_of
from sim.core.codebook import CRITERIA, DIMENSIONS, Criterion, Dimension
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.analysis.figures.table import MeasureTable

_Name = TypeVar("_Name", bound=str)


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
    """95 %, like that of every mean of ratings; None below three personas."""
    callback: float | None
    """None: callback was not scored in this session."""
    personas: int


def summarise_personas(table: MeasureTable) -> tuple[PersonaPoint, ...]:
    """A point for every persona that has met a target, ordered by target and persona."""
    met: dict[tuple[str, str], list[str]] = {}
    rated: dict[str, int] = dict.fromkeys(table.places, 0)
    for trial in table.trials:
        rated[trial.id] = sum(e.mean(table.view.rater) is not None for e in trial.exchanges)
        if trial.exchanges:
            met.setdefault((trial.target, trial.cast.persona.id), []).append(trial.id)
    return tuple(_point(target, persona, of, table, sum(rated[t] for t in of)) for (target, persona), of in sorted(met.items()))


def _point(target: str, persona: str, trials: Sequence[str], table: MeasureTable, n: int) -> PersonaPoint:
    dimensions = _known({d: table.mean(BY_ID[d].parts, trials) for d in DIMENSIONS})
    return PersonaPoint(
        target=target,
        persona=persona,
        trials=tuple(trials),
        n=n,
        dimensions=dimensions,
        likability=table.mean(BY_ID["likability"].parts, trials),
        fixed_set=table.mean(BY_ID["fixed_set"].parts, trials),
        without_callback=table.mean(BY_ID["without_callback"].parts, trials),
        criterion=_known({c: table.mean(BY_ID[c].parts, trials) for c in CRITERIA}),
    )


def _known(values: Mapping[_Name, float | None]) -> dict[_Name, float]:
    return {k: v for k, v in values.items() if v is not None}


def summarise_sessions(table: MeasureTable, target: str) -> tuple[SessionPoint, ...]:
    """A point for every session of a target in which something was scored; a persona's value is the mean over its trials."""
    trials = table.by_target.get(target, ())
    personas: dict[int, set[str]] = {}
    for dimension in DIMENSIONS:
        values = table.values(BY_ID[dimension].parts[0])
        for trial in trials:
            for moment in values.get(trial, {}):
                personas.setdefault(session_of(moment), set()).add(table.places[trial][0])
    return tuple(_session_point(table, target, trials, session, len(of)) for session, of in sorted(personas.items()))


def _session_point(table: MeasureTable, target: str, trials: Sequence[str], session: int, personas: int) -> SessionPoint:
    fixed = figure(BY_ID["fixed_set"], table, trials, session=session)
    return SessionPoint(
        target=target,
        session=session,
        fixed_set=fixed.value if fixed else None,
        interval=fixed.interval if fixed else None,
        callback=table.mean(BY_ID["callback"].parts, trials, session=session),
        personas=personas,
    )
