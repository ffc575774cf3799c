"""Where in the space of people each person lies: characteristics in given shares and independent of each other, facets spread to fill the space.

Characteristics (type, gender, age and the rest) are dealt out in whole numbers and exchanged until no pair of them goes together. Facets begin as a
Latin hypercube (McKay, Beckman and Conover 1979), so that every level of every facet is there; those that make up a type are moved along with it, and
levels are exchanged between people of one type as long as that moves the two most alike apart (maximin; Johnson, Moore and Ylvisaker 1990).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sim.population.marginals import USUAL, Marginals
from sim.population.parts import facets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

EQUAL: Final = (0.2, 0.2, 0.2, 0.2, 0.2)
BELL: Final = (0.07, 0.24, 0.38, 0.24, 0.07)
"""Shares of levels 1 to 5 if a facet is normally distributed and a level is a standard deviation wide."""
DEALS = 4_000
"""Exchanges that are tried at most to make characteristics independent; 20 a person where there are fewer."""
MOVES = 600
"""Exchanges that are tried to move the two most alike apart."""
_TYPED: Final[Mapping[str, Mapping[str, float]]] = {
    "social": {"friendliness": 0.5, "gregariousness": 0.4, "cheerfulness": 0.4, "trust": 0.35, "altruism": 0.2, "anger": -0.3, "cooperation": 0.3},
    "reserved": {"friendliness": -0.1, "gregariousness": -0.4, "self_consciousness": 0.3, "assertiveness": -0.25, "cheerfulness": -0.1},
    "hostile": {"friendliness": -0.5, "trust": -0.5, "cooperation": -0.6, "anger": 0.6, "sympathy": -0.2, "altruism": -0.2, "cheerfulness": -0.3},
}
"""How far a type moves a facet, in shares of the population."""


@dataclass(frozen=True)
class PopulationDesign:
    """A population as numbers."""

    characteristics: Mapping[str, tuple[str, ...]]
    """By name, the value of each person."""
    levels: Ints
    """People × facets, 1 to 5."""

    def closest(self) -> tuple[int, int, float]:
        """The two people most alike, and how far apart they are: the root of the sum of squared differences of levels."""
        distances = _distances(self.levels.astype(float))
        first, second = np.unravel_index(int(np.argmin(distances)), distances.shape)
        return int(first), int(second), float(distances[first, second])


def draw_design(n: int, marginals: Marginals, *, seed: int, shares: tuple[float, ...] = EQUAL) -> PopulationDesign:
    """Place `n` people.

    Args:
        shares: how many have levels 1 to 5 of a facet.
    """
    rng = np.random.default_rng(seed)
    codes = _deal(n, marginals, rng)
    named = {name: tuple(list(marginals.shares[name])[c] for c in column) for name, column in codes.items()}
    return PopulationDesign(named, _spread(n, named["type"], rng, shares))


def rank_levels(latent: Floats, shares: tuple[float, ...] = EQUAL) -> Ints:
    """Levels 1 to 5 by rank, in the given shares."""
    places = (np.argsort(np.argsort(latent, kind="stable"), kind="stable") + 0.5) / len(latent)
    return np.searchsorted(np.cumsum(shares)[:-1], places, side="right") + 1


def _deal(n: int, marginals: Marginals, rng: np.random.Generator) -> dict[str, Ints]:
    """Each characteristic's value by person, as a number; pairs of characteristics as independent as whole people allow."""
    codes: dict[str, Ints] = {}
    for name in USUAL:
        counts = marginals.counts(name, n)
        codes[name] = rng.permutation(np.repeat(np.arange(len(counts)), list(counts.values())))
    sizes = {name: len(marginals.shares[name]) for name in codes}
    names = list(codes)
    deals = min(DEALS, 20 * n)
    for name, i, j in zip(rng.choice(names, deals), rng.integers(n, size=deals), rng.integers(n, size=deals), strict=True):
        column = codes[name]
        if column[i] == column[j]:
            continue
        before = _association(codes, name, sizes)
        column[i], column[j] = column[j], column[i]
        if _association(codes, name, sizes) > before:
            column[i], column[j] = column[j], column[i]
    return codes


def _association(codes: Mapping[str, Ints], name: str, sizes: Mapping[str, int]) -> float:
    """How far one characteristic goes with each of the others: the sum of φ²."""
    total, n = 0.0, len(codes[name])
    for other, column in codes.items():
        if other == name:
            continue
        table = np.bincount(codes[name] * sizes[other] + column, minlength=sizes[name] * sizes[other]).reshape(sizes[name], -1)
        expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
        with np.errstate(divide="ignore", invalid="ignore"):
            total += float(np.nansum((table - expected) ** 2 / expected)) / n
    return total


def _spread(n: int, types: tuple[str, ...], rng: np.random.Generator, shares: tuple[float, ...]) -> Ints:
    """Levels of every facet: a Latin hypercube moved along with types, then spread."""
    names = list(facets())
    columns = []
    for name in names:
        latent = (rng.permutation(n) + rng.random(n)) / n + np.array([_TYPED[t].get(name, 0.0) for t in types])
        columns.append(rank_levels(latent, shares))
    levels = np.column_stack(columns)
    alike = [np.flatnonzero(np.array(types) == t) for t in dict.fromkeys(types)]
    _move_apart(levels, {int(i): group for group in alike for i in group}, rng)
    return levels


def _move_apart(levels: Ints, alike: Mapping[int, Ints], rng: np.random.Generator) -> None:
    """Exchange levels between people of one type as long as the two most alike come no nearer."""
    n, k = levels.shape
    if n < 3:
        return
    distances = _distances(levels.astype(float))
    for _ in range(MOVES):
        first = int(np.argmin(distances)) // n
        least = float(distances.min())
        other, facet = int(rng.choice(alike[first])), int(rng.integers(k))
        if levels[first, facet] == levels[other, facet]:
            continue
        _exchange(levels, distances, first, other, facet)
        if distances[[first, other]].min() < least:
            _exchange(levels, distances, first, other, facet)


def _exchange(levels: Ints, distances: Floats, first: int, second: int, facet: int) -> None:
    levels[[first, second], facet] = levels[[second, first], facet]
    for i in (first, second):
        row = np.sqrt(((levels - levels[i]) ** 2).sum(axis=1).astype(float))
        row[i] = np.inf
        distances[i, :], distances[:, i] = row, row


def _distances(levels: Floats) -> Floats:
    """Between every two people; a person's distance from themself is infinite."""
    found = np.array([np.sqrt(((levels - one) ** 2).sum(axis=1)) for one in levels])
    np.fill_diagonal(found, np.inf)
    return found
