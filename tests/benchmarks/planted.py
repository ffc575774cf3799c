"""What is planted in the offline models, recovered from a finished run: text, ratings and tags, never a model's name.

python -m tests.benchmarks.planted [SEEDS [PERSONAS]]

Runs every offline target that is not about conduct with `full` memory and `uses` with `none`, then the same ids with a model that uses nothing,
then a user that flips its role; prints a table for each claim. Figures are means over seeds of what `sim show` would print for
one seed, with the lowest and highest seed.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from sim.analysis.figures.run_summary import TargetSummary
from sim.analysis.figures.summary import summarise
from sim.app import Run, run_study
from sim.core.codebook import ALWAYS
from sim.core.event import Score, Tags
from sim.core.record import Exchange, Session, Trial
from sim.core.spec import Study
from sim.core.text import contains
from sim.llm.offline import BEHAVIOURS

PERSONAS = ("danylo", "davi", "ronja", "chebet", "filomena", "nasreen", "thuy", "tore")
SCENARIO = "new-in-town"
LOOSE = 1 / 3
"""Share of a persona's messages begun without a capital from which it counts as one who writes loosely."""
EARLY = 4
"""Replies of a session that count as early."""
FORGETS = {"id": "forgets", "model": "offline/uses", "memory": "none"}
TARGETS = (
    {"id": "remembers", "model": "offline/uses"},
    FORGETS,
    *({"id": n, "model": f"offline/{n}"} for n, behaviour in BEHAVIOURS.items() if n != "uses" and not behaviour.stance),
)
"""Conduct under stress is `tests.benchmarks.planted_stress`."""
UNUSED = tuple({**t, "model": "offline/ignores"} for t in TARGETS[:2])


@dataclass(frozen=True)
class Figure:
    """A figure by seed."""

    by_seed: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over seeds."""
        return fmean(self.by_seed)

    def __str__(self) -> str:
        return f"{self.mean:5.2f} ({min(self.by_seed):.2f} to {max(self.by_seed):.2f})"


def run(targets: Sequence[dict[str, str]], seeds: int, *, personas: Sequence[str] = PERSONAS, user: str = "offline/user") -> Run:
    """A finished run of `targets` in the benchmark's scenario."""
    study = Study.model_validate(
        {
            "name": "planted",
            "targets": targets,
            "user": {"model": user},
            "personas": personas,
            "scenarios": [SCENARIO],
            "seeds": list(range(1, seeds + 1)),
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        done = asyncio.run(run_study(study, results=folder))
        assert done.status == "finished"
        assert done.summary.offline
        return done


def by_seed(run: Run, trials: Iterable[Trial], read: Callable[[TargetSummary], float | None]) -> dict[str, Figure]:
    """What `read` finds in each target's summary, seed by seed."""
    trials = tuple(trials)
    found: dict[str, list[float]] = {}
    for seed in sorted({t.seed for t in trials}):
        mine = [t for t in trials if t.seed == seed]
        codebook = run.folder.codebook
        for target in summarise(run.study, mine, run=run.name, status="finished", offline=("user",), codebook=codebook).targets:
            value = read(target)
            assert value is not None, f"{target.target} has no figure in seed {seed}"
            found.setdefault(target.target, []).append(value)
    return {target: Figure(tuple(values)) for target, values in found.items()}


def callback(target: TargetSummary) -> float | None:
    """Mean callback."""
    return target.likability.dimensions["callback"].mean


def likability(target: TargetSummary) -> float | None:
    """Simulated likability."""
    return target.likability.mean


def register(target: TargetSummary) -> float | None:
    """Mean formality matching."""
    return target.likability.dimensions["formality_matching"].mean


def excess(target: TargetSummary) -> float | None:
    """Stickiness less base rate."""
    return target.repetition.excess


def jaccard(target: TargetSummary) -> float | None:
    """Mean Jaccard of consecutive replies."""
    return target.repetition.jaccard


def opening_shares(trials: Iterable[Trial]) -> dict[str, float]:
    """By target, the share of replies that open with its commonest opening: the moves of their first sentence that makes any."""
    seen: dict[str, Counter[str]] = {}
    replies: Counter[str] = Counter()
    for trial in trials:
        for e in trial.exchanges:
            tags = e.tags["offline"]
            assert isinstance(tags, Tags)
            replies[trial.target] += 1
            seen.setdefault(trial.target, Counter()).update(next((s.moves for s in tags.sentences if s.moves), ()))
    return {target: max(counts.values(), default=0) / replies[target] for target, counts in seen.items()}


def stale_shares(trials: Iterable[Trial]) -> dict[str, tuple[float, int]]:
    """By target, of the replies given once a fact has changed, the share that bring back its old value; and how many such replies there are."""
    counts: dict[str, Counter[bool]] = {}
    for trial in trials:
        found = counts.setdefault(trial.target, Counter())
        told: dict[str, tuple[str, ...]] = {}
        gone: list[tuple[str, ...]] = []
        for session in trial.sessions:
            for place, e in enumerate(session.exchanges):
                for d in e.disclosed:
                    if d.version and d.fact in told:
                        gone.append(told[d.fact])
                    told[d.fact] = tuple(trial.cast.values_by_fact[d.fact][d.version].answers)
                today = "\n".join(x.user.message for x in session.exchanges[: place + 1])
                if gone:
                    found[any(_brings(e, old, today) for old in gone)] += 1
    return {t: (c[True] / max(c.total(), 1), c.total()) for t, c in counts.items()}


def _brings(e: Exchange, answers: Sequence[str], today: str) -> bool:
    assert e.reply is not None
    return any(contains(e.reply.text, a) and not contains(today, a) for a in answers)


def fixed_set(exchanges: Iterable[Exchange], dimensions: Sequence[str] = ALWAYS) -> float:
    """Mean over the dimensions that always apply, or over those named; exchanges alike."""
    return fmean(r.score for e in exchanges for d, r in e.ratings["self"].items() if d in dimensions and isinstance(r, Score))


def drops(trials: Iterable[Trial]) -> dict[str, float]:
    """By target, the fixed-set mean of early replies of a session less that of later ones."""
    trials = tuple(trials)
    return {
        target: fixed_set(e for e in _of(trials, target) if e.index <= EARLY) - fixed_set(e for e in _of(trials, target) if e.index > EARLY)
        for target in dict.fromkeys(t.target for t in trials)
    }


def gaps(trials: Iterable[Trial]) -> dict[str, float]:
    """By target, the mean emotional adaptation of personas that write with capitals less that of those that often do not."""
    trials = tuple(trials)
    loose = {p for p in {t.cast.persona.id for t in trials} if _is_loose(e for t in trials if t.cast.persona.id == p for e in t.exchanges)}
    assert loose
    parts = ([t for t in trials if t.cast.persona.id not in loose], [t for t in trials if t.cast.persona.id in loose])
    mood = ("emotional_adaptation",)
    return {
        target: fixed_set(_of(parts[0], target), mood) - fixed_set(_of(parts[1], target), mood) for target in dict.fromkeys(t.target for t in trials)
    }


def _is_loose(exchanges: Iterable[Exchange]) -> bool:
    small = [next((c for c in e.user.message if c.isalpha()), "").islower() for e in exchanges]
    return fmean(small) >= LOOSE


def _of(trials: Iterable[Trial], target: str) -> list[Exchange]:
    return [e for t in trials if t.target == target for e in t.exchanges]


def shuffled(trials: Sequence[Trial], *, seed: int) -> list[Trial]:
    """`trials` with every exchange's ratings given to another exchange of any target, at random."""
    verdicts = [e.ratings for t in trials for s in t.sessions for e in s.exchanges]
    random.Random(seed).shuffle(verdicts)
    left = iter(verdicts)

    def dealt(session: Session) -> Session:
        return replace(session, exchanges=tuple(replace(e, ratings=next(left)) for e in session.exchanges))

    return [replace(t, sessions=tuple(dealt(s) for s in t.sessions)) for t in trials]


def agreement(one: dict[str, Figure], other: dict[str, Figure]) -> float:
    """Kendall's τ-a of two orders of the same targets, by their means."""
    names = sorted(one)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    signs = [(one[a].mean - one[b].mean) * (other[a].mean - other[b].mean) for a, b in pairs]
    return sum((s > 0) - (s < 0) for s in signs) / len(pairs)


def spread(figures: dict[str, Figure]) -> float:
    """Highest mean less the lowest."""
    means = [f.mean for f in figures.values()]
    return max(means) - min(means)


def flip_shares(trials: Iterable[Trial]) -> tuple[float, int]:
    """Share of messages that stand flagged as a flip of role, of those that could be; and how many could."""
    could = [e for t in trials for s in t.sessions for e in s.exchanges if e.index > 1]
    return fmean(any(f.kind == "role_flip" for f in e.flags) for e in could), len(could)


def main(seeds: int, personas: int) -> None:
    """Print a table for each claim."""
    chosen = PERSONAS[:personas]
    full = run(TARGETS, seeds, personas=chosen)
    n = Counter(t.target for t in full.trials for _ in t.exchanges)
    rows = [by_seed(full, full.trials, f) for f in (likability, callback, register, jaccard, excess)]
    opening, drop, gap, stale = opening_shares(full.trials), drops(full.trials), gaps(full.trials), stale_shares(full.trials)
    print(f"{seeds} seeds × {len(chosen)} personas × {SCENARIO}; offline models: checks the instrument, says nothing of any real model")
    print(f"mean of seeds (lowest to highest seed); n: rated exchanges, {n['remembers']:,} a target")
    print(
        f"\n{'target':<11}{'likability':>20}{'callback':>20}{'register':>20}{'Jaccard':>20}{'excess':>21}{'opening':>9}{'drop':>7}{'gap':>7}{'stale':>14}"
    )
    for t in n:
        figures = "".join(f"{row[t]!s:>20}" for row in rows[:4])
        print(f"{t:<11}{figures}{rows[4][t]!s:>21}{opening[t]:>9.2f}{drop[t]:>7.2f}{gap[t]:>7.2f}{stale[t][0]:>6.2f} of {stale[t][1]:>5,}")
    print("opening: share of replies that open with the commonest opening move; drop: fixed set, replies 1-4 of a session less later ones;")
    print("gap: mood, personas that write with capitals less those that often do not; stale: replies after a change that bring back the old value")

    print(f"\ncallback{'remembers':>22}{'forgets':>20}{'difference':>20}  seeds with remembers ahead")
    for label, done in (("uses", full), ("ignores under the same ids", run(UNUSED, seeds, personas=chosen))):
        found = by_seed(done, [t for t in done.trials if t.target in ("remembers", "forgets")], callback) if label != "uses" else rows[1]
        by = Figure(tuple(a - b for a, b in zip(found["remembers"].by_seed, found["forgets"].by_seed, strict=True)))
        print(f"{label}\n{found['remembers']!s:>30}{found['forgets']!s:>20}{by!s:>20}  {sum(d > 0 for d in by.by_seed)} of {seeds}")

    deals = [by_seed(full, shuffled(full.trials, seed=s), likability) for s in range(5)]
    print(f"\nratings dealt out at random, {len(deals)} times: likability spreads over {spread(rows[0]):.2f} before, and after over", end=" ")
    print(", ".join(f"{spread(d):.2f}" for d in deals), end="; ")
    print("agreement with the order before (Kendall's τ)", ", ".join(f"{agreement(rows[0], d):.2f}" for d in deals))

    share, could = flip_shares(run(TARGETS[:1], seeds, personas=chosen, user="offline/flips").trials)
    still, of = flip_shares(t for t in full.trials if t.target == "remembers")
    print(f"\nflips of role that stand: {share:.3f} of {could:,} messages with offline/flips (planted .15), {still:.3f} of {of:,} with offline/user")


if __name__ == "__main__":
    main(*map(int, (*sys.argv[1:], *("10", str(len(PERSONAS)))[len(sys.argv) - 1 :])))
