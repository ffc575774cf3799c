"""Shares of answers, with intervals that know that the answers of one persona go together."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean, variance

from sim.analysis.estimates import FEWEST_FOR_INTERVAL, proportion_interval
from sim.core.frozen import Frozen

Answers = Iterable[tuple[str, str, bool]]
"""(persona, trial, whether it counts)"""


class Proportion(Frozen):
    """A share, taken within each trial and averaged like every figure: a persona's is the mean of its trials, a target's that of its personas."""

    accuracy: float | None
    """None: nothing was asked, which is not 0."""
    n: int
    """Answers."""
    personas: int
    interval: tuple[float, float] | None
    """95 %, Clopper–Pearson on the persona-effective n; None below three personas."""


def measure_proportion(answers: Answers) -> Proportion:
    """The share of answers that count."""
    by_persona: dict[str, dict[str, list[bool]]] = {}
    for persona, trial, counts in answers:
        by_persona.setdefault(persona, {}).setdefault(trial, []).append(counts)
    shares = [fmean(map(fmean, trials.values())) for trials in by_persona.values()]
    n = sum(len(of) for trials in by_persona.values() for of in trials.values())
    return Proportion(
        accuracy=fmean(shares) if shares else None,
        n=n,
        personas=len(shares),
        interval=_interval(fmean(shares), effective_n(shares, n)) if len(shares) >= FEWEST_FOR_INTERVAL else None,
    )


def effective_n(shares: list[float], n: int) -> float:
    """How many independent answers tell as much as these: p(1 − p) over the variance of the mean of `shares`, between the personas' number and `n`.

    This is the effective sample size of Korn and Graubard (Survey Methodology 24, 1998) without their factor for degrees of freedom, and never below
    the number of personas. Where all answers came out alike, how much those of one persona go together cannot be seen, and each persona counts once.
    """
    p, personas = fmean(shares), len(shares)
    # Were all answers independent, the variance of their mean would be p (1 − p) / n: solved for n, this says how many that would be.
    spread = variance(shares) / personas
    return min(float(n), max(float(personas), p * (1 - p) / spread)) if spread else float(personas)


def _interval(p: float, n: float) -> tuple[float, float]:
    return proportion_interval(p * n, n)
