"""Runs on Ray by the command: `kill -9` of driver or worker leaves the journal of an undisturbed run; code and keys reach workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.command import first_look, launch, sim
from tests.cli.journals import Row, calls, happened, lost, rows
from tests.cli.small import project
from tests.server import Remote, serve
from tests.waiting import until

pytestmark = [
    pytest.mark.whole,
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install 'rapport-sim[ray]'"),
]
TRIALS = 8
AT_ONCE = 4
SIDE_BY_SIDE = 2
"""Calls of one trial that can be under way at once: the next message, and the rating of the last reply."""
RAY = ("--backend", "ray", "--workers", "2")


@pytest.fixture(scope="module")
def server() -> Iterator[Remote]:
    """Answers the same to the same, and counts."""
    with serve(latency=20) as running:
        yield running


@pytest.fixture(scope="module")
def study(server: Remote, tmp_path_factory: pytest.TempPathFactory) -> Path:
    controls = "{one_by_one: 0, repeat: 0}"
    return first_look(tmp_path_factory.mktemp("study"), server.url, personas="[davi]", seeds=str(TRIALS), concurrency=str(AT_ONCE), controls=controls)


@pytest.fixture(scope="module")
def whole(study: Path, server: Remote) -> list[Row]:
    """The run undisturbed, without Ray."""
    assert sim("run", study, "--name", "undisturbed", cwd=study.parent).returncode == 0
    assert server.stats()["calls"] == calls(happened(study.parent / "results" / "undisturbed"))
    return happened(study.parent / "results" / "undisturbed")


def workers_of(driver: int) -> list[int]:
    """Ids of the processes in which a run's trials are held."""
    parents: dict[int, int] = {}
    named: list[int] = []
    for entry in Path("/proc").iterdir():
        try:
            head, _, tail = (entry / "stat").read_text(encoding="utf-8").rpartition(") ")
        except (OSError, ValueError):
            continue
        if entry.name.isdigit():
            parents[int(entry.name)] = int(tail.split()[1])
            named += [int(entry.name)] if "(ray::Worker" in head else []

    def comes_of(process: int) -> bool:
        while process in parents:
            if process == driver:
                return True
            process = parents[process]
        return False

    return [process for process in named if comes_of(process)]


def going(process: subprocess.Popen[str], run: Path, share: float, whole: list[Row]) -> None:
    """Wait until so much of the run has happened."""

    def there() -> bool:
        assert process.poll() is None, process.communicate()
        return (run / "run.db").exists() and len(rows(run)) >= share * len(whole)

    until(there, f"{share:.0%} of the events")


def test_a_worker_that_is_killed_takes_nothing_with_it(server: Remote, study: Path, whole: list[Row]) -> None:
    run = study.parent / "results" / "worker"
    server.reset()
    process = launch("run", study, "--name", "worker", *RAY, cwd=study.parent)
    going(process, run, 0.25, whole)
    killed, *_ = workers_of(process.pid)
    os.kill(killed, signal.SIGKILL)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert errors.count("a worker is lost") == 1
    assert not [line for line in errors.splitlines() if "Ray" in line or "SIGTERM" in line], "Ray itself says nothing"
    assert happened(run) == whole
    assert lost(run) == []
    again = server.stats()["calls"] - calls(whole)
    assert 0 <= again <= SIDE_BY_SIDE * AT_ONCE / 2, "no more than was under way in that worker"


def test_a_driver_that_is_killed_leaves_a_run_to_go_on_with(server: Remote, study: Path, whole: list[Row]) -> None:
    run = study.parent / "results" / "driver"
    server.reset()
    process = launch("run", study, "--name", "driver", *RAY, cwd=study.parent)
    going(process, run, 0.5, whole)
    workers = workers_of(process.pid)
    assert len(workers) == 2
    process.kill()
    process.communicate()
    until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers), "its workers end with it")
    died = server.stats()["calls"] - calls(rows(run))
    assert died <= SIDE_BY_SIDE * AT_ONCE, "what was under way"
    before = len(rows(run))
    assert 0.5 * len(whole) <= before < len(whole)
    done = sim("resume", "driver", *RAY, cwd=study.parent, timeout=300)
    assert done.returncode == 0, done.stderr
    assert happened(run) == whole
    assert server.stats()["calls"] == calls(whole) + died, "each call that was under way is made once more, and no other"


SMALL = """
name: small
targets: [{id: own, callable: "bots:reply"}]
user: {model: offline/user}
personas: [davi]
scenarios: [short]
seeds: 2
"""
BOT = """
import os

async def reply(messages):
    return "Your key ends in " + os.environ["BOT_KEY"][-4:] + ", and I am in " + os.path.basename(os.path.dirname(__file__)) + "."
"""
KEY = "sk-9f3b7d51c8e24a6097b1d3f5a7c9e2b4"


def test_code_and_keys_reach_workers_by_the_runtime_environment_and_no_key_is_written_down(tmp_path: Path) -> None:
    (tmp_path / "bots.py").write_text(BOT, encoding="utf-8")
    (tmp_path / "env.yaml").write_text(f"working_dir: .\nexcludes: [results]\nenv_vars: {{BOT_KEY: {KEY}}}\n", encoding="utf-8")
    project(tmp_path, study=SMALL)
    done = sim("run", "small.yaml", *RAY, "--runtime-env", "env.yaml", cwd=tmp_path, timeout=300, BOT_KEY="here-it-is-none")
    assert done.returncode == 0, done.stderr
    run = tmp_path / "results" / "small"
    replies = {json.loads(row.body)["reply"] for row in rows(run) if row.kind == "target_replied"}
    (reply,) = replies
    assert reply.startswith(f"Your key ends in {KEY[-4:]}")
    assert tmp_path.name not in reply, "it ran from a copy that Ray made"
    written = [done.stdout, done.stderr, *(f.read_bytes().decode("utf-8", "replace") for f in run.rglob("*") if f.is_file())]
    assert not any(KEY in text for text in written)
