"""What a set of personas covers, and what in it goes together: a study cannot tell two things apart that its personas always have together.

Coverage is counted: levels of the thirty facets, types, genders, ages, registers, expertise, language levels. What goes together is Cramér's V of
every pair of these, corrected for the bias of small tables (Bergsma 2013), with p from a permutation of persons, adjusted by Holm over the pairs.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from sim.analysis.figures.estimates import holm
from sim.core.frozen import Frozen
from sim.core.shown import Shown
from sim.population.parts import facets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.core.spec import Persona

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

DRAWS: Final = 1_999
FEWEST: Final = 8
"""Personas below which nothing is tested."""
AGES: Final = ((0, 17), (18, 29), (30, 44), (45, 59), (60, 74), (75, 120))
UNSAID: Final = "not said"
SHARED: Final = 10
"""Facets that two personas must both have for a distance between them."""
VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "type": ("social", "reserved", "hostile"),
    "stability": ("steady", "volatile"),
    "gender": ("woman", "man", "nonbinary", UNSAID),
    "age": ("under 18", "18-29", "30-44", "45-59", "60-74", "75 or more"),
    "register": ("casual", "neutral", "formal"),
    "expertise": ("beginner", "middle", "expert"),
    "language level": ("first", "second", "learner"),
}
"""Every characteristic and its values, in the order in which they are shown."""


class FacetCoverage(Frozen):
    """How many personas have each level of one facet."""

    facet: str
    domain: str
    """Empty: it is none of the thirty."""
    levels: tuple[int, int, int, int, int]
    """Personas at level 1 to 5; the others say nothing of it."""


class Characteristic(Frozen):
    """How many personas have each value of something."""

    name: str
    counts: dict[str, int]


class Association(Frozen):
    """How far two characteristics go together."""

    first: str
    second: str
    n: int
    """Personas of whom both are said."""
    v: float | None
    """Cramér's V, corrected for bias, 0 to 1; None: one of them has a single value."""
    p: float | None
    """Adjusted by Holm over the pairs; None: too few personas."""
    says: str = ""
    """What goes together, in a sentence; empty: nothing is shown."""


class ClosestPair(Frozen):
    """The two personas most alike in their facets."""

    first: str
    second: str
    facets: int
    """That both have."""
    distance: float
    """The root of the sum of squared differences of levels, over these facets."""
    different: int
    """Facets in which their levels differ."""


class CoverageDocument(Shown):
    """`sim personas describe --json`."""

    of: str
    """What they are called; empty: they share no name."""
    personas: int
    facets: tuple[FacetCoverage, ...]
    """The thirty, in their order, then others that any persona has."""
    missing: tuple[str, ...]
    """Those of the thirty of which no persona says anything."""
    gaps: tuple[str, ...]
    """Facets of which some levels are missing, such as "anxiety: 1, 5"."""
    characteristics: tuple[Characteristic, ...]
    languages: dict[str, int]
    tags: dict[str, int]
    confounds: tuple[Association, ...]
    closest: ClosestPair | None


def describe_people(people: Sequence[Persona], *, of: str) -> CoverageDocument:
    """Coverage and confounds of `people`."""
    found = {name: [_value(name, p) for p in people] for name in VALUES}
    covered = _covered(people)
    own = [f for f in covered if f.domain]
    return CoverageDocument(
        of=of,
        personas=len(people),
        facets=covered,
        missing=tuple(f.facet for f in own if not sum(f.levels)),
        gaps=tuple(f"{f.facet}: {', '.join(str(k + 1) for k, n in enumerate(f.levels) if not n)}" for f in own if sum(f.levels) and 0 in f.levels),
        characteristics=tuple(Characteristic(name=name, counts=_counts(name, values)) for name, values in found.items()),
        languages=dict(sorted(Counter(p.language for p in people).items())),
        tags=dict(Counter(tag for p in people for tag in p.tags).most_common()),
        confounds=_confounds(found),
        closest=closest_pair(people),
    )


def closest_pair(people: Sequence[Persona]) -> ClosestPair | None:
    """The two most alike of those who share enough facets; of pairs as alike, the one that fewest tell apart. None where no two share enough."""
    people = sorted(people, key=lambda p: p.id)  # The same pair in whatever order they are given.
    names = list(facets())
    levels = np.array([[next((t.level for t in p.traits if t.facet == name), 0) for name in names] for p in people]).reshape(len(people), len(names))
    best: tuple[float, int, int, int, int] | None = None  # Distance, facets that differ, the two, facets that both have.
    for i in range(len(people) - 1):
        both = (levels[i] > 0) & (levels[i + 1 :] > 0)
        shared = both.sum(axis=1)
        squares = np.where(both, (levels[i] - levels[i + 1 :]) ** 2, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            per_facet = np.where(shared >= SHARED, squares.sum(axis=1) / shared, np.inf)
        apart = (squares > 0).sum(axis=1)
        j = int(np.lexsort((apart, per_facet))[0])
        if np.isfinite(per_facet[j]) and (best is None or (per_facet[j], apart[j]) < best[:2]):
            best = float(per_facet[j]), int(apart[j]), i, i + 1 + j, int(shared[j])
    if best is None:
        return None
    mean, different, i, j, shared_facets = best
    distance = float(np.sqrt(mean * shared_facets))
    return ClosestPair(first=people[i].id, second=people[j].id, facets=shared_facets, distance=distance, different=different)


def cramers_v(first: Ints, second: Ints) -> float | None:
    """Cramér's V of two codings, corrected for bias (Bergsma 2013); None where either has a single value."""
    n, (rows, columns) = len(first), (len(set(first.tolist())), len(set(second.tolist())))
    if rows < 2 or columns < 2 or n < 2:
        return None
    phi = max(0.0, float(_chi_squared(first, second[None])[0]) / n - (rows - 1) * (columns - 1) / (n - 1))
    least = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return float(np.sqrt(phi / least)) if least > 0 else None


# --- small things -------------------------------------------------------------------------------------------------


def _covered(people: Sequence[Persona]) -> tuple[FacetCoverage, ...]:
    counts = Counter((t.facet, t.level) for p in people for t in {t.facet: t for t in p.traits}.values())
    others = sorted({facet for facet, _ in counts} - set(facets()))
    domains = {name: of.domain for name, of in facets().items()} | dict.fromkeys(others, "")
    return tuple(
        FacetCoverage(facet=f, domain=domain, levels=(counts[f, 1], counts[f, 2], counts[f, 3], counts[f, 4], counts[f, 5]))
        for f, domain in domains.items()
    )


def _value(name: str, person: Persona) -> str:
    match name:
        case "type":
            return person.type.sociability
        case "stability":
            return person.type.stability
        case "gender":
            return person.gender or UNSAID
        case "age":
            return next(value for value, (low, high) in zip(VALUES["age"], AGES, strict=True) if low <= person.age <= high)
        case "register":
            return _third(VALUES["register"], person.style.formality.level)
        case "expertise":
            return _third(VALUES["expertise"], person.style.expertise.level)
    return "learner" if "learner" in person.tags else "second" if "second-language" in person.tags else "first"


def _third(names: tuple[str, ...], level: int) -> str:
    return names[0 if level <= 2 else 1 if level == 3 else 2]


def _counts(name: str, values: Sequence[str]) -> dict[str, int]:
    counts = Counter(values)
    return {value: counts[value] for value in VALUES[name] if counts[value] or value not in (UNSAID, "under 18")}


def _confounds(found: Mapping[str, Sequence[str]]) -> tuple[Association, ...]:
    rng = np.random.default_rng(0)
    pairs = [(a, b, _said(found[a], found[b])) for a, b in itertools.combinations(found, 2)]
    codes = [(np.array([VALUES[a].index(x) for x, _ in of]), np.array([VALUES[b].index(y) for _, y in of])) for a, b, of in pairs]
    values = [cramers_v(x, y) for x, y in codes]
    p = holm([None if v is None or len(x) < FEWEST else _permuted(x, y, rng) for v, (x, y) in zip(values, codes, strict=True)])
    return tuple(
        Association(first=a, second=b, n=len(of), v=v, p=adjusted, says=_says(a, b, of) if adjusted is not None and adjusted < 0.05 else "")
        for (a, b, of), v, adjusted in zip(pairs, values, p, strict=True)
    )


def _said(first: Sequence[str], second: Sequence[str]) -> list[tuple[str, str]]:
    """The values of those of whom both are said."""
    return [pair for pair in zip(first, second, strict=True) if UNSAID not in pair]


def _says(first: str, second: str, of: Sequence[tuple[str, str]]) -> str:
    """The cell that is furthest above what independence would give it."""
    a, b, both, n = Counter(x for x, _ in of), Counter(y for _, y in of), Counter(of), len(of)
    one, other = max(both, key=lambda cell: (both[cell] - a[cell[0]] * b[cell[1]] / n) / (a[cell[0]] * b[cell[1]] / n) ** 0.5)
    return f"{first} {one} comes with {second} {other} in {both[one, other]} of {a[one]}; in all, {b[other]} of {n} have it"


def _permuted(first: Ints, second: Ints, rng: np.random.Generator) -> float:
    drawn = rng.permuted(np.tile(second, (DRAWS, 1)), axis=1)
    reached = int((_chi_squared(first, drawn) >= _chi_squared(first, second[None])[0] - 1e-9).sum())
    return (1 + reached) / (1 + DRAWS)


def _chi_squared(first: Ints, seconds: Ints) -> Floats:
    """Of one coding with each row of others."""
    rows, columns, draws = int(first.max()) + 1, int(seconds.max()) + 1, len(seconds)
    cells = first * columns + seconds + (np.arange(draws) * rows * columns)[:, None]
    tables = np.bincount(cells.ravel(), minlength=draws * rows * columns).reshape(draws, rows, columns)
    expected = tables.sum(axis=2, keepdims=True) * tables.sum(axis=1, keepdims=True) / len(first)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.nansum((tables - expected) ** 2 / expected, axis=(1, 2))
    return found
