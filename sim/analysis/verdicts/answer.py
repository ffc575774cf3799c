"""What a run says first: who is liked more by the primary outcome, as `sim compare` says it, in a sentence or a few."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.analysis.verdicts.arms import build_families
from sim.analysis.verdicts.compare import compare_measure
from sim.analysis.verdicts.sentence import as_sentence
from sim.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.analysis.verdicts.arms import RunSource
    from sim.analysis.verdicts.compare import Comparison

MOST = 3
"""Sentences, one for each pair of targets."""


def first_sentences(source: RunSource) -> tuple[str, ...]:
    """What can be said of the targets of a run by its primary outcome.

    Every pair where there are up to three; of more, those with a verdict, and where none has one, the pair that is furthest apart. Nothing
    where there are no two targets to compare.
    """
    try:
        families = build_families([source], "target")
    except InputError:
        return ()
    pairs = [c for c in compare_measure(source.primary, families).comparisons if c.difference is not None]
    chosen = pairs if len(pairs) <= MOST else _decided(pairs)[:MOST] or [p for p in (foremost(pairs),) if p]
    return tuple(as_sentence(c) for c in chosen) + _others(len(pairs) - len(chosen))


def foremost(pairs: Sequence[Comparison]) -> Comparison | None:
    """The pair that is told of where there is room for one: the largest difference with a verdict, and where none has one the largest.

    None: no pair has anything in common.
    """
    known = [c for c in pairs if c.difference is not None]
    return next(iter(_decided(known)), None) or max(known, key=lambda c: abs(c.difference or 0.0), default=None)


def _decided(pairs: Sequence[Comparison]) -> list[Comparison]:
    """Those with a verdict, the largest difference first."""
    return sorted((c for c in pairs if c.verdict in ("higher", "lower")), key=lambda c: -abs(c.difference or 0.0))


def _others(count: int) -> tuple[str, ...]:
    return (f"{count} more pair{'s' * (count != 1)} of targets: see `sim compare`.",) if count else ()
