"""Scorers of a user's own, as a user meets them: in a study, killed and resumed, added to a run, on a log, and every way a judge can answer badly."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from sim.app import load_run
from sim.core.event import Assessed, Assessment, NotApplicable, Unscored
from sim.core.record import Trial
from tests.cli.command import ROOT, Here, first_look, forecast, sim, sim_json, start
from tests.cli.journals import happened, lost, rows
from tests.cli.small import SCENARIO, STUDY, contents, project
from tests.server import ORDERS, Remote
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("clean")

GUIDE = ROOT / "sim" / "guide" / "scorers.md"
OWN = "id: own\nquestion: Does it speak of work?\nlevels: {1: Not at all., 3: In passing., 5: Of nothing else.}\napart: true\nevidence: none\n"
WHOLE = "id: whole\nreads: trial\nquestion: Did it keep to one tone?\nlabels: {steady: It did., not: It did not.}\ngood: [steady]\nevidence: none\n"
CODE = """\
class Words:
    id = "length"
    result = "number"
    low = 0

    def score(self, context):
        return len(context.reply.split())
"""
SCORERS = '[answers, natural, own.yaml, whole.yaml, "checks.py:Words"]'


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Here:
    return Here(capsys)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the scorers of a user's own."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("own.yaml", OWN), ("whole.yaml", WHOLE), ("checks.py", CODE)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "short.yaml").write_text(SCENARIO, encoding="utf-8")
    return tmp_path


def at(folder: Path, server: Remote, **changes: str) -> Path:
    """A study of one target at the server, judged there."""
    judge = f"{{model: openai/judge, api_base: {server.url!r}}}".replace("'", '"')
    more = {"scorers": SCORERS, "judge": judge, "controls": "{one_by_one: 0, repeat: 0}", "limits": "{retries: 0}", **changes}
    return first_look(folder, server.url, personas="[davi]", scenarios="[short]", seeds="1", concurrency="1", **more)


def results(trial: Trial, id: str) -> list[Assessed]:
    places = [trial.scores, *(s.scores for s in trial.sessions), *(e.scores for e in trial.exchanges)]
    return [scores[id] for scores in places if id in scores]


def asked(server: Remote) -> list[set[str]]:
    """The rubrics of each call that a judge was sent, in order."""
    judged = [r["body"] for r in server.requests() if r["role"] == "judge"]
    return [set(b["response_format"]["json_schema"]["schema"]["properties"]) for b in judged]


# --- the guide ------------------------------------------------------------------------------------------------------


def examples(folder: Path) -> dict[str, str]:
    """The files that the guide shows, written to `folder`."""
    found = dict(re.findall(r"^```\w+ file=(\S+)\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
    for name, text in found.items():
        (folder / name).write_text(text, encoding="utf-8")
    return found


def test_the_guides_examples_are_short_and_run_as_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: Here) -> None:
    found = examples(tmp_path)
    assert {name: len(text.splitlines()) <= (25 if name.endswith(".yaml") else 30) for name, text in found.items()} == dict.fromkeys(found, True)
    assert {"house-style.yaml", "checks.py"} <= set(found)
    monkeypatch.chdir(tmp_path)
    study = project(tmp_path, study=STUDY + 'scorers: [answers, house-style.yaml, "checks.py:Short", "checks.py:Recalls"]\n')
    checked = here.sim("check", study, "house-style.yaml")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "scorers answers, house-style.yaml, checks.py:Short, checks.py:Recalls" in checked.stdout
    done = here.sim("run", study)
    assert done.returncode == 0, done.stderr
    trials = load_run("small").trials
    assert [len(results(t, "house-style")) for t in trials] == [4, 4]
    for trial in trials:
        for exchange in trial.exchanges:
            assert exchange.reply is not None
            assert exchange.scores["short"] == Assessment(value=len(exchange.reply.text.split()) <= 40)
        first, second = (s.scores["recalls"] for s in trial.sessions)
        assert isinstance(first, NotApplicable)
        assert isinstance(second, Assessment)
    values = {t.target: t.sessions[1].scores["recalls"].value for t in trials}  # type: ignore[union-attr]
    assert values["keeps"] >= 1 > values["drops"]


def test_the_guide_ships_with_the_package() -> None:
    from importlib.resources import files

    assert (files("sim") / "guide" / "scorers.md").read_text(encoding="utf-8").startswith("# Scorers of your own")


# --- a study -------------------------------------------------------------------------------------------------------


def test_rubrics_share_a_call_where_they_may_and_each_has_its_result(server: Remote, folder: Path, here: Here) -> None:
    done = here.sim("run", at(folder, server), "--name", "whole", "--json")
    assert done.returncode == 0, done.stderr
    remembers, _ = load_run("whole").trials
    counts = {i: len(results(remembers, i)) for i in ("answers", "natural", "own", "whole", "length")}
    assert counts == {"answers": 4, "natural": 4, "own": 4, "whole": 1, "length": 4}
    calls = asked(server)
    assert sorted(map(sorted, calls)) == sorted([*[["answers", "natural"]] * 8, *[["own"]] * 8, *[["whole"]] * 2])
    assert remembers.spent["judge"].calls == len(calls) / 2
    plan = forecast(Path("first-look.yaml"), Path())
    assert plan["by_role"]["judge"] == {"min": len(calls), "max": len(calls)}


def test_a_run_that_was_killed_asks_only_what_is_absent_with_the_rubric_it_began_with(server: Remote, folder: Path) -> None:
    study = at(folder, server, scorers='[answers, own.yaml, "checks.py:Words"]')
    assert sim("run", study, "--name", "whole", cwd=folder).returncode == 0
    needed = len(asked(server))
    server.reset()

    server.fault("hang", role="judge", start=5, count=2)
    process = start("run", study, "--name", "killed", cwd=folder)
    until(
        lambda: server.stats()["by_role"].get("judge", 0) >= 6 and server.stats()["inflight"] == 2,
        "two calls of judges hang, and nothing beside them",
    )
    process.kill()
    process.communicate()
    server.clear()
    server.release()
    made = len(asked(server))
    kept = sum(row.kind == "scored" and '"calls":[]' not in row.body.replace(" ", "") for row in rows(folder / "results" / "killed"))
    (folder / "own.yaml").unlink()
    study.unlink()
    resumed = sim("resume", "killed", cwd=folder)
    assert resumed.returncode == 0, resumed.stderr
    assert len(asked(server)) == needed + made - kept
    assert happened(folder / "results" / "killed") == happened(folder / "results" / "whole")


def test_scorers_in_code_find_the_same_in_a_run_that_was_killed(server: Remote, folder: Path) -> None:
    names = "[false-memory, privacy-leak, injection-obeyed, groundedness, readability, readability-drift, polarity, polarity-drift]"
    study = at(folder, server, scorers=names)
    assert sim("run", study, "--name", "whole", cwd=folder).returncode == 0
    server.reset()
    server.fault("hang", role="target", start=3, count=1)
    process = start("run", study, "--name", "killed", cwd=folder)
    until(lambda: server.stats()["by_role"].get("target", 0) >= 3 and server.stats()["inflight"] == 1, "the third reply is waited for")
    process.kill()
    process.communicate()
    server.clear()
    server.release()
    resumed = sim("resume", "killed", cwd=folder)
    assert resumed.returncode == 0, resumed.stderr
    assert happened(folder / "results" / "killed") == happened(folder / "results" / "whole")


def test_code_that_raises_leaves_unscored_what_a_mended_version_scores(folder: Path) -> None:
    checks = folder / "checks.py"
    checks.write_text(CODE.replace("return len", "return 1 / 0 * len"), encoding="utf-8")
    study = project(folder, study=STUDY + 'scorers: ["checks.py:Words"]\n')
    broken = sim("run", study, cwd=folder)
    assert broken.returncode == 0, "a fault in a scorer does not keep a run from ending"
    assert broken.stderr.count("scorer_failed") == 1
    assert "scorer 'length' raised ZeroDivisionError at checks.py:" in broken.stderr
    run = folder / "results" / "small"
    found = [r for t in load_run(run).trials for r in results(t, "length")]
    assert {r.cause for r in found if isinstance(r, Unscored)} == {"scorer"}
    assert (len(found), lost(run)) == (8, [])
    assert [t["scorers"]["length"]["unscored"] for t in sim_json("show", "small", cwd=folder)["targets"]] == [4, 4]
    checks.write_text(CODE.replace("return len", "return 0 * len").replace('id = "length"', 'id = "length"\n    version = "2"'), encoding="utf-8")
    refused = sim("resume", "small", cwd=folder)
    assert (refused.returncode, "has version: 2 now, and the run was begun with 1" in refused.stderr) == (2, True)
    mended = sim("score", "small", "--scorer", "checks.py:Words", cwd=folder)
    assert mended.returncode == 0, mended.stderr
    assert [r.value for t in load_run(run).trials for r in results(t, "length")] == [0.0] * 8  # type: ignore[union-attr]
    assert {row.part for row in rows(run) if row.kind == "scored"} == {"length@1", "length@2"}


def test_code_that_cannot_reach_what_it_asks_is_asked_again(folder: Path) -> None:
    checks = folder / "checks.py"
    checks.write_text(CODE.replace("return len", "return open('words.txt').read() and 0 * len"), encoding="utf-8")
    study = project(folder, study=STUDY + 'scorers: ["checks.py:Words"]\n')
    stopped = sim("run", study, cwd=folder)
    assert stopped.returncode == 3
    assert "scorer 'length' raised FileNotFoundError" in stopped.stderr
    run = folder / "results" / "small"
    assert len(lost(run)) == 8
    (folder / "words.txt").write_text("There now.", encoding="utf-8")
    resumed = sim("resume", "small", cwd=folder)
    assert resumed.returncode == 0, resumed.stderr
    assert [r.value for t in load_run(run).trials for r in results(t, "length")] == [0.0] * 8  # type: ignore[union-attr]


def test_changed_code_of_the_same_version_is_named_once_and_code_that_is_gone_is_missed(folder: Path) -> None:
    checks = folder / "checks.py"
    checks.write_text(CODE, encoding="utf-8")
    study = project(folder, study=STUDY + 'scorers: ["checks.py:Words"]\n')
    assert sim("run", study, "--max-tokens", "1", cwd=folder).returncode == 3
    checks.write_text(CODE.replace("return len", "return 0 * len"), encoding="utf-8")
    changed = sim("resume", "small", "--max-tokens", "1000000", cwd=folder)
    assert changed.returncode == 0, changed.stderr
    assert "the code of scorer 'length' (checks.py:Words) has changed since it was last used, and its version has not" in changed.stderr
    again = sim("resume", "small", cwd=folder)
    assert (again.returncode, "has changed" in again.stderr) == (0, False)
    checks.unlink()
    gone = sim("resume", "small", cwd=folder)
    assert (gone.returncode, gone.stderr) == (
        2,
        "sim: scorer 'checks.py:Words': there is no file 'checks.py'; run from the folder it lies in, or mend its path\n",
    )


def test_local_only_refuses_a_judge_elsewhere_and_what_leaves_is_said(folder: Path, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELSEWHERE", "k")
    model = "{model: openai/x, api_base: 'https://judge.example/v1', api_key_env: ELSEWHERE}"
    study = project(folder, study=STUDY + f"scorers: [{{use: answers, model: {model}}}, natural]\n")
    refused = here.sim("run", study, "--local-only", "--dry-run")
    assert (refused.returncode, "the scorer answers is at judge.example, outside this machine" in refused.stderr) == (2, True)
    told = here.sim("run", study, "--dry-run")
    assert "texts of personas and scenarios and all messages to judge.example (scorer answers)" in told.stderr


# --- added to a run ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(server: Remote, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run without scorers, as an older version left it: nothing in it knows of rubrics."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "short.yaml").write_text(SCENARIO, encoding="utf-8")
    done = sim("run", at(folder, server, scorers="[]"), cwd=folder)
    assert done.returncode == 0, done.stderr
    run = folder / "results" / "first-look"
    spec = re.sub(r"^scorers: \[\]\n|^  scorers: \[\]\n", "", (run / "study.yaml").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert "scorers" not in spec
    (run / "study.yaml").write_text(spec, encoding="utf-8")
    header = json.loads((run / "header.json").read_text(encoding="utf-8"))
    for part in ("prompts", "prompt_hashes"):
        header[part] = {k: v for k, v in header[part].items() if not k.startswith("rubric")}
    (run / "header.json").write_text(json.dumps(header), encoding="utf-8")
    return folder


@pytest.fixture
def old(made: Path, server: Remote, folder: Path) -> Path:
    """A copy of it beside the scorers, while the server has counted nothing."""
    shutil.copytree(made / "results", folder / "results")
    server.reset()
    return folder


def judged(server: Remote, *flags: str) -> tuple[str, ...]:
    return "score", "first-look", *flags, "--model", "openai/judge", "--api-base", server.url


def test_a_scorer_is_added_to_an_old_run_and_only_what_is_absent_is_asked(server: Remote, old: Path, here: Here) -> None:
    shown = here.json("show", "first-look")
    found = here.json(*judged(server, "--scorer", "answers", "--scorer", "own.yaml"))
    assert sorted(map(sorted, asked(server))) == [["answers"]] * 8 + [["own"]] * 8
    assert set(server.stats()["by_role"]) == {"judge"}
    assert (found["absent"], set(found["scorers"])) == (0, {"remembers", "forgets"})
    counted = found["scorers"]["remembers"]["answers"]
    assert counted["n"] + counted["not_applicable"] == 4
    assert counted["unscored"] == 0
    again = here.json(*judged(server, "--scorer", "answers", "--scorer", "own.yaml"))
    assert (again["scorers"], len(asked(server))) == (found["scorers"], 16)
    more = here.json(*judged(server, "--scorer", "answers", "--scorer", "natural", "--scorer", "whole.yaml"))
    assert sorted(map(sorted, asked(server)[16:])) == [["natural"]] * 8 + [["whole"]] * 2
    assert more["scorers"]["forgets"]["whole"]["n"] == 1
    assert {k: v for k, v in here.json("show", "first-look").items() if k in ("trials", "status")} == {k: shown[k] for k in ("trials", "status")}


def test_the_runs_own_copy_of_a_rubric_is_used_when_its_file_has_gone(server: Remote, old: Path, here: Here) -> None:
    server.fault("error500", role="judge", start=3, count=2)
    first = here.sim(*judged(server, "--scorer", "own.yaml", "--concurrency", "1"))
    assert (first.returncode, "2 verdicts are missing" in first.stderr) == (3, True)
    (old / "own.yaml").unlink()
    second = here.sim("score", "first-look", "--scorer", "own", "--json")
    assert second.returncode == 0, second.stderr
    assert len(asked(server)) == 8 + 2
    assert json.loads(second.stdout)["scorers"]["forgets"]["own"]["n"] == 4


def test_another_text_or_judge_under_the_same_id_and_version_is_refused(server: Remote, old: Path, here: Here) -> None:
    assert here.sim(*judged(server, "--scorer", "own.yaml")).returncode == 0
    before, calls = contents(old / "results"), len(asked(server))
    (old / "own.yaml").write_text(OWN.replace("In passing.", "Now and then."), encoding="utf-8")
    text = here.sim(*judged(server, "--scorer", "own.yaml"))
    assert (text.returncode, text.stderr) == (
        2,
        "sim: run 'first-look' holds results of another text of rubric 'own', version 1; raise the rubric's version, or give it another id\n",
    )
    (old / "own.yaml").write_text(OWN, encoding="utf-8")
    other = here.sim("score", "first-look", "--scorer", "own.yaml", "--model", "offline/rater")
    assert (other.returncode, "was judged by openai/judge on 'own'" in other.stderr) == (2, True)
    assert (contents(old / "results"), len(asked(server))) == (before, calls)


def test_a_new_version_takes_the_place_of_the_old_one(server: Remote, old: Path, here: Here) -> None:
    here.json(*judged(server, "--scorer", "own.yaml"))
    (old / "own.yaml").write_text("version: 2\n" + OWN.replace("In passing.", "Now and then."), encoding="utf-8")
    found = here.json(*judged(server, "--scorer", "own.yaml"))
    assert len(asked(server)) == 16
    assert found["scorers"]["remembers"]["own"]["n"] == 4
    parts = {row.part for row in rows(old / "results" / "first-look") if row.kind == "scored"}
    assert parts == {"own@1", "own@2"}


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--scorer", "answrs"), "sim: no scorer is named 'answrs'; did you mean 'answers'?"),
        (("--scorer", "nowhere.yaml"), "sim: no rubric lies at 'nowhere.yaml'; did you mean 'whole.yaml'?"),
        (("--model", "openai/judge"), "sim: --model: judges by a rubric, and none is named; add --scorer answers, or --scorer FILE"),
        (
            ("--scorer", "answers", "--model", "judge"),
            "sim: --model: 'judge' is not a model's name; write it as provider/name, such as openai/gpt-5 or offline/user",
        ),
        (("--scorer", "answers", "--by", "target"), "sim: --by: is about moves, and --scorer is not; leave one out, or name a --tagger too"),
        (("--scorer", "answers", "--name", "x"), "sim: --name: names the run that a log becomes, and this is a run; leave it out"),
    ],
)
def test_what_cannot_be_asked_of_a_run_is_said_in_one_line(old: Path, here: Here, flags: tuple[str, ...], complaint: str) -> None:
    done = here.sim("score", "first-look", *flags)
    assert (done.returncode, done.stderr) == (2, f"{complaint}\n")


FAULTS = {
    "broken_json": {"schema"},
    "misshaped_json": {"schema"},
    "not_json": {"schema"},
    "empty": {"schema"},
    "null_content": {"schema"},
    "content_filter": {"refused"},
    "context_too_long": {"too_long"},
    "garbage": None,
    "error500": None,
    "cut": None,
}
"""What every answer of a judge comes to, unscored by which cause; None: to nothing, and it can be had later."""


@pytest.mark.parametrize(("kind", "causes"), FAULTS.items())
def test_a_judge_that_answers_badly_leaves_no_number(server: Remote, old: Path, here: Here, kind: str, causes: set[str] | None) -> None:
    server.fault(kind, role="judge")
    done = here.sim(*judged(server, "--scorer", "answers", "--scorer", "natural"))
    assert "Traceback" not in done.stderr
    found = [r for t in load_run("first-look").trials for i in ("answers", "natural") for r in results(t, i)]
    if causes is None:
        assert (done.returncode, found) == (3, [])
        server.clear()
        assert here.sim(*judged(server, "--scorer", "answers", "--scorer", "natural")).returncode == 0
        return
    assert done.returncode == 0, done.stderr
    assert {r.cause for r in found if isinstance(r, Unscored)} == causes
    assert len([r for r in found if isinstance(r, Unscored)]) == len(found) == 16


@pytest.mark.parametrize("kind", ["broken_json", "misshaped_json", "not_json", "empty", "null_content", "cut_off"])
def test_one_bad_answer_is_asked_again_and_harms_nothing(server: Remote, old: Path, here: Here, kind: str) -> None:
    server.fault(kind, role="judge", count=1)
    done = here.sim(*judged(server, "--scorer", "answers", "--scorer", "natural", "--concurrency", "1"))
    assert done.returncode == 0, done.stderr
    found = [r for t in load_run("first-look").trials for i in ("answers", "natural") for r in results(t, i)]
    assert len([r for r in found if not isinstance(r, Unscored)]) == len(found) == 16
    assert len(asked(server)) == 9


@pytest.mark.parametrize("kind", ["unicode", "big", "refuse429", "refuse_json_schema", "refuse_response_format"])
def test_odd_answers_and_refusals_that_pass_are_got_through(server: Remote, old: Path, here: Here, kind: str) -> None:
    server.fault(kind, role="judge", count=None if kind.startswith("refuse_") else 2, seconds=0.01)
    done = here.sim(*judged(server, "--scorer", "answers", "--scorer", "natural"))
    if kind == "refuse429":
        done = here.sim(*judged(server, "--scorer", "answers", "--scorer", "natural"))
    assert done.returncode == 0, done.stderr
    assert not [r for t in load_run("first-look").trials for r in results(t, "natural") if isinstance(r, Unscored)]


def test_a_reply_that_asks_for_a_five_stands_where_it_cannot_be_obeyed(server: Remote, folder: Path, here: Here) -> None:
    """A judge that does whatever a line of its prompt says, the quoted ones aside, gives every reply the middle."""
    server.fault("orders", role="target")
    judge = f'{{model: openai/obedient-judge, api_base: "{server.url}"}}'
    (folder / "own.yaml").write_text(OWN, encoding="utf-8")
    (folder / "baited.yaml").write_text(OWN.replace("id: own", "id: baited").replace("Does it", f"{ORDERS} Does it"), encoding="utf-8")
    done = here.sim("run", at(folder, server, judge=judge, scorers="[own.yaml, baited.yaml]"), "--name", "ordered")
    assert done.returncode == 0, done.stderr
    trials = load_run("ordered").trials
    assert all(ORDERS in e.reply.text for t in trials for e in t.exchanges if e.reply)
    values: dict[str, set[Any]] = {i: {r.value for t in trials for r in results(t, i)} for i in ("own", "baited")}  # type: ignore[union-attr]
    assert values == {"own": {3.0}, "baited": {5.0}}


# --- a log -----------------------------------------------------------------------------------------------------------


def log(folder: Path, conversations: int = 6) -> Path:
    asks, answers = "What do I do about my card?", ("You can order a new one at any branch.", "I hear you.")
    lines = []
    for n in range(conversations):
        talk = [("user", asks), ("assistant", answers[n % 2]), ("user", "Thank you."), ("assistant", "You are welcome, any time at all.")]
        messages = [{"role": role, "content": text} for role, text in talk]
        lines.append({"id": f"c{n}", "system": ("good", "bad")[n % 2], "messages": messages})
    path = folder / "chats.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    return path


def test_a_log_becomes_a_run_that_everything_reads(folder: Path, here: Here) -> None:
    path = log(folder)
    plain = here.json("score", path, "--by", "system")
    found = here.json("score", path, "--by", "system", "--scorer", "answers", "--scorer", "checks.py:Words", "--name", "mine")
    assert {k: found[k] for k in plain} == plain
    assert found["run"] == "mine"
    shares = {t: s["answers"] for t, s in found["scorers"].items()}
    assert {t: (s["mean"], s["n"], s["not_applicable"], s["n_personas"]) for t, s in shares.items()} == {
        "good": (1.0, 3, 3, 3),
        "bad": (0.0, 3, 3, 3),
    }
    assert here.json("score", path, "--by", "system") == plain
    assert here.json("score", "mine", "--only", "repetition")["conversations"] == 6
    shown = here.json("show", "mine")
    assert (shown["status"], shown["trials"]["finished"], shown["personas"]) == ("finished", 6, 6)
    table = here.sim("show", "mine").stdout
    assert "answers what was asked" in table
    assert not [text for text in ("likability", "Looking back", "Memory", "rates again") if text in table]
    talk = here.sim("show", "mine", "c0").stdout
    assert all(text in talk for text in ("What do I do about my card?", "You can order a new one at any branch.", "where its log ends"))
    for command in (
        ("compare", "mine"),
        ("report", "mine"),
        ("export", "mine", "--format", "csv"),
        ("export", "mine", "--format", "inspect", "--out", "logs"),
    ):
        done = here.sim(*command)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert {line["status"] for line in here.json("list")["runs"]} == {"finished"}
    refused = here.sim("resume", "mine")
    assert (refused.returncode, refused.stderr) == (
        2,
        "sim: run 'mine' was read from a log: its talks are over; score it with `sim score mine --scorer ID`\n",
    )


def test_the_same_log_again_goes_on_with_the_run_it_became(server: Remote, folder: Path, here: Here) -> None:
    path = log(folder)
    flags = ("--scorer", "answers", "--model", "openai/judge", "--api-base", server.url, "--concurrency", "1")
    server.fault("unauthorized", role="judge", start=4, count=3)
    first = here.sim("score", path, *flags, "--json")
    assert first.returncode == 3
    assert "3 verdicts are missing" in first.stderr
    second = here.sim("score", path, *flags, "--json")
    assert second.returncode == 0, second.stderr
    assert len(asked(server)) == 12 + 3
    assert [p.name for p in (folder / "results").iterdir()] == ["chats"]
    path.write_text(path.read_text(encoding="utf-8") * 2, encoding="utf-8")
    third = here.sim("score", path, "--scorer", "answers", "--json")
    assert (third.returncode, json.loads(third.stdout)["run"]) == (0, "chats-2")
    taken = here.sim("score", path, "--scorer", "answers", "--name", "chats")
    assert (taken.returncode, taken.stderr) == (2, "sim: results: there is a run 'chats' already, of something else; choose another --name\n")


def test_a_logs_own_labels_go_with_it(folder: Path, here: Here) -> None:
    path = folder / "labelled.jsonl"
    marked = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Ho. Try it.", "sentence_moves": [[], ["advice"]]}]
    bare = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Ho."}]
    path.write_text("\n".join(json.dumps({"id": i, "messages": m}) for i, m in enumerate((marked, bare))), encoding="utf-8")
    found = here.json("score", path, "--name", "labelled")
    assert found["tagger"] == "log"
    trials = load_run("labelled").trials
    assert [sorted(m for tags in e.tags.values() for m in tags.moves) for t in trials for e in t.exchanges] == [["advice"], []]  # type: ignore[union-attr]
    assert here.json("show", "labelled")["status"] == "finished"


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--scorer", "answrs"), "sim: no scorer is named 'answrs'; did you mean 'answers'?"),
        (("--scorer", "answers", "--persona", "nobody"), "sim: no persona matches 'nobody'"),
        (("--persona", "davi"), "sim: --persona: is who talked in a log that becomes a run; add --rater, --scorer or --name"),
        (("--scorer", "answers", "--name", "A b"), "sim: 'A b' is not a valid name for a run"),
    ],
)
def test_what_cannot_be_asked_of_a_log_is_said_before_anything_is_written(folder: Path, here: Here, flags: tuple[str, ...], complaint: str) -> None:
    done = here.sim("score", log(folder), *flags)
    assert (done.returncode, done.stderr.startswith(complaint)) == (2, True), done.stderr
    assert not (folder / "results").exists() or not list((folder / "results").iterdir())
