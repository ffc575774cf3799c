"""Memory policies through the command line: arms, forecasts, what is sent, kills inside a memory step."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import first_look, sim, sim_json, start
from tests.cli.journals import calls, happened, lost, rows
from tests.cli.small import SCENARIO, project
from tests.cli.test_kill import NO_CONTROLS, until
from tests.server import Remote, serve

ARMS = """\
name: arms
targets:
  - {id: u, model: offline/uses, memory: [none, full, window:1, summary, profile, retrieval:2]}
  - {id: e, model: offline/uses, memory: [retrieval:2], embedding: {model: offline/embedding}}
  - {id: small, model: offline/uses, context_tokens: 60}
user: {model: offline/user}
personas: [davi]
scenarios: [short]
controls: {one_by_one: 0, repeat: 0}
"""
IDS = ["u-none", "u-full", "u-window-1", "u-summary", "u-profile", "u-retrieval-2", "e-retrieval-2", "small"]


@pytest.fixture(scope="module")
def server() -> Iterator[Remote]:
    with serve(latency=2.0) as running:
        yield running


@pytest.fixture(autouse=True)
def clean(server: Remote) -> Iterator[None]:
    yield
    server.clear()
    server.release()
    server.reset()


def test_several_memories_are_several_targets_and_their_work_is_forecast_and_shown(tmp_path: Path) -> None:
    study = project(tmp_path, study=ARMS)
    checked = sim("check", study, cwd=tmp_path)
    assert checked.returncode == 0
    assert f"small.yaml: {', '.join(IDS)}" in checked.stdout
    assert sim_json("check", study, cwd=tmp_path)["files"][0]["targets"] == IDS
    plan = sim_json("run", study, "--dry-run", cwd=tmp_path)
    assert plan["targets"] == IDS
    assert plan["by_role"]["memory"] == {"min": 2 + 2 + 4, "max": 2 + 2 + 4}
    assert "u-window-1" in sim("run", study, "--dry-run", cwd=tmp_path).stdout
    done = sim("run", study, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "bm25s" not in done.stderr
    assert "DEBUG" not in done.stderr
    events = rows(tmp_path / "results" / "arms")
    spent = [c["role"] for e in events for c in json.loads(e.body).get("calls", ())]
    assert spent.count("memory") == plan["by_role"]["memory"]["max"]
    assert any(line.startswith("memory ") for line in done.stdout.splitlines()), "its tokens stand in a row of their own"
    written = {e.trial.split("/")[2]: e.part for e in events if e.kind == "memory_written"}
    assert written == {"u-summary": "summary", "u-profile": "profile", "e-retrieval-2": "embedding"}
    dropped = {e.trial.split("/")[2] for e in events if e.kind == "target_replied" and json.loads(e.body)["dropped"]}
    assert dropped == {"small"}
    assert sim("run", study, "--target", "u", cwd=tmp_path).returncode == 2


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("memory: [none, none]", "memory 'none' stands twice; name each once"),
        ("memory: [none, nativ]", "unknown memory policy 'nativ'"),
        ("memory: [full, native]", "native is the memory of http, callable and graph targets"),
        ("memory: window", "window must say how many earlier sessions are shown"),
        ("memory: [full, window:0]", "from 1 to 1000; write for example window:5"),
        ("memory: full, embedding: {model: offline/embedding}", "embedding is for retrieval:K, not for full"),
        ("memory: retrieval:2, embedding: {model: offline/uses}", "offline/uses cannot embed; write offline/embedding"),
        ("memory: retrieval:2, embedding: {model: openai/text-embedding-3-small}", "needs OPENAI_API_KEY, which is not set"),
        ("memory: full, context_tokens: 1", "must be a whole number of at least 50"),
        ("memori: [full]", "unknown key 'memori'"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_in_one_line_with_its_place(written: str, said: str, tmp_path: Path) -> None:
    good = "  - {id: small, model: offline/uses, context_tokens: 60}"
    study = project(tmp_path, study=ARMS.replace(good, f"  - {{id: bad, model: offline/uses, {written}}}"))
    done = sim("check", study, cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert said in line
    assert "small.yaml:5" in line or "embedding" in line
    assert "Traceback" not in done.stderr


def test_twins_among_arms_are_refused(tmp_path: Path) -> None:
    done = sim("check", project(tmp_path, study=ARMS.replace("id: small", "id: u-full")), cwd=tmp_path)
    assert done.returncode == 2
    assert "target 'u-full' stands twice" in done.stderr


def over_http(tmp_path: Path, server: Remote, memory: str) -> Path:
    """One target over HTTP with that memory."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "short.yaml").write_text(SCENARIO)
    study = first_look(tmp_path, server.url, personas="[davi]", seeds="1", scenarios="[short]", concurrency="1", controls=NO_CONTROLS)
    lines = study.read_text().replace("memory: full", memory).splitlines()
    study.write_text("\n".join(line for line in lines if "id: forgets" not in line) + "\n")
    return study


def killed_inside(role: str, nth: int, study: Path, server: Remote) -> int:
    """Hold the run inside the `nth` call of `role` from now, and kill it there; how many calls died with it."""
    folder = study.parent
    path = folder / "results" / "first-look"
    before = server.stats()["calls"] - (calls(rows(path)) if path.exists() else 0)
    asked = server.stats()["by_role"].get(role, 0)
    server.fault("hang", role=role, start=nth, count=1)
    process = start("resume" if path.exists() else "run", "first-look" if path.exists() else study, cwd=folder)

    def holds() -> bool:
        assert process.poll() is None, process.communicate()
        seen = server.stats()
        if seen["inflight"] != 1 or seen["by_role"].get(role, 0) < asked + nth:
            return False
        kept = len(rows(path))
        time.sleep(0.3)
        return len(rows(path)) == kept

    until(holds, f"{role} {nth} hangs")
    process.kill()
    process.communicate()
    until(lambda: server.stats()["inflight"] == 0, "the server has noticed")
    server.clear()
    return int(server.stats()["calls"] - calls(rows(path)) - before)


@pytest.mark.parametrize(
    ("memory", "role", "moments", "made"),
    [
        ("memory: [profile, summary]", "memory", (1, 2, 1), 4),
        ('memory: "retrieval:1", embedding: {model: openai/embeds, api_base: URL}', "embedding", (2,), 4),
    ],
)
def test_killed_inside_a_memory_step_a_run_ends_as_an_undisturbed_one(
    memory: str, role: str, moments: tuple[int, ...], made: int, server: Remote, tmp_path: Path
) -> None:
    study = over_http(tmp_path, server, memory.replace("URL", f'"{server.url}"'))
    plan = sim_json("run", study, "--dry-run", cwd=tmp_path)
    assert plan["by_role"]["memory"]["max"] == made
    done = sim("run", study, "--name", "undisturbed", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    whole = happened(tmp_path / "results" / "undisturbed")
    needed = server.stats()["calls"]
    assert server.stats()["by_role"][role] == made
    assert needed == calls(whole) == plan["calls"]["max"]
    server.reset()
    dead = [killed_inside(role, nth, study, server) for nth in moments]
    assert all(1 <= died <= 2 for died in dead), "the memory step, and at most the user's look back beside it"
    done = sim("resume", "first-look", cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    path = tmp_path / "results" / "first-look"
    assert happened(path) == whole
    assert lost(path) == []
    assert server.stats()["calls"] == needed + sum(dead), "every call beyond the dead ones was made once"


def test_a_memory_step_that_failed_is_absent_and_bought_on_resume(server: Remote, tmp_path: Path) -> None:
    study = over_http(tmp_path, server, "memory: profile")
    study.write_text(study.read_text() + "limits: {retries: 0}\n")
    server.fault("error500", role="memory", start=1, count=1)
    done = sim("run", study, cwd=tmp_path)
    assert done.returncode == 3
    path = tmp_path / "results" / "first-look"
    assert [e.part for e in rows(path) if e.kind == "call_lost"] == ["close_session#1"]
    assert [e for e in rows(path) if e.kind == "memory_written"] == []
    assert sim("resume", "first-look", cwd=tmp_path).returncode == 0
    assert server.stats()["by_role"]["memory"] == 3
    assert [e.part for e in rows(path) if e.kind == "memory_written"] == ["profile"] * 2


@pytest.mark.parametrize(
    ("fault", "kept"), [("not_json", ""), ("cut_off", "unusable"), ("content_filter", "refused"), ("context_too_long", "too_long")]
)
def test_whatever_a_model_writes_the_run_ends_well(fault: str, kept: str, server: Remote, tmp_path: Path) -> None:
    study = over_http(tmp_path, server, "memory: profile")
    server.fault(fault, role="memory")
    done = sim("run", study, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    steps = [json.loads(e.body) for e in rows(tmp_path / "results" / "first-look") if e.kind == "memory_written"]
    assert [s["kept"] for s in steps] == [kept] * 2
    assert all(bool(s["content"]) == (not kept) for s in steps)
