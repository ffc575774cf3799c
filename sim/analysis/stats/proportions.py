"""Shares of answers, with intervals that know that the answers of one persona go together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean, variance

from sim.analysis.figures.estimates import FEWEST_FOR_INTERVAL, proportion_interval
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


def effective(hits: Sequence[tuple[str, bool]]) -> tuple[float, float]:
    """A share, and on how many independent observations it stands, given who each was of (Korn & Graubard 1998).

    Between the number of personas, where all of a persona's observations are one, and the number of observations.
    """
    return _effective(tally(hits))


def tally(hits: Iterable[tuple[str, bool]]) -> list[tuple[int, int]]:
    """Of each person: how many were hits, and how many there are."""
    people: dict[str, list[bool]] = {}
    for persona, hit in hits:
        people.setdefault(persona, []).append(hit)
    return [(sum(of), len(of)) for of in people.values()]


def _effective(people: Sequence[tuple[int, int]]) -> tuple[float, float]:
    n, count = len(people), sum(of for _, of in people)
    share = sum(hits for hits, _ in people) / count
    if share in (0, 1) or n < 2:
        return share, float(n)
    pulls = [(hits - share * of) / count for hits, of in people]
    variance = sum(p**2 for p in pulls) * n / (n - 1)
    known = share * (1 - share) / variance if variance > 0 else float(count)
    return share, min(max(known * narrower(count, n), float(n)), float(count))


def narrower(count: float, personas: int) -> float:
    """What an effective number of observations loses because it is reckoned from so few personas (Korn & Graubard 1998)."""
    from scipy.special import stdtrit

    return float((stdtrit(max(count - 1, 1), 0.975) / stdtrit(personas - 1, 0.975)) ** 2)


def share_interval(people: Sequence[tuple[int, int]]) -> tuple[float, float] | None:
    """The 95 % interval of a share, given of each person how many were hits and how many there are (`tally`); None below three persons."""
    if len(people) < FEWEST_FOR_INTERVAL:
        return None
    value, size = _effective(people)
    return _interval(value, size)
