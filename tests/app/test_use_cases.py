"""What the commands do, from Python: each use case is called as a person would call it, offline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import sim
from sim.app import attack_judges, compare_raters, measure_tagger, rate_edits
from sim.core.errors import Notice
from sim.store.attacks import load_attacks
from sim.store.scenes import load_scenes
from tests.cli.command import Here
from tests.cli.small import project


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return project(tmp_path)


def test_a_study_is_planned_with_a_pilot_and_without(study: Path) -> None:
    planned = sim.plan(study, require=["likability >= 3.5"])
    assert planned.trials == 2
    assert planned.pilot is None
    assert len(planned.foreseen) == 1
    assert not (study.parent / "results").exists()


def test_a_report_is_written_where_it_is_wanted(study: Path) -> None:
    run = sim.run(study, progress=False)
    assert sim.report(run) == Path("results/small/report.html")
    assert sim.report("small", "mine.html", brief=True) == Path("mine.html")
    assert Path("mine.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    Path("other.html").write_text("mine\n", encoding="utf-8")
    with pytest.raises(sim.InputError, match="is there already and is something else"):
        sim.report(run, "other.html")


def test_a_run_is_scored_once(study: Path) -> None:
    run = sim.run(study, progress=False)
    scored = sim.score_run(run, scorers=["readability"], raters=["offline/rater"], progress=False)
    rows = scored.frame().to_dicts()
    assert {row["scorer_readability_kind"] for row in rows} == {"assessment"}
    events = sum(map(len, scored.folder.load_events().values()))
    again = sim.score_run("small", scorers=["readability"], raters=["offline/rater"], progress=False)
    assert sum(map(len, again.folder.load_events().values())) == events
    with pytest.raises(sim.InputError, match="nobody is to judge"):
        sim.score_run(run)
    with pytest.raises(sim.InputError, match="no scorer is named"):
        sim.score_run(run, scorers=["readabilty"])
    assert sim.calibrate("small").source == "run small"


def test_raters_are_calibrated_by_people(tmp_path: Path) -> None:
    head = "item,rater,dimension,score\n"
    rows = [f"e{i},{rater},callback,{score}\n" for i in range(12) for rater, score in (("human:a", 1 + i % 5), ("model", 1 + (i * 3) % 5))]
    (tmp_path / "ratings.csv").write_text(head + "".join(rows), encoding="utf-8")
    found = sim.calibrate(tmp_path / "ratings.csv", reference="human")
    assert found.source == str(tmp_path / "ratings.csv")
    with pytest.raises(sim.InputError, match="is named twice"):
        sim.calibrate(tmp_path / "ratings.csv", tmp_path / "ratings.csv")
    with pytest.raises(sim.InputError, match="nothing to calibrate"):
        sim.calibrate()


def test_people_are_made(tmp_path: Path) -> None:
    files = sim.new_personas(4, tmp_path / "people", seed=3, shares={"gender": {"woman": 1.0}})
    assert len(files) == 4
    assert all(f.is_file() for f in files)
    with pytest.raises(sim.InputError, match="is there already"):
        sim.new_personas(4, tmp_path / "people", seed=3, shares={"gender": {"woman": 1.0}})
    with pytest.raises(sim.InputError, match=r"^0 people cannot be made"):
        sim.new_personas(0, tmp_path / "others")
    with pytest.raises(sim.InputError, match="gendre"):
        sim.new_personas(1, tmp_path / "others", shares={"gendre": {"woman": 1.0}})


def test_a_log_becomes_a_run_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = [{"role": "user", "content": "My shift was long."}, {"role": "assistant", "content": "That sounds hard. What happened?"}]
    talks = [{"id": f"t{i}", "system": system, "messages": said} for i, system in enumerate(("a", "b", "a"))]
    Path("talks.jsonl").write_text("".join(json.dumps(talk) + "\n" for talk in talks) + "{}\n", encoding="utf-8")
    with pytest.warns(Notice, match="1 passed over, such as line 4"):
        run = sim.load_log("talks.jsonl", by="system")
    assert sorted(t.id for t in run.study.targets) == ["a", "b"]
    assert len(run.frame()) == 3
    assert all("questioning" in moves for moves in run.frame()["moves"].to_list())
    assert sim.load_log("talks.jsonl", by="system").name == run.name
    scored = sim.score_run(run, scorers=["readability"], progress=False)
    assert scored.frame()["scorer_readability"].null_count() == 0
    with pytest.raises(sim.InputError, match="nobody says who talked"):
        sim.score_run(run, raters=["offline/rater"])
    Path("empty.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(sim.InputError, match="is empty; a log holds conversations"):
        sim.load_log("empty.jsonl")


BOT = """\
def answer(messages):
    return f"You said: {messages[-1]['content']} Tell me more about it."
"""


def test_a_bot_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tried_bot.py").write_text(BOT, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    contact = sim.try_bot("tried_bot:answer", persona="davi")
    assert contact.run.status == "finished"
    assert {f.about for f in contact.findings} >= {"users kept apart", "memory across them"}
    assert contact.study.is_file()
    assert "users kept apart" in repr(contact)
    assert capsys.readouterr().out == ""
    assert sim.plan(contact.study).trials > 0
    with pytest.raises(sim.InputError, match="nothing to try"):
        sim.try_bot()


def test_judges_are_measured_as_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    here, few = Here(capsys), load_scenes()[:2]
    monkeypatch.setattr("sim.store.scenes.load_scenes", lambda: few)
    assert rate_edits(progress=False).model_dump(mode="json") == here.json("calibrate", "--edits")
    monkeypatch.setattr("sim.store.attacks.load_attacks", lambda: attacks)
    attacks = load_attacks().model_copy(update={"replies": ()})
    assert attack_judges(progress=False).model_dump(mode="json") == here.json("calibrate", "--attack")
    Path("labels.jsonl").write_text('{"sentence": "How are you?", "moves": ["questioning"]}\n', encoding="utf-8")
    assert measure_tagger("labels.jsonl").model_dump(mode="json") == here.json("calibrate", "--tagger", "labels.jsonl")
    with pytest.raises(sim.InputError, match=r"^'rater' is not a model's name"):
        rate_edits("rater")


async def test_a_tagger_is_measured_where_a_loop_runs_already(tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_text('{"sentence": "How are you?", "moves": ["questioning"]}\n', encoding="utf-8")
    assert measure_tagger(tmp_path / "labels.jsonl").agreement.sentences == 1


def test_who_plays_the_user_is_looked_at_as_on_the_command_line(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = Here(capsys)
    run = sim.run(study, progress=False)
    assert sim.realism(run).model_dump(mode="json") == here.json("realism", "small")
    assert sim.realism("small", run).against == "run small"
    assert sim.describe_personas("davi", "nasreen").model_dump(mode="json") == here.json("personas", "describe", "davi", "nasreen")
    checked = sim.check_personas("davi", items=1, progress=False)
    assert checked.model_dump(mode="json") == here.json("personas", "check", "davi", "--items", "1")
    with pytest.raises(sim.InputError, match="5 items of a facet cannot be asked"):
        sim.check_personas("davi", items=5)
    with pytest.raises(sim.InputError, match="allow_hosts means nothing"):
        sim.check_personas("davi", allow_hosts=["elsewhere"])


def test_what_realism_cannot_read_is_counted_in_a_warning(tmp_path: Path) -> None:
    said = [{"role": "user", "content": "My shift was long."}, {"role": "assistant", "content": "What happened?"}]
    place = tmp_path / "log.jsonl"
    place.write_text(f"{json.dumps({'id': 'a', 'messages': said})}\nnot JSON\n", encoding="utf-8")
    with pytest.warns(Notice, match="1 passed over, such as line 2"):
        assert sim.realism(place).messages == 1
    with pytest.raises(sim.InputError, match="there is no such file"):
        sim.realism(tmp_path / "none.jsonl")


def test_raters_and_users_are_swapped_from_python(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = sim.run(study, progress=False)
    assert compare_raters([run]).model_dump(mode="json") == Here(capsys).json("compare", "small", "--raters")
