"""Whether the measures of repetition do what they say: both nulls, the course of talks, coverage, figures of a published corpus and speed.

A table each; four minutes.

python -m tests.benchmarks.repetition
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sim.analysis.stats.jackknife import infer, interval, intervals, leave_one_out, paired_clusters
from sim.core.moves import MarkedTalk
from sim.score.repetition.marks import MarkColumns, Marks
from sim.score.repetition.measures import alike, measure
from sim.score.repetition.shuffles import conversation_null, order_null
from tests.benchmarks.drawn import CODEBOOK, MODEL, REPLIES, World, drawn_marks, logged

Floats = NDArray[np.float64]

DATA = Path(__file__).parents[3] / "shared" / "data" / "moves_conversations"
PUBLISHED = {
    "human": (265, 0.2658, 0.1898, 0.3533, 0.2570, 0.2480, 0.176, 0.225),
    "qwen3-1.7b-vanilla": (265, 0.5544, 0.4985, 0.6995, 0.6598, 0.5460, 0.504, 0.534),
    "qwen3-4b-vanilla": (265, 0.5175, 0.4649, 0.7614, 0.7179, 0.6150, 0.571, 0.605),
    "qwen3-4b-tactic-prompt": (265, 0.4792, 0.4457, 0.7032, 0.6682, 0.5587, 0.518, 0.533),
    "qwen3-1.7b-psychocounsel": (265, 0.7098, 0.7149, 0.8743, 0.8773, 0.7775, 0.781, 0.782),
}
"""Of five published systems: n, stickiness, base, pooled, expected, Jaccard; repertoire and within, which are means of permutations there."""
RESAMPLED = ("stickiness", "excess", "pooled", "jaccard", "carry_over")
"""Measures that the bootstrap of comparison knows."""


# --- both nulls ---------------------------------------------------------------------------------------------------

NULLS = {
    "alike, as people": World(),
    "alike, as a chat model": World(MODEL),
    "unlike, as people": World(spread=0.8),
    "unlike, as a chat model": World(MODEL, spread=0.8),
    "alike, 1 reply in 5 keeps the last moves": World(keep=0.2),
    "unlike, 1 in 5": World(MODEL, spread=0.8, keep=0.2),
}


def p_values(world: World, replicates: int, *, permutations: int, talks: int = 50, seed: int = 0) -> tuple[Floats, Floats]:
    """p of `order` and of `conversation`, a replicate each."""
    found = []
    for r in range(replicates):
        columns = drawn_marks(np.random.default_rng((seed, r)), talks, world).columns()
        nulls = (order_null(columns, permutations=permutations, seed=r), conversation_null(columns, permutations=permutations, seed=r))
        found.append([null.p for null in nulls if null])
    order, conversation = np.array(found).T
    return order, conversation


def uniform(p: Floats) -> float:
    """Kolmogorov–Smirnov p of `p` against the uniform distribution."""
    return float(stats.kstest(p, "uniform").pvalue)


# --- the course of a talk -----------------------------------------------------------------------------------------

SHAPES = {"as people": World(length=6, uneven=0), "as a chat model": World(MODEL, length=6, uneven=0)}
COURSES = {
    "no drift": {},
    "drift 0.5": {"drift": 0.5},
    "drift 1": {"drift": 1.0},
    "drift 1.5": {"drift": 1.5},
    "drift 1.5, people differ": {"drift": 1.5, "spread": 0.4},
    "people differ": {"spread": 0.4},
    "drift 1.5, 1 reply in 5 keeps the last moves": {"drift": 1.5, "keep": 0.2},
    "people differ, 1 in 5": {"spread": 0.4, "keep": 0.2},
}
"""Drift: of the logit of every move, at the ends; people differ: each talk has rates of its own."""


@dataclass(frozen=True)
class Followed:
    """What 50 talks say of carry-over and conversation fit; each the mean of the figure, and the share of p below .05."""

    shipped: tuple[float, float]
    """Carry-over against random order."""
    fit: float
    """Conversation fit against random order."""
    carry_over: tuple[float, float]
    """Adjusted."""
    conversation_fit: tuple[float, float]
    """Adjusted."""


def follow(world: World, replicates: int, *, permutations: int = 99, talks: int = 50, seed: int = 5) -> Followed:
    """The figures of so many logs."""
    found = []
    for r in range(replicates):
        marks = drawn_marks(np.random.default_rng((seed, r)), talks, world)
        figures, (_, p) = measure(marks), infer(marks.columns())
        order = order_null(marks.columns(), permutations=permutations, seed=r)
        assert order is not None
        adjusted = (figures.carry_over_adjusted, p["carry_over_adjusted"], figures.conversation_fit_adjusted, p["conversation_fit_adjusted"])
        found.append((figures.carry_over, order.p, figures.conversation_fit, *adjusted))
    of = np.array(found, dtype=float)
    means, clear = of.mean(axis=0), (of < 0.05).mean(axis=0)
    return Followed((means[0], clear[1]), means[2], (means[3], clear[4]), (means[5], clear[6]))


# --- intervals ----------------------------------------------------------------------------------------------------

SAMPLES = {
    "12 conversations, as people": (12, World(spread=0.5)),
    "24 conversations, as people": (24, World(spread=0.5)),
    "50 conversations, as people": (50, World(spread=0.5)),
    "50 alike, as a chat model": (50, World(MODEL)),
    "50 with carry-over, as a chat model": (50, World(MODEL, spread=0.5, keep=0.2)),
    "12 people × 4, as a chat model": (48, World(MODEL, spread=0.5, people=12)),
}


def resampled(columns: MarkColumns, draws: int, rng: np.random.Generator) -> dict[str, Floats]:
    """(draws,) Each measure of `RESAMPLED` over clusters drawn with replacement."""
    size = int(columns.cluster.max()) + 1
    weights = rng.multinomial(size, np.full(size, 1 / size), draws).astype(float)
    now, owner = columns.pairs, columns.cluster[columns.talk]
    before, after, of_pair = columns.sets[now - 1], columns.sets[now], owner[now]

    def by_cluster(values: Floats, at: NDArray[np.int64]) -> Floats:
        return weights @ np.bincount(at, values, size)

    kind = columns.sets.dtype.type
    times, comes, both = (
        np.stack([by_cluster((s >> kind(k) & kind(1)).astype(float), of_pair) for k in range(len(columns.codes))], axis=1)
        for s in (before, after, before & after)
    )
    pairs = by_cluster(np.ones(len(now)), of_pair)
    with np.errstate(invalid="ignore", divide="ignore"):
        stickiness = np.nanmean(np.where(times > 0, both / times, np.nan), axis=1)
        base = np.nanmean(np.where(times > 0, comes / pairs[:, None], np.nan), axis=1)
    sums = alike(columns)
    assert sums.within is not None
    observed, within = (by_cluster(of[:, 0], columns.cluster) / by_cluster(of[:, 1], columns.cluster) for of in (sums.observed, sums.within))
    return {
        "stickiness": stickiness,
        "excess": stickiness - base,
        "pooled": both.sum(axis=1) / times.sum(axis=1),
        "jaccard": observed,
        "carry_over": observed - within,
    }


def percentile(draws: Floats) -> tuple[float, float]:
    """The middle 95 % of the draws."""
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def bca(full: float, without: Floats, draws: Floats) -> tuple[float, float]:
    """Bias-corrected and accelerated (Efron 1987), acceleration by jackknife."""
    shift = stats.norm.ppf(np.clip((draws < full).mean(), 0.001, 0.999))
    d = without.mean() - without
    acceleration = (d**3).sum() / (6 * max((d**2).sum(), 1e-12) ** 1.5)
    z = shift + stats.norm.ppf([0.025, 0.975])
    low, high = np.quantile(draws, stats.norm.cdf(shift + z / (1 - acceleration * z)))
    return float(low), float(high)


Bounds = tuple[float, float] | None
SHIPPED = "shipped"
OTHERS: dict[str, Callable[[float, Floats, Floats], Bounds]] = {
    "jackknife-t": lambda full, without, _: interval(full, without, scale=(-1.0, 1.0)),
    "percentile": lambda _, __, draws: percentile(draws),
    "BCa": lambda full, without, draws: bca(full, without, draws),
}
"""From the measure over all, without each cluster, and over clusters drawn again."""


def coverage(world: World, talks: int, replicates: int, *, draws: int = 0, seed: int = 1) -> dict[str, dict[str, float]]:
    """By method and measure, how often the interval holds the value that 20,000 conversations have; other methods only where there are `draws`."""
    many = replace(world, people=5_000) if world.people else world
    true = leave_one_out(drawn_marks(np.random.default_rng((seed, 10**6)), 20_000, many).columns())[0]
    hits: dict[str, dict[str, int]] = {SHIPPED: dict.fromkeys(true, 0)} | {m: dict.fromkeys(RESAMPLED, 0) for m in OTHERS if draws}
    for r in range(replicates):
        rng = np.random.default_rng((seed, r))
        columns = drawn_marks(rng, talks, world).columns()
        for name, found in intervals(columns).items():
            hits[SHIPPED][name] += _holds(found, true[name])
        if not draws:
            continue
        (full, without), paired = leave_one_out(columns), paired_clusters(columns)
        for name, drawn in resampled(columns, draws, rng).items():
            for method, bounds in OTHERS.items():
                hits[method][name] += _holds(bounds(full[name], without[name][paired], drawn), true[name])
    return {m: {name: n / replicates for name, n in of.items()} for m, of in hits.items()}


def _holds(bounds: Bounds, true: float) -> bool:
    return bounds is not None and bounds[0] <= true <= bounds[1]


# --- speed --------------------------------------------------------------------------------------------------------


def long_log(pairs: int) -> list[MarkedTalk]:
    """Conversations of seven replies that come to at least so many pairs."""
    rng = np.random.default_rng(0)
    masks = ((rng.random((-(-pairs // 6), 7, 10)) < MODEL) @ (1 << np.arange(10))).tolist()
    return [MarkedTalk(str(i), tuple(REPLIES[mask] for mask in row)) for i, row in enumerate(masks)]


def taken(work: Callable[[], object]) -> float:
    """Seconds of processor time: other work on the machine does not count."""
    began = time.process_time()
    work()
    return time.process_time() - began


def seconds_measured(pairs: int) -> tuple[float, float]:
    """To take in so many pairs and compute every measure of them; and their intervals."""
    talks, marks = long_log(pairs), Marks(CODEBOOK)

    def whole() -> None:
        for talk in talks:
            marks.add(talk)
        measure(marks)

    return taken(whole), taken(lambda: intervals(marks.columns()))


def seconds_of_nulls(talks: int, permutations: int) -> float:
    """Both nulls of conversations like a chat model's."""
    columns = drawn_marks(np.random.default_rng(0), talks, World(MODEL)).columns()
    return taken(lambda: (order_null(columns, permutations=permutations, seed=0), conversation_null(columns, permutations=permutations, seed=0)))


# --- the tables ---------------------------------------------------------------------------------------------------


def print_published() -> None:
    """The figures of MINT's conversations, beside what is computed here."""
    if not DATA.is_dir():
        print(f"MINT's conversations: skipped, needs {DATA}")
        return
    heads = ("n", "stickiness", "base", "pooled", "expected", "Jaccard", "repertoire", "within")
    print(f"MINT's conversations, as computed here\n{'':<26}{''.join(f'{h:>12}' for h in heads)}")
    for name, published in PUBLISHED.items():
        marks = Marks(CODEBOOK)
        for talk in logged(DATA / f"{name}.jsonl"):
            marks.add(talk)
        f = measure(marks)
        ours = (f.pairs, f.stickiness, f.base_rate, f.pooled, f.expected, f.jaccard, f.repertoire, f.within)
        off = max(abs(round(float(a or 0), 4) - b) for a, b in zip(ours[:6], published[:6], strict=True))
        print(f"{name:<26}{ours[0]:>12}{''.join(f'{x or 0:>12.4f}' for x in ours[1:])}   first six off by {off:.4f}")


def print_nulls(replicates: int, permutations: int) -> None:
    """Each world: how uniform p is, and how often it is below .05."""
    print(f"\nboth nulls, {replicates} replicates of 50 conversations, {permutations} permutations each")
    print(f"{'conversations':<44}{'order: KS p':>12}{'p < .05':>9}{'conversation: KS p':>20}{'p < .05':>9}")
    for name, world in NULLS.items():
        order, conversation = p_values(world, replicates, permutations=permutations)
        cells = (uniform(order), (order < 0.05).mean(), uniform(conversation), (conversation < 0.05).mean())
        print(f"{name:<44}{cells[0]:>12.3f}{cells[1]:>9.3f}{cells[2]:>20.3f}{cells[3]:>9.3f}")


def print_courses(replicates: int) -> None:
    """Each course: what the shipped figures say, and the adjusted ones."""
    print(f"\nthe course of a talk, {replicates} logs of 50 conversations of 6 replies; p: the share below .05")
    print(f"{'conversations':<64}{'carry-over':>11}{'p':>6}{'fit':>8}{'adjusted: carry-over':>22}{'p':>6}{'fit':>8}{'p':>6}")
    for shape, world in SHAPES.items():
        for name, course in COURSES.items():
            of = follow(replace(world, **course), replicates)
            shipped = f"{of.shipped[0]:>+11.3f}{of.shipped[1]:>6.2f}{of.fit:>+8.3f}"
            adjusted = f"{of.carry_over[0]:>+22.4f}{of.carry_over[1]:>6.3f}{of.conversation_fit[0]:>+8.4f}{of.conversation_fit[1]:>6.3f}"
            print(f"{f'{shape}, {name}':<64}{shipped}{adjusted}", flush=True)


def print_coverage(replicates: int, draws: int) -> None:
    """The shipped interval of every measure, then the others where they are known."""
    print(f"\ncoverage of 95 % intervals, in % of {replicates:,} replicates; bootstraps of {draws} draws")
    for i, (name, (talks, world)) in enumerate(SAMPLES.items()):
        found = coverage(world, talks, replicates, draws=draws)
        names: Sequence[str] = tuple(found[SHIPPED])
        if not i:
            print(f"{'':<38}{'method':<20}{''.join(f'{n[:10]:>11}' for n in names)}")
        for method, of in found.items():
            cells = "".join(f"{100 * of[n]:>11.1f}" if n in of else f"{'':>11}" for n in names)
            print(f"{name if method == SHIPPED else '':<38}{method:<20}{cells}", flush=True)


def print_speed() -> None:
    """A long log taken in, and many permutations."""
    whole, interval_seconds = seconds_measured(1_000_000)
    print(f"\n1,000,000 pairs: taken in and measured in {whole:.1f} s of one core, their intervals in {interval_seconds:.1f} s")
    for permutations in (1_000, 10_000):
        print(f"both nulls, 50 conversations, {permutations:,} permutations: {seconds_of_nulls(50, permutations):.2f} s")


def main() -> None:
    """Print every table."""
    print_published()
    print_nulls(200, 499)
    print_courses(300)
    print_coverage(1_000, 400)
    print_speed()


if __name__ == "__main__":
    main()
