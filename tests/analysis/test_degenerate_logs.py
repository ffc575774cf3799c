"""Logs in which little or nothing varies: every interval holds its figure, ends where the scale does, and is never without width."""

from __future__ import annotations

import numpy as np
import pytest

from sim.analysis.figures.repetition import RepetitionReport
from sim.analysis.stats.jackknife import LOGIT
from tests.score.test_shuffles import NOTHING, A, B, Talk, report

ALL = frozenset("abcd")
rng = np.random.default_rng(8)
LOGS: dict[str, list[Talk]] = {
    "all sets equal": [[frozenset("ab")] * 6] * 12,
    "all sets empty": [[NOTHING] * 6] * 12,
    "one move each": [[frozenset("abcd"[t % 4])] * 6 for t in range(12)],
    "one move at each place": [[frozenset("abcd"[r % 4]) for r in range(6)]] * 12,
    "every move always": [[ALL] * 6] * 12,
    "to and fro": [[A, B] * 3] * 12,
    "one move in all": [[A if (t, r) == (3, 2) else NOTHING for r in range(6)] for t in range(12)],
    "one reply that is different": [[B if (t, r) == (3, 2) else A for r in range(6)] for t in range(12)],
    "half say nothing": [[A] * 6] * 6 + [[NOTHING] * 6] * 6,
    "half are never tagged": [[A] * 6] * 6 + [[None] * 6] * 6,
    "two replies": [[A, A]] * 12,
    "one move, whichever": [[frozenset(rng.choice(list("abcd"))) for _ in range(6)] for _ in range(12)],
    "six talks": [[A] * 6] * 6,
}


def scale(name: str) -> tuple[float, float]:
    if name == "moves_per_reply":
        return 0.0, 4.0
    return (0.0, 1.0) if name in LOGIT else (-1.0, 1.0)


@pytest.mark.parametrize("log", LOGS)
def test_the_point_lies_inside_an_interval_that_has_width_and_ends_with_the_scale(log: str) -> None:
    found = report(LOGS[log])
    for name, bounds in found.interval.items():
        value, (least, most) = getattr(found, name), scale(name)
        assert (value is None) <= (bounds is None), name
        if bounds is not None:
            assert least <= bounds[0] <= value + 1e-12, name
            assert value - 1e-12 <= bounds[1] <= most, name
            assert bounds[1] - bounds[0] > 0.01, name


@pytest.mark.parametrize("log", LOGS)
def test_whatever_has_no_figure_or_no_interval_is_explained(log: str) -> None:
    found = report(LOGS[log])
    lacking = [name for name, bounds in found.interval.items() if getattr(found, name) is None or bounds is None]
    assert bool(found.notes) == bool(lacking), (lacking, found.notes)


def test_the_notes_name_the_reason() -> None:
    def notes(log: str) -> str:
        of: RepetitionReport = report(LOGS[log])
        return "; ".join(of.notes)

    assert "no reply makes a move" in notes("all sets empty")
    assert "every reply makes every move" in notes("every move always")
    assert "without one of the conversations" in notes("one move in all")
    assert "no conversation has three tagged replies" in notes("two replies")
