"""The short form of `month.py`: one persona, six sessions, and what must hold of thirty."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.month import DELAYS, MEMORIES, bytes_by_session, forgetting, measure, straightness


def test_a_window_forgets_what_lies_before_it_and_the_journal_grows_by_the_session(tmp_path: Path) -> None:
    month = measure(tmp_path, personas=1, sessions=6)
    sizes = bytes_by_session(month.run.folder.path)
    told = {target: [share for share, n in bins if n] for target, bins in forgetting(month.run).items()}
    assert list(told) == [m.replace(":", "-") for m in MEMORIES]
    assert not any(told["none"])
    assert told["full"][2] > told["window-3"][2] == 0, "four sessions and more ago"
    assert len(sizes) == 6
    assert straightness(sizes)[0] > 0.97


def test_what_a_line_is_not_is_seen() -> None:
    assert straightness([10] * 30) == (pytest.approx(1.0), 1.0)
    assert straightness([n * n for n in range(1, 31)])[0] < 0.9
    assert DELAYS[-1][1] == 30
