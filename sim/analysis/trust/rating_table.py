"""Ratings as tables: of each dimension, what every rater said of every item, by item or by conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.judgement import NOT_APPLICABLE, Judgement


@dataclass(frozen=True, slots=True)
class RatingTable:
    """The ratings of one dimension: items × raters, NaN where there is no score."""

    raters: tuple[str, ...]
    scores: NDArray[np.float64]
    not_applicable: NDArray[np.bool_]
    own: NDArray[np.bool_]
    """Whether the rater made the item itself and was left out for it."""
    systems: NDArray[np.int64]
    """Of each item, the place of its system among all; −1 for none."""
    clusters: NDArray[np.int64]
    """Of each item, the number of its conversation, or one of its own."""
    clustered: bool
    """Whether some conversation has two items, so that they are not independent."""


def build_tables(
    judgements: Sequence[Judgement], raters: Sequence[str], systems: Sequence[str], own: Mapping[str, frozenset[str]]
) -> dict[str, RatingTable]:
    """The table of each dimension.

    Args:
        raters, systems: the columns, and the systems by their places.
        own: for each rater the systems that it is itself.
    """
    column = {r: i for i, r in enumerate(raters)}
    place = {s: i for i, s in enumerate(systems)} | {"": -1}
    by_dimension: dict[str, list[Judgement]] = {}
    for j in judgements:
        by_dimension.setdefault(j.dimension, []).append(j)
    tables = {}
    for dimension, of in by_dimension.items():
        rows: dict[tuple[str, str], int] = {}
        talks: dict[tuple[str, str], int] = {}
        where = [rows.setdefault((j.system, j.item), len(rows)) for j in of]
        columns = [column[j.rater] for j in of]
        shape = (len(rows), len(raters))
        scores, not_applicable = np.full(shape, np.nan), np.zeros(shape, dtype=bool)
        scores[where, columns] = [np.nan if j.score == NOT_APPLICABLE else j.score for j in of]
        not_applicable[where, columns] = [j.score == NOT_APPLICABLE for j in of]
        made = np.array([place[s] for s, _ in rows], dtype=np.int64)
        mine = np.stack([np.isin(made, [place[s] for s in own.get(r, ()) if s in place]) for r in raters], axis=1)
        clusters = np.zeros(len(rows), dtype=np.int64)
        clusters[where] = [talks.setdefault((j.system, j.talk), len(talks)) for j in of]
        tables[dimension] = RatingTable(tuple(raters), scores, not_applicable, mine, made, clusters, len(talks) < len(rows))
    return tables


def by_talk(table: RatingTable) -> RatingTable:
    """A row for each conversation: the mean of what each rater scored of it; n/a where that is all that the rater said."""
    talks, first = np.unique(table.clusters, return_index=True)
    given = ~np.isnan(table.scores)
    columns = range(len(table.raters))

    def summed(values: NDArray[Any]) -> NDArray[np.float64]:
        return np.stack([np.bincount(table.clusters, values[:, i].astype(float), len(talks)) for i in columns], axis=1)

    n = summed(given)
    scores = np.where(n > 0, summed(np.where(given, table.scores, 0.0)) / np.maximum(n, 1), np.nan)
    not_applicable = (n == 0) & (summed(table.not_applicable) > 0)
    return RatingTable(table.raters, scores, not_applicable, summed(table.own) > 0, table.systems[first], talks, clustered=False)


def reference_means(table: RatingTable, people: Sequence[str]) -> NDArray[np.float64]:
    """The mean of the people's scores on each item; NaN where none gave one."""
    theirs = table.scores[:, [table.raters.index(p) for p in people]]
    n = (~np.isnan(theirs)).sum(axis=1)
    return np.where(n > 0, np.nansum(theirs, axis=1) / np.maximum(n, 1), np.nan)


def by_system(values: NDArray[np.float64], systems: NDArray[np.int64], count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Means over the items of each system (the last axis), and which systems have any; items without a system are left out."""
    known = systems >= 0
    sizes = np.bincount(systems[known], minlength=count)
    present = np.flatnonzero(sizes)
    sums = np.array([np.bincount(systems[known], weights=row[known], minlength=count) for row in values], dtype=float).reshape(len(values), count)
    return (sums[:, present] / sizes[present]), present
