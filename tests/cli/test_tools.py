"""Chatbots that say which tools they used, as a user meets them: from the first contact to the log, in the guide's own words."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from sim.core.spec import HttpSpec
from tests.cli.command import ROOT, Here, sim
from tests.server import Remote

pytestmark = pytest.mark.usefixtures("clean")

GUIDE = (ROOT / "sim" / "guide" / "tools.md").read_text(encoding="utf-8")
SCENARIO = """\
id: short
title: One word
about: Hardly anything happens.
facts: []
sessions:
  - situation: You are at home.
    mood: {feels: as ever, valence: 0}
    agenda: [{aim: ask for the weather, says: [Is it warm in Lisbon?]}]
    exchanges: {min: 2, max: 2}
"""
STUDY = """\
name: tooled
targets: [{id: bot, callable: "bots:answer"}]
user: {model: offline/user}
rater: {model: openai/rater, api_base: "%s"}
personas: [davi]
scenarios: [short]
"""
USE = {"name": "weather", "arguments": '{"city": "Lisbon"}', "result": '{"temperature": 21, "sky": "clear"}'}
CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": USE["arguments"]}}


def block(kind: str) -> str:
    """The block of the guide that is of this kind."""
    (text,) = re.findall(rf"^```{kind}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    assert isinstance(text, str)
    return text


def prompts(server: Remote) -> list[str]:
    """What raters were asked."""
    asked = [r["body"]["messages"][-1]["content"] for r in server.requests()]
    return [text for text in asked if re.search(r"^(?:The reply to rate:|# The reply to judge)$", text, re.MULTILINE)]


def test_the_guides_example_is_seen_wherever_the_guide_says(tmp_path: Path, server: Remote) -> None:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "short.yaml").write_text(SCENARIO)
    (tmp_path / "bots.py").write_text(block("python"))
    (tmp_path / "study.yaml").write_text(STUDY % server.url)
    ran = sim("run", "study.yaml", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    shown = sim("show", "tooled", "davi/short/bot/1", cwd=tmp_path, COLUMNS="100").stdout
    assert block("text") in re.sub(" +\n", "\n", shown)
    document = json.loads(sim("show", "tooled", "davi/short/bot/1", "--json", cwd=tmp_path).stdout)
    exchanges = [e for s in document["sessions"] for e in s["exchanges"]]
    assert [e["tools"] for e in exchanges] == [[USE]] * len(exchanges)
    rows = list(csv.DictReader(io.StringIO(sim("export", "tooled", "--format", "csv", cwd=tmp_path).stdout)))
    assert [json.loads(row["tools"]) for row in rows] == [[USE]] * len(exchanges)
    asked = prompts(server)
    assert len(asked) == len(exchanges)
    for prompt in asked:
        told = re.search(r"<tools (\w+)>\n(.*?)\n</tools \1>", prompt, re.DOTALL)
        assert told
        assert told[2].splitlines() == ["use 1, tool: weather", f"use 1, given: {USE['arguments']}", f"use 1, came back: {USE['result']}"]


def test_the_guides_target_behind_http_is_one() -> None:
    (target,) = yaml.safe_load(block("yaml"))["targets"]
    assert HttpSpec.model_validate(target["http"]).tools == "choices[0].message.tool_calls"


@pytest.mark.parametrize("own", [False, True])
def test_a_log_in_openais_form_is_rated_with_its_tools(
    tmp_path: Path, server: Remote, own: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    came = {"role": "tool", "tool_call_id": "c1", "content": USE["result"]}
    reply = {"role": "assistant", "content": "It is 21 degrees."}
    calls = [{**reply, "tool_calls": [CALL]}, came] if own else [{"role": "assistant", "content": None, "tool_calls": [CALL]}, came, reply]
    said: list[dict[str, Any]] = [{"role": "user", "content": "Is it warm?"}, *calls]
    said += [{"role": "user", "content": "And now?"}, {"role": "assistant", "content": "I did not look."}]
    (tmp_path / "talks.jsonl").write_text(json.dumps({"id": "a", "messages": said}) + "\n")
    here = Here(capsys)
    done = here.sim("score", "talks.jsonl", "--rater", "openai/rater", "--api-base", server.url, "--name", "mine")
    assert done.returncode == 0, done.stderr
    first, second = sorted(prompts(server), key=lambda p: "I did not look." in p)
    assert "use 1, tool: weather" in first
    assert "<tools " not in second
    document = here.json("show", "mine", "a")
    assert [e["tools"] for s in document["sessions"] for e in s["exchanges"]] == [[USE], []]
