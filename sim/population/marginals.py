"""How many of whom: the shares of each age, gender, type, register and the rest that a population is to have.

A share that is not given is what is left, divided equally; shares become whole numbers of people by the largest remainders.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sim.core.errors import InputError

USUAL: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        "age": {"18-29": 0.3, "30-44": 0.25, "45-59": 0.2, "60-74": 0.15, "75-88": 0.1},
        "gender": {"woman": 0.48, "man": 0.48, "nonbinary": 0.04},
        "type": {"social": 1 / 3, "reserved": 1 / 3, "hostile": 1 / 3},
        "stability": {"steady": 0.5, "volatile": 0.5},
        "register": {"casual": 0.4, "neutral": 0.3, "formal": 0.3},
        "expertise": {"beginner": 0.4, "middle": 0.3, "expert": 0.3},
        "language_level": {"first": 0.5, "second": 0.35, "learner": 0.15},
    }
)
"""By characteristic, the share of each of its values where nothing else is asked for."""
YOUNGEST, OLDEST = 16, 100
TOTAL = 0.005
"""How far shares may miss 1 by rounding."""
_BAND = re.compile(r"(\d{1,3})-(\d{1,3})")


@dataclass(frozen=True)
class Marginals:
    """Shares by characteristic and value; each characteristic's sum to 1."""

    shares: Mapping[str, Mapping[str, float]]

    def counts(self, characteristic: str, n: int) -> dict[str, int]:
        """How many of `n` people have each value."""
        shares = self.shares[characteristic]
        exact = {value: share * n for value, share in shares.items()}
        counts = {value: math.floor(of + 1e-9) for value, of in exact.items()}
        left = sorted(exact, key=lambda value: counts[value] - exact[value])
        for value in left[: n - sum(counts.values())]:
            counts[value] += 1
        return counts


def read_marginals(given: Mapping[str, Mapping[str, float]], *, where: Mapping[str, str] = MappingProxyType({})) -> Marginals:
    """Shares as they were given, and as usual where nothing was.

    Args:
        where: by characteristic, the flag or file to name in a complaint.

    Raises:
        InputError: there is no such characteristic or value, a share is no share, or they sum to more than 1.
    """
    for name in given:
        if name not in USUAL:
            raise InputError(f"'{name}' is not a characteristic of a population", mend=f"there are: {', '.join(USUAL)}", where=where.get(name))
    return Marginals({name: _whole(name, given.get(name, {}), where.get(name, f"--{name.replace('_', '-')}")) for name in USUAL})


def read_shares(texts: Sequence[str], *, where: str) -> dict[str, float]:
    """Shares as a command line has them: `18-30=.3`, several in one word with commas between.

    Raises:
        InputError: one of them is not a value and a number.
    """
    found: dict[str, float] = {}
    for part in (p.strip() for text in texts for p in text.split(",")):
        value, equals, share = part.partition("=")
        try:
            found[value.strip()] = float(share)
        except ValueError:
            equals = ""
        if not equals:
            raise InputError(f"'{part}' is not a share", mend="write it as VALUE=SHARE, such as 18-30=.3", where=where)
    return found


def _whole(name: str, given: Mapping[str, float], where: str) -> dict[str, float]:
    usual = USUAL[name]
    if not given:
        return dict(usual)
    for value, share in given.items():
        if not (math.isfinite(share) and 0 <= share <= 1):
            raise InputError(f"{value}={share:g} is not a share", mend="write a number from 0 to 1", where=where)
        if name == "age":
            band_of(value, where=where)
        elif value not in usual:
            raise InputError(f"'{value}' is not one of {', '.join(usual)}", mend="write one of these", where=where)
    total = sum(given.values())
    if total > 1 + TOTAL:
        raise InputError(f"the shares sum to {total:g}", mend="let them sum to 1, or to less, for others to share what is left", where=where)
    others = [value for value in usual if value not in given] if name != "age" else _other_ages(given)
    left = 1 - total
    if left > TOTAL and not others:
        raise InputError(f"the shares sum to {total:g}, and nothing else is left", mend="let them sum to 1", where=where)
    return {**given, **{value: left / len(others) for value in others if left > TOTAL}}


def band_of(value: str, *, where: str = "--age") -> tuple[int, int]:
    """The youngest and the oldest of a band such as 18-30.

    Raises:
        InputError: it is none.
    """
    found = _BAND.fullmatch(value)
    low, high = (int(found[1]), int(found[2])) if found else (0, 0)
    if not found or not YOUNGEST <= low <= high <= OLDEST:
        raise InputError(f"'{value}' is not a span of ages from {YOUNGEST} to {OLDEST}", mend="write it as 18-30", where=where)
    return low, high


def _other_ages(given: Mapping[str, float]) -> list[str]:
    """The usual bands that no given one touches."""
    taken = [band_of(value) for value in given]
    return [v for v in USUAL["age"] if all(band_of(v)[1] < low or high < band_of(v)[0] for low, high in taken)]
