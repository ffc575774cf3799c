"""How often `sim compare RUN RUN --pool-users` is right: the pooled interval, and whether another user would order two targets alike.

    python -m tests.benchmarks.pooled_users [STUDIES]

Studies are drawn exchange by exchange (`tests.benchmarks.ratings`), a run for each user, and handed to the function behind the command. What a target
is to a persona is in part the same for all users and in part another thing with each. STUDIES a row, 200 where no number is given; a minute of one
core for each hundred.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.trust.pooled_users import pool_users
from tests.benchmarks.against_itself import told, world
from tests.benchmarks.drawn_runs import drawn_run

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DESIGNS = ((12, 1), (24, 1))
"""Personas, scenarios."""
EFFECTS: Mapping[str, tuple[float, ...]] = {
    "equal": (0.0, 0.0),
    "equal, three users": (0.0, 0.0, 0.0),
    "better with both, +.6": (0.6, 0.6),
    "turned, +.6 and −.6": (0.6, -0.6),
}
"""What the second target is liked more, by user."""
SHARED = 0.25
"""Of what a target is to a persona, the part that is the same for all users: standard deviation in points, beside .35 of each user."""


@dataclass(frozen=True)
class Found:
    """What came of one row."""

    studies: int
    covered: int
    """Pooled intervals that hold the true mean over users."""
    verdicts: int
    """Pooled verdicts."""
    interaction: int
    """Studies in which some two users differ by more than chance."""
    answers: Counter[str]


def measure(personas: int, scenarios: int, effects: Sequence[float], *, studies: int, seed: int) -> Found:
    """So many studies, each of a run a user."""
    rng = np.random.default_rng([seed, personas, scenarios, len(effects)])
    covered = verdicts = interaction = 0
    answers: Counter[str] = Counter()
    for _ in range(studies):
        shared = rng.normal(0, SHARED, (2, 1, personas, 1, 1, 1))
        runs = [drawn_run(_one(rng, personas, scenarios) + shared + _better(by), run=f"r{i}", user=f"a/user-{i}") for i, by in enumerate(effects)]
        document = pool_users(runs, conditions=[{}] * len(runs))
        (pair,) = document.measures["fixed_set"].pairs
        # The first target less the second.
        truth = -float(np.mean(effects))
        assert pair.pooled.interval is not None, "drawn differences are never all equal"
        covered += pair.pooled.interval[0] <= truth <= pair.pooled.interval[1]
        verdicts += pair.pooled.verdict in ("higher", "lower")
        interaction += any(g.clear for g in pair.gaps)
        answers[document.answer] += 1
    return Found(studies, covered, verdicts, interaction, answers)


def _one(rng: np.random.Generator, personas: int, scenarios: int) -> Floats:
    """One run of two equal targets with one seed."""
    ((drawn,),) = list(world(personas, scenarios).draw(rng, 1))
    return np.asarray(drawn[:, None])


def _better(by: float) -> Floats:
    return np.array([0.0, by]).reshape(2, 1, 1, 1, 1, 1)


def main(arguments: list[str]) -> None:
    """Print the table."""
    studies = int(arguments[0]) if arguments else 200
    print(f"{studies} simulated studies a row, in % with Wilson's 95 % interval")
    heads = f"{'covers':>22}{'pooled verdict':>22}{'users differ':>22}{'alike':>8}{'not':>8}{'cannot tell':>13}"
    print(f"{'personas × scenarios':<24}{'second target':<24}{heads}")
    for personas, scenarios in DESIGNS:
        for name, effects in EFFECTS.items():
            of = measure(personas, scenarios, effects, studies=studies, seed=13)
            row = "".join(f"{told(n, of.studies):>22}" for n in (of.covered, of.verdicts, of.interaction))
            shares = [100 * of.answers[answer] / of.studies for answer in ("alike", "not alike", "cannot tell")]
            print(f"{f'{personas} × {scenarios}':<24}{name:<24}{row}{shares[0]:>8.1f}{shares[1]:>8.1f}{shares[2]:>13.1f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
