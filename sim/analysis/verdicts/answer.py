"""What a run says first: who is liked more by the primary outcome, as `sim compare` says it, in a sentence or a few."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.analysis.verdicts.arms import build_families
from sim.analysis.verdicts.compare import compare_measure
from sim.analysis.verdicts.sentence import as_sentence, listed, where
from sim.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.analysis.verdicts.arms import RunSource
    from sim.analysis.verdicts.compare import Comparison, MeasureComparison

MOST = 3
"""Sentences, one for each pair of targets."""


def first_sentences(source: RunSource) -> tuple[str, ...]:
    """What can be said of the targets of a run by its primary outcome; nothing where there are no two targets to compare."""
    try:
        families = build_families([source], "target")
    except InputError:
        return ()
    return tell_first(compare_measure(source.primary, families), more="see `sim compare`")


def tell_first(of: MeasureComparison, *, more: str) -> tuple[str, ...]:
    """What comes first of all that one measure says.

    Every pair where there are up to three. Of more, who can be told apart, and the pair that is told apart most clearly; where the sides are about
    several targets, or some pairs were registered, those with a verdict. Last, how many pairs that leaves out.

    Args:
        more: where those are told of.
    """
    known = [c for c in of.comparisons if c.difference is not None]
    order: tuple[str, ...] = ()
    if len(known) <= MOST:
        chosen = known
    elif len(of.ranking) == 1 and not any(c.standing for c in known):
        order, chosen = _order(of, known), [p for p in (foremost(known),) if p]
    else:
        chosen = _decided(known)[:MOST] or [p for p in (foremost(known),) if p]
    return order + tuple(as_sentence(c) for c in chosen) + _others(len(known) - len(chosen), more)


def tied_groups(of: MeasureComparison) -> tuple[tuple[str, ...], ...]:
    """The longest stretches of the ranking in which no verdict separates two sides: tied sides are one group, and never one of them alone."""
    order = [rank.arm for rank in next(iter(of.ranking.values()), ()) if rank.mean is not None]
    apart = {frozenset((c.a, c.b)) for c in of.comparisons if c.verdict in ("higher", "lower")}

    def end_of(start: int) -> int:
        """The first place after `start` that a verdict separates from one between."""
        return next((j for j in range(start, len(order)) if any({order[k], order[j]} in apart for k in range(start, j))), len(order))

    ends = [end_of(i) for i in range(len(order))]
    return tuple(tuple(order[i:end]) for i, end in enumerate(ends) if i == 0 or end > ends[i - 1])


def _order(of: MeasureComparison, known: Sequence[Comparison]) -> tuple[str, ...]:
    """Who can be told apart, the first in the ranking first; nothing where there are too few personas for any verdict."""
    if all(c.tier == "look" for c in known):
        return ()
    groups = tied_groups(of)
    place = where(known[0])
    by = f"{place.strip().capitalize()}, by the {of.label}" if place else f"By the {of.label}"
    if len(groups) == 1:
        return (f"{by}, {listed(groups[0])} cannot be told apart.",)
    told = [listed(group) + (" (not told apart)" if len(group) > 1 else "") for group in groups]
    return (f"{by}, from the top: {', then '.join(told)}.",)


def foremost(pairs: Sequence[Comparison]) -> Comparison | None:
    """The pair that is told of where there is room for one: the largest difference with a verdict, and where none has one the largest.

    None: no pair has anything in common.
    """
    known = [c for c in pairs if c.difference is not None]
    return next(iter(_decided(known)), None) or max(known, key=lambda c: abs(c.difference or 0.0), default=None)


def _decided(pairs: Sequence[Comparison]) -> list[Comparison]:
    """Those with a verdict, the largest difference first."""
    return sorted((c for c in pairs if c.verdict in ("higher", "lower")), key=lambda c: -abs(c.difference or 0.0))


def _others(count: int, more: str) -> tuple[str, ...]:
    return (f"{count} more pair{'s' * (count != 1)}: {more}.",) if count else ()
