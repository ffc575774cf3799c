"""Whether the measures of repetition do what they say: reproduction, both nulls, coverage of the intervals, speed. A table each; about three minutes.

python -m tests.benchmarks.repetition

Conversations are drawn with known properties: moves independent of each other, at rates like those of people (2 moves a reply) or of a chat model
(4.5); conversations alike, or each with rates of its own; carry-over by keeping the previous reply's moves whole with some probability.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sim.analysis.repetition import LOGIT, interval, leave_one_out
from sim.core.codebook import Codebook, MoveDefinition
from sim.core.moves import MarkedReply, MarkedTalk
from sim.score.marks import Columns, Marks, jaccards
from sim.score.repetition import alike, sides
from sim.score.shuffles import conversation_null, order_null

Floats = NDArray[np.float64]

DATA = Path(__file__).parents[2] / ".." / "shared" / "data" / "moves_conversations"
TEN = (
    *("information", "assistance", "advice", "validation", "emotional_expression"),
    *("paraphrasing", "self_disclosure", "questioning", "reappraisal", "empowerment"),
)
CODEBOOK = Codebook(id="mint", source="MINT", moves=tuple(MoveDefinition(id=m, definition="As its name says.") for m in TEN))
PUBLISHED = {
    "human": (265, 0.2658, 0.1898, 0.3533, 0.2570, 0.2480, 0.176, 0.225),
    "qwen3-1.7b-vanilla": (265, 0.5544, 0.4985, 0.6995, 0.6598, 0.5460, 0.504, 0.534),
    "qwen3-4b-vanilla": (265, 0.5175, 0.4649, 0.7614, 0.7179, 0.6150, 0.571, 0.605),
    "qwen3-4b-tactic-prompt": (265, 0.4792, 0.4457, 0.7032, 0.6682, 0.5587, 0.518, 0.533),
    "qwen3-1.7b-psychocounsel": (265, 0.7098, 0.7149, 0.8743, 0.8773, 0.7775, 0.781, 0.782),
}
"""METHODS §4: n, stickiness, base, pooled, expected, Jaccard; repertoire and within, which are means of permutations there."""
PEOPLE = np.array([0.08, 0.05, 0.35, 0.25, 0.25, 0.35, 0.1, 0.3, 0.08, 0.2])
MODEL = np.array([0.2, 0.3, 0.7, 0.85, 0.6, 0.7, 0.08, 0.45, 0.25, 0.6])
MEASURES = ("stickiness", "excess", "pooled", "jaccard", "repertoire", "carry_over")


# --- material -----------------------------------------------------------------------------------------------------


def logged(path: Path) -> list[MarkedTalk]:
    """The conversations of a labelled file, a line each."""
    talks = []
    for line in path.read_text(encoding="utf-8").splitlines():
        talk = json.loads(line)
        own = [m for m in talk["messages"] if m["role"] == "assistant"]
        replies = (MarkedReply(frozenset(m["moves"]), tuple(map(tuple, m["sentence_moves"])), len(m["content"].split())) for m in own)
        talks.append(MarkedTalk(talk["id"], tuple(replies)))
    return talks


def drawn(
    rng: np.random.Generator, talks: int, *, rates: Floats = PEOPLE, spread: float = 0.0, keep: float = 0.0, people: int = 0, length: int = 6
) -> list[MarkedTalk]:
    """Random conversations of `length` ± 2 replies.

    Args:
        rng: draws everything.
        talks: how many.
        rates: of each move.
        spread: standard deviation, on the logit scale, of a conversation's own rates about these; of a person's too where there are people.
        keep: probability that a reply repeats the moves of the one before it.
        people: conversations are sessions of so many people in turn; 0: nobody is named.
    """
    base = np.log(rates / (1 - rates))
    persons = base + spread * rng.standard_normal((max(people, 1), len(rates))) * bool(people)
    found = []
    for i in range(talks):
        own = persons[i % max(people, 1)] + spread * rng.standard_normal(len(rates))
        n = int(rng.integers(length - 2, length + 3))
        draws = rng.random((n, len(rates))) < 1 / (1 + np.exp(-own))
        kept = rng.random(n) < keep
        for t in range(1, n):
            if kept[t]:
                draws[t] = draws[t - 1]
        replies = tuple(MarkedReply(frozenset(TEN[k] for k in np.flatnonzero(row))) for row in draws)
        found.append(MarkedTalk(str(i), replies, person=f"p{i % people}" if people else "", session=1 + i // max(people, 1)))
    return found


def marked(talks: Iterable[MarkedTalk]) -> Marks:
    """`talks` in columns."""
    marks = Marks(CODEBOOK)
    for talk in talks:
        marks.add(talk)
    return marks


# --- both nulls ---------------------------------------------------------------------------------------------------


def p_values(replicates: int, *, permutations: int, talks: int = 50, seed: int = 0, **how: object) -> tuple[Floats, Floats]:
    """p of `order` and of `conversation`, a replicate each."""
    found = []
    for r in range(replicates):
        columns = marked(drawn(np.random.default_rng((seed, r)), talks, **how)).columns()  # type: ignore[arg-type]
        nulls = (order_null(columns, permutations=permutations, seed=r), conversation_null(columns, permutations=permutations, seed=r))
        found.append([null.p for null in nulls if null])
    order, conversation = np.array(found).T
    return order, conversation


def uniform(p: Floats) -> float:
    """Kolmogorov–Smirnov p of `p` against the uniform distribution."""
    return float(stats.kstest(p, "uniform").pvalue)


# --- intervals ----------------------------------------------------------------------------------------------------


def resampled(columns: Columns, draws: int, rng: np.random.Generator) -> dict[str, Floats]:
    """(draws,) Each measure over clusters drawn with replacement."""
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
        "repertoire": _resampled_repertoire(columns, weights),
        "carry_over": observed - within,
    }


def _resampled_repertoire(columns: Columns, weights: Floats) -> Floats:
    side, now, owner = sides(columns), columns.pairs, columns.cluster[columns.talk]
    found = np.zeros((2, len(weights)))
    for t in range(1, len(side.dealt)):
        a, b = side.previous[columns.place[side.previous] == t - 1], side.current[columns.place[side.current] == t]
        here = now[(columns.place[now] == t) & ~side.fixed]
        if len(here):
            wa, wb = weights[:, owner[a]], weights[:, owner[b]]
            scale = weights[:, owner[here]].sum(axis=1) / np.maximum(wa.sum(axis=1) * wb.sum(axis=1), 1e-12)
            for i, of in enumerate(jaccards(columns.sets[a][:, None], columns.sets[b][None])):
                found[i] += ((wa @ of) * wb).sum(axis=1) * scale
    kept = now[side.fixed]
    for i, of in enumerate(jaccards(columns.sets[kept - 1], columns.sets[kept])):
        found[i] += weights[:, owner[kept]] @ of
    return found[0] / found[1]


def percentile(full: float, _: Floats, draws: Floats) -> tuple[float, float]:
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


def bootstrap_t(full: float, _: Floats, draws: Floats) -> tuple[float, float]:
    """± t × the standard deviation of the draws."""
    raise NotImplementedError


Method = Callable[[str, float, Floats, Floats], tuple[float, float] | None]
METHODS: dict[str, Method] = {
    "percentile": lambda _, full, without, draws: percentile(full, without, draws),
    "BCa": lambda _, full, without, draws: bca(full, without, draws),
    "jackknife-t": lambda _, full, without, __: interval(full, without, logit=False),
    "jackknife-t, logit": lambda name, full, without, __: interval(full, without, logit=name in LOGIT),
}
SHIPPED = "jackknife-t, logit"


def coverage(
    replicates: int, talks: int, *, methods: Sequence[str] = tuple(METHODS), draws: int = 400, seed: int = 1, **how: object
) -> dict[str, dict[str, float]]:
    """By method and measure, how often the interval holds the value that 20,000 conversations have."""
    many = how | ({"people": 5_000} if how.get("people") else {})
    true = leave_one_out(marked(drawn(np.random.default_rng((seed, 10**6)), 20_000, **many)).columns())[0]  # type: ignore[arg-type]
    hits = {m: dict.fromkeys(MEASURES, 0) for m in methods}
    for r in range(replicates):
        rng = np.random.default_rng((seed, r))
        columns = marked(drawn(rng, talks, **how)).columns()  # type: ignore[arg-type]
        full, without = leave_one_out(columns)
        boot = resampled(columns, draws, rng) if set(methods) & {"percentile", "BCa"} else dict.fromkeys(MEASURES, np.empty(0))
        for method in methods:
            for name in MEASURES:
                found = METHODS[method](name, full[name], without[name], boot[name])
                hits[method][name] += found is not None and found[0] <= true[name] <= found[1]
    return {m: {name: n / replicates for name, n in of.items()} for m, of in hits.items()}


# --- speed --------------------------------------------------------------------------------------------------------


def stream(pairs: int) -> Iterator[MarkedTalk]:
    """Conversations of seven replies that come to so many pairs, made from a few hundred different sets."""
    rng = np.random.default_rng(0)
    draws = rng.random((512, 10)) < MODEL
    sets = [MarkedReply(frozenset(TEN[k] for k in np.flatnonzero(row)), words=90) for row in draws]
    at = rng.integers(0, len(sets), (-(-pairs // 6), 7)).tolist()
    for i, row in enumerate(at):
        yield MarkedTalk(str(i), tuple(sets[j] for j in row))


def main() -> None:
    """Print every table."""
