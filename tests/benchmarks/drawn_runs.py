"""Whole runs whose ratings are drawn (`tests.benchmarks.ratings`), as something to compare: everything behind the ratings is the program's own.

A run is planned trials, which are the same for all studies of one design, and session means, which stand in for what is folded from a journal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.figures.measures import RATINGS, Measure
from sim.analysis.figures.table import MeasureTable, Part, Values
from sim.analysis.verdicts.arms import RunSource, viewpoint
from sim.core.cast import build_cast
from sim.core.codebook import DIMENSIONS
from sim.core.record import Trial
from tests import examples
from tests.analysis.cells import people
from tests.analysis.stories import CODEBOOK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TARGETS = ("first", "second", "third", "fourth", "fifth")


@dataclass
class DrawnTable(MeasureTable):
    """Values that were drawn instead of rated."""

    drawn: dict[Part, Values] = field(default_factory=dict)

    def values(self, part: Part) -> Values:
        """Those of `part`, drawn where it is a dimension."""
        return self.drawn[part] if part in self.drawn else super().values(part)


@dataclass(frozen=True)
class DrawnRun(RunSource):
    """A run with drawn ratings."""

    ratings: Floats = field(kw_only=True)
    """By trial, in their order, by session and dimension; NaN: not rated."""

    @cached_property
    def measures(self) -> tuple[Measure, ...]:
        """The primary outcome: of nothing else there are values."""
        return (self.primary,)

    @cached_property
    def table(self) -> MeasureTable:
        """The drawn values."""
        drawn: dict[Part, Values] = {}
        for d, dimension in enumerate(DIMENSIONS):
            rows = zip(self.trials, self.ratings[..., d].tolist(), strict=True)
            values = {t.id: {k: v for k, v in enumerate(row, 1) if v == v} for t, row in rows}
            drawn[RATINGS[dimension]] = {t: {**s} for t, s in values.items() if s}
        return DrawnTable(self.trials, viewpoint(self.study, self.codebook), drawn=drawn)


def drawn_run(ratings: Floats, *, run: str = "drawn", user: str = "offline/user") -> DrawnRun:
    """A run from (targets, seeds, personas, scenarios, sessions, 7) session means."""
    targets, seeds, personas, scenarios = ratings.shape[:4]
    trials = _trials(targets, seeds, personas, scenarios)
    specs = [{"id": t, "model": "offline/uses", "memory": "full"} for t in TARGETS[:targets]]
    study = examples.study(targets=specs, seeds=seeds, user={"model": user}, rater={"model": "offline/rater"})
    return DrawnRun(run, study, CODEBOOK, trials, ratings=ratings.reshape(len(trials), *ratings.shape[4:]))


@lru_cache(maxsize=16)
def _trials(targets: int, seeds: int, personas: int, scenarios: int) -> Sequence[Trial]:
    start = examples.study().start_date
    casts = [[build_cast(examples.persona(p), examples.scenario(f"s{j}"), start_date=start) for j in range(scenarios)] for p in people(personas)]
    return [
        Trial(f"{cast.persona.id}/{cast.scenario.id}/{target}/{seed}", target, seed, cast)
        for target in TARGETS[:targets]
        for seed in range(1, seeds + 1)
        for row in casts
        for cast in row
    ]


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    p, z = hits / n, 1.959964
    middle, half = (p + z * z / (2 * n)) / (1 + z * z / n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - half, middle + half
