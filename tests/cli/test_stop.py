"""A run that is told to stop, runs out of budget or out of disk ends in order, says so, and can be gone on with."""

from __future__ import annotations

import json
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sim.llm.attempts import LONGEST
from tests.cli.command import Running, environment, first_look, sim, sim_json, start
from tests.cli.journals import calls, happened, lost, rows
from tests.server import Remote
from tests.waiting import CEILING, until

pytestmark = pytest.mark.usefixtures("clean")

NEEDED = 114
"""Calls that the study takes: two trials, three sessions of six exchanges, each exchange rated, a question at each end."""
FOURTH_MESSAGE: dict[str, Any] = {"role": "user", "nth": 4, "calls_by_then": 4 + 3 + 3}
"""The call in which a run is held: the user's fourth message, beside which the third reply is rated."""


@pytest.fixture
def study(server: Remote, tmp_path: Path) -> Path:
    return first_look(
        tmp_path, server.url, personas="[davi]", seeds="1", concurrency="1", limits="{retries: 1, timeout: 30}", controls="{one_by_one: 0, repeat: 0}"
    )


def hold(server: Remote, study: Path, *, role: str, nth: int, calls_by_then: int) -> Running:
    """A run held inside one call, with everything beside it done and in the journal."""
    server.fault("hang", role=role, start=nth, count=1)
    process = start("run", study, cwd=study.parent)

    def held() -> bool:
        assert process.poll() is None, process.communicate()
        stats, run = server.stats(), study.parent / "results" / "first-look"
        return (stats["inflight"], stats["calls"]) == (1, calls_by_then) and calls(rows(run)) == calls_by_then - 1

    until(held, "the call hangs, and nothing beside it")
    return process


def told_to_stop(process: Running) -> None:
    """It has heard that it is to stop, and says so and how to go on."""
    assert process.stderr is not None
    assert any("stopping" in line and "`sim resume first-look` goes on" in line for line in iter(process.stderr.readline, ""))


def resumes_whole(server: Remote, folder: Path, *, repeated: int = 0) -> None:
    """Go on, and hold the account: no call but `repeated` was made twice, and nothing is absent."""
    done = sim("resume", "first-look", cwd=folder)
    assert done.returncode == 0, done.stderr
    run = folder / "results" / "first-look"
    assert calls(happened(run)) == NEEDED
    assert server.stats()["calls"] == NEEDED + repeated
    assert sim_json("show", "first-look", cwd=folder)["trials"]["finished"] == 2


@pytest.fixture
def heard() -> Iterator[None]:
    """What whoever started the tests ignores, as nohup ignores SIGHUP, would be ignored by the command too."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("ask", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
def test_told_to_stop_a_run_keeps_the_calls_in_flight_and_buys_no_more(ask: signal.Signals, server: Remote, study: Path) -> None:
    process = hold(server, study, **FOURTH_MESSAGE)
    before = server.stats()["calls"]
    process.send_signal(ask)
    told_to_stop(process)
    assert process.poll() is None, "it waits for the call in flight"
    server.release()
    _, errors = process.communicate(timeout=CEILING)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert server.stats()["calls"] == before
    run = study.parent / "results" / "first-look"
    assert calls(happened(run)) == before, "what was answered is in the journal, the call in flight too"
    assert {json.loads(e.body)["cause"] for e in lost(run)} == {"interrupted"}
    assert sim_json("show", "first-look", cwd=study.parent)["unaccounted"] == 0
    assert len({e.trial for e in rows(run)}) == 1, "no further trial was begun"
    assert sim_json("show", "first-look", cwd=study.parent)["status"] == "incomplete"
    resumes_whole(server, study.parent)


def test_told_twice_it_ends_at_once(server: Remote, study: Path) -> None:
    process = hold(server, study, **FOURTH_MESSAGE)
    before = server.stats()["calls"]
    process.send_signal(signal.SIGINT)
    told_to_stop(process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=CEILING)
    assert (process.returncode, errors) == (130, "")
    assert server.stats()["answered"] == before - 1, "it did not wait for the call in flight"
    run = study.parent / "results" / "first-look"
    assert calls(happened(run)) == before - 1, "only the call in flight is gone"
    assert sim_json("show", "first-look", cwd=study.parent)["unaccounted"] == 1
    assert "Unaccounted: up to 1 call, cut off when the run was killed" in sim("show", "first-look", cwd=study.parent).stdout
    server.clear()
    resumes_whole(server, study.parent, repeated=1)
    assert sim_json("show", "first-look", cwd=study.parent)["unaccounted"] == 1, "what was lost stays lost"


def test_a_call_that_does_not_end_within_the_grace_is_given_up(server: Remote, tmp_path: Path) -> None:
    limits = "{retries: 1, timeout: 30, grace: 0.2}"
    study = first_look(tmp_path, server.url, personas="[davi]", seeds="1", concurrency="1", limits=limits, controls="{one_by_one: 0, repeat: 0}")
    process = hold(server, study, **FOURTH_MESSAGE)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=CEILING)
    assert process.returncode == 130
    assert errors.splitlines()[-1] == "stopped: calls still in flight after 0.2 s are given up; `sim resume first-look` goes on"
    server.clear()
    resumes_whole(server, tmp_path, repeated=1)


def test_told_twice_while_the_session_is_closing_it_ends_at_once(server: Remote, study: Path) -> None:
    process = hold(server, study, role="rater", nth=7, calls_by_then=6 + 6 + 7)
    process.send_signal(signal.SIGINT)
    told_to_stop(process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=CEILING)
    assert (process.returncode, errors) == (130, "")
    server.clear()
    resumes_whole(server, study.parent, repeated=1)


def test_a_stop_while_calls_wait_to_be_tried_again_does_not_wait_for_them(server: Remote, study: Path) -> None:
    server.fault("refuse429", role="target", seconds=2 * LONGEST)
    process = start("run", study, cwd=study.parent)
    until(lambda: server.stats()["refused"] == 1, "the refusal")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=LONGEST / 2)
    assert process.returncode == 130, errors
    server.clear()
    resumes_whole(server, study.parent, repeated=1)


def test_a_budget_of_tokens_stops_the_run_and_counts_what_was_spent_before(server: Remote, study: Path) -> None:
    folder = study.parent
    stopped = sim("run", study, "--max-tokens", "40000", cwd=folder)
    assert stopped.returncode == 3
    assert stopped.stderr.count("--max-tokens") == 1
    assert "Traceback" not in stopped.stderr
    made = server.stats()["calls"]
    assert 0 < made < NEEDED
    again = sim("resume", "first-look", "--max-tokens", "40000", cwd=folder)
    assert again.returncode == 3
    assert server.stats()["calls"] - made <= 2, "what is left is no more than a call may take"
    spent = [c["usage"] for r in rows(folder / "results" / "first-look") for c in json.loads(r.body).get("calls", ())]
    assert sum(u["input"] + u["output"] for u in spent) <= 40_000
    resumes_with(server, folder, "--max-tokens", "100000000")


def resumes_with(server: Remote, folder: Path, *flags: str) -> None:
    done = sim("resume", "first-look", *flags, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert server.stats()["calls"] == NEEDED


def test_a_budget_of_minutes_stops_the_run(server: Remote, study: Path) -> None:
    stopped = sim("run", study, "--max-minutes", "0.00001", cwd=study.parent)
    assert stopped.returncode == 3
    assert stopped.stderr.count("--max-minutes") == 1
    resumes_with(server, study.parent, "--max-minutes", "10")


def test_a_budget_of_dollars_that_nobody_can_count_is_refused_before_anything_is_written(server: Remote, study: Path) -> None:
    done = sim("run", study, "--max-cost", "0.01", cwd=study.parent)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("sim: --max-cost: nobody knows what the user (openai/user) costs; give it price: {input: ")
    assert not (study.parent / "results").exists()
    assert sim("run", study, "--max-cost", "judge=1", cwd=study.parent).returncode == 0, "nobody judges in this study"
    assert sim("run", study, "--max-cost", "umpire=1", cwd=study.parent).stderr.startswith(
        "sim: --max-cost: there is no role 'umpire'; choose from: "
    )
    assert sim("run", study, "--max-tokens", "rater=1.5", cwd=study.parent).stderr.startswith("sim: --max-tokens: 'rater=1.5' is not a number; write")


def test_dollars_hold_where_the_study_says_what_its_models_cost(server: Remote, study: Path) -> None:
    priced = re.sub(r"(model: openai/\w+)", r"\1, price: {input: 1, output: 10}", study.read_text())
    study.write_text(priced)
    # A rating may take 5,000 tokens of answer, which is 0.05 dollars, and is not begun where that is not left.
    stopped = sim("run", study, "--max-cost", "0.09", cwd=study.parent)
    assert stopped.returncode == 3, stopped.stderr
    assert stopped.stderr.count("--max-cost") == 1
    made = [c for r in rows(study.parent / "results" / "first-look") for c in json.loads(r.body).get("calls", ())]
    assert all(c["cost"] == pytest.approx((c["usage"]["input"] + 10 * c["usage"]["output"]) / 1e6) for c in made)
    assert 0.02 < sum(c["cost"] for c in made) <= 0.09
    assert len(made) == server.stats()["calls"]
    resumes_with(server, study.parent, "--max-cost", "100")


def test_a_role_with_a_budget_of_its_own_ends_it_alone(server: Remote, study: Path) -> None:
    stopped = sim("run", study, "--max-tokens", "rater=9000", cwd=study.parent)
    assert stopped.returncode == 3
    assert stopped.stderr.count("--max-tokens rater=") == 1
    made = server.stats()["by_role"]
    assert made["target"] == 18, "the talk that was begun goes on without ratings, and no other is begun"
    assert 0 < made["rater"] < 18
    resumes_with(server, study.parent, "--max-tokens", "rater=1000000")


def test_a_full_disk_is_one_line_and_costs_nothing_that_was_kept(server: Remote, study: Path) -> None:
    folder = study.parent

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))

    command = [sys.executable, "-m", "sim", "run", str(study), "--patience", "0"]
    env = environment(PYTHONDONTWRITEBYTECODE="1")
    full = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, preexec_fn=small_disk, timeout=60)
    assert full.returncode == 3, full.stderr
    assert len(full.stderr.splitlines()) == 2, "what is run and where it is kept, and why it ended"
    assert "run.db" in full.stderr
    run = folder / "results" / "first-look"
    kept, made = calls(happened(run)), server.stats()["calls"]
    assert 0 < kept < NEEDED
    assert made - kept <= 2, "no more than what was in flight"
    assert sim_json("show", "first-look", cwd=folder)["status"] == "incomplete"
    resumes_whole(server, folder, repeated=made - kept)


def test_on_a_full_disk_answers_are_held_until_there_is_room(server: Remote, study: Path) -> None:
    folder = study.parent

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY))

    command = [sys.executable, "-m", "sim", "run", str(study)]
    env = environment(PYTHONDONTWRITEBYTECODE="1")
    with subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=small_disk) as process:
        assert process.stderr is not None
        paused = next(line for line in iter(process.stderr.readline, "") if line.startswith("paused: "))
        assert re.fullmatch(
            r"paused: \S+run\.db: .+; make room: answers are held and nothing is asked for, for up to 15 minutes \(--patience\)\n", paused
        )
        until(lambda: not server.stats()["inflight"], "what was under way is answered")
        held, before = server.stats()["calls"], calls(happened(folder / "results" / "first-look"))
        assert before < held < NEEDED
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        _, errors = process.communicate(timeout=CEILING)
    assert process.returncode == 0, errors
    assert "there is room again after" in errors
    assert calls(happened(folder / "results" / "first-look")) == server.stats()["calls"] == NEEDED, "what was held is kept, and bought once"


def test_a_full_disk_is_told_before_anything_is_bought(server: Remote, study: Path) -> None:
    folder = study.parent
    assert sim("run", study, "--max-tokens", "20000", cwd=folder).returncode == 3
    made = server.stats()["calls"]

    def no_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))

    for command in (
        ["resume", "first-look", "--max-tokens", "1000000"],
        ["score", "first-look", "--rater", "openai/rater", "--api-base", server.url],
    ):
        env = environment(PYTHONDONTWRITEBYTECODE="1")
        full = subprocess.run(
            [sys.executable, "-m", "sim", *command], cwd=folder, env=env, capture_output=True, text=True, preexec_fn=no_disk, timeout=CEILING
        )
        assert full.returncode in (2, 3), full.stderr
        assert full.stderr.count("\n") == 1
        assert "Traceback" not in full.stderr
        assert server.stats()["calls"] == made, "nothing was bought"
    resumes_with(server, folder, "--max-tokens", "100000000")
