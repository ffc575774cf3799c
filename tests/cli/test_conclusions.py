"""compare, gate and plan from the command line, on one small run and a version of it."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from sim.analysis.verdicts.compare import compare
from sim.app import load_run
from sim.present.words import OFFLINE_MARK
from tests.analysis.test_gate import is_junit
from tests.cli.command import sim, sim_json
from tests.cli.small import SCENARIO, STUDY, project

SIX = STUDY.replace("[davi]", "[davi, zuza, tore, thuy, ronja, nadim]")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("conclusions")
    study = project(made, study=SIX, scenario=SCENARIO.replace("persona.pet", "persona.work"))
    assert sim("run", study, cwd=made).returncode == 0
    shutil.copytree(made / "results" / "small", made / "results" / "again")
    return made


def test_a_comparison_says_a_sentence_first(folder: Path) -> None:
    done = sim("compare", "small", cwd=folder)
    assert done.returncode == 0
    assert OFFLINE_MARK in done.stdout
    found = " ".join(done.stdout.split())
    said = r"In this scenario (keeps|drops) (is liked|and (keeps|drops) cannot be told apart) .*on the fixed set.*6 personas: look, no verdict\."
    assert re.search(said, found)
    assert "In this scenario memory " in found
    assert "Over all seven dimensions" in found
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_json_has_every_measure_and_says_what_is_offline(folder: Path) -> None:
    document = sim_json("compare", "small", cwd=folder)
    assert document["offline"] is True
    assert {"likability", "callback", "fixed_set", "criterion", "jaccard", "adaptability", "cost", "latency", "memory"} <= set(document["measures"])
    (pair,) = document["measures"]["likability"]["comparisons"]
    assert (pair["personas"], pair["pairs"], pair["tier"]) == (6, 6, "look")


@pytest.mark.parametrize("by", ["memory", "persona-type"])
def test_other_sides_can_be_compared(folder: Path, by: str) -> None:
    assert sim_json("compare", "small", "--by", by, cwd=folder)["by"] == by


def test_two_runs_of_one_target_are_versions(folder: Path) -> None:
    document = sim_json("compare", "small", "again", cwd=folder)
    assert document["versions"] is True
    assert (document["newly_bad"], document["fixed"]) == ([], [])
    assert [n for n in document["notes"] if "conditions" in n] == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("compare", "nowhere"), "there is no run 'nowhere'"),
        (("compare", "small", "small"), "two runs are called 'small'"),
        (("compare", "small", "--by", "scenario"), "there is only one scenario"),
        (("gate", "small"), "nothing is required"),
        (("gate", "small", "--require", "likeability >= 3"), "did you mean 'likability'"),
        (("gate", "small", "--require", "likability >= 3", "--target", "keep"), "did you mean 'keeps'"),
        (("gate", "small", "--baseline", "again"), "nothing is required"),
        (("gate", "small", "--require", "failed == 0", "--baseline", "again"), "a baseline and a margin go together"),
        (("gate", "small", "--margin", "likability=0.2"), "a baseline and a margin go together"),
        (("gate", "small", "--requirements", "nofile.yaml"), "nofile.yaml"),
        (("gate", "small", "--require", "failed == 0", "--junit", "no/such/folder.xml"), "its folder does not exist"),
        (("plan", "nofile.yaml"), "nofile.yaml"),
        (("plan", "small.yaml", "--pilot", "nowhere"), "there is no run 'nowhere'"),
    ],
)
def test_what_cannot_be_done_is_one_line(folder: Path, arguments: tuple[str, ...], complaint: str) -> None:
    done = sim(*arguments, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("asked", "status", "verdict"),
    [
        (("--require", "likability >= 1.5", "--require", "failed == 0"), 0, "passed"),
        (("--require", "likability >= 4.9"), 1, "failed"),
        (("--require", "share(exchange<=2) <= 0.01"), 4, "inconclusive"),
        (("--baseline", "again", "--margin", "likability=0.2"), 0, "passed"),
    ],
)
def test_the_exit_status_is_the_verdict(folder: Path, asked: tuple[str, ...], status: int, verdict: str) -> None:
    document = sim_json("gate", "small", *asked, cwd=folder, status=status)
    assert document["verdict"] == verdict
    assert {c["target"] for c in document["checks"]} == {"keeps", "drops"}


@pytest.mark.parametrize(("wish", "status", "said"), [("fail", 4, ""), ("warn", 0, "sim: warning: the verdict is inconclusive"), ("pass", 0, "")])
def test_a_job_says_what_it_makes_of_what_cannot_be_told(folder: Path, wish: str, status: int, said: str) -> None:
    done = sim("gate", "small", "--require", "share(exchange<=2) <= 0.01", "--inconclusive", wish, "--json", cwd=folder)
    assert done.returncode == status
    assert json.loads(done.stdout)["verdict"] == "inconclusive"
    assert done.stderr.startswith(said)
    assert bool(done.stderr) == bool(said)
    assert sim("gate", "small", "--require", "likability >= 4.9", "--inconclusive", wish, cwd=folder).returncode == 1


def test_a_baseline_in_a_file_says_what_its_run_says_and_needs_it_no_more(folder: Path) -> None:
    assert sim("run", folder / "small.yaml", "--seeds", "2", "--name", "later", cwd=folder).returncode == 0
    kept = sim("baseline", "again", "--out", "kept.json", cwd=folder)
    assert kept.returncode == 0
    assert "sim gate RUN --baseline kept.json" in kept.stdout
    asked = ("--margin", "likability=0.2", "--margin", "said_before=0.3", "--margin", "jaccard=0.5", "--margin", "words=5", "--json")
    of_run = sim("gate", "later", "--baseline", "again", *asked, cwd=folder)
    assert {c["observed"] for c in json.loads(of_run.stdout)["checks"]} != {0.0}
    shutil.move(folder / "results" / "again", folder / "moved")
    try:
        of_file = sim("gate", "later", "--baseline", "kept.json", *asked, cwd=folder)
    finally:
        shutil.move(folder / "moved", folder / "results" / "again")
    assert (of_file.returncode, of_file.stdout) == (of_run.returncode, of_run.stdout)
    text = (folder / "kept.json").read_text(encoding="utf-8")
    assert "offline/uses" not in text
    for name, content, complaint in (
        ("half.json", text[: len(text) // 2], "half.json:1: not JSON"),
        ("other.json", "{}", "other.json: not a baseline: run: Field required; write it with `sim baseline RUN --out FILE`"),
        ("later.json", text.replace('"version":1', '"version":2'), "a baseline of version 2, and this program reads version 1"),
        ("edited.json", text.replace('"rater":"self"', '"rater":5'), "edited.json: not a baseline: rater"),
    ):
        (folder / name).write_text(content, encoding="utf-8")
        refused = sim("gate", "small", "--baseline", name, "--margin", "likability=0.2", cwd=folder)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert complaint in refused.stderr
        assert len(refused.stderr.splitlines()) == 1


def test_a_verdict_is_handed_on_in_every_form(folder: Path) -> None:
    (folder / "gate.yaml").write_text("require:\n  - likability >= 1.5\n  - likability >= 4.9\n", encoding="utf-8")
    (folder / "summary.md").write_text("before\n", encoding="utf-8")
    summary = str(folder / "summary.md")
    asked = ("gate", "small", "--requirements", "gate.yaml", "--target", "keeps", "--junit", "out.xml", "--markdown", summary)
    done = sim(*asked, cwd=folder, GITHUB_STEP_SUMMARY=summary)
    assert done.returncode == 1
    assert "passed" in done.stdout
    suites = ET.parse(folder / "out.xml").getroot()
    is_junit(suites)
    assert (suites[0].get("tests"), suites[0].get("failures")) == ("2", "1")
    text = (folder / "summary.md").read_text(encoding="utf-8")
    assert text.startswith("before\n### ❌ Gate failed: small\n")
    printed = sim("gate", "small", "--require", "failed == 0", "--markdown", "-", cwd=folder)
    assert printed.stdout.startswith("### ✅ Gate passed")


def test_a_baseline_made_under_other_conditions_is_refused(folder: Path) -> None:
    other = folder / "results" / "other"
    shutil.copytree(folder / "results" / "small", other)
    spec = other / "study.yaml"
    spec.write_text(spec.read_text(encoding="utf-8").replace("A short talk", "Another talk"), encoding="utf-8")
    done = sim("gate", "small", "--baseline", "other", "--margin", "likability=0.2", cwd=folder)
    assert done.returncode == 2
    assert "baseline 'other' was made under other conditions (scenario 'short')" in done.stderr
    spec.write_text((folder / "results" / "small" / "study.yaml").read_text(encoding="utf-8").replace("rater: self", "rater: {model: offline/rater}"))
    done = sim("gate", "small", "--baseline", "other", "--margin", "likability=0.2", cwd=folder)
    assert done.returncode == 2
    assert "(rater)" in done.stderr
    assert "sim score other --rater MODEL" in done.stderr


def test_a_plan_tells_tokens_and_the_smallest_difference(folder: Path) -> None:
    document = sim_json("plan", "small.yaml", "--human", cwd=folder)
    assert (document["trials"], document["exchanges"]) == (12, {"min": 48, "max": 48})
    assert 3_000 < document["tokens_an_exchange"] < 20_000
    assert document["detectable"]["tier"] == "look"
    assert document["detectable"]["power"] >= 0.8
    assert document["bigger"]["personas × 2"]["difference"] < document["detectable"]["difference"]
    assert [h["raters_an_item"] for h in document["human"]] == [2, 3, 4]


def test_a_pilot_gives_its_own_tokens_and_spreads(folder: Path) -> None:
    document = sim_json("plan", "small.yaml", "--pilot", "small", cwd=folder)
    shown = sim_json("show", "small", cwd=folder)
    used = sum(of["input"] for t in shown["targets"] for role, of in t["tokens"].items() if role == "user")
    assert document["by_role"]["user"]["input"]["max"] == pytest.approx(used, rel=0.01)
    assert document["spreads"]["source"].startswith("pilot 'small'")


def test_figures_are_the_same_with_and_without_the_words(folder: Path) -> None:
    whole, bare = (load_run("small", results=folder / "results", words=words) for words in (True, False))
    assert bare.summary == whole.summary
    assert bare.status == whole.status
    first, second = (json.loads(compare([r.source]).model_dump_json()) for r in (whole, bare))
    assert first == second
    for one, other in zip(whole.trials, bare.trials, strict=True):
        assert [e.disclosed for e in one.exchanges] == [e.disclosed for e in other.exchanges]
        assert [e.user for e in one.exchanges] == [e.user for e in other.exchanges]
        assert [e.reply for e in one.exchanges] == [e.reply for e in other.exchanges]
        assert one.spent == other.spent
