"""A questionnaire between sessions, from the file to every surface."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from sim.app import load_run
from sim.cli.app import run_app
from sim.present.report.talks import talk_data
from sim.present.viewer.sections import run_sections
from tests.cli.command import forecast
from tests.cli.small import SCENARIO, project

HOSTILE = "<script>alert(1)</script>"
FORM = f"""\
id: mine
title: "Mine {HOSTILE}"
source: own
asks: ["Is this so?", "Would you say so?"]
options: ["no", "partly", "yes"]
items:
  - {{id: one, text: "I like rain.", scale: weather}}
  - {{id: two, text: "I like sun.", scale: weather, reverse: true}}
"""
STUDY = """\
name: small
targets:
  - {id: plain, model: offline/ignores}
  - {id: first, model: offline/sticky}
  - {id: agrees, model: offline/flatters}
  - {id: refuses, model: offline/denies}
  - {id: mumbles, model: offline/cold}
user: {model: offline/user}
personas: [davi, zuza, nasreen]
scenarios: [short]
"""
PUT = SCENARIO.replace("persona.pet", "sc-door").replace(
    "    exchanges: {min: 2, max: 2}\n", "    exchanges: {min: 2, max: 2}\n    questionnaire: {use: mine.yaml, vary: [order, wording, again]}\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("questionnaires")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        project(place, study=STUDY, scenario=PUT)
        (place / "mine.yaml").write_text(FORM)
        assert run_app(["run", "small.yaml"]) == 0
    return place


@pytest.fixture(autouse=True)
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def printed(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    capsys.readouterr()
    assert run_app(list(command)) == 0
    return capsys.readouterr().out


def test_what_is_planted_in_each_target_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    figures = {f["target"]: f for f in json.loads(printed(capsys, "show", "small", "--json"))["questionnaires"]}
    asked = 3 * 2 * 2 * 4  # personas, sessions, items, ways of putting each
    assert {f["asked"] for f in figures.values()} == {asked}
    assert (figures["plain"]["order"]["change"], figures["plain"]["again"]["change"]) == (0, 0)
    assert figures["plain"]["wording"]["change"] > 0
    assert (figures["first"]["first_shown"], figures["first"]["order"]["change"], figures["first"]["wording"]["change"]) == (1, 2, 0)
    assert (figures["agrees"]["first_shown"], figures["agrees"]["order"]["change"]) == (0, 2), "the last letter, whatever it stands for"
    assert (figures["refuses"]["refused"], figures["refuses"]["unscored"], figures["refuses"]["answered"]) == (asked, 0, 0)
    assert (figures["mumbles"]["refused"], figures["mumbles"]["unscored"], figures["mumbles"]["answered"]) == (0, asked, 0)
    assert figures["mumbles"]["scales"][0]["mean"] is None
    assert [c["session"] for c in figures["plain"]["course"]] == [1, 2]
    assert set(figures["plain"]["change"]) == {"weather"}


def test_every_surface_shows_it_and_foreign_text_runs_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Scale scores" in printed(capsys, "show", "small", "--section", "questionnaires")
    transcript = printed(capsys, "show", "small", "zuza/short/mumbles/1")
    assert "mine:one#1: one schema" in transcript
    trial = json.loads(printed(capsys, "show", "small", "zuza/short/refuses/1", "--json"))
    first = trial["sessions"][0]["sheets"][0]
    assert (first["answers"][0]["option"], first["answers"][0]["cause"]) == (None, "refused")
    assert first["reply"].startswith("I'm an AI")
    assert run_app(["report", "small", "--out", "small.html"]) == 0
    page = Path("small.html").read_text(encoding="utf-8")
    assert "questionnaire-answers" in page
    assert HOSTILE not in page
    assert run_app(["export", "small", "--format", "jsonl", "--out", "small.jsonl"]) == 0
    rows = [json.loads(line) for line in Path("small.jsonl").read_text(encoding="utf-8").splitlines()]
    assert "mine:one#1" in json.dumps(rows)


def test_answers_are_exported_row_by_row_and_the_frame_holds_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    found = list(csv.DictReader(io.StringIO(printed(capsys, "export", "small", "--format", "csv", "--rows", "answers"))))
    assert len(found) == 5 * 3 * 2 * 2 * 4  # targets, personas, sessions, items, ways of putting each
    figures = {f["target"]: f for f in json.loads(printed(capsys, "show", "small", "--json"))["questionnaires"]}
    for target, figure in figures.items():
        mine = [row for row in found if row["target"] == target]
        assert sum(bool(row["option"]) for row in mine) == figure["answered"]
        assert sum(row["cause"] == "refused" for row in mine) == figure["refused"]
    frame = load_run("small").frame("answers")
    assert frame["option"].to_list() == [int(row["option"]) if row["option"] else None for row in found]


def test_a_conversation_on_a_page_has_each_sheet_below_its_session() -> None:
    run = load_run("small")
    trials = {t.target: t for t in run.trials if t.cast.persona.id == "zuza"}
    forms = {target: talk_data(trial, run.study)["sessions"][0]["forms"] for target, trial in trials.items()}  # type: ignore[call-overload, index]
    assert {len(of) for of in forms.values()} == {2 * 4}, "items, ways of putting each"
    title, statements, varied, reply = forms["refuses"][0]
    assert (title, varied, len(statements)) == (f"Mine {HOSTILE}", "", 1)
    assert statements[0][1] is None
    assert reply.startswith("I'm an AI")
    assert {answer for _, told, _, _ in forms["plain"] for _, answer in told} <= {"no", "partly", "yes"}
    assert {varied for _, _, varied, _ in forms["plain"]} == {"", "order", "wording", "again"}


def test_the_viewer_has_the_figures_that_show_prints(capsys: pytest.CaptureFixture[str]) -> None:
    run = load_run("small")
    (section,) = (s for s in run_sections(run.summary, run.study).sections if s.name == "questionnaires")
    words = " ".join(printed(capsys, "show", "small", "--section", "questionnaires").split())
    assert [b.title for b in section.blocks][:2] == [
        "Questionnaires, put to copies of the target between sessions",
        "Scale scores, from 1 to the number of options",
    ]
    for block in section.blocks:
        for row in block.rows:
            assert " ".join(" ".join(row).split()) in words


def test_the_plan_counts_its_calls(capsys: pytest.CaptureFixture[str]) -> None:
    plan = forecast(Path("small.yaml"), Path())
    assert plan["by_role"]["probe"]["max"] == 5 * 3 * 2 * 2 * 4


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("{use: ipip}", "no questionnaire is named 'ipip'"),
        ("{use: nowhere.yaml}", "no questionnaire lies at 'nowhere.yaml'"),
        ("{use: mine.yaml, scales: [wether]}", "has no scale 'wether'"),
        ("{use: mine.yaml, vary: [order, order]}", "stands twice"),
        ("{use: mine.yaml, way: together}", "alone"),
    ],
)
def test_a_wrong_questionnaire_is_refused_in_one_line(change: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("scenarios/wrong.yaml").write_text(
        PUT.replace("id: short", "id: wrong").replace("{use: mine.yaml, vary: [order, wording, again]}", change), encoding="utf-8"
    )
    Path("wrong-study.yaml").write_text(STUDY.replace("[short]", "[wrong]"), encoding="utf-8")
    assert run_app(["run", "wrong-study.yaml", "--dry-run"]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('"no", "partly", "yes"', '"no", "No"'), "stands twice"),
        (('"no", "partly", "yes"', '"a", "b"'), "single letter"),
        (("id: two", "id: one"), "stands twice"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(change: tuple[str, str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("other.yaml").write_text(FORM.replace("id: mine", "id: other").replace(*change), encoding="utf-8")
    Path("scenarios/wrong.yaml").write_text(
        PUT.replace("id: short", "id: wrong").replace("{use: mine.yaml, vary: [order, wording, again]}", "other.yaml"), encoding="utf-8"
    )
    Path("wrong-study.yaml").write_text(STUDY.replace("[short]", "[wrong]"), encoding="utf-8")
    assert run_app(["run", "wrong-study.yaml", "--dry-run"]) == 2
    assert told in capsys.readouterr().err


def test_a_run_without_one_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    Path("scenarios/plainly.yaml").write_text(SCENARIO.replace("id: short", "id: plainly").replace("persona.pet", "sc-door"), encoding="utf-8")
    Path("plainly.yaml").write_text(STUDY.replace("[short]", "[plainly]").replace("name: small", "name: plainly"), encoding="utf-8")
    assert run_app(["run", "plainly.yaml"]) == 0
    assert "nothing to show" in printed(capsys, "show", "plainly", "--section", "questionnaires")
    assert json.loads(printed(capsys, "show", "plainly", "--json"))["questionnaires"] == []
