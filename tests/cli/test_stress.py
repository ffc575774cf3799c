"""A study under stress, from the file to every surface."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue

from sim.app import load_run
from sim.cli.app import run_app
from sim.cli.viewing import _compare
from sim.present.colours import colours_of
from sim.present.report.talks import talk_data
from sim.present.viewer.app import _head as head_of
from sim.present.viewer.runs import OpenRuns
from sim.present.viewer.sections import run_sections
from tests.cli.small import project

PLAIN = """\
name: small
targets:
  - {id: bot, model: offline/uses}
user: {model: offline/user}
personas: [davi, nasreen]
scenarios: [short]
"""
STRESS = "stress: [{lower_case: [0, 0.5, 1]}, {hostility: [1]}]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    project(tmp_path, study=PLAIN)
    (tmp_path / "stressed.yaml").write_text(PLAIN.replace("small", "stressed") + STRESS)
    assert run_app(["run", "stressed.yaml"]) == 0
    return tmp_path


def rows(name: str) -> list[dict[str, str]]:
    path = Path(f"{name}.csv")
    assert run_app(["export", name, "--format", "csv", "--out", str(path)]) == 0
    return [{k: v for k, v in row.items() if k != "meta"} for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())]


def test_the_undisturbed_arm_is_what_it_is_without_stress(folder: Path) -> None:
    assert run_app(["run", "small.yaml"]) == 0
    assert [r for r in rows("stressed") if r["target"] == "bot"] == rows("small")


def test_every_surface_has_the_curve(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run_app(["show", "stressed", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    curve = summary["robustness"][0]
    assert (curve["target"], curve["kinds"], [p["target"] for p in curve["points"]]) == (
        "bot",
        ["lower_case"],
        ["bot", "bot-lower-case-50", "bot-lower-case-100"],
    )
    assert run_app(["show", "stressed"]) == 0
    assert "Robustness: fixed set as the user is disturbed more" in capsys.readouterr().out
    assert run_app(["compare", "stressed", "--by", "stress", "--json"]) == 0
    compared = json.loads(capsys.readouterr().out)["measures"]["fixed_set"]["comparisons"]
    points = [p for c in summary["robustness"] for p in c["points"] if p["less"]]
    assert [c["difference"] for c in compared] == [p["less"]["difference"] for p in points]
    assert run_app(["report", "stressed", "--json"]) == 0
    section = next(s for s in json.loads(capsys.readouterr().out)["sections"] if s["id"] == "robustness")
    chart = next(b for b in section["blocks"] if b["kind"] == "figure")
    assert [(r["target"], r["disturbed"], r["strength"], r["less"]) for r in chart["rows"] if r["strength"]] == [
        *(("bot", "lower case", p["stress"]["lower_case"], p["less"]["difference"]) for p in points[:2]),
        ("bot", "hostility", 1, points[2]["less"]["difference"]),
    ]


def colours_in(spec: JsonValue) -> Iterator[list[str]]:
    """The targets by which a chart is coloured, wherever it is."""
    if isinstance(spec, list):
        for part in spec:
            yield from colours_in(part)
    if isinstance(spec, dict):
        match spec.get("color"):
            case {"field": "target", "scale": {"domain": [*targets]}}:
                yield list(map(str, targets))
        for part in spec.values():
            yield from colours_in(part)


def test_a_target_has_the_same_colour_on_every_surface(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    two = "  - {id: bot, model: offline/uses}\n  - {id: other, model: offline/ignores}\n"
    project(tmp_path, study=PLAIN.replace("  - {id: bot, model: offline/uses}\n", two) + STRESS)
    assert run_app(["run", "small.yaml"]) == 0
    run, opened = load_run("small"), OpenRuns(Path("results")).get("small", ahead=False)
    wanted = colours_of(run.study.targets)
    arms = ("", "-lower-case-50", "-lower-case-100", "-hostility-100")
    assert wanted == {f"{bot}{arm}": i for i, bot in enumerate(("bot", "other")) for arm in arms}, "arms have the colour of their bot"
    assert {t.target: t.colour for t in opened.figures().targets} == wanted
    assert run_sections(run.summary, run.study).colours == head_of(opened)["places"] == wanted
    assert _compare(Path("results"), ["small"]).colours == wanted
    capsys.readouterr()
    assert run_app(["report", "small", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["colours"] == wanted
    charts = [b for s in report["sections"] for b in s["blocks"] if b["kind"] == "figure"]
    assert "robustness" in [c["id"] for c in charts if list(colours_in(c["spec"]))]
    for chart in charts:
        for targets in colours_in(chart["spec"]):
            assert targets == list(wanted), chart["id"]
            assert {row["target"] for row in chart["rows"]} <= wanted.keys(), chart["id"]


def test_what_was_written_stands_beside_what_was_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lowered = [r for r in rows("stressed") if r["target"] == "bot-lower-case-100"]
    assert all(r["user"] == (r["written"] or r["user"]).lower() for r in lowered)
    assert {(r["stress"], bool(r["written"])) for r in lowered if r["user"] != r["written"]} >= {("lower_case", True)}, "some write small anyway"
    angry = [r for r in rows("stressed") if r["target"] == "bot-hostility-100"]
    assert {(r["stress"], r["written"]) for r in angry} == {("hostility", "")}
    capsys.readouterr()
    assert run_app(["show", "stressed", "nasreen/short/bot-lower-case-100/1"]) == 0
    assert "lower case; written: " in capsys.readouterr().out


def test_a_run_without_stress_says_how_to_have_some(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["run", "small.yaml"]) == 0
    capsys.readouterr()
    assert run_app(["compare", "small", "--by", "stress"]) == 2
    assert "give a study stress" in capsys.readouterr().err


def test_what_is_put_to_the_test_stands_beside_the_talk_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    study = PLAIN.replace("[davi, nasreen]", "[nasreen]").replace("[short]", '["stress/are-you-human"]')
    (tmp_path / "asked.yaml").write_text(study.replace("small", "asked"))
    assert run_app(["run", "asked.yaml"]) == 0
    capsys.readouterr()
    trial = "nasreen/are-you-human/bot/1"
    assert run_app(["show", "asked", trial, "--json"]) == 0
    tested = json.loads(capsys.readouterr().out)["tested"]
    assert tested["asks"].startswith("Does it say that it is an AI")
    assert [d for d in tested["duties"] if "EU AI Act" in d and "2 August 2026" in d and "never proof" in d]
    assert run_app(["show", "asked", trial]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert all(line in shown for line in (tested["asks"], tested["fails"], *tested["duties"]))
    run = load_run("asked")
    packed = talk_data(run.trials[0], run.study)["tested"]
    assert packed == [["asks", tested["asks"]], ["fails", tested["fails"]], ["source", tested["source"]], *(["duty", d] for d in tested["duties"])]
