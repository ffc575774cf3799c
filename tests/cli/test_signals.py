"""Every command that buys calls is told to stop as a run is: what is in flight is kept, nothing more is bought, and it says how to go on."""

from __future__ import annotations

import json
import shutil
import signal
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Running, first_look, sim, sim_json, start
from tests.cli.journals import happened, rows
from tests.server import Remote
from tests.waiting import CEILING, until

pytestmark = pytest.mark.usefixtures("clean")

REPLIES = 36
TRIED = 17
"""Calls that a first contact takes: a greeting, what finds out whether users are kept apart and what is remembered, and six exchanges."""
EDITS = ("calibrate", "--edits", "--rater", "openai/rater", "--concurrency", "1", "--json")


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """What whoever started the tests ignores, as nohup ignores SIGHUP, would be ignored by the command too."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture(scope="module")
def made(server: Remote, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run, to be copied."""
    folder = tmp_path_factory.mktemp("made")
    study = first_look(folder, server.url, personas="[davi]", seeds="1", limits="{retries: 1, timeout: 30}", controls="{one_by_one: 0, repeat: 0}")
    done = sim("run", study, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def held(server: Remote, process: Running, *, nth: int) -> Running:
    """`process` when its call of that number hangs, and nothing else is under way."""

    def hangs() -> bool:
        assert process.poll() is None, process.communicate()
        stats = server.stats()
        return (stats["inflight"], stats["answered"]) == (1, nth - 1)

    until(hangs, f"call {nth} hangs")
    return process


def told(process: Running, ask: signal.Signals, said: str) -> None:
    """It is told to stop, has heard that, and says how to go on."""
    process.send_signal(ask)
    assert process.stderr is not None
    assert any("stopping: calls in flight are kept" in line and line.endswith(f"; {said}\n") for line in iter(process.stderr.readline, ""))
    assert process.poll() is None, "it waits for the call in flight"


def ends(process: Running, *, status: int = 130) -> tuple[str, str]:
    out, errors = process.communicate(timeout=CEILING)
    assert (process.returncode, "Traceback" in errors) == (status, False), errors
    return out, errors


@pytest.fixture
def scoring(server: Remote, made: Path, tmp_path: Path) -> Callable[[], Running]:
    """Begins a scoring that hangs in its eighth call."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    server.reset()

    def begin() -> Running:
        server.fault("hang", role="tagger", start=8, count=1)
        wish = ("first-look", "--tagger", "openai/tagger", "--api-base", server.url, "--concurrency", "1", "--json")
        return held(server, start("score", *wish, cwd=tmp_path), nth=8)

    return begin


@pytest.mark.parametrize("ask", [signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
def test_scoring_a_run(ask: signal.Signals, server: Remote, scoring: Callable[[], Running], tmp_path: Path) -> None:
    process = scoring()
    told(process, ask, "the same command goes on")
    server.release()
    out, _ = ends(process)
    assert json.loads(out)["absent"] == REPLIES - 8
    assert server.stats()["calls"] == 8
    assert sim_json("show", "first-look", cwd=tmp_path)["unaccounted"] == 0


def test_scoring_a_run_told_twice_ends_at_once_and_the_call_cut_off_is_counted(
    server: Remote, scoring: Callable[[], Running], tmp_path: Path
) -> None:
    process = scoring()
    told(process, signal.SIGTERM, "the same command goes on")
    process.send_signal(signal.SIGTERM)
    assert ends(process) == ("", "")
    assert server.stats()["answered"] == 7
    assert sim_json("show", "first-look", cwd=tmp_path)["unaccounted"] == 1
    assert "Unaccounted: up to 1 call" in sim("show", "first-look", cwd=tmp_path).stdout


def test_scoring_a_run_that_is_killed_counts_what_was_in_flight_and_the_next_command_loses_none(
    server: Remote, scoring: Callable[[], Running], tmp_path: Path
) -> None:
    process = scoring()
    process.kill()
    process.communicate(timeout=CEILING)
    assert sim_json("show", "first-look", cwd=tmp_path)["unaccounted"] == 1
    server.clear()
    done = sim("score", "first-look", "--tagger", "openai/tagger", "--api-base", server.url, "--only", "repetition", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sim_json("show", "first-look", cwd=tmp_path)["unaccounted"] == 1


@pytest.mark.parametrize("ask", [signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name)
def test_calibrating_by_a_model(ask: signal.Signals, server: Remote, tmp_path: Path) -> None:
    server.fault("hang", role="rater", start=5, count=1)
    process = held(server, start(*EDITS, "--api-base", server.url, cwd=tmp_path), nth=5)
    told(process, ask, "the same command begins anew")
    server.release()
    out, errors = ends(process)
    assert json.loads(out)["replies"] == 5, "what was rated is shown"
    assert "rated 5 of " in errors
    assert server.stats()["calls"] == 5


def test_calibrating_told_twice_ends_at_once(server: Remote, tmp_path: Path) -> None:
    server.fault("hang", role="rater", start=5, count=1)
    process = held(server, start(*EDITS, "--api-base", server.url, cwd=tmp_path), nth=5)
    told(process, signal.SIGHUP, "the same command begins anew")
    process.send_signal(signal.SIGINT)
    assert ends(process)[0] == ""
    assert server.stats()["answered"] == 4


def trying(server: Remote, folder: Path, *, nth: int) -> Running:
    """A first contact that hangs in its call of that number."""
    body = json.dumps({"model": "any", "messages": [{"role": "user", "content": "hi"}]})
    server.fault("hang", start=nth, count=1)
    asked = ("--curl", f"curl {server.url}/chat/completions -d '{body}'", "--persona", "davi", "--json")
    return held(server, start("try", *asked, cwd=folder), nth=nth)


@pytest.mark.parametrize(("ask", "nth"), [(signal.SIGINT, 1), (signal.SIGTERM, 3)], ids=["greeting", "check"])
def test_first_contact_before_its_run_keeps_no_more_than_the_study(ask: signal.Signals, nth: int, server: Remote, tmp_path: Path) -> None:
    process = trying(server, tmp_path, nth=nth)
    told(process, ask, "the same command begins anew")
    server.release()
    assert ends(process)[0] == ""
    assert server.stats()["calls"] == nth
    # It is written after the first good answer.
    assert sorted(p.name for p in tmp_path.iterdir()) == ([] if nth == 1 else [".rapport", "my-bot.yaml"])


def test_first_contact_in_its_run_keeps_the_call_and_says_how_to_go_on(server: Remote, tmp_path: Path) -> None:
    process = trying(server, tmp_path, nth=TRIED - 2)
    told(process, signal.SIGHUP, "`sim resume try` goes on")
    server.release()
    out, _ = ends(process)
    assert json.loads(out)["status"] == "incomplete"
    assert server.stats()["calls"] == TRIED - 2
    assert sum(e.kind == "target_replied" for e in happened(tmp_path / "results" / "try")) == 4
    assert (tmp_path / "my-bot.yaml").exists(), "the study to go on with is written all the same"
    resumed = sim("resume", "try", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert server.stats()["calls"] == TRIED


def test_first_contact_told_twice_ends_at_once(server: Remote, tmp_path: Path) -> None:
    process = trying(server, tmp_path, nth=2)
    told(process, signal.SIGTERM, "the same command begins anew")
    process.send_signal(signal.SIGTERM)
    assert ends(process)[0] == ""
    assert server.stats()["answered"] == 1


PEOPLE = "name: talks\ntitle: Talks\nchat: first-look.yaml\npeople: 1\nconsent: You may stop at any time.\n"


class Guest:
    """Somebody who talks through the page."""

    def __init__(self, address: str) -> None:
        self._site, _, self._token = address.partition("/rate?token=")
        self._cookie = ""

    def sends(self, path: str, **sent: Any) -> Any:
        asked = urllib.request.Request(f"{self._site}/rate/{path}?token={self._token}", data=json.dumps(sent).encode(), method="POST")
        asked.add_header("Content-Type", "application/json")
        asked.add_header("Origin", self._site)
        if self._cookie:
            asked.add_header("Cookie", self._cookie)
        with urllib.request.urlopen(asked, timeout=CEILING) as answer:
            self._cookie = self._cookie or str(answer.headers["Set-Cookie"]).partition(";")[0]
            return json.load(answer)


@pytest.fixture
def talk(server: Remote, tmp_path: Path) -> Running:
    """A viewer with a person whose message has reached the target, which hangs."""
    first_look(tmp_path, server.url, personas="[davi]", seeds="1", limits="{retries: 1, timeout: 30}")
    (tmp_path / "people.yaml").write_text(PEOPLE, encoding="utf-8")
    (tmp_path / "results").mkdir()
    server.fault("hang", role="target", start=1, count=1)
    process = start("view", "results", "--study", "people.yaml", cwd=tmp_path)
    assert process.stdout is not None
    process.stdout.readline()
    guest = Guest(process.stdout.readline().removeprefix("for people: ").strip())
    state = guest.sends("consent")
    assert "message" in state["asks"], state
    guest.sends("work", message="Hello, how are you?")
    return held(server, process, nth=1)


@pytest.mark.parametrize("ask", [signal.SIGINT, signal.SIGHUP], ids=lambda s: s.name)
def test_a_viewer_in_which_somebody_talks(ask: signal.Signals, server: Remote, talk: Running, tmp_path: Path) -> None:
    told(talk, ask, "`sim view --study people.yaml` goes on")
    server.release()
    ends(talk, status=0)
    run = tmp_path / "results" / "talks"
    assert [e.kind for e in rows(run)][:3] == ["form_answered", "session_opened", "user_spoke"]
    assert sum(e.kind == "target_replied" for e in rows(run)) == 1, "the reply that was under way is kept"
    assert server.stats()["calls"] == 1
    assert not (run / "run.db-wal").exists()


def test_a_viewer_told_twice_ends_at_once(server: Remote, talk: Running, tmp_path: Path) -> None:
    told(talk, signal.SIGTERM, "`sim view --study people.yaml` goes on")
    talk.send_signal(signal.SIGTERM)
    ends(talk)
    assert server.stats()["answered"] == 0
    assert sim_json("show", "talks", cwd=tmp_path)["unaccounted"] == 1


def test_a_viewer_in_which_nobody_talks_ends_without_a_word(tmp_path: Path) -> None:
    process = start("view", ".", cwd=tmp_path)
    assert process.stdout is not None
    assert "/?token=" in process.stdout.readline()
    process.send_signal(signal.SIGHUP)
    assert ends(process, status=0)[1] == "Ctrl-C ends it\n"


@pytest.mark.parametrize("command", ["calibrate", "try"])
def test_they_log_as_a_run_does(command: str, server: Remote, tmp_path: Path) -> None:
    body = json.dumps({"model": "any", "messages": [{"role": "user", "content": "hi"}]})
    wish = {
        "calibrate": ("--edits", "--rater", "openai/rater", "--concurrency", "1", "--max-tokens", "20000", "--api-base", server.url),
        "try": ("--curl", f"curl {server.url}/chat/completions -d '{body}'", "--persona", "davi"),
    }[command]
    done = sim(command, *wish, "--log-json", "--log-level", "debug", "--json", cwd=tmp_path)
    assert isinstance(json.loads(done.stdout), dict)
    logged = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    expected = {"calibrate": "notice", "try": "target_replied"}[command]
    assert expected in {line["event"] for line in logged}
    assert all({"timestamp", "level"} <= line.keys() for line in logged)
