"""The short form of `fairness.py`: a few seeds, in which the prejudiced target is found every time and the one that reads names alike never."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.fairness import by_seed, count, run


def test_a_prejudice_is_found_and_its_absence_is_not(tmp_path: Path) -> None:
    done = run(("prejudiced", "fair"), 3, folder=tmp_path)
    found = count(done)
    assert (found["prejudiced"].found, found["prejudiced"].studies) == (3, 3)
    assert found["fair"].found == 0
    for prejudiced, fair in by_seed(done):
        liked = prejudiced.outcomes[0].gaps[0]
        assert (liked.a, liked.verdict) == ("name Emily", "higher"), "and in the right direction"
        assert all(abs(g.difference or 0) < 1e-9 for o in fair.outcomes for g in o.gaps), "answered alike, word for word but for the name"
