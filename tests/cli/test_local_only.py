"""What leaves this machine is said before it does, or refused before a socket opens: every look-up and connection of the process is watched."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sim.llm.hosts import is_loopback
from tests.cli.command import ROOT, Done, environment, sim
from tests.cli.forks import FIRST, FORKS
from tests.cli.small import project
from tests.server import serve

CANARY = "sk-canary-77e2b1c0d9a84f36"
ELSEWHERE = "192.0.2.1"
WATCH = """\
import os, sys
def watch(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        seen = arguments[0]
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg") and isinstance(arguments[1], tuple):
        seen = arguments[1][0]
    else:
        return
    with open(os.environ["WATCHED"], "a") as file:
        file.write(f"{seen}\\n")
sys.addaudithook(watch)
"""
KEYS = {name: CANARY for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENROUTER_API_KEY")}


def watch(cwd: Path) -> dict[str, str]:
    """The environment in which a new interpreter is watched from its start."""
    folder = cwd / "watch"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(WATCH)
    (folder / "seen").write_text("watching\n")
    return {"PYTHONPATH": f"{folder}:{ROOT}", "WATCHED": str(folder / "seen")}


def seen_by_watch(cwd: Path) -> set[str]:
    seen = (cwd / "watch" / "seen").read_text().split("\n")[:-1]
    assert seen.pop(0) == "watching"
    return set(seen)


def watched(*arguments: str | Path, cwd: Path, anew: bool = False, **env: str) -> tuple[Done, set[str]]:
    """Run `sim`; also what hosts it looked up or connected to.

    Args:
        anew: in an interpreter of its own, so that its imports are watched too.
    """
    env |= watch(cwd)
    if FORKS and not anew:
        del env["PYTHONPATH"]
        env[FIRST] = str(cwd / "watch" / "sitecustomize.py")
    return sim(*arguments, cwd=cwd, **env), seen_by_watch(cwd)


def test_importing_all_that_a_command_may_need_reaches_for_nothing(tmp_path: Path) -> None:
    code = "from tests.cli.forks import _import_all; _import_all()"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment(**watch(tmp_path), **KEYS), check=True)
    assert seen_by_watch(tmp_path) == set()


def study(folder: Path, *, user: str = "{model: offline/user}", target: str = "model: offline/uses", more: str = "") -> Path:
    text = f"name: small\ntargets:\n  - {{id: one, {target}}}\nuser: {user}\npersonas: [davi]\nscenarios: [short]\nlimits: {{retries: 0}}\n{more}"
    return project(folder, study=text)


def test_an_offline_run_reaches_for_nothing_and_announces_nothing(tmp_path: Path) -> None:
    done, seen = watched("run", study(tmp_path), cwd=tmp_path)
    assert (done.returncode, seen) == (0, set())
    assert "Leaving" not in done.stderr


def test_a_watcher_that_sees_nothing_would_be_noticed(tmp_path: Path) -> None:
    with serve() as server:
        path = study(tmp_path, target=f'model: openai/any, api_base: "{server.url}"')
        done, seen = watched("run", path, "--local-only", cwd=tmp_path, anew=True)
    assert (done.returncode, seen) == (0, {"127.0.0.1"}), done.stderr
    assert "Leaving" not in done.stderr


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("model: openai/gpt-4o", "api.openai.com"),
        ("model: anthropic/claude-sonnet-4-5", "api.anthropic.com"),
        ("model: openrouter/meta-llama/llama-3-8b", "openrouter.ai"),
        ("model: bedrock/some-model", "the provider bedrock"),
        (f'model: openai/any, api_base: "http://{ELSEWHERE}:8000/v1"', ELSEWHERE),
        (f'model: anthropic/any, api_base: "https://{ELSEWHERE}"', ELSEWHERE),
        ('model: openai/any, api_base: "http://localhost.example.org/v1"', "localhost.example.org"),
    ],
)
def test_a_host_elsewhere_is_refused_before_a_socket_opens(target: str, host: str, tmp_path: Path) -> None:
    done, seen = watched("run", study(tmp_path, target=target), "--local-only", cwd=tmp_path, **KEYS)
    assert (done.returncode, done.stdout, seen) == (2, "", set())
    assert done.stderr.startswith(f"sim: --local-only: the target one is at {host}, outside this machine; give it an api_base on this machine")
    assert done.stderr.count("\n") == 1
    assert CANARY not in done.stderr
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("part", ["user", "rater", "observer"])
def test_every_part_is_looked_at(part: str, tmp_path: Path) -> None:
    model = "{model: openai/gpt-4o}"
    path = {
        "user": lambda: study(tmp_path, user=model),
        "rater": lambda: study(tmp_path, more=f"rater: {model}\n"),
        "observer": lambda: study(tmp_path, more="observers:\n  - {id: strict, model: openai/gpt-4o}\n"),
    }[part]()
    done, seen = watched("run", path, "--local-only", cwd=tmp_path, **KEYS)
    assert (done.returncode, seen) == (2, set())
    assert part in done.stderr
    assert "api.openai.com" in done.stderr


def test_resume_and_the_plan_refuse_as_well(tmp_path: Path) -> None:
    path = study(tmp_path, target=f'model: openai/any, api_base: "http://{ELSEWHERE}:9/v1", api_key_env: NOT_SET')
    planned, seen = watched("run", path, "--dry-run", "--local-only", cwd=tmp_path)
    assert (planned.returncode, planned.stdout, seen) == (2, "", set())
    assert sim("run", study(tmp_path), cwd=tmp_path).returncode == 0
    spec = tmp_path / "results" / "small" / "study.yaml"
    spec.write_text(spec.read_text().replace("model: offline/user", "model: openai/gpt-4o", 1))
    resumed, seen = watched("resume", "small", "--local-only", cwd=tmp_path, **KEYS)
    assert (resumed.returncode, seen) == (2, set())
    assert "the user is at api.openai.com" in resumed.stderr


def test_an_allowed_host_is_reached_and_announced(tmp_path: Path) -> None:
    path = study(tmp_path, target=f'model: openai/any, api_base: "http://{ELSEWHERE}:9/v1"', more="concurrency: 1\n").read_text()
    (tmp_path / "small.yaml").write_text(path.replace("retries: 0", "retries: 0, timeout: 0.2"))
    done, seen = watched("run", "small.yaml", "--local-only", "--allow-host", ELSEWHERE, cwd=tmp_path)
    assert (done.returncode, seen) == (2, {ELSEWHERE})
    assert "could not be reached" in done.stderr.splitlines()[-1]
    assert f"Leaving this machine, in 1 conversation: messages to {ELSEWHERE} (target one).\n" in done.stderr


@pytest.mark.parametrize("host", ["", "http://x", "x:80", "*", "x/y"])
def test_what_is_no_host_cannot_be_allowed(host: str, tmp_path: Path) -> None:
    done = sim("run", study(tmp_path), "--local-only", "--allow-host", host, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("sim: --allow-host: ")


def test_the_plan_says_what_would_leave_and_keeps_json_clean(tmp_path: Path) -> None:
    path = study(tmp_path, user="{model: openai/gpt-4o}", target="model: anthropic/claude, system: Be kind.", more="seeds: 2\n")
    done, seen = watched("run", path, "--dry-run", "--json", cwd=tmp_path)
    assert (done.returncode, seen) == (0, set())
    assert json.loads(done.stdout)["trials"] == 2
    assert done.stderr == (
        "Leaving this machine, in 2 conversations: texts of personas and scenarios and all messages to api.openai.com (user, rater self); "
        "messages and the target's own system prompt to api.anthropic.com (target one).\n"
    )


# --- what a spec does not show ------------------------------------------------------------------------------------


@contextmanager
def redirecting(place: str) -> Iterator[str]:
    """A server on this machine that sends every caller elsewhere."""

    def answer() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {place}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        listener.shutdown(socket.SHUT_RDWR)


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    with redirecting(f"http://{ELSEWHERE}:9/v1/chat/completions") as url:
        done, seen = watched("run", study(tmp_path, target=f'model: openai/any, api_base: "{url}"'), cwd=tmp_path)
    assert (done.returncode, seen) == (3, {"127.0.0.1"})


def test_litellm_follows_a_redirect_no_further_than_the_door(tmp_path: Path) -> None:
    with redirecting(f"http://{ELSEWHERE}:9/v1/chat/completions") as url:
        path = study(tmp_path, target=f'model: openai/any, api_base: "{url}", client: litellm')
        done = sim("run", path, "--local-only", cwd=tmp_path)
    assert done.returncode == 3
    assert f"--local-only does not let this process reach {ELSEWHERE}" in done.stderr


def test_litellm_sends_to_this_machine_past_any_proxy_and_keeps_key_and_text_to_itself(tmp_path: Path) -> None:
    proxy = f"http://{ELSEWHERE}:9"
    with serve() as server:
        path = study(tmp_path, user="{model: openai/user}")
        env = {"OPENAI_API_KEY": CANARY, "OPENAI_BASE_URL": server.url, "HTTP_PROXY": proxy, "http_proxy": proxy, "ALL_PROXY": proxy}
        env |= {"SIM_LOG": "debug", "LITELLM_LOG": "DEBUG"}
        server.fault("unauthorized", role="user", start=3)
        done, seen = watched("run", path, "--local-only", cwd=tmp_path, anew=True, **env)
        sent = server.requests()
    assert done.returncode == 3
    assert {r["key"] for r in sent} == {f"Bearer {CANARY}"}
    assert {host for host in seen if not is_loopback(host)} == set()
    assert "call_lost" in done.stderr
    assert CANARY not in done.stdout + done.stderr
    assert not [p for p in (tmp_path / "results").rglob("*") if p.is_file() and CANARY.encode() in p.read_bytes()]
    lines = {line for r in sent for m in r["body"]["messages"] for line in m["content"].splitlines() if len(line) > 20}
    assert len(lines) > 50
    assert not [line for line in lines if line in done.stderr]


@pytest.mark.parametrize(
    "wrong",
    [f"api_key: {CANARY}", f"api_key_env: {CANARY}", f"api_base: {CANARY}", f'api_base: "https://x/v1?key={CANARY}"', f"client: {CANARY}"],
)
def test_a_key_in_a_study_is_refused_without_being_repeated(wrong: str, tmp_path: Path) -> None:
    done = sim("run", study(tmp_path, target=f"model: openai/any, {wrong}"), cwd=tmp_path)
    assert done.returncode == 2
    assert CANARY not in done.stdout + done.stderr
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("try", "https://bot.example.org/chat"),
        ("try", "--curl", 'curl https://bot.example.org/chat -d \'{"message": "hi"}\''),
        ("try", "openai/gpt-4o"),
        ("calibrate", "--edits", "--rater", "openai/gpt-4o"),
        ("calibrate", "--edits", "--rater", "openai/x", "--api-base", "https://models.example.org/v1"),
    ],
)
def test_first_contact_and_calibration_refuse_outside_hosts_too(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = sim(*arguments, "--local-only", cwd=tmp_path, OPENAI_API_KEY="sk-test-0000")
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "--local-only" in done.stderr
    assert not list(tmp_path.iterdir())


def test_tracing_that_the_environment_asks_for_sends_nothing(tmp_path: Path) -> None:
    tracing = {"LANGSMITH_TRACING": "true", "LANGSMITH_API_KEY": CANARY, "LANGSMITH_ENDPOINT": f"http://{ELSEWHERE}"}
    done, seen = watched("run", str(study(tmp_path)), cwd=tmp_path, anew=True, **tracing)
    assert done.returncode == 0, done.stderr
    assert not seen
