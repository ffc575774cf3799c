"""`sim calibrate RATINGS|RUN`: how far raters agree, and what is wrong with a file of ratings or a run."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import pytest

from sim.cli.app import run_app
from sim.core.event import Judged, NotApplicable, Rating, Score
from sim.store.runs import open_run
from tests.cli.command import sim, sim_json
from tests.cli.small import STUDY, project

SHROUT_FLEISS = ((9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7))


def written(folder: Path, rows: list[tuple[object, ...]], head: str = "item,system,rater,dimension,score") -> Path:
    path = folder / "ratings.csv"
    path.write_text("\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    rng = random.Random(3)
    rows: list[tuple[object, ...]] = []
    for i in range(60):
        system = f"s{i % 4}"
        good = 1 + i % 4
        rows += [(i, system, r, "empathy", min(5, max(1, good + rng.randint(-1, 1)))) for r in ("human", "s1", "judge")]
        rows += [(i, system, r, "callback", "n/a" if i % 3 else rng.randint(1, 5)) for r in ("human", "judge")]
    return written(tmp_path, rows)


def test_the_forms_of_all_raters_together_are_those_of_shrout_and_fleiss(tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = [(i, f"j{j}", "d", score) for i, scores in enumerate(SHROUT_FLEISS) for j, score in enumerate(scores)]
    path = written(tmp_path, rows, "item,rater,dimension,score")
    found = sim_json("calibrate", path, cwd=tmp_path)
    assert (found["unit"], found["reference"], found["other"]) == ("item", None, None)
    assert [round(v, 2) for v in found["dimensions"]["d"]["icc"].values()] == [0.17, 0.29, 0.71, 0.44, 0.62, 0.91]


def test_against_people_every_rater_has_its_figures_on_both_units(tmp_path: Path, judged: Path) -> None:
    found = sim_json("calibrate", judged, "--reference", "human", "--exclude-self", cwd=tmp_path)
    figures = found["dimensions"]["empathy"]
    assert set(figures) == {"s1", "judge"}
    promised = {"n", "icc", "icc_consistency", "icc_agreement", "interval", "ccc", "bias", "limits", "kappa", "alpha", "spearman", "pearson"}
    assert promised <= set(figures["judge"])
    assert (figures["judge"]["n"], figures["s1"]["n"]) == (60, 45)
    assert figures["judge"]["icc"]["3,1"] == figures["judge"]["icc_consistency"]
    assert sum(map(sum, figures["judge"]["confusion"]["counts"])) == 60
    assert found["dimensions"]["callback"]["judge"]["applicability"]["kappa"] == 1
    assert (found["other"]["unit"], found["other"]["dimensions"]["empathy"]["s1"]["n"]) == ("system", 3)
    systems = sim_json("calibrate", judged, "--reference", "human", "--unit", "system", cwd=tmp_path)
    assert (systems["unit"], systems["dimensions"]["empathy"]["s1"]["n"], systems["order"]["judge"]["systems"]) == ("system", 4, 4)


def test_the_table_names_both_units_and_warns_of_few_systems(tmp_path: Path, judged: Path) -> None:
    for width in ("80", "100"):
        done = sim("calibrate", judged, "--reference", "human", "--exclude-self", cwd=tmp_path, COLUMNS=width)
        assert (done.returncode, done.stderr) == (0, "")
        assert max(map(len, done.stdout.splitlines())) <= int(width)
        for said in ("On items", "On systems", "fewer than 10", "order the systems", "s1 15", "rows human, columns judge", "Did the dimension apply"):
            assert said in done.stdout
    assert "1,k" in sim("calibrate", judged, cwd=tmp_path).stdout


def test_a_hundred_dimensions_nan_and_a_rater_with_one_rating_have_their_results(tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = [(i, "s", r, f"d{d}", (i + d) % 5 + 1) for d in range(100) for i in range(6) for r in ("human", "m")]
    rows += [(7, "s", "human", "d0", "NaN"), (0, "s", "once", "d0", 3)]
    path = written(tmp_path, rows)
    found = sim_json("calibrate", path, "--reference", "human", cwd=tmp_path)
    assert (len(found["dimensions"]), found["missing"]) == (100, 1)
    once = found["dimensions"]["d0"]["once"]
    assert (once["n"], once["icc_consistency"], once["alpha"]) == (1, None, None)
    assert "1 row without a rating" in sim("calibrate", path, cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("rows", "flags", "said"),
    [
        ([(1, "s", "human", "d", "good")], (), "ratings.csv:2: 'good' is not a score"),
        ([(1, "s", "human", "d", 3), (1, "s", "human", "d", 3)], (), "ratings.csv:3: 'human' rates '1' on d a second time"),
        ([(1, "s", "human", "d", 3), (1, "s", "m", "d", 3)], ("--reference", "humans"), "has no rater 'humans'; did you mean 'human'?"),
        ([(1, "s", "human:1", "d", 3), (1, "s", "human:2", "d", 3)], ("--reference", "human"), "has no rater beside 'human'"),
        ([(1, "s", "human", "d", 3)], (), "has one rater alone, 'human'"),
    ],
)
def test_bad_ratings_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: list[tuple[object, ...]], flags: tuple[str, ...], said: str
) -> None:
    assert run_app(["calibrate", str(written(tmp_path, rows)), *flags]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.csv",), "none.csv: cannot be read"),
        (("none",), "there is no run 'none'"),
        (("none.csv", "--edits"), "one thing at a time"),
        (("--reference", "human"), "name a file of ratings, or a run"),
        (("plain.csv", "--unit", "system"), "has no column 'system'"),
        (("plain.csv", "--exclude-self"), "has no column 'system'"),
    ],
)
def test_wrong_calls_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plain.csv").write_text("item,rater,dimension,score\n1,human,d,3\n1,m,d,3\n")
    assert run_app(["calibrate", *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err


# --- a run --------------------------------------------------------------------------------------------------------


def rate_as(folder: Path, person: str, score: int) -> None:
    """Let a person rate every exchange of the run, callback as not applicable."""
    run = open_run("small", folder / "results")

    async def append() -> None:
        with run.write_journal() as journal:
            for event in list(journal.all_events()):
                if isinstance(event, Judged) and event.kind == "rated" and event.part == "self" and event.exchange:
                    given: dict[str, Rating] = {d: Score(reason="So it was.", score=score if i % 2 else 3) for i, d in enumerate(event.result)}
                    given["callback"] = NotApplicable(reason="Nothing to bring back.")
                    await journal.append(event.model_copy(update={"part": person, "result": given, "calls": ()}))

    asyncio.run(append())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    study = STUDY.replace("seeds: 1", "seeds: 2") + "observers: [{id: second, model: offline/rater}]\n"
    assert sim("run", project(folder, study=study), cwd=folder).returncode == 0
    return folder


def test_a_run_without_people_shows_its_raters_together(run: Path) -> None:
    found = sim_json("calibrate", "small", cwd=run)
    figures = found["dimensions"]["length_fit"]
    assert (found["reference"], found["offline"], figures["raters"], figures["n"]) == (None, True, ["self", "observer:second"], 16)
    assert figures["icc_agreement"] in (1, None)
    assert "people who read" not in sim("calibrate", "small", cwd=run).stdout


def test_people_who_read_calibrate_the_observers_of_a_run(run: Path) -> None:
    for person, score in (("human:1", 2), ("human:2", 5)):
        rate_as(run, person, score)
    found: Any = sim_json("calibrate", "small", cwd=run)
    assert (found["reference"], list(found["tables"])) == ("human", ["read"])
    assert {"self", "observer:second"} == set(found["dimensions"]["length_fit"])
    assert found["dimensions"]["length_fit"]["observer:second"]["n"] == 16
    assert found["ceiling"]["length_fit"]["people"] == 2
    assert any("people who read calibrate observers" in w for w in found["warnings"])
    shown = sim("calibrate", "small", cwd=run).stdout
    assert "offline models" in shown
    assert "Calibrated by people who read" in shown
    assert "The ceiling, on items: people among themselves" in shown
    assert json.dumps(found)


def test_a_run_with_one_rater_is_told_what_is_missing(tmp_path: Path) -> None:
    assert sim("run", project(tmp_path), cwd=tmp_path).returncode == 0
    done = sim("calibrate", "small", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "one rater alone" in done.stderr
