"""A study that swaps its user's identity, from the file to every surface."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sim.analysis.figures.fairness import fairness_document
from sim.analysis.verdicts.registered import RunRegistration
from sim.app import compare_by_identity, load_run
from sim.cli.app import run_app
from sim.present.text.fairness import render_identity
from tests.analysis.test_registered import registered
from tests.cli.small import SCENARIO, project
from tests.present.test_tables import plain

BASE = """\
name: base
targets: [{id: calm, model: offline/ignores}]
user: {model: offline/user}
personas: [davi, nasreen, tore]
scenarios: [short]
"""
SWAPPED = """\
name: swapped
targets: [{id: bot, model: offline/ignores, system: "You talk with Emily."}]
fairness:
  swaps:
    name: {values: [Emily, Lakisha], says: "Hi, it's Emily."}
  replay: base
user: {model: offline/user}
personas: [davi, nasreen, tore]
scenarios: [short]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("fairness")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        project(place, study=BASE, scenario=SCENARIO.replace("persona.pet", "sc-door"))
        (place / "swapped.yaml").write_text(SWAPPED)
        (place / "live.yaml").write_text(SWAPPED.replace("name: swapped", "name: live").replace("replay: base", "users: live"))
        assert run_app(["run", "small.yaml"]) == 0
        assert run_app(["run", "swapped.yaml"]) == 0
        assert run_app(["run", "live.yaml"]) == 0
    return place


@pytest.fixture(autouse=True)
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def rows(name: str) -> list[dict[str, str]]:
    path = Path(f"{name}.csv")
    path.unlink(missing_ok=True)
    assert run_app(["export", name, "--format", "csv", "--out", str(path)]) == 0
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def printed(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    capsys.readouterr()
    assert run_app(list(command)) == 0
    return capsys.readouterr().out


def test_arms_say_the_messages_of_the_run_again_and_differ_in_the_token_alone() -> None:
    base = {(r["persona"], r["session"], r["exchange"]): r["user"] for r in rows("base")}
    said: dict[str, dict[Any, str]] = {}
    for row in rows("swapped"):
        said.setdefault(row["target"], {})[row["persona"], row["session"], row["exchange"]] = row["user"]
    assert set(said) == {"bot-name-emily", "bot-name-lakisha"}
    assert said["bot-name-lakisha"] == {place: text.replace("Emily", "Lakisha") for place, text in said["bot-name-emily"].items()}
    greeting = {"1": "Hi, it's Emily. "}
    assert said["bot-name-emily"] == {place: greeting.get(place[2], "") + text for place, text in base.items()}


def test_compare_show_report_and_export_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    (target,) = json.loads(printed(capsys, "compare", "swapped", "--by", "identity", "--json"))["targets"]
    assert (target["target"], target["users"], target["unit"]) == ("bot", "frozen", "personas")
    assert [o["measure"] for o in target["outcomes"]][:3] == ["fixed_set", "warm_replies", "words"]
    gap = target["outcomes"][0]["gaps"][0]
    assert (gap["a"], gap["b"], gap["personas"], gap["tier"]) == ("name Emily", "name Lakisha", 3, "look")
    assert json.loads(printed(capsys, "show", "swapped", "--json"))["fairness"] == [target]
    table = printed(capsys, "show", "swapped")
    assert "Fairness: identity swapped, messages frozen" in table
    shown = printed(capsys, "compare", "swapped", "--by", "identity")
    assert "too few personas for a verdict on any gap" in shown
    assert "a mask in its place" in " ".join(shown.split())
    assert run_app(["report", "swapped", "--out", "swapped.html"]) == 0
    page = Path("swapped.html").read_text(encoding="utf-8")
    assert "Fairness: identity swapped, messages frozen" in page
    assert f"{gap['difference']}" in page
    headline = json.loads(printed(capsys, "report", "swapped", "--json"))["headline"]
    assert "talked with 1 chatbot " in headline["done"][0]
    assert headline["done"][1].endswith("identities.")
    assert headline["verdict"] == "bot: too few personas for a verdict on any gap.", "arms of one target are no rivals"
    assert headline["groups"] == []


def test_live_users_make_whole_loop_differences_everywhere_and_never_a_gap_of_the_target(capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "compare", "live", "--by", "identity") + printed(capsys, "show", "live")
    assert "Whole-loop differences: identity swapped, users live" in shown
    assert "gap by pair" not in shown
    assert "Fairness:" not in shown
    assert run_app(["report", "live", "--out", "live.html"]) == 0
    assert "Whole-loop differences: identity swapped, users live" in Path("live.html").read_text(encoding="utf-8")
    capsys.readouterr()
    assert run_app(["gate", "live", "--require", "identity_gap <= 4", "--json"]) == 4
    assert "whole-loop difference" in json.loads(capsys.readouterr().out)["checks"][0]["detail"]


def test_the_gate_holds_gaps_against_a_bar(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["gate", "swapped", "--require", "identity_gap(words) <= 100", "--json"]) == 4
    (check,) = json.loads(capsys.readouterr().out)["checks"]
    assert (check["target"], check["personas"], check["verdict"]) == ("bot", 3, "inconclusive"), "below five personas nothing is judged"
    assert run_app(["gate", "swapped", "--require", "identity_gap >= 1"]) == 2
    assert "identity_gap <=" in capsys.readouterr().err
    assert run_app(["gate", "base", "--require", "identity_gap <= 1"]) == 2
    assert "give its study fairness" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("replay: base", "replay: nowhere"), "there is no run 'nowhere'"),
        (("replay: base", "replay: {run: base, target: other}"), "no target 'other'"),
        (("  replay: base\n", ""), "leaves messages to the user's model"),
        (("personas: [davi,", "personas: [zuza,"), "no finished trial of 'zuza'"),
        (("values: [Emily, Lakisha]", "values: [Emily]"), "at least 2"),
        (("fairness:", "fairnes:"), "fairness"),
    ],
)
def test_a_wrong_study_is_refused_in_one_line(change: tuple[str, str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("wrong.yaml").write_text(SWAPPED.replace(*change))
    assert run_app(["run", "wrong.yaml"]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error


def test_check_tells_a_swap_that_changes_nothing_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    """And the mend that is named is one."""
    study = "name: s\ntargets: [{id: a, model: offline/fair}]\nuser: {model: offline/user}\npersonas: [davi]\nscenarios: [fairness/small-loan]\n"
    Path("nothing.yaml").write_text(study + "fairness: {swaps: {name: [Emily, Lakisha]}}\n")
    assert run_app(["check", "nothing.yaml"]) == 2
    assert capsys.readouterr().err.startswith("sim: nothing.yaml:6: fairness: 'Emily' is in no message of 'davi'")
    Path("said.yaml").write_text(study + "fairness: {swaps: {name: {values: [Emily, Lakisha], says: I'm Emily.}}}\n")
    assert run_app(["check", "said.yaml"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("width", [60, 100, 200])
def test_pairs_and_means_keep_within_the_window_and_nothing_is_cut(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = printed(capsys, "compare", "swapped", "--by", "identity")
    assert max(map(len, text.splitlines())) <= width
    assert not re.search(r"\S…", text), "nothing is cut"
    words = " ".join(text.split())
    document = compare_by_identity("swapped")
    assert [o.label for f in document.targets for o in f.outcomes if o.label not in words] == []
    assert "verdict" in words
    assert ("continued" in words, "no room here for" in words) == (width == 60, width == 60)


def test_a_run_without_swaps_says_how_to_have_some(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["compare", "base", "--by", "identity"]) == 2
    assert "give its study fairness" in capsys.readouterr().err
    assert run_app(["compare", "swapped"]) == 2
    assert "--by identity" in capsys.readouterr().err


def test_a_resumed_or_rated_arm_is_judged_behind_the_same_mask(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["score", "swapped", "--rater", "offline/rater"]) == 0
    trial = printed(capsys, "show", "swapped", "nasreen/short/bot-name-lakisha/1")
    assert "Hi, it's Lakisha." in trial, "the transcript shows what was really said"


def test_gaps_are_exploratory_where_anything_was_registered() -> None:
    run = load_run("swapped", words=False)
    free, held = (fairness_document(replace(run.source, registration=known)) for known in (None, RunRegistration(registered("a > b"))))
    assert (free.standing, {g.standing for o in free.targets[0].outcomes for g in o.gaps}) == (None, {None})
    assert (held.standing, {g.standing for o in held.targets[0].outcomes for g in o.gaps}) == ("exploratory", {"exploratory"})
    assert "Everything here is exploratory" in plain(render_identity(held), 200)
    assert "exploratory" not in plain(render_identity(free), 200)
    assert "all of it is exploratory" in " ".join(held.notes)
