"""Chatbots of one's own, run as a user runs them: each example study, interruptions, secrets, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sim.app import load_run
from sim.core.errors import InputError
from sim.core.spec import Study
from sim.store.yaml_file import load_yaml
from tests.cli.command import sim, sim_json, start
from tests.cli.journals import calls, rows
from tests.cli.small import SCENARIO
from tests.targets.chatbots import EXAMPLES, KEY, Chatbot, chatbot
from tests.waiting import until

STUDY = """\
name: own
targets:
  - {id: bot, %s}
user: {model: offline/user}
personas: [davi]
scenarios: [short]
"""
SLOW = """\
import asyncio
from pathlib import Path
from bots import Companion

class Slow(Companion):
    heard = 0

    async def reply(self, message):
        self.heard += 1
        while self.heard == 4 and not Path("go-on").exists():
            await asyncio.sleep(0.01)
        return super().reply(message)
"""


def project(folder: Path, target: str) -> Path:
    """A folder with the short scenario, the example chatbots and a study of one target."""
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "short.yaml").write_text(SCENARIO)
    for module in ("bots.py", "graphs.py"):
        shutil.copy(EXAMPLES / module, folder)
    (folder / "slow.py").write_text(SLOW)
    study = folder / "own.yaml"
    study.write_text(STUDY % target)
    return study


def http(bot: Chatbot, more: str = "") -> str:
    return f'http: {{url: "{bot.url}/chat"{more}}}'


@pytest.mark.parametrize("name", ["http", "function", "class", "graph"])
def test_each_example_study_runs_to_its_end(name: str, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES, tmp_path, dirs_exist_ok=True)
    with chatbot(key=KEY) as bot:
        done = sim("run", f"{name}.yaml", "--json", cwd=tmp_path, CHATBOT_URL=bot.url, CHATBOT_KEY=KEY)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["trials"] == {"planned": 1, "finished": 1, "failed": 0, "stopped": 0}
    assert summary["offline"] is True
    found = rows(tmp_path / "results" / f"own-{name}")
    kind = {"function": "callable", "class": "callable"}.get(name, name)
    paid = [c for r in found if r.kind == "target_replied" for c in json.loads(r.body)["calls"]]
    assert {(c["model"], c["cost"]) for c in paid} == {(f"{kind}/bot", None)}
    assert all(KEY.encode() not in f.read_bytes() for f in (tmp_path / "results").rglob("*") if f.is_file())
    assert KEY not in done.stdout + done.stderr


def test_what_a_chatbot_prints_stays_out_of_the_output(tmp_path: Path) -> None:
    study = project(tmp_path, 'callable: "bots:friend", clock: argument')
    done = sim("run", study, "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["status"] == "finished"
    assert "noise on standard output" in done.stderr


def test_a_hanging_chatbot_is_given_up_and_the_run_ends(tmp_path: Path) -> None:
    study = project(tmp_path, 'callable: "bots:hangs", timeout: 0.2')
    done = sim("run", study, cwd=tmp_path, timeout=60)
    assert done.returncode == 3
    assert "callable/bot did not answer within 0.2 s" in done.stderr


def test_a_graph_whose_node_hangs_is_given_up_and_the_run_ends(tmp_path: Path) -> None:
    study = project(tmp_path, 'graph: "hung:graph", timeout: 0.2')
    (tmp_path / "hung.py").write_text(
        "import time\nfrom graphs import *\ndef wait(state):\n    time.sleep(3600)\n"
        'builder = StateGraph(MessagesState)\nbuilder.add_node("wait", wait)\nbuilder.add_edge(START, "wait")\ngraph = builder.compile()\n'
    )
    done = sim("run", study, cwd=tmp_path, timeout=60)
    assert done.returncode == 3
    assert "graph/bot did not answer within 0.2 s" in done.stderr


def test_a_chatbot_that_raises_stops_its_trial_and_nothing_else(tmp_path: Path) -> None:
    study = project(tmp_path, 'callable: "bots:broken"')
    done = sim("run", study, cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (3, False)
    assert "KeyError" in done.stderr


def test_a_message_that_was_not_answered_is_sent_again_under_its_key_and_marked(tmp_path: Path) -> None:
    with chatbot() as bot:
        study = project(tmp_path, http(bot))
        study.write_text(study.read_text() + "limits: {retries: 0}\n")
        sim("run", study, "--name", "whole", cwd=tmp_path)
        whole = [r for r in rows(tmp_path / "results" / "whole") if r.kind == "target_replied"]
        before = len(bot.log("/chat"))
        bot.fail("elsewhere")
        assert sim("run", study, cwd=tmp_path).returncode == 3
        assert sim("resume", "own", cwd=tmp_path).returncode == 0
        sent = bot.log("/chat")[before:]
    first, second = (r["headers"]["Idempotency-Key"] for r in sent[:2])
    assert first == second
    assert len({r["headers"]["Idempotency-Key"] for r in sent[1:]}) == len(whole)
    assert len({r["body"]["user_id"] for r in sent}) == 1, "the same user after the resume"
    own = load_run("own", results=tmp_path / "results")
    assert [e.reply.resent for e in own.trials[0].exchanges if e.reply] == [True, False, False, False]
    assert len([r for r in rows(tmp_path / "results" / "own") if r.kind == "target_replied"]) == len(whole)


def test_a_memory_that_died_with_the_process_makes_the_trial_start_over_and_both_takes_count(tmp_path: Path) -> None:
    study = project(tmp_path, 'callable: "slow:Slow"')
    process = start("run", study, cwd=tmp_path)
    run = tmp_path / "results" / "own"
    until(lambda: (run / "run.db").exists() and sum(r.kind == "target_replied" for r in rows(run)) == 3, "it thinks about its fourth reply")
    process.kill()
    process.communicate()
    (tmp_path / "go-on").touch()
    sim("run", study, "--name", "whole", cwd=tmp_path)
    before = calls(rows(run))
    done = sim("resume", "own", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "trial_started_over" in done.stderr
    whole = rows(tmp_path / "results" / "whole")
    again = [r._replace(take=1) for r in rows(run) if r.take == 2]
    assert sorted(again) == sorted(r for r in whole if r.take), "the second take is an undisturbed trial"
    shown = sim_json("show", "own", cwd=tmp_path)
    assert shown["targets"][0]["exchanges"] == 4
    assert calls(rows(run)) == before + calls(whole)
    assert before


def test_only_run_and_resume_import_the_code_of_a_study(tmp_path: Path) -> None:
    study = project(tmp_path, 'callable: "bots:listener"')
    assert sim("run", study, cwd=tmp_path).returncode == 0
    (tmp_path / "bots.py").write_text('raise SystemExit("imported")')
    for command in (("check", study), ("list",), ("show", "own"), ("run", study, "--dry-run")):
        done = sim(*command, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), command
    refused = sim("resume", "own", cwd=tmp_path)
    (line,) = [line for line in refused.stderr.splitlines() if line.startswith("sim: ")]
    assert (refused.returncode, line) == (2, "sim: target 'bot': importing bots raised SystemExit: imported; mend the module")


def test_nothing_is_written_when_a_variable_is_missing_or_the_chatbot_is_down(tmp_path: Path) -> None:
    study = project(tmp_path, 'http: {url: "${CHATBOT_URL}/chat", health: {url: "${CHATBOT_URL}/health"}}')
    study.write_text(study.read_text() + "limits: {retries: 0}\n")
    for command in ("check", "run"):
        done = sim(command, study, cwd=tmp_path)
        assert done.returncode == 2
        assert "target 'bot' needs CHATBOT_URL, which is not set; export CHATBOT_URL=…" in done.stderr
    done = sim("run", study, cwd=tmp_path, CHATBOT_URL="http://127.0.0.1:9")
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("sim: ")]
    assert line.startswith("sim: target 'bot' does not answer its health check")
    assert not (tmp_path / "results").exists()


def test_talks_before_the_study_are_refused_for_a_chatbot_with_a_memory_of_its_own(tmp_path: Path) -> None:
    study = project(tmp_path, 'callable: "bots:listener"')
    past = "history:\n  - {days_before: 9, messages: [{role: user, text: Hello.}, {role: assistant, text: Hi.}]}\n"
    (tmp_path / "scenarios" / "short.yaml").write_text(SCENARIO + past)
    done = sim("run", study, "--dry-run", cwd=tmp_path)
    assert done.returncode == 2
    assert "scenario 'short' has talks before the study, which target 'bot' keeps no memory of" in done.stderr


URL = 'url: "http://127.0.0.1:1/chat"'


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("htpp: {}", "targets 1: unknown key 'htpp'; did you mean 'http'?"),
        ("calable: a:b", "targets 1: unknown key 'calable'; did you mean 'callable'?"),
        ("modle: openai/x", "targets 1: unknown key 'modle'; did you mean 'model'?"),
        ("memory: native", "targets 1: a target has exactly one of the keys model, http, callable and graph"),
        ("model: openai/x, graph: a:b", "targets 1: a target has exactly one of the keys model, http, callable and graph"),
        (
            "model: openai/x, memory: native",
            "targets 1, memory: native is the memory of http, callable and graph targets; a chat model is given a policy, such as full",
        ),
        ("graph: a:b, memory: full", "targets 1, memory: full is a policy for chat models; a target that keeps its own memory has native"),
        (
            "graph: a:b, sistem: x",
            "targets 1: unknown key 'sistem'; choose from: id, memory, price, stress, swap, character, clock, durable, timeout, graph",
        ),
        ("callable: a.b", "targets 1, callable: must be module:function, such as bots:reply, not 'a.b'"),
        (f"http: {{{URL}, metod: PUT}}", "targets 1, http: unknown key 'metod'; did you mean 'method'?"),
        (f"http: {{{URL}, stream: see}}", "targets 1, http, stream: 'see' is not a choice here; did you mean 'sse'?"),
        (
            f"http: {{{URL}, clock: none, clock_name: X}}",
            "targets 1, http: clock_name says nothing with clock: none; take it out, or write clock: header or clock: field",
        ),
        (
            f'http: {{{URL}, headers: {{Authorization: "Bearer sk-123"}}}}',
            "targets 1, http, headers: Authorization: a secret belongs into the environment; write ${NAME} and export NAME",
        ),
        (f'http: {{{URL}, body: {{m: "{{mesage}}"}}}}', "targets 1, http, body: {mesage} is not a placeholder; did you mean '{message}'?"),
        (
            f'http: {{{URL}, body: {{m: "{{message}}"}}}}',
            "targets 1, http: nothing tells it who speaks, so all trials would be one user's; put {user_id} or {session_id} into url, headers, body",
        ),
        ('http: {url: "ftp://x"}', "targets 1, http, url: 'ftp://x' is not an http(s) URL, such as http://127.0.0.1:8000/chat"),
        (f"http: {{{URL}, settle: {{url: 'http://x', evry: 2}}}}", "targets 1, http, settle: unknown key 'evry'; did you mean 'every'?"),
        (f"http: {{{URL}, settle: soon}}", "targets 1, http, settle: must be a number"),
    ],
)
def test_a_target_that_says_something_wrong_is_refused_at_its_line(target: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(STUDY % target)
    with pytest.raises(InputError) as refused:
        load_yaml(path, Study)
    assert str(refused.value).startswith(f"{path}:3: {complaint}"), str(refused.value)


def test_a_study_of_targets_reads_the_same_after_it_was_written(tmp_path: Path) -> None:
    from sim.store.runs import dump_yaml

    body = '{a: null, b: [1, null], m: "{message}", u: "{user_id}"}'
    path = tmp_path / "own.yaml"
    path.write_text(STUDY % f"http: {{{URL}, body: {body}, reply: $, settle: {{url: 'http://x/{{user_id}}'}}}}")
    study = load_yaml(path, Study)
    assert study.targets[0].http.body == {"a": None, "b": [1, None], "m": "{message}", "u": "{user_id}"}  # type: ignore[union-attr]
    path.write_text(dump_yaml(study))  # type: ignore[arg-type]
    assert load_yaml(path, Study) == study
