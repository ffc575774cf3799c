"""Whether the simulated user is sound, as a user of `sim` asks it: of a log, in a run, of a model beside the rules, at a gate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sim.app import load_run
from sim.core.event import CRITICAL, Assessment, Unscored
from tests.cli.command import Here, first_look, forecast
from tests.cli.small import SCENARIO, STUDY, project
from tests.server import Remote

pytestmark = pytest.mark.usefixtures("clean")

FLIP = "I’m here to help you with whatever you need."
LEAK = "<think>I should complain.</think> It is too loud here."
SOUND = ["It rained all day.", "No, it is about the job.", "ok"]


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    monkeypatch.chdir(tmp_path)
    return Here(capsys)


# --- a log ----------------------------------------------------------------------------------------------------------


def log(folder: Path, *messages: str, id: str = "a") -> Path:
    turns = [turn for m in messages for turn in ({"role": "user", "content": m}, {"role": "assistant", "content": "I see. Tell me more."})]
    path = folder / "talks.jsonl"
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"id": id, "messages": turns}) + "\n")
    return path


def test_every_message_of_a_log_has_its_flags_with_severity_and_evidence(here: Here, tmp_path: Path) -> None:
    log(tmp_path, SOUND[0], FLIP, LEAK)
    path = log(tmp_path, *SOUND, id="b")
    found = here.json("score", path, "--only", "validity")
    assert [(m["id"], m["index"]) for m in found["messages"]] == [("a", 0), ("a", 2), ("a", 4), ("b", 0), ("b", 2), ("b", 4)]
    flags = [m["flags"] for m in found["messages"]]
    assert flags[1] == [{"kind": "role_flip", "severity": "critical", "evidence": FLIP.replace("’", "'")}]
    assert [(f["kind"], f["severity"]) for f in flags[2]] == [("leak", "critical")]
    assert [flags[i] for i in (0, 3, 4, 5)] == [[]] * 4
    assert (found["conversations"], found["passed_over"]) == (2, 0)
    assert (found["rates"]["critical"]["flagged"], found["rates"]["critical"]["share"]) == (2, pytest.approx(2 / 6))
    shown = here.sim("score", path, "--only", "validity").stdout
    assert "role flip" in shown
    assert "leak" in shown


def test_what_is_not_about_the_users_side_is_refused_in_a_line(here: Here, tmp_path: Path) -> None:
    path = log(tmp_path, *SOUND)
    refused = here.sim("score", path, "--only", "validity", "--tagger", "offline")
    assert (refused.returncode, refused.stderr) == (2, "sim: --tagger: is not about the user's side; leave it out, or leave out --only validity\n")
    gone = here.sim("score", "gone.jsonl", "--only", "validity")
    assert (gone.returncode, "there is no such file" in gone.stderr) == (2, True)


# --- a run ----------------------------------------------------------------------------------------------------------


def test_show_score_and_gate_say_the_same_of_a_user_that_falls_out_of_its_part(here: Here, tmp_path: Path) -> None:
    longer = SCENARIO.replace("{min: 2, max: 2}", "{min: 6, max: 6}")
    study = project(tmp_path, scenario=longer, study=STUDY.replace("offline/user", "offline/flips").replace("seeds: 1", "seeds: 3"))
    assert here.sim("run", study).returncode == 0
    sent = [e for t in load_run("small").trials for e in t.exchanges if not e.scripted]
    flagged = [e for e in sent if any(f.severity == "critical" for f in e.flags)]
    rejected = [e for e in sent if e.rejected]
    assert 0 < len(flagged) < len(rejected) < len(sent), "some flips come back a third time, and some are mended"
    shown = here.json("show", "small")["targets"]
    assert sum(t["validity"]["messages"] for t in shown) == len(sent)
    # One persona: the mean over personas is the share of the target's messages.
    assert sum(t["validity"]["critical"] * t["validity"]["messages"] for t in shown) == pytest.approx(len(flagged))
    assert sum(t["validity"]["rejected"] * t["validity"]["messages"] for t in shown) == pytest.approx(len(rejected))
    scored = here.json("score", "small", "--only", "validity")
    assert scored["rates"]["critical"]["flagged"] == len(flagged)
    limit = max(t["validity"]["critical"] for t in shown)
    kept = here.json("gate", "small", "--require", f"critical_flags <= {limit + 0.001:.3f}")
    assert {c["verdict"] for c in kept["checks"]} == {"passed"}
    broken = here.sim("gate", "small", "--require", f"critical_flags <= {limit - 0.001:.3f}", "--json")
    assert broken.returncode == 1
    worst = next(c for c in json.loads(broken.stdout)["checks"] if c["verdict"] == "failed")
    assert f"of {worst['n']:,} messages of the simulated user" in worst["detail"]


# --- a model beside the rules ---------------------------------------------------------------------------------------


def checked(folder: Path, server: Remote) -> Path:
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "short.yaml").write_text(SCENARIO, encoding="utf-8")
    model = f'{{model: openai/judge, api_base: "{server.url}"}}'
    fixed = {"personas": "[davi]", "scenarios": "[short]", "seeds": "1", "concurrency": "1", "limits": "{retries: 0}"}
    return first_look(folder, server.url, checks=model, controls="{one_by_one: 0, repeat: 0}", **fixed)


def judged(server: Remote) -> list[dict[str, Any]]:
    return [r["body"] for r in server.requests() if r["role"] == "judge"]


def test_a_model_is_asked_of_each_message_before_its_reply_and_stands_beside_the_rules(here: Here, server: Remote, tmp_path: Path) -> None:
    study = checked(tmp_path, server)
    plan = forecast(study, Path())
    done = here.sim("run", study)
    assert done.returncode == 0, done.stderr
    run = load_run("first-look")
    sent = [e for t in run.trials for e in t.exchanges]
    asked = judged(server)
    assert len(asked) == len(sent) == plan["by_role"]["judge"]["min"]
    prompts = [body["messages"][-1]["content"] for body in asked]
    for exchange in sent:
        assert exchange.reply is not None
        own = next(p for p in prompts if exchange.user.message in p[p.index("# The message to judge") :])
        assert exchange.reply.text not in own
    found = here.json("show", "first-look")["model_check"]
    answers = [e.scores["user_check"] for e in sent]
    critical = [isinstance(a, Assessment) and a.value in CRITICAL for a in answers]
    rules = [any(f.severity == "critical" for f in e.flags) for e in sent]
    assert (found["messages"], found["unanswered"]) == (len(sent), 0)
    assert found["both"] == sum(a and b for a, b in zip(critical, rules, strict=True))
    assert found["check_only"] == sum(a and not b for a, b in zip(critical, rules, strict=True))
    assert sum(found["kinds"].values()) == len(sent)
    shown = here.sim("show", "first-look", "--section", "user").stdout
    assert f"checked by a model: {len(sent)} messages" in shown


@pytest.mark.parametrize("kind", ["broken_json", "misshaped_json", "not_json", "empty", "cut_off", "unicode", "orders"])
def test_a_check_that_answers_badly_is_unanswered_and_the_run_ends_well(kind: str, here: Here, server: Remote, tmp_path: Path) -> None:
    server.fault(kind, role="judge")
    done = here.sim("run", checked(tmp_path, server))
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    answers = [e.scores["user_check"] for t in load_run("first-look").trials for e in t.exchanges]
    found = here.json("show", "first-look")["model_check"]
    assert found["unanswered"] == sum(isinstance(a, Unscored) for a in answers)
    assert found["messages"] == sum(isinstance(a, Assessment) for a in answers)
    if kind in ("broken_json", "misshaped_json", "not_json", "empty"):
        assert found["unanswered"] == len(answers) > 0


def test_a_check_is_added_to_a_run_that_was_made_without_one(here: Here, server: Remote, tmp_path: Path) -> None:
    assert here.sim("run", project(tmp_path)).returncode == 0
    assert here.json("show", "small")["model_check"] is None
    added = here.sim("score", "small", "--scorer", "user_check", "--model", "openai/judge", "--api-base", server.url)
    assert added.returncode == 0, added.stderr
    assert here.json("show", "small")["model_check"]["messages"] == len(judged(server)) == 8


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("checks: {model: offline/rater}", "checks: offline/rater knows no more than the rules, which are always on"),
        ("checks: {model: openai/x}\nscorers: [user_check]", "checks: and scorers: both name user_check; keep one"),
    ],
)
def test_a_check_that_means_nothing_is_refused(line: str, complaint: str, here: Here, tmp_path: Path) -> None:
    refused = here.sim("check", project(tmp_path, study=f"{STUDY}{line}\n"))
    assert refused.returncode == 2
    assert complaint in refused.stdout + refused.stderr
