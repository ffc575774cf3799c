"""How often the 95 % interval of a variance component holds the planted variance, by effect and number of personas.

python -m tests.benchmarks.components [REPLICATES]
"""

from __future__ import annotations

import sys

import numpy as np

from sim.analysis.components import Effect, components_of
from tests.analysis.test_components import TRUE, planted

SHOWN: tuple[Effect, ...] = ("persona", "target × persona", "persona × scenario", "target × persona × scenario", "residual")
"""Effects whose interval over personas can hold it; targets and scenarios are taken as they are."""


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


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
