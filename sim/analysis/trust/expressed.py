"""Is a persona played as it is told? The level of each facet in its file against what whoever plays it says of itself in a questionnaire.

A facet's expressed level is the mean of its items, in its direction. Over persona × facet it is held against the intended level by Spearman's rank
correlation, with an interval that draws persons; facet by facet with the interval of Bonett and Wright (2000). A facet rises where no level has a
lower mean than the one below it. Answers are given twice: where the options kept their order that is a retest, where they were turned round the
change beyond the retest's is order sensitivity, tested by flipping signs within persons.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from sim.analysis.stats.reliability import spearman
from sim.core.event import Unscored
from sim.core.frozen import Frozen
from sim.core.shown import Shown
from sim.population.parts import facets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.core.inventory import ItemAnswer
    from sim.core.spec import Persona

DRAWS: Final = 999
FEWEST: Final = 5
"""Personas below which no interval over persons is drawn and nothing is tested."""
FEWEST_OF_A_FACET: Final = 8
"""Personas that a facet takes for a correlation of its own to have an interval."""
WEAK: Final = 0.5
"""A facet whose correlation is below it does not come through."""
MANY_REFUSED: Final = 0.02


class ExpressedCorrelation(Frozen):
    """Expressed against intended."""

    n: int
    """Pairs of persona and facet."""
    rho: float | None
    """Spearman; None: too few pairs, or one of the two does not vary."""
    interval: tuple[float, float] | None
    """95 %; None: too few personas."""


class LevelMean(Frozen):
    """What personas with one intended level express."""

    level: int
    n: int
    """Pairs of persona and facet."""
    mean: float | None
    """1 to 5; None: nobody has this level."""


class FacetExpression(Frozen):
    """One facet."""

    facet: str
    domain: str
    correlation: ExpressedCorrelation
    means: tuple[LevelMean, ...]
    """By intended level, 1 to 5."""
    rises: bool | None
    """Whether no level has a lower mean than the one below it; None: there are not two levels."""


class Steadiness(Frozen):
    """How far answers to the same item changed from the first time to the second."""

    n: int
    equal: float | None
    """Share of answers that stayed the same; None: there are none."""
    change: float | None
    """Mean absolute change, in options."""
    rho: float | None
    """Spearman of the two."""


class ExpressionDocument(Shown):
    """`sim personas check --json`."""

    model: str
    offline: bool
    personas: int
    without: tuple[str, ...]
    """Personas whose file gives no facet of the questionnaire a level."""
    items: int
    """Different items asked."""
    asked: int
    """Answers asked for."""
    answered: int
    refused: dict[str, int]
    """Answers that there are none of, by cause: `refused`, `schema`, `too_long`."""
    lost: tuple[str, ...]
    """Sheets that were not answered for reasons outside the model."""
    overall: ExpressedCorrelation
    alone: ExpressedCorrelation
    """Of items asked one by one."""
    form: ExpressedCorrelation
    """Of items asked as a form."""
    levels: tuple[LevelMean, ...]
    facets: tuple[FacetExpression, ...]
    rising: int
    """Facets that rise, of those with two levels or more."""
    retest: Steadiness
    """The same item again, the options in the same order."""
    turned: Steadiness
    """The same item again, the options turned round."""
    order: float | None
    """How much more answers change when the options are turned round, in options, over persons."""
    order_p: float | None
    """Of flipping the sign within persons; None: too few of them."""
    downward: float | None
    """Mean answer when the options run down, minus when they run up, in options: what the order alone does."""
    remarks: tuple[str, ...]
    """What is wrong, a sentence each; empty: nothing is shown."""
    calls: int
    cost: float | None
    unknown_costs: int


def judge_expression(
    people: Sequence[Persona],
    answers: Sequence[ItemAnswer],
    *,
    model: str,
    offline: bool,
    lost: Sequence[str] = (),
    spent: tuple[int, float | None, int] = (0, 0.0, 0),
) -> ExpressionDocument:
    """What `answers` say of how `people` are played.

    Args:
        lost: what was not answered, with the reason.
        spent: calls, cost, and calls of unknown cost.
    """
    intended = {(p.id, t.facet): t.level for p in people for t in p.traits if t.facet in facets()}
    expressed = _means(answers)
    pairs = _pairs(intended, expressed)
    by_facet = [_facet(name, of.domain, [x for x in pairs if x[1] == name]) for name, of in facets().items() if any(x[1] == name for x in pairs)]
    first = [a for a in answers if a.way != "form"]
    kept, turned = _repeated(first, turned=False), _repeated(first, turned=True)
    order, order_p = _order(kept, turned)
    refused = Counter(a.answer.cause for a in answers if isinstance(a.answer, Unscored))
    told = {who for who, _ in intended}
    document = ExpressionDocument(
        model=model,
        offline=offline,
        personas=len({a.persona for a in answers}),
        without=tuple(p.id for p in people if p.id not in told),
        items=len({a.item.number for a in answers}),
        asked=len(answers),
        answered=len(answers) - sum(refused.values()),
        refused=dict(sorted(refused.items())),
        lost=tuple(lost),
        overall=_correlation(pairs),
        alone=_correlation(_pairs(intended, _means(first))),
        form=_correlation(_pairs(intended, _means([a for a in answers if a.way == "form"]))),
        levels=_levels(pairs),
        facets=tuple(by_facet),
        rising=sum(bool(f.rises) for f in by_facet),
        retest=_steadiness(kept),
        turned=_steadiness(turned),
        order=order,
        order_p=order_p,
        downward=_downward(answers),
        remarks=(),
        calls=spent[0],
        cost=spent[1],
        unknown_costs=spent[2],
    )
    return document.model_copy(update={"remarks": tuple(_remarks(document))})


# --- expressed and intended ---------------------------------------------------------------------------------------

_Pair = tuple[str, str, int, float]
"""Persona, facet, intended level, expressed level."""
_Twice = tuple[str, int, int]
"""Persona, first and second answer."""


def _means(answers: Iterable[ItemAnswer]) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for a in answers:
        if a.score is not None:
            found[a.persona, a.item.facet].append(a.score)
    return {key: sum(of) / len(of) for key, of in found.items()}


def _pairs(intended: Mapping[tuple[str, str], int], expressed: Mapping[tuple[str, str], float]) -> list[_Pair]:
    return [(who, facet, intended[who, facet], mean) for (who, facet), mean in expressed.items() if (who, facet) in intended]


def _correlation(pairs: Sequence[_Pair]) -> ExpressedCorrelation:
    """Over all pairs, with an interval that draws persons."""
    rho = _rho(pairs)
    by_person: dict[str, list[_Pair]] = defaultdict(list)
    for pair in pairs:
        by_person[pair[0]].append(pair)
    groups = list(by_person.values())
    if rho is None or len(groups) < FEWEST:
        return ExpressedCorrelation(n=len(pairs), rho=rho, interval=None)
    drawn = drawn_correlations(groups, np.random.default_rng(0).integers(len(groups), size=(DRAWS, len(groups))))
    low, high = (float(q) for q in np.quantile(drawn, [0.025, 0.975]))
    return ExpressedCorrelation(n=len(pairs), rho=rho, interval=(min(low, rho), max(high, rho)))


def drawn_correlations(groups: Sequence[Sequence[_Pair]], chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    """Spearman's correlation of the pairs of those persons whom each row of `chosen` draws; left out where one of the two does not vary.

    There are few different levels and means, so a draw is a table of how often each two stand together, and ranks are read from its margins.
    """
    levels, row = np.unique([x[2] for of in groups for x in of], return_inverse=True)
    means, column = np.unique([x[3] for of in groups for x in of], return_inverse=True)
    tables = np.zeros((len(groups), len(levels), len(means)))
    np.add.at(tables, (np.repeat(np.arange(len(groups)), [len(of) for of in groups]), row, column), 1)
    times = np.zeros((len(chosen), len(groups)))
    np.add.at(times, (np.arange(len(chosen))[:, None], chosen), 1)
    together = np.tensordot(times, tables, 1)
    of_level, of_mean = together.sum(axis=2), together.sum(axis=1)
    middle = (of_level.sum(axis=1, keepdims=True) + 1) / 2
    # The last rank that a value takes, less half of how far back its ties reach, as in `reliability.ranks`; about the middle rank.
    x, y = (np.cumsum(n, axis=1) - (n - 1) / 2 - middle for n in (of_level, of_mean))
    product = np.einsum("dij,di,dj->d", together, x, y)
    spread = (of_level * x**2).sum(axis=1) * (of_mean * y**2).sum(axis=1)
    known = spread > 0
    found: NDArray[np.float64] = np.clip(product[known] / np.sqrt(spread[known]), -1, 1)
    return found


def _rho(pairs: Sequence[_Pair]) -> float | None:
    return spearman(np.array([float(x[2]) for x in pairs]), np.array([x[3] for x in pairs]))


def _facet(name: str, domain: str, pairs: Sequence[_Pair]) -> FacetExpression:
    rho, n = _rho(pairs), len(pairs)
    interval = None
    if rho is not None and n >= FEWEST_OF_A_FACET:
        half = 1.96 * math.sqrt((1 + rho**2 / 2) / (n - 3))
        middle = math.atanh(min(max(rho, -0.9999), 0.9999))
        interval = (math.tanh(middle - half), math.tanh(middle + half))
    means = _levels(pairs)
    known = [m.mean for m in means if m.mean is not None]
    rises = all(b >= a for a, b in itertools.pairwise(known)) if len(known) > 1 else None
    return FacetExpression(facet=name, domain=domain, correlation=ExpressedCorrelation(n=n, rho=rho, interval=interval), means=means, rises=rises)


def _levels(pairs: Sequence[_Pair]) -> tuple[LevelMean, ...]:
    by_level = {level: [x[3] for x in pairs if x[2] == level] for level in range(1, 6)}
    return tuple(LevelMean(level=level, n=len(of), mean=sum(of) / len(of) if of else None) for level, of in by_level.items())


# --- the same again -----------------------------------------------------------------------------------------------


def _repeated(answers: Sequence[ItemAnswer], *, turned: bool) -> list[_Twice]:
    """Items that were answered both times, where the options kept their order, or where they were turned round."""
    first = {(a.persona, a.item.number): a for a in answers if a.way == "alone"}
    found = []
    for again in (a for a in answers if a.way == "again"):
        before = first.get((again.persona, again.item.number))
        if before is None or isinstance(before.answer, Unscored) or isinstance(again.answer, Unscored):
            continue
        if (before.descending != again.descending) == turned:
            found.append((again.persona, before.answer, again.answer))
    return found


def _steadiness(twice: Sequence[_Twice]) -> Steadiness:
    if not twice:
        return Steadiness(n=0, equal=None, change=None, rho=None)
    a, b = np.array([x[1] for x in twice], dtype=float), np.array([x[2] for x in twice], dtype=float)
    return Steadiness(n=len(twice), equal=float((a == b).mean()), change=float(np.abs(a - b).mean()), rho=spearman(a, b))


def _order(kept: Sequence[_Twice], turned: Sequence[_Twice]) -> tuple[float | None, float | None]:
    """The change that turning the options round adds, over persons, and its p."""
    same, other = _changes(kept), _changes(turned)
    added = np.array([other[who] - same[who] for who in same if who in other])
    if not len(added):
        return None, None
    seen = float(added.mean())
    if len(added) < FEWEST:
        return seen, None
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(DRAWS, len(added)))
    reached = int((np.abs((signs * added).mean(axis=1)) >= abs(seen) - 1e-12).sum())
    return seen, (1 + reached) / (1 + DRAWS)


def _changes(twice: Sequence[_Twice]) -> dict[str, float]:
    found: dict[str, list[int]] = defaultdict(list)
    for who, a, b in twice:
        found[who].append(abs(a - b))
    return {who: sum(of) / len(of) for who, of in found.items()}


def _downward(answers: Sequence[ItemAnswer]) -> float | None:
    down = [a.answer for a in answers if a.descending and not isinstance(a.answer, Unscored)]
    up = [a.answer for a in answers if not a.descending and not isinstance(a.answer, Unscored)]
    return sum(down) / len(down) - sum(up) / len(up) if down and up else None


# --- what is wrong ------------------------------------------------------------------------------------------------


def _remarks(document: ExpressionDocument) -> Iterable[str]:
    weak = [f.facet for f in document.facets if f.correlation.n >= FEWEST_OF_A_FACET and (f.correlation.rho or 0) < WEAK and f.rises is not None]
    if weak:
        yield f"Not played as told (ρ below {WEAK:g}, or no variation): {', '.join(weak)}."
    falling = [f.facet for f in document.facets if f.rises is False and f.correlation.n >= FEWEST_OF_A_FACET]
    if falling:
        yield f"Does not rise from level to level: {', '.join(falling)}."
    missing = document.asked - document.answered
    if document.asked and missing / document.asked > MANY_REFUSED:
        yield f"{missing:,} of {document.asked:,} answers are missing: {', '.join(f'{cause} {n:,}' for cause, n in document.refused.items())}."
    if document.order is not None and document.order_p is not None and document.order > 0 and document.order_p < 0.05:
        yield f"Answers depend on the order of the options: turned round, they change by {document.order:.2f} more (p {document.order_p:.3f})."
