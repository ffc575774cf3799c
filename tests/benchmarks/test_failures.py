"""The table of what a run shows of failure, held against what a server was told to do wrong."""

from __future__ import annotations

from pathlib import Path

from sim.app import load_run_and_events, run_study
from tests.benchmarks.failures import failures, table
from tests.benchmarks.prefixes import EXCHANGES, study
from tests.server import Server


async def test_what_a_server_does_wrong_is_what_the_table_shows(tmp_path: Path) -> None:
    async with Server() as server:
        server.fault("misshaped_json", role="rater", start=2, count=1)
        server.fault("misshaped_json", role="user", start=3, count=1)
        run = await run_study(study(server.url, tmp_path, sessions=1), results=tmp_path / "results")
    run, events = load_run_and_events(run.name, results=tmp_path / "results")
    found = failures([event for of in events.values() for event in of])
    rater, user = found.roles["rater"], found.roles["user"]
    assert (rater.asked, rater.at_first, rater.in_the_end, rater.calls) == (EXCHANGES + 1, EXCHANGES, EXCHANGES + 1, EXCHANGES + 2)
    assert (user.asked, user.at_first, user.in_the_end) == (EXCHANGES, EXCHANGES - 1, EXCHANGES)
    assert found.unscored["schema"] == 0
    assert 0 < rater.later < rater.tokens_in
    assert f"| rater | {EXCHANGES + 2} | {EXCHANGES + 1} |" in table(found, run.study.limits.timeout)
    assert "| 600 s |" in table(found, run.study.limits.timeout)
