"""Repetition of a log or a run as one document: the measures, both nulls with p, and 95 % intervals over conversations (guide/methods.md#repetition).

Intervals are jackknife-t: each measure is computed again without each cluster, the spread of those values gives the standard error, and the interval
is ± t with (clusters − 1) degrees of freedom, shares on the logit scale. Of stickiness and excess, which hang on rare moves, the standard error is
at least that of their rates were replies independent. No draw is needed. `python -m tests.benchmarks.repetition` prints how often this and other
methods cover the truth.
"""

from __future__ import annotations

from math import isfinite, sqrt
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sim.core.frozen import Frozen
from sim.score.marks import jaccards, sizes
from sim.score.repetition import Alike, PairFigures, alike, counts, less, measure, measure_moves, measure_sessions, overlaps, sides
from sim.score.shuffles import Null, conversation_null, order_null, permutations_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.score.marks import Bits, Columns, Index, Marks

    Floats = NDArray[np.float64]

FEWEST_CLUSTERS = 5
"""Conversations, or people, below which no interval is given."""
SHOWN = 5
"""Templates listed."""
LOGIT = ("stickiness", "base_rate", "pooled", "expected", "jaccard", "repertoire")
"""Measures that lie in 0 to 1, whose intervals must too."""
CORRECTED = ("conversation_fit",)
"""Measures whose interval stands around the value without the jackknife's bias: of n conversations each is dealt one in n of its own replies, which
raises repertoire and takes as much off the fit."""


# --- the document -------------------------------------------------------------------------------------------------


class NullFigures(Frozen):
    """One permutation null, and what was observed against it."""

    statistic: str
    """What is compared, in words."""
    permutations: int
    """As many as asked for, or fewer where the log is large: at most 30 million replies are moved, in at least 99 permutations."""
    observed: float | None
    """None, as are the others: nothing can be permuted."""
    mean: float | None
    """Of the statistic under the null."""
    p: float | None
    """(1 + permutations that come to at least what was observed) / (1 + permutations)."""


class Nulls(Frozen):
    """Both of them."""

    conversation: NullFigures
    """Replies dealt out over conversations at the same position: tests conversation fit."""
    order: NullFigures
    """Replies in random order within each conversation: tests carry-over."""


class PerMove(Frozen):
    """One move."""

    rate: float | None
    """Share of tagged replies that have it."""
    again: float | None
    """P(in the current reply | in the previous). None: it is in no previous reply."""
    base: float | None
    """P(in the current reply), over pairs."""
    n: int
    """Pairs whose previous reply has it."""
    opening: float | None
    """Share of replies whose first sentence that makes any counted move makes it; of those whose sentences are known and make any."""
    closing: float | None
    """The same of the last."""
    beside: bool
    """Tagged, but part of no figure on the codebook."""


class AcrossSessions(Frozen):
    """From a session to the same person's next."""

    n: int
    """Pairs of sessions."""
    jaccard: float | None
    pooled: float | None
    stickiness: float | None
    excess: float | None


class Template(Frozen):
    """A sequence of sentences' move sets, sentences without a counted move left out and equal neighbours taken as one."""

    sequence: tuple[str, ...]
    """Moves of a sentence with several are joined by `+`."""
    replies: int
    share: float


class Templates(Frozen):
    """How many replies are made to one pattern."""

    replies: int
    """Tagged replies whose sentences are known."""
    distinct: int
    share: float | None
    """Of the most frequent sequence that makes any move, among `replies`."""
    top: tuple[Template, ...]
    """Those that stand more than once, at most five."""


class NoveltyFigures(Frozen):
    """In nats, each move counted once a reply."""

    previous: float | None
    """Mean KL(current ‖ previous reply)."""
    history: float | None
    """Mean KL(current ‖ all before it in the conversation)."""


class RepetitionReport(Frozen):
    """Repetition of moves between consecutive replies of the same target: `--only repetition --json`. What cannot be estimated is null."""

    conversations: int
    pairs: int
    tagger: str
    codebook: str
    stickiness: float | None
    base_rate: float | None
    excess: float | None
    sequential_excess: float | None
    """Excess − its mean under the order null."""
    pooled: float | None
    expected: float | None
    jaccard: float | None
    repertoire: float | None
    conversation_fit: float | None
    carry_over: float | None
    moves_per_reply: float | None
    words_per_reply: float | None
    null: Nulls
    interval: dict[str, tuple[float, float] | None]
    """95 %, by measure; null below five clusters."""
    per_move: dict[str, PerMove]
    across_sessions: dict[Literal["opening", "closing"], AcrossSessions]
    """`opening`: first reply to first reply; `closing`: last to last."""
    templates: Templates
    broken: int
    """Replies without tags, which break the pairs they stand in."""
    clusters: int
    """People with a pair, or conversations where nobody is named: what the intervals are over."""
    within: float | None
    """Jaccard expected in random order within conversations: conversation fit = within − repertoire, carry-over = Jaccard − within."""
    novelty: NoveltyFigures
    entropy: float | None
    """Mean entropy of a reply's moves, in nats; replies without a move are left out."""
    notes: tuple[str, ...]
    """What could not be estimated and why, and where fewer permutations were made."""


def report_repetition(marks: Marks, *, tagger: str, codebook: str, seed: int = 0, permutations: int = 1000) -> RepetitionReport:
    """Everything guide/methods.md#repetition says about the talks in `marks`, whatever the order in which they were added.

    Args:
        marks: the talks.
        tagger: who tagged them.
        codebook: id of the codebook.
        seed: of the permutations.
        permutations: of each null; fewer for more than 30,000 replies (`NullFigures.permutations`).
    """
    columns, found = marks.columns(), measure(marks)
    made = permutations_for(columns, permutations)
    order = order_null(columns, permutations=made, seed=seed)
    conversation = conversation_null(columns, permutations=made, seed=seed)
    return RepetitionReport(
        conversations=found.conversations,
        pairs=found.pairs,
        tagger=tagger,
        codebook=codebook,
        stickiness=found.stickiness,
        base_rate=found.base_rate,
        excess=found.excess,
        sequential_excess=less(found.excess, order.mean_excess if order else None),
        pooled=found.pooled,
        expected=found.expected,
        jaccard=found.jaccard,
        repertoire=found.repertoire,
        conversation_fit=found.conversation_fit,
        carry_over=found.carry_over,
        moves_per_reply=found.moves_per_reply,
        words_per_reply=found.words_per_reply,
        null=Nulls(
            conversation=_null(conversation, "mean Jaccard of any two replies of a conversation"),
            order=_null(order, "mean Jaccard of a reply and the one before it"),
        ),
        interval=intervals(columns),
        per_move=_per_move(marks),
        across_sessions={name: _across(of) for name, of in measure_sessions(marks).items()},
        templates=_templates(marks),
        broken=found.broken,
        clusters=len(paired_clusters(columns)),
        within=found.within,
        novelty=NoveltyFigures(previous=found.novelty.previous, history=found.novelty.history),
        entropy=found.novelty.entropy,
        notes=tuple(_notes(marks, found.pairs, found.within, found.repertoire, asked=permutations, made=made)),
    )


def _null(null: Null | None, statistic: str) -> NullFigures:
    if null is None:
        return NullFigures(statistic=statistic, permutations=0, observed=None, mean=None, p=None)
    return NullFigures(statistic=statistic, permutations=len(null.values), observed=null.observed, mean=float(null.values.mean()), p=null.p)


def _across(of: PairFigures) -> AcrossSessions:
    return AcrossSessions(n=of.pairs, jaccard=of.jaccard, pooled=of.pooled, stickiness=of.stickiness, excess=of.excess)


def _per_move(marks: Marks) -> dict[str, PerMove]:
    columns = marks.columns()
    ends = [_shares(sets, columns) for sets in (columns.opening, columns.closing)]
    return {
        name: PerMove(
            rate=of.rate,
            again=of.again,
            base=of.base,
            n=of.n,
            opening=ends[0].get(name),
            closing=ends[1].get(name),
            beside=name in columns.beside,
        )
        for name, of in measure_moves(marks).items()
    }


def _shares(sets: Bits, columns: Columns) -> dict[str, float]:
    """Of the sets that are not empty, the share that has each counted move."""
    some = sets[sets > 0]
    return dict(zip(columns.codes, (counts(some, len(columns.codes)) / len(some)).tolist(), strict=True)) if len(some) else {}


def _templates(marks: Marks) -> Templates:
    known = marks.with_sentences
    ranked = sorted(((n, tuple("+".join(marks.named(m)) for m in t)) for t, n in marks.templates.items() if t), key=lambda x: (-x[0], x[1]))
    top = tuple(Template(sequence=sequence, replies=n, share=n / known) for n, sequence in ranked[:SHOWN] if n > 1)
    return Templates(replies=known, distinct=len(ranked), share=ranked[0][0] / known if ranked else None, top=top)


def _notes(marks: Marks, pairs: int, within: float | None, repertoire: float | None, *, asked: int, made: int) -> list[str]:
    notes = []
    if not pairs:
        notes.append("no pairs: no conversation has two tagged replies in a row")
    elif within is None:
        notes.append("no carry-over, conversation fit or order null: no conversation has three tagged replies")
    if pairs and repertoire is None:
        notes.append("no repertoire, conversation fit or conversation null: no position has five conversations with a tagged reply")
    if made < asked:
        notes.append(f"{made:,} permutations of {asked:,} asked for: {marks.replies:,} replies")
    if pairs and len(paired_clusters(marks.columns())) < FEWEST_CLUSTERS:
        notes.append(f"no intervals: fewer than {FEWEST_CLUSTERS} conversations or people")
    return notes


# --- intervals ----------------------------------------------------------------------------------------------------


def intervals(columns: Columns) -> dict[str, tuple[float, float] | None]:
    """95 % intervals of the main measures, over the clusters that have a pair."""
    full, without = leave_one_out(columns)
    paired, least = paired_clusters(columns), least_errors(columns)
    return {
        name: interval(full[name], values[paired], logit=name in LOGIT, corrected=name in CORRECTED, least=least.get(name, 0.0))
        for name, values in without.items()
    }


def paired_clusters(columns: Columns) -> Index:
    """Clusters that have a pair."""
    return np.unique(columns.cluster[columns.talk[columns.pairs]])


def least_errors(columns: Columns) -> dict[str, float]:
    """The standard errors of stickiness and excess that independent replies would give them.

    A rare move that happens to come twice in no conversation has no spread over conversations, and is none the surer for it. P(again | before) is
    drawn to the base rate by two pairs; the error of a difference of a share and that of the whole is smaller by what they have in common.
    """
    now, moves = columns.pairs, len(columns.codes)
    before, after = columns.sets[now - 1], columns.sets[now]
    times, comes, both = counts(before, moves), counts(after, moves), counts(before & after, moves)
    occurs = times > 0
    if not occurs.any():
        return {}
    n, base = times[occurs], comes[occurs] / len(now)
    again = (both[occurs] + 2 * base) / (n + 2)
    variance = again * (1 - again) / n
    found = {"stickiness": variance, "excess": variance * (1 - n / len(now))}
    return {name: sqrt(float(of.sum())) / len(n) for name, of in found.items()}


def interval(full: float, without: Floats, *, logit: bool = False, corrected: bool = False, least: float = 0.0) -> tuple[float, float] | None:
    """Jackknife-t. None: too few clusters, or the measure is nothing without one of them.

    Args:
        full: the measure over all clusters.
        without: (C,) without each.
        logit: it is a share: the interval is made on the logit scale.
        corrected: around the value without the jackknife's bias; of no share.
        least: the least standard error.
    """
    n = len(without)
    if n < FEWEST_CLUSTERS or not isfinite(full) or not np.isfinite(without).all():
        return None
    from scipy.special import stdtrit  # scipy.stats takes several times as long to import

    half = float(stdtrit(n - 1, 0.975)) * max(least, sqrt((n - 1) / n * float(((without - without.mean()) ** 2).sum())))
    if not logit:
        centre = n * full - (n - 1) * float(without.mean()) if corrected else full
        return centre - half, centre + half
    if not 0 < full < 1:
        return max(0.0, full - half), min(1.0, full + half)
    # The delta method carries the standard error to the logit scale.
    middle, width = np.log(full / (1 - full)), half / (full * (1 - full))
    low, high = (float(1 / (1 + np.exp(-x))) for x in (middle - width, middle + width))
    return low, high


def leave_one_out(columns: Columns) -> tuple[dict[str, float], dict[str, Floats]]:
    """Each main measure over all, and (C,) without each cluster; NaN where it is not defined."""
    owner, size, moves = columns.cluster, int(columns.cluster.max(initial=-1)) + 1, len(columns.codes)
    now = columns.pairs
    before, after = columns.sets[now - 1], columns.sets[now]
    of_pair, tagged = owner[columns.talk[now]], np.flatnonzero(columns.tagged)
    of_reply = owner[columns.talk[tagged]]
    sums = alike(columns)

    def rest(values: NDArray[Any]) -> Floats:
        """(1 + C, …) The total of (C, …), then less each."""
        total = values.sum(axis=0)
        return np.concatenate([total[None], total - values]).astype(float)

    def moved(sets: Bits, k: int) -> Floats:
        one, kind = sets.dtype.type(1), sets.dtype.type
        return rest(np.bincount(of_pair[(sets >> kind(k) & one) > 0], minlength=size))

    def by_cluster(of_talk: Floats | None) -> Floats:
        """(1 + C,) A Jaccard from its sums by talk."""
        if of_talk is None:
            return np.full(1 + size, np.nan)
        overlap, defined = (rest(np.bincount(owner, of_talk[:, i], size)) for i in (0, 1))
        return _over(overlap, defined)

    pairs = rest(np.bincount(of_pair, minlength=size))
    occurs, again, base, made, kept, expected = (np.zeros(1 + size) for _ in range(6))
    for k in range(moves):
        times, comes, both = (moved(sets, k) for sets in (before, after, before & after))
        occurs += times > 0
        again += np.nan_to_num(_over(both, times))
        base += np.where(times > 0, _over(comes, pairs), 0)
        made += times
        kept += both
        expected += np.nan_to_num(times * _over(comes, pairs))
    stickiness, base_rate = _over(again, occurs), _over(base, occurs)
    jaccard, within = by_cluster(sums.observed), by_cluster(sums.within)
    repertoire = _repertoire(columns, sums, size)
    values = {
        "stickiness": stickiness,
        "base_rate": base_rate,
        "excess": stickiness - base_rate,
        "pooled": _over(kept, made),
        "expected": _over(expected, made),
        "jaccard": jaccard,
        "repertoire": repertoire,
        "conversation_fit": within - repertoire,
        "carry_over": jaccard - within,
        "moves_per_reply": _over(rest(np.bincount(of_reply, sizes(columns.sets[tagged]), size)), rest(np.bincount(of_reply, minlength=size))),
    }
    return {name: float(of[0]) for name, of in values.items()}, {name: of[1:] for name, of in values.items()}


def _over(a: Floats, b: Floats) -> Floats:
    """a / b, NaN where b is 0 or less, as a difference of equal sums can be by rounding."""
    found: Floats = np.divide(a, b, out=np.full(np.broadcast_shapes(a.shape, b.shape), np.nan), where=b > 1e-9)
    return found


def _repertoire(columns: Columns, sums: Alike, size: int) -> Floats:
    """(1 + C,) Repertoire over all and without each cluster, whose replies then stand on neither side at any position.

    Which positions are dealt out is settled by all clusters together.
    """
    if sums.across is None:
        return np.full(1 + size, np.nan)
    side, now, owner = sides(columns), columns.pairs, columns.cluster[columns.talk]
    overlap = jaccards(columns.sets[now - 1], columns.sets[now])
    found = [np.zeros(1 + size) for _ in overlap]
    for of, values in zip(found, overlap, strict=True):
        kept = np.bincount(owner[now], values * side.fixed, size)
        of += np.concatenate([[kept.sum()], kept.sum() - kept])
    # One position at a time, since a long log has millions of replies.
    for t in range(1, len(sums.across)):
        a, b = side.previous[columns.place[side.previous] == t - 1], side.current[columns.place[side.current] == t]
        of_a, of_b, of_pair = owner[a], owner[b], owner[now[(columns.place[now] == t) & ~side.fixed]]
        if not len(of_pair):
            continue
        before, after, pairs = (np.bincount(x, minlength=size) for x in (of_a, of_b, of_pair))
        sets_a, sets_b, all_a, all_b = columns.sets[a], columns.sets[b], np.zeros_like(a), np.zeros_like(b)
        scale = _over((len(of_pair) - pairs).astype(float), ((len(a) - before) * (len(b) - after)).astype(float))
        crossed = zip(
            overlaps(all_a, sets_a, all_b, sets_b), overlaps(all_b, sets_b, all_a, sets_a), overlaps(of_a, sets_a, of_b, sets_b), strict=True
        )
        for of, (with_b, with_a, own) in zip(found, crossed, strict=True):
            total = with_b.sum()
            rest = total - np.bincount(of_a, with_b, size) - np.bincount(of_b, with_a, size) + np.bincount(of_a, own, size)
            of[0] += total * len(of_pair) / (len(a) * len(b))
            of[1:] += np.nan_to_num(rest * scale)
    return _over(found[0], found[1])
