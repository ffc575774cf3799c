"""A kill at half, short: the whole spend is one pass and what was in flight."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.killed import LATENCY, SHORT, kill_at_half
from tests.server import serve


@pytest.mark.whole
def test_killed_at_half_the_whole_spend_is_one_pass_and_what_was_in_flight(tmp_path: Path) -> None:
    with serve(latency=LATENCY, record=False) as server:
        death = kill_at_half(server, tmp_path, **SHORT)
    assert death.same
    assert death.one_pass / 2 <= death.at_kill < death.one_pass
    # A trial has the user's or the target's call under way and, beside it, what is asked of the exchange before.
    assert 0 <= death.repeated <= 4 * SHORT["concurrency"]
    assert death.repeated <= death.unaccounted, "what died with the run is told"
