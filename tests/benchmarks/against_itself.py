"""How often `sim compare RUN --against-itself` finds a verdict where there is none, and how often `sim compare` does on two equal targets.

    python -m tests.benchmarks.against_itself [STUDIES]

Studies are drawn exchange by exchange (`tests.benchmarks.ratings`) and handed to the function behind the command. Seeds of one target share what
persona and scenario do with it, and differ by what a seed does to a talk. STUDIES a row, 200 where no number is given; two minutes of one core.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.figures.measures import BY_ID
from sim.analysis.trust.against_itself import compare_with_itself
from sim.analysis.verdicts.arms import build_families
from sim.analysis.verdicts.compare import compare_measure
from tests.benchmarks.drawn_runs import drawn_run, wilson
from tests.benchmarks.ratings import World

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DESIGNS = ((12, 1, 2), (12, 1, 4), (24, 1, 2), (24, 1, 4), (12, 4, 2), (24, 4, 2), (24, 6, 2))
"""Personas, scenarios, seeds."""
OF_SEED = 0.2
"""What a seed does to a whole talk, standard deviation in points."""


@dataclass(frozen=True)
class Found:
    """What came of one design."""

    studies: int
    first: int
    """Studies whose first split came to a verdict: one split a study, so that they are independent."""
    splits: int
    """All splits."""
    verdicts: int
    equal: int
    """Studies in which `sim compare` came to a verdict on two equal targets."""


def world(personas: int, scenarios: int) -> World:
    """Where scenarios are fewer than four, they are all there are."""
    return World(personas, scenarios, fixed=scenarios < 4)


def seeds_of(of: World, targets: int, seeds: int, studies: int, rng: np.random.Generator) -> Iterator[Floats]:
    """(targets, seeds, P, S, sessions, 7) of each study. Targets are equal on average; each is something else to a persona, a seed to a talk."""
    if targets == 1:
        # One target: what it is to a persona, a scenario and both is the same for all its seeds.
        persona, scenario = (sqrt(a**2 + b**2) for a, b in ((of.persona, of.persona_target), (of.scenario, of.scenario_target)))
        own = replace(of, targets=seeds, persona=persona, persona_target=0.0, scenario=scenario, scenario_target=0.0, cell=OF_SEED)
        for some in own.draw(rng, studies):
            yield from some[:, None]
        return
    for some in replace(of, targets=targets).draw(rng, studies):
        yield from some[:, :, None]


def measure(personas: int, scenarios: int, seeds: int, *, studies: int, seed: int) -> Found:
    """Verdicts over so many studies."""
    of, rng = world(personas, scenarios), np.random.default_rng([seed, personas, scenarios, seeds])
    first = splits = verdicts = 0
    for drawn in seeds_of(of, 1, seeds, studies, rng):
        source = drawn_run(drawn)
        whole = compare_with_itself(source).whole
        splits, verdicts = splits + whole.judged, verdicts + whole.verdicts
        first += compare_with_itself(source, most=1).whole.verdicts if whole.judged > 1 else whole.verdicts
    equal = 0
    for drawn in seeds_of(of, 2, 1, studies, rng):
        (pair,) = compare_measure(BY_ID["fixed_set"], build_families([drawn_run(drawn)], "target")).comparisons
        equal += pair.verdict in ("higher", "lower")
    return Found(studies, first, splits, verdicts, equal)


def main(arguments: list[str]) -> None:
    """Print the table."""
    studies = int(arguments[0]) if arguments else 200
    print(f"verdicts where there is nothing to find, {studies} simulated studies a row, in % with Wilson's 95 % interval")
    print(f"{'personas × scenarios × seeds':<30}{'one split a study':>24}{'all splits':>20}{'two equal targets':>24}")
    firsts = equals = 0
    for personas, scenarios, seeds in DESIGNS:
        of = measure(personas, scenarios, seeds, studies=studies, seed=12)
        everywhere = f"{100 * of.verdicts / of.splits:.1f} of {of.splits:,}"
        row = f"{told(of.first, of.studies):>24}{everywhere:>20}{told(of.equal, of.studies):>24}"
        print(f"{f'{personas} × {scenarios} × {seeds}':<30}{row}", flush=True)
        firsts, equals = firsts + of.first, equals + of.equal
    n = studies * len(DESIGNS)
    print(f"{'all':<30}{told(firsts, n):>24}{'':>20}{told(equals, n):>24}")


def told(hits: int, n: int) -> str:
    """A share in per cent with its interval."""
    low, high = wilson(hits, n)
    return f"{100 * hits / n:.1f} ({100 * low:.1f} to {100 * high:.1f})"


if __name__ == "__main__":
    main(sys.argv[1:])
