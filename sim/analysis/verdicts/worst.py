"""How well each persona's own mean is known, for requirements on the worst of them.

Sessions of one talk are alike, so a persona with four talks of five sessions has not been seen twenty times. What its mean would be another time
hangs on what is taken for granted, as everywhere (`sim.analysis.figures.estimates`):

    from four scenarios on   talks are drawn with their scenarios: the spread of a persona's talks, scenarios and cells apart, is what counts
    below, with seeds        of these scenarios: the spread between talks of one persona and scenario
    below, one talk each     of these very talks: the spread of sessions within a talk, and nothing is known of another talk

Spreads are pooled over personas. That *some* persona is below the bar is claimed of the worst of many, so its interval is widened by their number
(Bonferroni); that all are above is claimed of each, and needs no widening.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean
from typing import Literal

import numpy as np

from sim.analysis.figures.estimates import FEWEST_SCENARIOS

Talks = Mapping[str, Mapping[str, Sequence[Sequence[float]]]]
"""By persona and scenario: the talks, each as the values of its sessions."""
Unit = Literal["scenarios", "seeds", "sessions"]


@dataclass(frozen=True)
class PersonaPrecision:
    """How well the means of personas are known."""

    errors: dict[str, float]
    """The standard error of each."""
    df: float
    """0: nothing is known of the spread."""
    unit: Unit
    """What it was taken from."""

    def half(self, persona: str, *, of: int = 1) -> float:
        """Half of the 95 % interval of one mean, simultaneous over so many; infinite where nothing is known of the spread."""
        from scipy.special import stdtrit

        return float(stdtrit(self.df, 1 - 0.025 / of)) * self.errors[persona] if self.df > 0 else float("inf")


def know_personas(talks: Talks) -> PersonaPrecision:
    """The standard error of each persona's mean, by what the talks can tell."""
    scenarios = {s for of in talks.values() for s in of}
    if len(scenarios) >= FEWEST_SCENARIOS and len(talks) > 1:
        return _over_scenarios(talks, sorted(scenarios))
    if any(len(of) > 1 for cells in talks.values() for of in cells.values()):
        return _over_seeds(talks)
    return _over_sessions(talks)


def _over_scenarios(talks: Talks, scenarios: Sequence[str]) -> PersonaPrecision:
    """Two-way, personas × scenarios: what a scenario does to everybody, with few degrees of freedom, and what it does to one."""
    values = np.full((len(talks), len(scenarios)), np.nan)
    for i, cells in enumerate(talks.values()):
        for j, scenario in enumerate(scenarios):
            if scenario in cells:
                values[i, j] = fmean(fmean(sessions) for sessions in cells[scenario])
    here = ~np.isnan(values)
    n, k = values.shape
    rows, columns = np.nanmean(values, axis=1, keepdims=True), np.nanmean(values, axis=0, keepdims=True)
    left = max(int(here.sum()) - n - k + 1, 1)
    cells_square = float(np.nansum((values - rows - columns + np.nanmean(values)) ** 2)) / left
    scenes_square = float(np.nanvar(columns, ddof=1)) * n
    scenes = max(scenes_square - cells_square, 0.0) / n
    variance = scenes + cells_square
    noise = (scenes_square / n) ** 2 / (k - 1) + ((1 - 1 / n) * cells_square) ** 2 / left
    df = max(variance**2 / noise, k - 1) if noise > 0 else 0.0
    return PersonaPrecision({p: sqrt(variance / here[i].sum()) for i, p in enumerate(talks)}, df, "scenarios")


def _over_seeds(talks: Talks) -> PersonaPrecision:
    cells = {p: [[fmean(sessions) for sessions in of] for of in scenes.values()] for p, scenes in talks.items()}
    pooled, df = _pooled([values for of in cells.values() for values in of])
    return PersonaPrecision({p: sqrt(pooled * sum(1 / len(v) for v in of)) / len(of) for p, of in cells.items()}, df, "seeds")


def _over_sessions(talks: Talks) -> PersonaPrecision:
    each = {p: [list(sessions) for of in scenes.values() for sessions in of] for p, scenes in talks.items()}
    pooled, df = _pooled([values for of in each.values() for values in of])
    return PersonaPrecision({p: sqrt(pooled * sum(1 / len(v) for v in of)) / len(of) for p, of in each.items()}, df, "sessions")


def _pooled(groups: Sequence[Sequence[float]]) -> tuple[float, int]:
    """The variance within groups, and its degrees of freedom."""
    df = sum(len(g) - 1 for g in groups)
    return (sum((x - fmean(g)) ** 2 for g in groups for x in g) / df if df else 0.0), df
