"""Figures of a target with a definition of their own, instead of the mean of values by session.

Repetition is taken over all pairs of replies (`sim.score.repetition.measures`), memory over a trial's answers (`sim.analysis.figures.memory`),
adaptability less that of the same model without memory (`sim.analysis.figures.adaptability`). What bears one of their names is this figure, wherever
it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sim.analysis.figures.adaptability import Adaptability, summarise_adaptability
from sim.analysis.figures.memory import measure_abstention, measure_memory, measure_untold
from sim.analysis.figures.said_before import SaidBeforeFigures, said_figures
from sim.score.repetition.course import TalkCourse, follow_talks
from sim.score.repetition.measures import Repetition, mark_trials, measure

if TYPE_CHECKING:
    from sim.analysis.figures.memory import Abstention
    from sim.analysis.figures.table import MeasureTable
    from sim.analysis.stats.proportions import Proportion
    from sim.score.repetition.marks import MarkColumns, Marks

Bounds = tuple[float, float] | None
OfTalk = Literal["repertoire", "beyond_size", "carry_over"]
"""Figures of repetition that a talk has by itself."""


@dataclass(frozen=True)
class Pooled:
    """One such figure."""

    value: float
    personas: int
    bounds: Callable[[], Bounds]
    """Its 95 % interval, computed when it is asked for."""
    remark: str = ""
    """What has to be said with it wherever a verdict is taken from it."""


Pool = Callable[["MeasureTable", Sequence[str]], Pooled | None]
"""From a table and the ids of some of its trials, those of one target."""


# --- memory -------------------------------------------------------------------------------------------------------


def pool_memory(table: MeasureTable, trials: Sequence[str]) -> Pooled | None:
    """Memory accuracy."""
    return _proportion(measure_memory(table.of(trials)))


def pool_untold(table: MeasureTable, trials: Sequence[str]) -> Pooled | None:
    """What was never told, and it says so."""
    return _proportion(measure_untold(table.of(trials)))


def _proportion(found: Proportion) -> Pooled | None:
    return None if found.accuracy is None else Pooled(found.accuracy, found.personas, lambda: found.interval)


def pool_balanced(table: MeasureTable, trials: Sequence[str]) -> Pooled | None:
    """Whether it tells what it was told from what it was not."""
    found: Abstention = measure_abstention(table.of(trials))
    return None if found.balanced_accuracy is None else Pooled(found.balanced_accuracy, found.personas, lambda: found.interval)


# --- adaptability -------------------------------------------------------------------------------------------------


def adaptability(table: MeasureTable, trials: Sequence[str]) -> Adaptability:
    """Of one target, less that of its reference where it has one."""
    own = table.of(trials)
    reference = table.view.references.get(own[0].target) if own else None
    beside = table.of(table.by_target.get(reference, ())) if reference else ()
    return summarise_adaptability(own, means=table.session_means, reference=beside, reference_id=reference)


def pool_adaptability(table: MeasureTable, trials: Sequence[str]) -> Pooled | None:
    """Its gain less that of the same model without memory; None where the run has no such arm."""
    found = adaptability(table, trials)
    return None if found.value is None else Pooled(found.value, found.personas, lambda: found.interval, found.reading)


# --- said before --------------------------------------------------------------------------------------------------


def said_before(table: MeasureTable, trials: Sequence[str]) -> SaidBeforeFigures:
    """What these trials' replies repeat, of one target, by persona."""
    wanted = set(trials)
    found = [(table.places[trial][0], said) for (trial, _, _), said in table.said.found.items() if trial in wanted]
    looked = all(looked for target, looked in table.said.looked.items() if wanted.intersection(table.by_target[target]))
    return said_figures(found, looked=looked)


def pool_said(table: MeasureTable, trials: Sequence[str]) -> Pooled | None:
    """The share that repeats word for word what anybody was told."""
    found = said_before(table, trials)
    if found.anybody is None:
        return None
    return Pooled(found.anybody, len({table.places[t][0] for t in trials}), lambda: found.interval["anybody"])


# --- repetition ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Repeated:
    """Repetition of some trials, with what its intervals are computed from."""

    found: Repetition
    marks: Marks
    intervals: Callable[[], dict[str, Bounds]]

    @property
    def columns(self) -> MarkColumns:
        """The marks of replies, one behind the other."""
        return self.marks.columns()

    @cached_property
    def talks(self) -> TalkCourse:
        """Each talk's own figures."""
        return follow_talks(self.columns)


def repetition(table: MeasureTable, trials: Sequence[str]) -> Repeated:
    """Repetition of moves in these trials by the tagger that is looked at, computed once."""
    known, key = table.repeated, tuple(trials)
    if key not in known:
        assert table.view.codebook is not None, "moves are looked at with a codebook"
        marks = mark_trials(table.of(trials), tagger=table.view.tagger, codebook=table.view.codebook)
        columns = marks.columns()
        bounds: list[dict[str, Bounds]] = []

        def intervals() -> dict[str, Bounds]:
            from sim.analysis.stats import jackknife

            if not bounds:
                bounds.append(dict(jackknife.intervals(columns)))
            return bounds[0]

        known[key] = Repeated(measure(marks), marks, intervals)
    return known[key]


def pool_repetition(name: str, table: MeasureTable, trials: Sequence[str]) -> Pooled | None:
    """One of its measures, by the name of its field."""
    if table.view.codebook is None:
        return None
    repeated = repetition(table, trials)
    value = getattr(repeated.found, name)
    people = len(np.unique(repeated.columns.cluster))
    return None if value is None else Pooled(value, people, lambda: repeated.intervals().get(name))


def talk_figures(
    name: Literal["repertoire", "beyond_size", "carry_over"], table: MeasureTable, trials: Sequence[str]
) -> Iterator[tuple[str, int, float]]:
    """Trial, session and figure of each talk that has one, its replies held against those that the target gave other personas."""
    repeated = repetition(table, trials)
    columns, values = repeated.columns, getattr(repeated.talks, name)
    for talk in np.flatnonzero(~np.isnan(values)).tolist():
        yield columns.people[columns.person[talk]], int(columns.session[talk]), float(values[talk])


def pool_words(table: MeasureTable, trials: Sequence[str]) -> Pooled | None:
    """Words a reply, over all replies; by persona left out in turn."""
    people: dict[str, list[int]] = {}
    for trial in table.of(trials):
        counts = [n for session in trial.sessions for n in table.words[trial.id, session.index]]
        of = people.setdefault(trial.cast.persona.id, [0, 0])
        of[0] += sum(counts)
        of[1] += len(counts)
    sums: Any = np.array([of for of in people.values() if of[1]], dtype=float).reshape(-1, 2)
    words, replies = sums.sum(axis=0)
    if not words:
        return None

    def bounds() -> Bounds:
        from sim.analysis.stats.jackknife import interval

        rest = np.array([words, replies]) - sums
        return interval(float(words / replies), rest[:, 0] / rest[:, 1], scale=None) if len(sums) > 1 else None

    return Pooled(float(words / replies), len(sums), bounds)
