"""Repetition of a log or a run as one document: measures, both nulls with p, and 95 % intervals (guide/methods.md#repetition)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sim.analysis.stats.jackknife import FEWEST_CLUSTERS, infer, paired_clusters
from sim.core.frozen import Frozen
from sim.score.repetition.course import FEWEST
from sim.score.repetition.measures import PairFigures, counts, less, measure, measure_moves, measure_sessions
from sim.score.repetition.shuffles import Null, conversation_null, order_null, permutations_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.score.repetition.marks import Bits, MarkColumns, Marks
    from sim.score.repetition.measures import Repetition

SHOWN = 5
"""Templates listed."""

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
    """Replies in random order within each conversation: tests `carry_over` where talks have no course; go by `p.carry_over_adjusted`."""


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
    """J of different people's replies at the places of neighbours."""
    repertoire_beyond_size: float | None
    """(repertoire − R) / (1 − R), with R the J of random sets of the same sizes."""
    conversation_fit: float | None
    """Within − repertoire; the course of a talk lowers it."""
    conversation_fit_adjusted: float | None
    """J of replies of one talk, two or three apart − J of different people's at the same two places."""
    carry_over: float | None
    """Jaccard − within; the course of a talk raises it."""
    carry_over_adjusted: float | None
    """J of neighbours of one talk − J of different people's at the same two places − `conversation_fit_adjusted`."""
    moves_per_reply: float | None
    words_per_reply: float | None
    null: Nulls
    interval: dict[str, tuple[float, float] | None]
    """95 %, by measure; null below five clusters."""
    p: dict[str, float | None]
    """Two-sided, of carry-over and conversation fit, adjusted: of the level at which their interval would just touch 0; null where there is none."""
    per_move: dict[str, PerMove]
    across_sessions: dict[Literal["opening", "closing"], AcrossSessions]
    """`opening`: first reply to first reply; `closing`: last to last."""
    templates: Templates
    broken: int
    """Replies without tags, which break the pairs they stand in."""
    clusters: int
    """People with a pair, or conversations where nobody is named: what the intervals are over."""
    within: float | None
    """Jaccard expected in random order within conversations."""
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
    bounds, p = infer(columns)
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
        repertoire_beyond_size=found.repertoire_beyond_size,
        conversation_fit=found.conversation_fit,
        conversation_fit_adjusted=found.conversation_fit_adjusted,
        carry_over=found.carry_over,
        carry_over_adjusted=found.carry_over_adjusted,
        moves_per_reply=found.moves_per_reply,
        words_per_reply=found.words_per_reply,
        null=Nulls(
            conversation=_null(conversation, "mean Jaccard of any two replies of a conversation"),
            order=_null(order, "mean Jaccard of a reply and the one before it"),
        ),
        interval=bounds,
        p=p,
        per_move=_per_move(marks),
        across_sessions={name: _across(of) for name, of in measure_sessions(marks).items()},
        templates=_templates(marks),
        broken=found.broken,
        clusters=len(paired_clusters(columns)),
        within=found.within,
        novelty=NoveltyFigures(previous=found.novelty.previous, history=found.novelty.history),
        entropy=found.novelty.entropy,
        notes=tuple(_notes(columns, found, bounds, asked=permutations, made=made)),
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


def _shares(sets: Bits, columns: MarkColumns) -> dict[str, float]:
    """Of the sets that are not empty, the share that has each counted move."""
    some = sets[sets > 0]
    return dict(zip(columns.codes, (counts(some, len(columns.codes)) / len(some)).tolist(), strict=True)) if len(some) else {}


def _templates(marks: Marks) -> Templates:
    known = marks.with_sentences
    ranked = sorted(((n, tuple("+".join(marks.named(m)) for m in t)) for t, n in marks.templates.items() if t), key=lambda x: (-x[0], x[1]))
    top = tuple(Template(sequence=sequence, replies=n, share=n / known) for n, sequence in ranked[:SHOWN] if n > 1)
    return Templates(replies=known, distinct=len(ranked), share=ranked[0][0] / known if ranked else None, top=top)


def _notes(columns: MarkColumns, found: Repetition, bounds: Mapping[str, tuple[float, float] | None], *, asked: int, made: int) -> list[str]:
    notes = []
    if not found.pairs:
        notes.append("no pairs: no conversation has two tagged replies in a row")
    elif not columns.sets[columns.tagged].any():
        notes.append("no reply makes a move of the codebook, so that nothing can be alike")
    else:
        if found.within is None:
            notes.append("no carry-over, conversation fit or order null: no conversation has three tagged replies")
        if found.repertoire is None:
            notes.append(f"no repertoire and nothing adjusted: no place is reached by {FEWEST} conversations of more than one person")
        elif found.carry_over_adjusted is None:
            notes.append(f"nothing adjusted: no two places, two or three apart, are reached by {FEWEST} conversations")
        if found.repertoire is not None and found.repertoire_beyond_size is None:
            notes.append("no repertoire beyond size: every reply makes every move, and so would random ones")
    if made < asked:
        notes.append(f"{made:,} permutations of {asked:,} asked for: {len(columns.tagged):,} replies")
    if found.pairs and len(paired_clusters(columns)) < FEWEST_CLUSTERS:
        notes.append(f"no intervals: fewer than {FEWEST_CLUSTERS} conversations or people")
    elif found.jaccard is not None and bounds["jaccard"] is None:
        notes.append("no interval of how alike replies are: without one of the conversations or people there is nothing to compare")
    return notes
