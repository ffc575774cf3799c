"""How often `sim realism` tells two halves of the same talks apart: `python -m tests.benchmarks.realism LOG [HALVES]`."""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from pathlib import Path

from sim.analysis.trust.realism import Talks, hold_against_talks
from sim.core.logged import LoggedTalk
from sim.store.logs import Log

MOST = 80
"""Persons of whom halves are made."""


def main() -> None:
    """Print the share of random halves that differ in any figure, and in which."""
    path, halves = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 60
    persons: dict[str, list[list[tuple[str, str]]]] = defaultdict(list)
    for found in Log(path, moves=None).read():
        if isinstance(found, LoggedTalk):
            persons[found.person or f"#{found.line}"].append([(r.user, r.text) for r in found.replies])
    alarms, named = 0, defaultdict[str, int](int)
    for n in range(halves):
        order = random.Random(n).sample(sorted(persons), min(MOST, len(persons)))
        sides = Talks("first"), Talks("second")
        for i, person in enumerate(order):
            for talk in persons[person]:
                sides[i % 2].add(person, talk)
        odd = [f.id for f in hold_against_talks(*sides).figures if f.verdict]
        alarms += bool(odd)
        for id in odd:
            named[id] += 1
    print(f"{alarms} of {halves} halves of {min(MOST, len(persons))} persons differ in any figure ({alarms / halves:.1%})", dict(named) or "")


if __name__ == "__main__":
    main()
