"""A target that is not there is found before the run, one that only fails after a few trials; either way the cause is said, and `resume` goes on."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import sim, sim_json
from tests.cli.journals import rows
from tests.cli.small import SCENARIO
from tests.server import Remote
from tests.targets.chatbots import Chatbot, chatbot

STUDY = """\
name: own
targets:
  - {id: my-bot, http: {url: "%s/chat"}}
user: {model: offline/user}
personas: [chebet, davi, ebrima, gulten, nadim, tore, zuza]
scenarios: [short]
concurrency: 2
limits: {retries: 0}
"""


@pytest.fixture
def dead() -> str:
    """The address of a server that is not there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture(scope="module")
def bot() -> Iterator[Chatbot]:
    with chatbot() as running:
        yield running


def project(folder: Path, study: str) -> Path:
    (folder / "scenarios").mkdir(exist_ok=True)
    (folder / "scenarios" / "short.yaml").write_text(SCENARIO.replace("[persona.pet]", "[]"))
    path = folder / "own.yaml"
    path.write_text(study)
    return path


def test_a_target_that_is_not_there_is_found_before_anything_is_written(dead: str, tmp_path: Path) -> None:
    study = project(tmp_path, STUDY % dead)
    done = sim("run", study, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    (last,) = done.stderr.splitlines()
    assert last == f"sim: target 'my-bot' could not be reached at {dead}/chat: connection refused; start it, or mend http.url"
    assert not (tmp_path / "results").exists()


def test_a_name_that_nobody_knows_is_said_to_be_that(tmp_path: Path) -> None:
    study = project(tmp_path, STUDY % "http://nowhere.invalid")
    done = sim("run", study, cwd=tmp_path)
    assert done.returncode == 2
    assert "could not be reached at http://nowhere.invalid/chat: its name cannot be resolved" in done.stderr


def test_looking_for_a_target_says_nothing_to_it(bot: Chatbot, tmp_path: Path) -> None:
    before = len(bot.log())
    study = project(tmp_path, STUDY.replace("[chebet, davi, ebrima, gulten, nadim, tore, zuza]", "[davi]") % bot.url)
    assert sim("run", study, cwd=tmp_path).returncode == 0
    assert [r["path"] for r in bot.log()[before:]] == ["/chat"] * 4


@pytest.mark.parametrize("part", ["user", "rater", "tagger", "judge"])
def test_a_model_that_every_trial_needs_is_looked_for_too(part: str, dead: str, server: Remote, tmp_path: Path) -> None:
    text = STUDY % "http://unused" + f'{part}: {{model: openai/any, api_base: "{dead}/v1"}}\n'
    text = text.replace('{id: my-bot, http: {url: "http://unused/chat"}}', "{id: my-bot, model: offline/uses}")
    study = project(tmp_path, text if part != "user" else text.replace("user: {model: offline/user}\n", ""))
    done = sim("run", study, cwd=tmp_path)
    who = "rater 'observer:openai/any'" if part == "rater" else f"the {part}"
    assert (done.returncode, done.stderr.splitlines()) == (
        2,
        [f"sim: {who} could not be reached at {dead}/v1: connection refused; start it, or mend its api_base"],
    )


def test_check_looks_for_everybody_when_it_is_asked_to(dead: str, bot: Chatbot, tmp_path: Path) -> None:
    two = STUDY.replace("targets:\n", 'targets:\n  - {id: other, http: {url: "%s/chat"}}\n')
    study = project(tmp_path, two % (dead, bot.url))
    before = len(bot.log())
    assert sim("check", study, cwd=tmp_path).returncode == 0, "without the flag no connection is opened"
    done = sim("check", study, "--reach", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == f"sim: {study}:3: target 'other' could not be reached at {dead}/chat: connection refused; start it, or mend http.url\n"
    assert f"  target 'my-bot' is there, at {bot.url}/chat\n" in done.stdout
    assert len(bot.log()) == before
    (file,) = sim_json("check", study, "--reach", cwd=tmp_path, status=2)["files"]
    assert [(d["who"], d["problem"] is None) for d in file["reached"]] == [("target 'other'", False), ("target 'my-bot'", True)]


def test_of_two_targets_the_one_that_is_there_is_run_and_the_other_named(dead: str, bot: Chatbot, tmp_path: Path) -> None:
    two = STUDY.replace("targets:\n", 'targets:\n  - {id: other, http: {url: "%s/chat"}}\n')
    study = project(tmp_path, two % (dead, bot.url))
    done = sim("run", study, cwd=tmp_path)
    assert done.returncode == 3
    assert f"other could not be reached at {dead}/chat: connection refused; 7 trials not begun" in " ".join(done.stdout.split())
    assert "target_away" in done.stderr
    shown = sim_json("show", "own", cwd=tmp_path)
    assert shown["trials"] == {"planned": 14, "finished": 7, "failed": 0, "stopped": 0}
    (outage,) = shown["outages"]
    assert outage == {
        "who": "other",
        "target": "other",
        "cause": f"could not be reached at {dead}/chat: connection refused",
        "quote": "",
        "trials": 7,
        "tried": 0,
        "not_begun": 7,
    }
    report = json.loads(sim("report", "own", "--json", cwd=tmp_path).stdout)
    assert report["outages"] == [f"other could not be reached at {dead}/chat: connection refused; 7 trials not begun"]
    assert "Of 14 trials, 7 finished; 7 not begun." in report["headline"]["not_concluded"]
    # It is looked for again, and again the others are not bought twice.
    before = len(bot.log())
    assert sim("resume", "own", cwd=tmp_path).returncode == 3
    assert len(bot.log()) == before
    assert [r.part for r in rows(tmp_path / "results" / "own") if r.kind == "call_lost"] == ["reach#1", "reach#2"]


@pytest.mark.parametrize("status", ["500", "401"])
def test_a_target_that_always_fails_is_given_up_after_a_few_trials_and_goes_on_when_it_is_mended(status: str, bot: Chatbot, tmp_path: Path) -> None:
    study = project(tmp_path, STUDY % bot.url)
    before = len(bot.log("/chat"))
    bot.fail(*[status] * 200)
    done = sim("run", study, cwd=tmp_path)
    asked = len(bot.log("/chat")) - before
    assert (done.returncode, done.stdout) == (3, "")
    assert 3 <= asked <= 4, "two at once: the third settles it while at most one more is under way"
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"sim: my-bot never answered: status {status}")
    gated = sim_json("gate", "own", "--require", "failed == 0", "--require", "likability >= 3", cwd=tmp_path, status=4)
    assert {c["verdict"] for c in gated["checks"]} == {"inconclusive"}
    assert all(c["detail"].startswith(f"no call was answered: status {status}") for c in gated["checks"])
    assert "broken" not in last, "what came may repeat the talk, and this goes into logs"
    assert last.endswith(f"; {asked} trials stopped, {7 - asked} not begun; `sim resume own` goes on")
    shown = sim("show", "own", cwd=tmp_path).stdout
    assert f"my-bot never answered: status {status}" in shown
    assert '{"error": "broken"}' in shown
    assert len(shown.splitlines()) < 10, "no table of dashes"
    report = json.loads(sim("report", "own", "--json", cwd=tmp_path).stdout)
    assert report["headline"]["verdict"].startswith(f"my-bot never answered: status {status}")
    assert report["sections"] == []
    listed = sim_json("list", cwd=tmp_path)["runs"]
    assert listed[0]["silence"].startswith(f"status {status}")
    bot.fail()
    assert sim("resume", "own", cwd=tmp_path).returncode == 0
    shown = sim_json("show", "own", cwd=tmp_path)
    assert (shown["trials"]["finished"], shown["outages"]) == (7, [])


def test_a_user_model_that_never_speaks_ends_the_run_for_every_target(server: Remote, tmp_path: Path) -> None:
    text = STUDY.replace("user: {model: offline/user}", f'user: {{model: openai/user, api_base: "{server.url}"}}') % "http://unused"
    targets = "{id: a, model: offline/uses}\n  - {id: b, model: offline/uses}"
    study = project(tmp_path, text.replace('{id: my-bot, http: {url: "http://unused/chat"}}', targets))
    server.fault("unauthorized", role="user", count=1_000)
    try:
        done = sim("run", study, cwd=tmp_path)
    finally:
        server.clear()
    assert (done.returncode, done.stdout) == (3, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("sim: the simulated user never spoke: status 401")
    assert "10 not begun" in last or "11 not begun" in last
    assert sim_json("show", "own", cwd=tmp_path)["outages"][0]["target"] is None


def test_what_is_run_and_where_it_goes_is_the_first_line_of_a_log(bot: Chatbot, tmp_path: Path) -> None:
    study = project(tmp_path, STUDY.replace("[chebet, davi, ebrima, gulten, nadim, tore, zuza]", "[davi]") % bot.url)
    done = sim("run", study, "--results", "elsewhere", cwd=tmp_path)
    first = "study 'own': 1 target × 1 persona × 1 scenario × 1 seed = 1 trial; run 'own' is kept in elsewhere/own"
    assert done.stderr.splitlines()[0] == first
    ending = done.stdout.rstrip().rpartition("Go on with\n")[2].splitlines()
    assert [line.partition("#")[0].strip() for line in ending] == ["sim report own --results elsewhere", "sim view elsewhere"]
