"""The soak, short: one call in ten fails, all trials are finished, and nothing grows."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.soak import ROUNDS, SHORT, soak
from tests.server import serve


async def test_one_call_in_ten_fails_and_nothing_is_stuck_or_leaks(tmp_path: Path) -> None:
    with serve(latency=5, record=False) as server:
        rounds = await soak(server, tmp_path, **SHORT, rounds=ROUNDS)
    for found in rounds:
        assert found.finished == found.trials == SHORT["trials"]
        assert found.calls > 3 * SHORT["trials"] * SHORT["exchanges"], "also those that were made again"
        assert found.failed > 0.05 * found.calls
        assert SHORT["cap"] / 2 < found.most_in_flight <= SHORT["cap"], "many at once, and never more than may be"
    _, warm, last = rounds
    assert last.files == warm.files
    assert last.objects - warm.objects < SHORT["trials"], "not one is left of each trial"
    assert last.memory_mb - warm.memory_mb < 2
