"""How often the 95 % interval of a variance component holds the planted variance, by effect and number of personas: of a run, and of users × raters.

python -m tests.benchmarks.components [REPLICATES]
"""

from __future__ import annotations

import sys

import numpy as np

from sim.analysis.trust.components import Effect, components_of
from sim.analysis.trust.crossed import spreads
from tests.analysis.test_components import TRUE, planted
from tests.analysis.test_crossed import PLANTED, drawn

SHOWN: tuple[Effect, ...] = ("persona", "target × persona", "persona × scenario", "target × persona × scenario", "residual")
"""Effects whose interval over personas can hold it; targets and scenarios are taken as they are."""


def print_crossed(replicates: int) -> None:
    """Users × raters: what an effect adds on average, and how often intervals of what varies with personas hold what is planted."""
    rng = np.random.default_rng(12)
    print(f"\nusers × raters, {replicates} studies: mean estimate over what is planted; of the last four also how often the interval holds it")
    print(f"{'users, raters, personas':<26}" + "".join(f"{e:>18}" for e in PLANTED))
    for users, raters, personas in ((2, 2, 12), (2, 2, 24), (4, 4, 24)):
        found = [spreads(drawn(rng, users, raters, personas)) for _ in range(replicates)]
        cells = []
        for effect, deviation in PLANTED.items():
            of = [f[effect] for f in found]
            held = np.mean([x.interval is not None and x.interval[0] <= deviation**2 <= x.interval[1] for x in of])
            ratio = np.mean([x.variance for x in of]) / deviation**2
            cells.append(f"{ratio:.2f}" + (f"  {held:.3f}" if effect in tuple(PLANTED)[3:] else ""))
        print(f"{f'{users}, {raters}, {personas}':<26}" + "".join(f"{c:>18}" for c in cells), flush=True)


def main(replicates: int) -> None:
    """Print a row for each number of personas, with 3 targets, 4 scenarios and 2 seeds."""
    rng = np.random.default_rng(11)
    print(f"{'personas':>8}  " + "  ".join(SHOWN) + f"   of {replicates}")
    for personas in (5, 12, 24, 48):
        held = dict.fromkeys(SHOWN, 0)
        for _ in range(replicates):
            found = components_of(*planted(rng, 3, personas, 4, 2)).components
            for effect in SHOWN:
                low, high = found[effect].interval or (np.inf, -np.inf)
                held[effect] += low <= TRUE[effect] <= high
        print(f"{personas:>8}  " + "  ".join(f"{held[e] / replicates:>{len(e)}.3f}" for e in SHOWN), flush=True)
    print_crossed(replicates)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
