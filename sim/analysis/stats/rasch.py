"""The Rasch model (1960): whether a target is liked on an item depends on the target's ability less the item's difficulty, and on nothing else.

    P(liked) = 1 / (1 + exp(difficulty − ability))

Difficulties by marginal maximum likelihood, abilities drawn from a normal distribution whose spread is estimated too (Bock & Aitkin 1981), on a fixed
grid; targets' abilities are the means of their posteriors. Items that all targets pass or all fail have no finite difficulty and are left out, named.
It takes 15 targets: with fewer, difficulties are noise.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import expit, logsumexp

from sim.analysis.figures.columns import Floats
from sim.core.frozen import Frozen

FEWEST_TARGETS = 15
GRID = np.linspace(-6, 6, 61)
"""Standard normal abilities at which the likelihood is summed."""
WEIGHTS = -(GRID**2) / 2 - logsumexp(-(GRID**2) / 2)
"""Logs of their shares."""
PRIOR = 5.0


class Difficulty(Frozen):
    """One item."""

    item: str
    difficulty: float
    """Logits; the mean over items is 0."""
    standard_error: float
    passed: float
    """Share of the targets that are liked on it."""


class Rasch(Frozen):
    """A fitted model."""

    targets: int
    items: tuple[Difficulty, ...]
    """The hardest first."""
    left_out: tuple[str, ...]
    """Items that all targets pass, or all fail."""
    abilities: tuple[float, ...]
    """Of the targets, in the order of the table; logits on the same scale."""
    spread: float
    """Standard deviation of abilities."""


def fit_rasch(liked: Floats, names: Sequence[str]) -> Rasch | None:
    """Fit the model to targets × items of 0, 1 and NaN (not met). None: fewer than two items tell targets apart."""
    given = ~np.isnan(liked)
    passed = np.nansum(liked, axis=0) / np.maximum(given.sum(axis=0), 1)
    some = np.flatnonzero((passed > 0) & (passed < 1))
    if len(some) < 2:
        return None
    data = np.where(given, liked, 0.0)[:, some], given[:, some].astype(float)
    # From the log odds of failing, which are the difficulties if all targets are alike; the spread starts at 1, its log at 0.
    start = np.append(np.log((1 - passed[some]) / passed[some]), 0.0)
    from scipy.optimize import minimize  # It takes a quarter of a second to import, and few runs have enough targets.

    best = np.asarray(minimize(lambda p: _loss(p, *data), start, jac=True, method="BFGS").x)
    errors = np.sqrt(np.maximum(np.diag(np.linalg.inv(_curvature(best, *data))), 0))
    difficulty, spread = best[:-1], float(np.exp(best[-1]))
    middle = float(difficulty.mean())
    abilities = np.exp(_log_posterior(difficulty, spread, *data)[0]) @ (spread * GRID) - middle
    found = [
        Difficulty(item=names[i], difficulty=float(d - middle), standard_error=float(e), passed=float(passed[i]))
        for i, d, e in zip(some.tolist(), difficulty, errors[:-1], strict=True)
    ]
    return Rasch(
        targets=len(liked),
        items=tuple(sorted(found, key=lambda d: -d.difficulty)),
        left_out=tuple(names[i] for i in range(len(names)) if i not in set(some.tolist())),
        abilities=tuple(map(float, abilities)),
        spread=spread,
    )


def _log_posterior(difficulty: Floats, spread: float, liked: Floats, there: Floats) -> tuple[Floats, Floats]:
    """Targets × grid: the log of each ability's posterior; and each target's log marginal likelihood."""
    logits = spread * GRID[:, None] - difficulty
    # log P(passed) = x − log(1 + e^x) and log P(failed) = −log(1 + e^x): one product for what was passed, one for all that was met.
    joint = liked @ logits.T - there @ np.logaddexp(0, logits).T + WEIGHTS
    total: Floats = logsumexp(joint, axis=1)
    return joint - total[:, None], total


def _loss(parameters: Floats, liked: Floats, there: Floats) -> tuple[float, Floats]:
    """Minus the marginal log likelihood, and its slope: the posterior mean of the slope of the joint one.

    The last parameter is the log of the spread, under a prior of standard deviation 5 that keeps it finite where all targets are alike.
    """
    difficulty, spread = parameters[:-1], float(np.exp(parameters[-1]))
    log_posterior, total = _log_posterior(difficulty, spread, liked, there)
    posterior = np.exp(log_posterior)
    residual = posterior.T @ liked - (posterior.T @ there) * expit(spread * GRID[:, None] - difficulty)
    prior = float(parameters[-1]) / PRIOR**2
    slope = np.append(residual.sum(axis=0), prior - float((residual * (spread * GRID[:, None])).sum()))
    return prior * float(parameters[-1]) / 2 - float(total.sum()), slope


def _curvature(at: Floats, liked: Floats, there: Floats, step: float = 1e-4) -> Floats:
    """The Hessian, by central differences of the slope."""
    steps = step * np.eye(len(at))
    whole = np.array([(_loss(at + e, liked, there)[1] - _loss(at - e, liked, there)[1]) / (2 * step) for e in steps])
    return np.asarray((whole + whole.T) / 2)
