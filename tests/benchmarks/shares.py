"""How often a gate errs on a share of exchanges, and whether what it says would settle it does.

    python -m tests.benchmarks.shares [RUNS]

Every persona has a rate of bad exchanges of its own (beta distributed, so that exchanges of one persona are alike), and eighteen exchanges.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from sim.analysis.figures.estimates import proportion_interval
from sim.analysis.stats.proportions import effective
from sim.analysis.verdicts.gate_checks import Verdict, by_interval
from sim.analysis.verdicts.needed import needed_for_share
from sim.analysis.verdicts.requirements import parse_requirement

BAR = 0.15
REQUIRED = parse_requirement(f"share(exchange<=2) <= {BAR}")
ALIKE, EXCHANGES = 0.08, 18
"""The correlation of two exchanges of one persona, and how many a persona has."""


def drawn(rng: np.random.Generator, personas: int, share: float) -> tuple[float, float]:
    """The share of bad exchanges in one run whose true share is this, and as how many independent ones they count."""
    more = (1 - ALIKE) / ALIKE
    rates = rng.beta(share * more, (1 - share) * more, personas)
    bad = rng.random((personas, EXCHANGES)) < rates[:, None]
    return effective([(str(i), bool(b)) for i, row in enumerate(bad) for b in row])


def judge(observed: float, size: float) -> Verdict:
    """As the gate does."""
    return by_interval(proportion_interval(observed * size, size), REQUIRED)


def errors(personas: int, *, runs: int, seed: int) -> tuple[float, float]:
    """With the truth at the bar, the shares of runs that pass and that fail: both in error."""
    rng = np.random.default_rng([seed, personas])
    verdicts = [judge(*drawn(rng, personas, BAR)) for _ in range(runs)]
    return verdicts.count("passed") / runs, verdicts.count("failed") / runs


@dataclass(frozen=True)
class Settled:
    """What came of pilots that could not tell."""

    open: int
    none: int
    """Of these, told that no study would do."""
    settled: float
    """Fresh runs of the size that was told that came to a verdict."""
    median: int


def settle(personas: int, truth: Callable[[np.random.Generator], float], *, pilots: int, seed: int) -> Settled:
    """Pilots, and a fresh run for each that could not tell."""
    rng = np.random.default_rng([seed, personas])
    told, settled, none = [], [], 0
    for _ in range(pilots):
        share = truth(rng)
        observed, size = drawn(rng, personas, share)
        if judge(observed, size) != "inconclusive":
            continue
        more = needed_for_share(observed, size, personas, lambda found, n: judge(found, n) != "inconclusive")
        if more is None:
            none += 1
            continue
        told.append(more.personas)
        settled.append(judge(*drawn(rng, more.personas, share)) != "inconclusive")
    return Settled(len(told) + none, none, float(np.mean(settled or [0.0])), int(np.median(told or [0])))


def anywhere(rng: np.random.Generator) -> float:
    """A true share from .03 to .35."""
    return float(rng.uniform(0.03, 0.35))


def always(share: float, _: np.random.Generator) -> float:
    """The same each time."""
    return share


def main(runs: int) -> None:
    """Print both tables."""
    print(f"{REQUIRED.text}, the true share at the bar, {runs:,} runs: both are errors")
    for personas in (12, 24, 48):
        passed, failed = errors(personas, runs=runs, seed=1)
        print(f"{personas} personas: passes {100 * passed:.1f} %, fails {100 * failed:.1f} %", flush=True)
    print(f"\nwould settle it four times in five, {runs // 4} pilots a row")
    for personas in (12, 24):
        for name, truth in (("anywhere", anywhere), (".08", partial(always, 0.08)), (".25", partial(always, 0.25))):
            of = settle(personas, truth, pilots=runs // 4, seed=2)
            told = f"{of.open} could not tell, {of.none} never would; settled {100 * of.settled:.1f} %, median {of.median}"
            print(f"{personas} personas, true share {name}: {told}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
