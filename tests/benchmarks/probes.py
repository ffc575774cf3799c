"""What probes tell of targets whose memory is planted, from a finished run: answers and grades, never a model's name.

python -m tests.benchmarks.probes [SEEDS [PERSONAS [SCENARIOS]]]

Memory is the share of explicit and update probes answered rightly. Figures pool all probes of all seeds; the range is that of the seeds.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean

from sim.app import Run, run_study
from sim.core.event import Grade, Outcome, Probed, ProbeKind
from sim.core.record import Trial
from sim.core.spec import Study
from tests.benchmarks.planted import Figure, by_seed, callback, likability

ROOT = Path(__file__).parents[2]
PERSONAS = tuple(sorted(p.stem for p in (ROOT / "personas").glob("*.yaml")))
SCENARIOS = tuple(sorted(p.stem for p in (ROOT / "scenarios").glob("*.yaml")))
TARGETS = (
    {"id": "remembers", "model": "offline/uses", "memory": "full"},
    {"id": "forgets", "model": "offline/uses", "memory": "none"},
    *({"id": name, "model": f"offline/{name}", "memory": "full"} for name in ("ignores", "stale", "cold", "denies")),
)


def run(seeds: int, *, personas: Sequence[str] = PERSONAS, scenarios: Sequence[str] = SCENARIOS) -> Run:
    """A finished run of all targets, with probes."""
    study = Study.model_validate(
        {
            "name": "probes",
            "targets": TARGETS,
            "user": {"model": "offline/user"},
            "personas": personas,
            "scenarios": scenarios,
            "seeds": list(range(1, seeds + 1)),
            "probes": {},
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        done = asyncio.run(run_study(study, results=folder))
        assert done.status == "finished"
        return done


def probes(trials: Iterable[Trial], target: str, *kinds: ProbeKind) -> list[Probed]:
    """All probes of these kinds put to `target`."""
    return [p for t in trials if t.target == target for s in t.sessions for p in s.probes.values() if p.probe in kinds]


def share(found: Sequence[Probed], *outcomes: Outcome) -> float:
    """The share of `found` that came to one of `outcomes`."""
    return fmean(isinstance(p.grade, Grade) and p.grade.outcome in outcomes for p in found)


def balanced(trials: Sequence[Trial], target: str) -> float:
    """Mean of two shares: of what was never told, that it says so; of what was, that it does not."""
    told, never = probes(trials, target, "explicit", "update"), probes(trials, target, "abstention")
    return (share(never, "unknown") + 1 - share(told, "unknown")) / 2


def by_seeds(done: Run, target: str, outcome: Outcome, *kinds: ProbeKind) -> Figure:
    """A share, seed by seed."""
    return Figure(tuple(share(probes([t for t in done.trials if t.seed == s], target, *kinds), outcome) for s in done.study.seeds))


def main(seeds: int, personas: int, scenarios: int) -> None:
    """Print the table."""
    done = run(seeds, personas=PERSONAS[:personas], scenarios=SCENARIOS[:scenarios])
    liked, back = by_seed(done, done.trials, likability), by_seed(done, done.trials, callback)
    print(f"{seeds} seeds × {personas} personas × {scenarios} scenarios; offline models: checks the instrument, says nothing of any real model")
    heads = ("explicit", "update", "…stale", "implicit", "temporal", "control", "abstention", "balanced", "likability", "callback")
    print(f"{'target':<11}{'explicit, by seed':>22}" + "".join(f"{h:>11}" for h in heads[1:]))
    for target in (t["id"] for t in TARGETS):
        of = {k: probes(done.trials, target, k) for k in ("explicit", "update", "implicit", "temporal", "control", "abstention")}
        shares = [share(of["update"], "right"), share(of["update"], "stale"), *(share(of[k], "right") for k in ("implicit", "temporal", "control"))]
        cells = [*shares, share(of["abstention"], "unknown"), balanced(done.trials, target), liked[target].mean, back[target].mean]
        print(f"{target:<11}{by_seeds(done, target, 'right', 'explicit')!s:>22}" + "".join(f"{c:>11.2f}" for c in cells))
    counts = {k: len(probes(done.trials, "remembers", k)) for k in ("explicit", "update", "implicit", "temporal", "control", "abstention")}
    print("probes a target: " + ", ".join(f"{k} {n:,}" for k, n in counts.items()))


if __name__ == "__main__":
    main(*map(int, (*sys.argv[1:], *("3", str(len(PERSONAS)), str(len(SCENARIOS)))[len(sys.argv) - 1 :])))
