"""How far raters agree with people, or with each other: per dimension, on items and on systems (guide/methods.md#reliability).

Two levels, always named, because they answer different questions and the second flatters. *item*: do two raters see the same in the same reply?
*system*: once all replies of a system are averaged, do they give it the same place? With a reference, every other rater stands beside it on the items
that both have scored (pairwise complete; what only one has scored is counted as missing). Several people (`human:1`, `human:2`) are averaged into the
reference, and their agreement with each other stands beside as the ceiling. Without a reference all raters are taken together, on items that all have
scored; α alone takes incomplete ones.

Raters are compared on items as if items were independent; replies of one conversation are not quite, so intervals are on the narrow side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sim.analysis.order import Order, compare_orders
from sim.analysis.reliability import (
    Form,
    Interval,
    alpha_ordinal,
    concordance,
    icc_forms,
    kappa,
    limits_of_agreement,
    pearson,
    spearman,
)
from sim.core.address import observed_by
from sim.core.frozen import Frozen
from sim.core.judgement import NOT_APPLICABLE, Judgement, is_person

Unit = Literal["item", "system"]

MOST_SCORES = 15
"""Different scores beyond which there is no confusion table."""


class Applicability(Frozen):
    """Whether the dimension applied at all: each says score or n/a."""

    n: int
    """Items that both have judged."""
    both: int
    """Of those, both scored."""
    neither: int
    """Both said n/a."""
    kappa: float | None
    """Cohen's plain κ. None: one of them never says n/a, or nothing else."""


class Confusion(Frozen):
    """How often each score of the reference met each score of the rater."""

    scores: tuple[float, ...]
    """The reference's, rounded to whole ones where it is a mean of several people, and the rater's."""
    counts: tuple[tuple[int, ...], ...]
    """A row for each score of the reference."""


class Agreement(Frozen):
    """One rater against the reference on one dimension. Differences are rater − reference."""

    n: int
    """Pairs: items, or systems, that both have scored."""
    missing: int
    """Items that one of the two scored and the other did not score."""
    icc: dict[Form, float | None]
    intervals: dict[Form, Interval | None]
    icc_consistency: float | None
    """ICC(C,1): form 3,1."""
    icc_agreement: float | None
    """ICC(A,1): form 2,1."""
    interval: Interval | None
    """95 %, of ICC(C,1): exact F."""
    ccc: float | None
    bias: float | None
    limits: Interval | None
    kappa: float | None
    """Quadratic weights on the scores as numbers; equal to `ccc` by definition."""
    alpha: float | None
    """Krippendorff's, ordinal."""
    spearman: float | None
    pearson: float | None
    applicability: Applicability | None
    """On items alone, and where either ever says n/a."""
    confusion: Confusion | None
    """On items alone, and with at most 15 different scores."""
    order: Order | None
    """On systems alone."""


class Together(Frozen):
    """All raters of one dimension together."""

    n: int
    """Items, or systems, that all have scored: what the ICC is on."""
    missing: int
    """Items that some have scored and not all; α takes those with two scores or more."""
    raters: tuple[str, ...]
    icc: dict[Form, float | None]
    intervals: dict[Form, Interval | None]
    icc_consistency: float | None
    icc_agreement: float | None
    interval: Interval | None
    alpha: float | None


class Ceiling(Frozen):
    """How far the people of the reference agree with each other: no rater can be expected to agree more with one of them."""

    people: int
    items: int
    """Scored by two people or more."""
    icc: float | None
    """ICC(1,1), people interchangeable; items may have different numbers of them."""
    alpha: float | None


class Level(Frozen):
    """The figures of one unit."""

    unit: Unit
    dimensions: dict[str, dict[str, Agreement]]
    """By dimension and rater. Empty without a reference."""
    together: dict[str, Together]
    """By dimension, without a reference; empty with one."""


class Calibration(Frozen):
    """Both levels of one table of ratings."""

    reference: str | None
    items: int
    systems: tuple[str, ...]
    raters: tuple[str, ...]
    """The reference's own among them."""
    people: tuple[str, ...]
    """Raters that make up the reference."""
    ratings: int
    outside: int
    """Scores outside 1 to 5; they are in every figure."""
    excluded: dict[str, int]
    """Ratings left out by rater, because it made the item itself."""
    levels: dict[Unit, Level]
    order: dict[str, Order]
    """By rater: the order of systems by their mean over dimensions. Empty without reference or systems."""
    ceiling: dict[str, Ceiling]
    """By dimension, where the reference is several people."""


@dataclass(frozen=True, slots=True)
class _Table:
    """The ratings of one dimension: items × raters, NaN where there is no score."""

    raters: tuple[str, ...]
    scores: NDArray[np.float64]
    not_applicable: NDArray[np.bool_]
    own: NDArray[np.bool_]
    """Whether the rater made the item itself and was left out for it."""
    systems: NDArray[np.int64]
    """Of each item, the place of its system among all; −1 for none."""


def calibrate_ratings(judgements: Sequence[Judgement], *, reference: str | None, own: Mapping[str, frozenset[str]] | None = None) -> Calibration:
    """Hold raters against `reference`, or against each other.

    Args:
        judgements: at most one by each rater of an item (and system) on a dimension.
        reference: a rater, or what stands before the colon in the ids of several; None: none.
        own: for each rater the systems that it is itself, whose items it must not judge.
    """
    kept = [j for j in judgements if not own or j.system not in own.get(j.rater, ())]
    excluded: dict[str, int] = {}
    if len(kept) < len(judgements):
        for j in judgements:
            if own and j.system in own.get(j.rater, ()):
                excluded[j.rater] = excluded.get(j.rater, 0) + 1
    raters = tuple(dict.fromkeys(j.rater for j in kept))
    systems = tuple(dict.fromkeys(j.system for j in kept if j.system))
    people = tuple(r for r in raters if reference is not None and (r == reference or r.startswith(f"{reference}:")))
    tables = _tables(kept, raters, systems, own or {})
    units: tuple[Unit, ...] = ("item", "system") if systems else ("item",)
    return Calibration(
        reference=reference,
        items=len({(j.system, j.item) for j in kept}),
        systems=systems,
        raters=raters,
        people=people,
        ratings=len(kept),
        outside=sum(j.score != NOT_APPLICABLE and not 1 <= j.score <= 5 for j in kept),
        excluded=excluded,
        levels={u: _level(u, tables, people, systems) for u in units},
        order=_overall(tables, people, systems) if people and systems else {},
        ceiling={d: _ceiling(t, people) for d, t in tables.items()} if len(people) > 1 else {},
    )


def own_systems(raters: Sequence[str], systems: Sequence[str]) -> dict[str, frozenset[str]]:
    """The systems that each rater is itself, by name: letters and digits alone are compared, without the provider, `observer:` and capitals.

    The whole name must match: `gpt4o` is not `gpt4omini`.
    """
    bare = {s: _bare(s) for s in systems}
    found = {r: frozenset(s for s in systems if bare[s] and bare[s] == _bare(r)) for r in raters if not is_person(r)}
    return {r: mine for r, mine in found.items() if mine}


def _bare(name: str) -> str:
    last = (observed_by(name) or name).rsplit("/", 1)[-1]
    return "".join(c for c in last.casefold() if c.isalnum())


def _tables(judgements: Sequence[Judgement], raters: Sequence[str], systems: Sequence[str], own: Mapping[str, frozenset[str]]) -> dict[str, _Table]:
    column = {r: i for i, r in enumerate(raters)}
    place = {s: i for i, s in enumerate(systems)} | {"": -1}
    by_dimension: dict[str, list[Judgement]] = {}
    for j in judgements:
        by_dimension.setdefault(j.dimension, []).append(j)
    tables = {}
    for dimension, of in by_dimension.items():
        rows: dict[tuple[str, str], int] = {}
        where = [rows.setdefault((j.system, j.item), len(rows)) for j in of]
        columns = [column[j.rater] for j in of]
        shape = (len(rows), len(raters))
        scores, not_applicable = np.full(shape, np.nan), np.zeros(shape, dtype=bool)
        scores[where, columns] = [np.nan if j.score == NOT_APPLICABLE else j.score for j in of]
        not_applicable[where, columns] = [j.score == NOT_APPLICABLE for j in of]
        made = np.array([place[s] for s, _ in rows], dtype=np.int64)
        mine = np.stack([np.isin(made, [place[s] for s in own.get(r, ()) if s in place]) for r in raters], axis=1)
        tables[dimension] = _Table(tuple(raters), scores, not_applicable, mine, made)
    return tables


def _level(unit: Unit, tables: Mapping[str, _Table], people: Sequence[str], systems: Sequence[str]) -> Level:
    if not people:
        return Level(unit=unit, dimensions={}, together={d: _together(unit, t, len(systems)) for d, t in tables.items()})
    dimensions: dict[str, dict[str, Agreement]] = {}
    for dimension, table in tables.items():
        x = _reference(table, people)
        others = [i for i, r in enumerate(table.raters) if r not in people and (~np.isnan(table.scores[:, i]) | table.not_applicable[:, i]).any()]
        dimensions[dimension] = {table.raters[i]: _agreement(unit, table, x, i, people, systems) for i in others}
    return Level(unit=unit, dimensions=dimensions, together={})


# --- against the reference ----------------------------------------------------------------------------------------


def _reference(table: _Table, people: Sequence[str]) -> NDArray[np.float64]:
    """The mean of the people's scores on each item; NaN where none gave one."""
    theirs = table.scores[:, [table.raters.index(p) for p in people]]
    n = (~np.isnan(theirs)).sum(axis=1)
    return np.where(n > 0, np.nansum(theirs, axis=1) / np.maximum(n, 1), np.nan)


def _agreement(unit: Unit, table: _Table, x: NDArray[np.float64], rater: int, people: Sequence[str], systems: Sequence[str]) -> Agreement:
    y = table.scores[:, rater]
    both = ~np.isnan(x) & ~np.isnan(y)
    missing = int(((np.isnan(x) != np.isnan(y)) & ~table.own[:, rater]).sum())
    a, b = x[both], y[both]
    present: NDArray[np.int64] = np.array([], dtype=np.int64)
    if unit == "system":
        (a, b), present = _by_system(np.stack([a, b]), table.systems[both], len(systems))
    forms, limits, ccc = icc_forms(np.stack([a, b], axis=1)), limits_of_agreement(a, b), concordance(a, b)
    return Agreement(
        n=len(a),
        missing=missing,
        icc=forms.icc,
        intervals=forms.intervals,
        icc_consistency=forms.icc["3,1"],
        icc_agreement=forms.icc["2,1"],
        interval=forms.intervals["3,1"],
        ccc=ccc,
        bias=limits.bias,
        limits=limits.limits,
        kappa=ccc,
        alpha=alpha_ordinal(np.stack([a, b], axis=1)),
        spearman=spearman(a, b),
        pearson=pearson(a, b),
        applicability=_applicability(table, rater, people) if unit == "item" else None,
        confusion=_confusion(a, b, whole=len(people) > 1) if unit == "item" else None,
        order=compare_orders(a, b, [systems[i] for i in present]) if unit == "system" else None,
    )


def _by_system(values: NDArray[np.float64], systems: NDArray[np.int64], count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Means over the items of each system (the last axis), and which systems have any; items without a system are left out."""
    known = systems >= 0
    sizes = np.bincount(systems[known], minlength=count)
    present = np.flatnonzero(sizes)
    sums = np.array([np.bincount(systems[known], weights=row[known], minlength=count) for row in values], dtype=float).reshape(len(values), count)
    return (sums[:, present] / sizes[present]), present


def _applicability(table: _Table, rater: int, people: Sequence[str]) -> Applicability | None:
    mine = [table.raters.index(p) for p in people]
    scored, not_applicable = (~np.isnan(table.scores[:, mine])).sum(axis=1), table.not_applicable[:, mine].sum(axis=1)
    theirs = scored > not_applicable
    judged = (scored != not_applicable) & (~np.isnan(table.scores[:, rater]) | table.not_applicable[:, rater])
    x, y = theirs[judged], ~table.not_applicable[judged, rater]
    if bool(x.all()) and bool(y.all()):
        return None
    return Applicability(n=len(x), both=int((x & y).sum()), neither=int((~x & ~y).sum()), kappa=kappa(x, y))


def _confusion(x: NDArray[np.float64], y: NDArray[np.float64], *, whole: bool) -> Confusion | None:
    rounded = np.floor(x + 0.5) if whole else x
    scores = np.unique(np.concatenate([rounded, y]))
    if not scores.size or scores.size > MOST_SCORES:
        return None
    k = len(scores)
    counts = np.bincount(np.searchsorted(scores, rounded) * k + np.searchsorted(scores, y), minlength=k * k).reshape(k, k)
    return Confusion(scores=tuple(map(float, scores)), counts=tuple(tuple(map(int, row)) for row in counts))


# --- the order of systems -----------------------------------------------------------------------------------------


def _overall(tables: Mapping[str, _Table], people: Sequence[str], systems: Sequence[str]) -> dict[str, Order]:
    """Each rater's order of systems by their mean over dimensions; systems without a figure on some dimension are left out."""
    raters = next(iter(tables.values())).raters
    found = {}
    for i, rater in enumerate(raters):
        if rater in people:
            continue
        means = []
        for table in tables.values():
            x, y = _reference(table, people), table.scores[:, i]
            both = ~np.isnan(x) & ~np.isnan(y)
            if both.any():
                of = np.full((2, len(systems)), np.nan)
                figures, present = _by_system(np.stack([x[both], y[both]]), table.systems[both], len(systems))
                of[:, present] = figures
                means.append(of)
        if means:
            both_means = np.mean(means, axis=0)
            some = [i for i in range(len(systems)) if not np.isnan(both_means[0, i])]
            found[rater] = compare_orders(both_means[0, some], both_means[1, some], [systems[i] for i in some])
    return found


# --- all together, and people among themselves --------------------------------------------------------------------


def _together(unit: Unit, table: _Table, systems: int) -> Together:
    some = [i for i in range(len(table.raters)) if not np.isnan(table.scores[:, i]).all()]
    scores = table.scores[:, some]
    complete = ~np.isnan(scores).any(axis=1)
    use, every = scores[complete], scores
    if unit == "system":
        use = every = _by_system(use.T, table.systems[complete], systems)[0].T
    forms = icc_forms(use)
    return Together(
        n=len(use) if some else 0,
        missing=int((~complete & ~np.isnan(scores).all(axis=1) & ~table.own.any(axis=1)).sum()),
        raters=tuple(table.raters[i] for i in some),
        icc=forms.icc,
        intervals=forms.intervals,
        icc_consistency=forms.icc["3,1"],
        icc_agreement=forms.icc["2,1"],
        interval=forms.intervals["3,1"],
        alpha=alpha_ordinal(every),
    )


def _ceiling(table: _Table, people: Sequence[str]) -> Ceiling:
    theirs = table.scores[:, [table.raters.index(p) for p in people]]
    given = ~np.isnan(theirs)
    some = given.sum(axis=1) >= 2
    return Ceiling(people=int(given.any(axis=0).sum()), items=int(some.sum()), icc=_one_way(theirs[some]), alpha=alpha_ordinal(theirs))


def _one_way(scores: NDArray[np.float64]) -> float | None:
    """ICC(1,1) where items have two scores or more, and not all the same number of them (mean squares of an unbalanced one-way layout)."""
    n = len(scores)
    if n < 2:
        return None
    k = (~np.isnan(scores)).sum(axis=1)
    means, grand = np.nanmean(scores, axis=1), np.nanmean(scores)
    items = float((k * (means - grand) ** 2).sum()) / (n - 1)
    within = float(np.nansum((scores - means[:, None]) ** 2)) / float(k.sum() - n)
    size = (float(k.sum()) - float((k**2).sum()) / float(k.sum())) / (n - 1)
    whole = items + (size - 1) * within
    return (items - within) / whole if whole > 1e-12 else None
