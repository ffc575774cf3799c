"""`sim personas check`: the offline user expresses what it is told; a server's malformed answers are values; wrong input is one line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from sim.core.inventory import OPTIONS
from tests.cli.command import Here
from tests.llm.scripted_server import completion, in_thread, refusal

BRIEF = """\
id: ines
name: Ines
age: 27
background: Bakes at night in Setubal.
traits: {traits}
facts:
  - {{id: home, text: "I live in Setubal, above the bakery."}}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    return Here(capsys)


def person(traits: str = "{anxiety: 5, trust: 1}") -> Path:
    path = Path("ines.yaml")
    path.write_text(BRIEF.format(traits=traits), encoding="utf-8")
    return path


def test_the_offline_user_expresses_what_it_is_told(here: Here) -> None:
    assert here.sim("personas", "new", "--n", "12").returncode == 0
    document = here.json("personas", "check", "personas")
    assert document["overall"]["rho"] >= 0.8
    assert document["overall"]["interval"][0] >= 0.8
    assert (document["personas"], document["items"], document["answered"]) == (12, 116, 12 * 3 * 116)
    assert document["retest"]["rho"] < 1, "answers have noise"
    done = here.sim("personas", "check", "personas")
    assert done.returncode == 0
    assert "offline models: checks the instrument, says nothing of any real model" in done.stdout
    assert "Intended against expressed: ρ .9" in done.stdout


def test_personas_of_few_facets_are_asked_these_alone(here: Here) -> None:
    document = here.json("personas", "check", person(), "--items", "2")
    assert sorted(f["facet"] for f in document["facets"]) == ["anxiety", "trust"]
    assert document["asked"] == 2 * 2 * 3


def test_malformed_answers_of_a_server_are_values(here: Here) -> None:
    """Right for anxiety; for trust prose, numbers and refusals by the provider."""

    async def answer(body: dict[str, Any], request: web.Request) -> web.StreamResponse:
        asked = body["messages"][1]["content"]
        numbers = re.findall(r"^(\d+)\. ", asked, re.MULTILINE)
        if len(numbers) > 1:
            return completion(json.dumps({n: OPTIONS[4] for n in numbers[:-1]}))
        if "Trust others" in asked:
            return completion("I cannot answer this as an AI.")
        if "Believe that others" in asked:
            return completion(json.dumps({numbers[0]: 4}))
        if "Distrust people" in asked:
            return refusal("content management policy", 400)
        return completion(json.dumps({numbers[0]: OPTIONS[4]}))

    with in_thread(answer) as server:
        done = here.sim("personas", "check", person(), "--model", "openai/any", "--api-base", server.url, "--concurrency", "2", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["answered"] < document["asked"]
    assert document["refused"]["schema"] >= 4
    assert document["refused"]["refused"] == 2
    assert {f["facet"]: f["means"][4]["mean"] for f in document["facets"]}["anxiety"] == 5
    assert any("answers are missing" in line for line in document["remarks"])
    assert document["offline"] is False
    asked = "".join(m["content"] for body in server.bodies for m in body["messages"])
    assert "anxiety" not in asked.replace("Shows anxiety", "")


def test_a_server_that_is_not_there_is_given_up_and_ends_with_three(here: Here) -> None:
    done = here.sim("personas", "check", person(), "--model", "openai/any", "--api-base", "http://127.0.0.1:9/v1", "--max-minutes", "0.02")
    assert done.returncode == 3
    assert re.search(r"not answered for reasons outside the model: (?!interrupted)", done.stdout), "why the others were stopped comes first"
    assert "No answer was had." in done.stdout
    assert "By facet" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--model", "offline/uses"], "offline/uses cannot play the user"),
        (["--model", "nonsense"], "--model: 'nonsense' is not a model's name"),
        (["--model", "openai/gpt-5"], "OPENAI_API_KEY"),
        (["--items", "5"], "--items"),
        (["--max-cost", "x"], "--max-cost"),
        (["--timeout", "0"], "timeout"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(here: Here, arguments: list[str], says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    done = here.sim("personas", "check", person(), *arguments)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert says in done.stderr


def test_a_persona_without_facets_of_the_questionnaire_is_told_in_a_line(here: Here) -> None:
    done = here.sim("personas", "check", person("{gratitude: 4}"))
    assert done.returncode == 2
    assert "no persona's file gives a facet of the questionnaire a level" in done.stderr
