"""`sim limits`: what a run under way is told, read by it while it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import first_look, sim, sim_json, start
from tests.server import Remote, serve
from tests.waiting import CEILING, until


@pytest.fixture(scope="module")
def server() -> Iterator[Remote]:
    with serve(latency=20) as running:
        yield running


def test_a_run_under_way_is_told_how_many_calls_to_have_in_flight(server: Remote, tmp_path: Path) -> None:
    study = first_look(tmp_path, server.url, personas="[davi, thuy, tore]", seeds="4", concurrency="24")
    process = start("run", study, cwd=tmp_path)
    until(lambda: server.stats()["max_inflight"] > 3, "it is under way")
    told = sim_json("limits", "first-look", "--calls", "1", cwd=tmp_path)
    assert (told["run"], told["running"], told["calls"]) == ("first-look", True, 1)
    assert process.stderr is not None
    assert any("calls in flight to openai/" in line and line.rstrip().endswith(": 1") for line in iter(process.stderr.readline, ""))
    assert sim("limits", "first-look", "--adapt", cwd=tmp_path).returncode == 0
    _, errors = process.communicate(timeout=CEILING)
    assert process.returncode == 0, errors


def test_what_it_cannot_mean_is_one_line(server: Remote, tmp_path: Path) -> None:
    study = first_look(tmp_path, server.url, personas="[davi]", seeds="1")
    assert sim("run", study, "--max-tokens", "1", cwd=tmp_path).returncode == 3
    for flags, said in (
        (["--calls", "4", "--adapt"], "sim: --calls fixes what --adapt sets free; leave one of them out\n"),
        (["--calls", "4", "--model", "openai/usr"], "sim: --model: run 'first-look' asks no model 'openai/usr'; did you mean 'openai/user'?\n"),
    ):
        done = sim("limits", "first-look", *flags, cwd=tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    shown = sim("limits", "first-look", "--calls", "4", "--model", "openai/user", cwd=tmp_path).stdout
    assert "found out while it goes on, up to 256 to one host" in shown
    assert "openai/user: 4" in shown
    assert "the run is not under way; `sim resume first-look` begins with it" in shown
    (tmp_path / "results" / "first-look" / "limits.json").write_text("{")
    assert "delete it, or write it anew" in sim("limits", "first-look", cwd=tmp_path).stderr
