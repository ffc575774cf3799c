"""How far raters agree with people, or with each other: per dimension, on items and on systems (guide/methods.md#reliability).

Levels are always named, because they answer different questions and the last flatters. *item*: do two raters see the same in the same reply?
*system*: once all replies of a system are averaged, do they give it the same place? With a reference, every other rater stands beside it on the items
that both have scored (pairwise complete; what only one has scored is counted as missing). Several people (`human:1`, `human:2`) are averaged into the
reference, and how far each agrees with the mean of the others stands beside as the ceiling (`sim.analysis.trust.ceiling`). Without a reference all
raters are taken together, on items that all have scored; α alone takes incomplete ones.

Where items are grouped (`group`: the conversation they are a part of), a third level stands between: *talk*, the mean of each rater over what it
scored of a conversation, on which ratings of replies meet ratings of whole talks. The intervals on items are then those of a jackknife over
conversations (`sim.analysis.stats.clustered`). Without groups they are exact for independent items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sim.analysis.stats.clustered import clustered_intervals
from sim.analysis.stats.order import Order, compare_orders
from sim.analysis.stats.reliability import (
    Form,
    Icc,
    Interval,
    alpha_ordinal,
    concordance,
    icc_forms,
    kappa,
    limits_of_agreement,
    pearson,
    spearman,
)
from sim.analysis.trust.ceiling import Ceiling, find_ceiling
from sim.analysis.trust.rating_table import RatingTable, build_tables, by_system, by_talk, reference_means
from sim.core.address import observed_by
from sim.core.frozen import Frozen
from sim.core.judgement import Judgement, is_person

Unit = Literal["item", "talk", "system"]

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
    """95 %, of ICC(C,1): over conversations where items are grouped, else exact F."""
    clusters: int | None
    """Conversations that the intervals are over. None: items are taken for independent."""
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
    clusters: int | None
    """See `Agreement`."""
    alpha: float | None


class Level(Frozen):
    """The figures of one unit."""

    unit: Unit
    dimensions: dict[str, dict[str, Agreement]]
    """By dimension and rater. Empty without a reference."""
    together: dict[str, Together]
    """By dimension, without a reference; empty with one."""
    ceiling: dict[str, Ceiling]
    """By dimension, where the reference is several people."""


class Calibration(Frozen):
    """All levels of one table of ratings."""

    reference: str | None
    items: int
    talks: int | None
    """Conversations that items are a part of. None: none is grouped."""
    systems: tuple[str, ...]
    raters: tuple[str, ...]
    """The reference's own among them."""
    people: tuple[str, ...]
    """Raters that make up the reference."""
    ratings: int
    ranges: dict[str, tuple[float, float]]
    """By dimension, the lowest and the highest score that anybody gave."""
    excluded: dict[str, int]
    """Ratings left out by rater, because it made the item itself."""
    levels: dict[Unit, Level]
    order: dict[str, Order]
    """By rater: the order of systems by their mean over dimensions. Empty without reference or systems."""


def calibrate_ratings(
    judgements: Sequence[Judgement], *, reference: str | None, own: Mapping[str, frozenset[str]] | None = None, talks: bool = False
) -> Calibration:
    """Hold raters against `reference`, or against each other.

    Args:
        judgements: at most one by each rater of an item (and system) on a dimension.
        reference: a rater, or what stands before the colon in the ids of several; None: none.
        own: for each rater the systems that it is itself, whose items it must not judge.
        talks: a system's mean is over talks instead of over items, so that ratings of replies and of talks meet there too.
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
    tables = build_tables(kept, raters, systems, own or {})
    grouped = any(j.group and j.group != j.item for j in kept)
    by_conversation = {d: by_talk(t) for d, t in tables.items()} if grouped else tables
    of_unit: dict[Unit, Mapping[str, RatingTable]] = {"item": tables}
    if grouped or talks:
        of_unit["talk"] = by_conversation
    if systems:
        of_unit["system"] = by_conversation if talks else tables
    return Calibration(
        reference=reference,
        items=len({(j.system, j.item) for j in kept}),
        talks=len({(j.system, j.talk) for j in kept}) if grouped else None,
        systems=systems,
        raters=raters,
        people=people,
        ratings=len(kept),
        ranges={d: (float(np.nanmin(t.scores)), float(np.nanmax(t.scores))) for d, t in tables.items() if not np.isnan(t.scores).all()},
        excluded=excluded,
        levels={u: _level(u, of, people, systems) for u, of in of_unit.items()},
        order=_overall(of_unit["system"], people, systems) if people and systems else {},
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


def _level(unit: Unit, tables: Mapping[str, RatingTable], people: Sequence[str], systems: Sequence[str]) -> Level:
    if not people:
        return Level(unit=unit, dimensions={}, together={d: _together(unit, t, len(systems)) for d, t in tables.items()}, ceiling={})
    dimensions: dict[str, dict[str, Agreement]] = {}
    for dimension, table in tables.items():
        x = reference_means(table, people)
        others = [i for i, r in enumerate(table.raters) if r not in people and (~np.isnan(table.scores[:, i]) | table.not_applicable[:, i]).any()]
        dimensions[dimension] = {table.raters[i]: _agreement(unit, table, x, i, people, systems) for i in others}
    ceiling = {d: _ceiling(unit, t, people, len(systems)) for d, t in tables.items()} if len(people) > 1 else {}
    return Level(unit=unit, dimensions=dimensions, together={}, ceiling=ceiling)


def _ceiling(unit: Unit, table: RatingTable, people: Sequence[str], systems: int) -> Ceiling:
    if unit != "system":
        return find_ceiling(table.scores, table.raters, people, table.clusters)
    of = np.full((systems, len(table.raters)), np.nan)
    for i in range(len(table.raters)):
        scored = ~np.isnan(table.scores[:, i])
        means, present = by_system(table.scores[scored, i][None], table.systems[scored], systems)
        of[present, i] = means[0]
    return find_ceiling(of, table.raters, people, np.arange(systems))


# --- against the reference ----------------------------------------------------------------------------------------


def _agreement(unit: Unit, table: RatingTable, x: NDArray[np.float64], rater: int, people: Sequence[str], systems: Sequence[str]) -> Agreement:
    y = table.scores[:, rater]
    both = np.asarray(~np.isnan(x) & ~np.isnan(y))
    missing = int(((np.isnan(x) != np.isnan(y)) & ~table.own[:, rater]).sum())
    a, b = x[both], y[both]
    present: NDArray[np.int64] = np.array([], dtype=np.int64)
    if unit == "system":
        (a, b), present = by_system(np.stack([a, b]), table.systems[both], len(systems))
    forms, limits, ccc = icc_forms(np.stack([a, b], axis=1)), limits_of_agreement(a, b), concordance(a, b)
    intervals, clusters = _intervals(unit, table, both, forms, np.stack([table.scores[both, rater], x[both]], axis=1))
    return Agreement(
        n=len(a),
        missing=missing,
        icc=forms.icc,
        intervals=intervals,
        icc_consistency=forms.icc["3,1"],
        icc_agreement=forms.icc["2,1"],
        interval=intervals["3,1"],
        clusters=clusters,
        ccc=ccc,
        bias=limits.bias,
        limits=limits.limits,
        kappa=ccc,
        alpha=alpha_ordinal(np.stack([a, b], axis=1)),
        spearman=spearman(a, b),
        pearson=pearson(a, b),
        applicability=_applicability(table, rater, people) if unit != "system" else None,
        confusion=_confusion(a, b, whole=len(people) > 1) if unit == "item" else None,
        order=compare_orders(a, b, [systems[i] for i in present]) if unit == "system" else None,
    )


def _intervals(
    unit: Unit, table: RatingTable, use: NDArray[np.bool_], forms: Icc, scores: NDArray[np.float64]
) -> tuple[dict[Form, Interval | None], int | None]:
    """The intervals of `forms`, and the number of conversations that they are over where the items in `use` are not independent."""
    if unit != "item" or not table.clustered:
        return forms.intervals, None
    clusters = table.clusters[use]
    return clustered_intervals(scores, clusters), len(np.unique(clusters))


def _applicability(table: RatingTable, rater: int, people: Sequence[str]) -> Applicability | None:
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


def _overall(tables: Mapping[str, RatingTable], people: Sequence[str], systems: Sequence[str]) -> dict[str, Order]:
    """Each rater's order of systems by their mean over dimensions; systems without a figure on some dimension are left out."""
    raters = next(iter(tables.values())).raters
    found = {}
    for i, rater in enumerate(raters):
        if rater in people:
            continue
        means = []
        for table in tables.values():
            x, y = reference_means(table, people), table.scores[:, i]
            both = ~np.isnan(x) & ~np.isnan(y)
            if both.any():
                of = np.full((2, len(systems)), np.nan)
                figures, present = by_system(np.stack([x[both], y[both]]), table.systems[both], len(systems))
                of[:, present] = figures
                means.append(of)
        if means:
            both_means = np.mean(means, axis=0)
            some = [i for i in range(len(systems)) if not np.isnan(both_means[0, i])]
            found[rater] = compare_orders(both_means[0, some], both_means[1, some], [systems[i] for i in some])
    return found


# --- all together --------------------------------------------------------------------


def _together(unit: Unit, table: RatingTable, systems: int) -> Together:
    some = [i for i in range(len(table.raters)) if not np.isnan(table.scores[:, i]).all()]
    scores = table.scores[:, some]
    complete = np.asarray(~np.isnan(scores).any(axis=1))
    use, every = scores[complete], scores
    if unit == "system":
        use = every = by_system(use.T, table.systems[complete], systems)[0].T
    forms = icc_forms(use)
    intervals, clusters = _intervals(unit, table, complete, forms, use)
    return Together(
        n=len(use) if some else 0,
        missing=int((~complete & ~np.isnan(scores).all(axis=1) & ~table.own.any(axis=1)).sum()),
        raters=tuple(table.raters[i] for i in some),
        icc=forms.icc,
        intervals=intervals,
        icc_consistency=forms.icc["3,1"],
        icc_agreement=forms.icc["2,1"],
        interval=intervals["3,1"],
        clusters=clusters,
        alpha=alpha_ordinal(every),
    )
