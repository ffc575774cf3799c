"""Precision and recall of the rules that check simulated users, on constructed messages: tuned and kept apart.

python -m tests.benchmarks.validity [--wrong]

`--wrong` prints the tuned messages on which the rules err; those that are kept apart are never shown.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass

from sim.core.event import CRITICAL, NOTES, SERIOUS
from sim.score.validity.check import check_message
from tests.score.validity.messages import Case, load_cases, situation_in


@dataclass(frozen=True)
class Judgement:
    """What the rules say of one message."""

    case: Case
    kinds: frozenset[str]

    @property
    def severity(self) -> str:
        """Of what is wrong with it in truth."""
        return severity_of(self.case.label)

    @property
    def found(self) -> bool:
        """Whether it is flagged as gravely as it deserves."""
        return any(severity_of(k) == self.severity for k in self.kinds)

    @property
    def alarm(self) -> bool:
        """Whether it is flagged as critical or serious."""
        return any(k not in NOTES for k in self.kinds)


def severity_of(kind: str) -> str:
    """`critical`, `serious`, `note`, or nothing."""
    return "critical" if kind in CRITICAL else "serious" if kind in SERIOUS else "note" if kind in NOTES else ""


def judge(cases: Iterable[Case]) -> tuple[Judgement, ...]:
    """The rules on `cases`."""
    return tuple(Judgement(c, frozenset(f.kind for f in check_message(c.message, situation_in(c)))) for c in cases)


def share(of: Iterable[bool]) -> str:
    """A share with its n."""
    all = list(of)
    return f"{sum(all) / len(all):.2f} ({len(all)})" if all else "-"


def table(judged: tuple[Judgement, ...]) -> list[tuple[str, ...]]:
    """A row a kind: severity, kind, recall and precision on the tuned part, and on the part kept apart."""
    rows = []
    for severity, kinds in (("critical", CRITICAL), ("serious", SERIOUS), ("note", NOTES)):
        for kind in kinds:
            cells: list[str] = []
            for part in ("tuned", "kept"):
                here = [j for j in judged if j.case.part == part]
                cells += [share(kind in j.kinds for j in here if j.case.label == kind), share(j.case.label == kind for j in here if kind in j.kinds)]
            if any(c != "-" for c in cells):
                rows.append((severity, kind.replace("_", " "), *cells))
    return rows


def totals(judged: tuple[Judgement, ...]) -> list[tuple[str, str, str]]:
    """What is found of each severity, and false alarms on good messages, tuned and kept apart."""
    rows = []
    for severity in ("critical", "serious", "note"):
        found = [share(j.found for j in judged if j.case.part == part and j.severity == severity) for part in ("tuned", "kept")]
        rows.append((f"recall, {severity}", *found))
    for sort in ("ordinary", "hard"):
        alarms = [share(j.alarm for j in judged if j.case.part == part and j.case.label == "-" and j.case.sort == sort) for part in ("tuned", "kept")]
        rows.append((f"false alarms, {sort}", *alarms))
    return [(a, b, c) for a, b, c in rows]


def main() -> None:
    """Print the tables."""
    judged = judge(load_cases())
    print("| severity | kind | recall, tuned (n) | precision, tuned (n) | recall, kept (n) | precision, kept (n) |\n|---|---|---|---|---|---|")
    for row in table(judged):
        print(f"| {' | '.join(row)} |")
    print("\n| | tuned (n) | kept (n) |\n|---|---|---|")
    for line in totals(judged):
        print(f"| {' | '.join(line)} |")
    if "--wrong" in sys.argv[1:]:
        for j in judged:
            wanted = set() if j.case.label == "-" else {j.case.label}
            if j.case.part == "tuned" and j.kinds != wanted:
                print(f"{j.case.number} {j.case.label} -> {sorted(j.kinds)}: {j.case.message[:140]!r}")


if __name__ == "__main__":
    main()
