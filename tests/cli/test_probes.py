"""Probes through the command line: killed inside one and resumed, shown, checked and counted before anything is spent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli import small
from tests.cli.command import first_look, forecast, sim, sim_json
from tests.cli.journals import calls, happened, lost, rows
from tests.cli.small import STUDY, project
from tests.cli.test_kill import Run
from tests.server import Remote, serve

ASKED = '    question: "Which colour is my front door?"\n    called: "my front door"\n'
SCENARIO = small.SCENARIO.replace('    answers: ["teal"]\n', f'    answers: ["teal"]\n{ASKED}')
PROBED = {"personas": "[davi]", "seeds": "1", "concurrency": "1", "scenarios": "[short]", "controls": "{one_by_one: 0, repeat: 0}", "probes": "{}"}


@pytest.fixture(scope="module")
def server() -> Iterator[Remote]:
    with serve(latency=4.0) as running:
        yield running


@pytest.fixture(autouse=True)
def clean(server: Remote) -> Iterator[None]:
    yield
    server.clear()
    server.release()
    server.reset()


def scenarios(folder: Path) -> None:
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "short.yaml").write_text(SCENARIO, encoding="utf-8")


def test_kills_inside_probes_lose_what_was_in_flight_and_nothing_else(server: Remote, tmp_path: Path) -> None:
    scenarios(tmp_path)
    study = first_look(tmp_path, server.url, **PROBED)
    assert sim("run", study, "--name", "undisturbed", cwd=tmp_path).returncode == 0
    whole = happened(tmp_path / "results" / "undisturbed")
    asked = sum(r.kind == "probed" for r in whole)
    assert asked > 10
    server.reset()

    run = Run(tmp_path, study, server, whole)
    for nth in (3, 2, 4):
        assert run.kill(run.hold("target", nth=nth)) == 1
    assert any(r.kind == "probed" for r in rows(run.path))
    done = sim("resume", "first-look", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert happened(run.path) == whole
    assert lost(run.path) == []
    assert server.stats()["calls"] == calls(whole) + sum(run.dead), "every call beyond the dead ones was made once"


def test_a_kill_while_an_answer_is_graded_loses_the_grade_and_not_the_answer(server: Remote, tmp_path: Path) -> None:
    scenarios(tmp_path)
    study = first_look(tmp_path, server.url, **PROBED, judge=f'{{model: openai/judge, api_base: "{server.url}"}}')
    assert sim("run", study, "--name", "undisturbed", cwd=tmp_path).returncode == 0
    whole = happened(tmp_path / "results" / "undisturbed")
    needed = server.stats()["by_role"]
    assert needed["judge"] > 10, "most answers of this server are graded by the judge"
    server.reset()

    run = Run(tmp_path, study, server, whole)
    for nth in (2, 3):
        assert run.kill(run.hold("judge", nth=nth)) == 1
    done = sim("resume", "first-look", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert happened(run.path) == whole
    assert server.stats()["by_role"] == {**needed, "judge": needed["judge"] + 2}, "no answer was asked for again"


def test_a_lost_probe_is_named_and_bought_on_resume_after_the_talk_has_moved_on(server: Remote, tmp_path: Path) -> None:
    scenarios(tmp_path)
    study = first_look(tmp_path, server.url, **PROBED, limits="{retries: 0}")
    assert sim("run", study, "--name", "undisturbed", cwd=tmp_path).returncode == 0
    whole = happened(tmp_path / "results" / "undisturbed")
    server.fault("error500", role="target", start=4, count=1)
    assert sim("run", study, "--name", "hurt", cwd=tmp_path).returncode == 3
    shown = sim("show", "hurt", cwd=tmp_path)
    assert "1 memory probe" in shown.stdout
    assert [r.part.split("#")[0].split(":")[0] for r in lost(tmp_path / "results" / "hurt")] == ["probe_memory"]
    assert sim("resume", "hurt", cwd=tmp_path).returncode == 0
    assert happened(tmp_path / "results" / "hurt") == whole


def test_one_trial_shows_its_probes_with_their_verdicts(tmp_path: Path) -> None:
    study = project(tmp_path, scenario=SCENARIO, study=STUDY + "probes: {}\n")
    assert sim("run", study, cwd=tmp_path).returncode == 0
    found = sim_json("show", "small", "davi/short/keeps/1", cwd=tmp_path)
    probes = {p["part"]: p for s in found["sessions"][:1] for p in s["probes"]}
    door = probes["explicit:sc-door"]
    assert (door["grade"], door["right"], door["by"], door["told"], door["delay"]) == ("right", True, "answers", 1, 3)
    assert "teal" in door["answer"]
    assert door["expected"] == "The front door is painted teal."
    page = " ".join(sim("show", "small", "davi/short/drops/1", cwd=tmp_path).stdout.split())
    assert "explicit (sc-door, told 3 days before): Which colour is my front door?" in page
    assert "✗ unknown; expected: The front door is painted teal." in page


def test_what_is_asked_is_in_the_forecast_and_a_judge_among_those_who_are_sent_texts(tmp_path: Path) -> None:
    study = project(tmp_path, scenario=SCENARIO, study=STUDY + "probes: {facts: 2}\njudge: {model: openai/gpt-5}\n")
    plan = forecast(study, tmp_path)
    assert plan["by_role"]["probe"]["min"] == 0 < plan["by_role"]["probe"]["max"]
    assert plan["by_role"]["judge"] == plan["by_role"]["probe"]
    checked = sim("check", study, cwd=tmp_path)
    assert checked.returncode == 2
    assert "OPENAI_API_KEY" in checked.stderr
    refused = sim("run", study, "--local-only", cwd=tmp_path, OPENAI_API_KEY="test")
    assert refused.returncode == 2
    assert "the judge is at api.openai.com" in refused.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("judge: {model: offline/uses}", "offline/uses cannot play the judge"),
        ("probes: {facts: 11}", "facts"),
        ("probes: {facts: 0}", "facts"),
        ("probes: {kinds: []}", "kinds"),
        ("probes: {kinds: [explizit]}", "kinds"),
        ("probes: {fact: 3}", "fact"),
    ],
)
def test_what_cannot_be_asked_or_judged_is_refused_in_one_line(tmp_path: Path, more: str, said: str) -> None:
    study = project(tmp_path, study=STUDY + more + "\n")
    done = sim("check", study, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
