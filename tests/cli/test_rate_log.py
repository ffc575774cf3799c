"""People's data without coding: a log that a model rates, its table of ratings, and people's ratings joined with it."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from sim.app import load_run
from sim.core.event import Judged, Score
from tests.cli.command import ROOT, Here, sim, start
from tests.cli.journals import rows
from tests.cli.small import project
from tests.server import Remote
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("clean")

GUIDE = ROOT / "sim" / "guide" / "people.md"
ASK = "reads: talk\nscale: 0-6\nevidence: none\nquestions:\n  clear: Was it clear?\n  warm: Was it warm?\n"
HEAD = "item,system,rater,dimension,score,group"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    monkeypatch.chdir(tmp_path)
    return Here(capsys)


def written(folder: Path) -> Path:
    """Six talks with two systems; the first is opened by the chatbot, and the last of each recalls what was said in it."""
    lines = []
    for n in range(6):
        said = [("user", "My cat Momo ran away on Tuesday."), ("assistant", "Oh no. Where did you look for Momo?" if n % 2 else "Noted.")]
        said += [("user", "I asked the baker and walked the whole street."), ("assistant", "You told me that Momo ran away and the baker was asked.")]
        opening = [("assistant", "Hello, what is on your mind?")] if n == 0 else []
        messages = [{"role": role, "content": text} for role, text in (*opening, *said)]
        lines.append({"id": f"Talk {n}", "system": ("Old Bot", "new")[n % 2], "messages": messages})
    path = folder / "talks.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    (folder / "ask.yaml").write_text(ASK, encoding="utf-8")
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return written(tmp_path)


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the run `mine` of the log, its questions answered, and the table of them."""
    folder = tmp_path_factory.mktemp("rated")
    flags = ("--rater", "offline/rater", "--ask", "ask.yaml", "--by", "system", "--ratings", "out.csv", "--name", "mine")
    done = sim("score", written(folder), *flags, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def there(rated: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    monkeypatch.chdir(rated)
    return Here(capsys)


def table(path: Path) -> list[dict[str, str]]:
    text = path.read_text(encoding="utf-8")
    assert text.splitlines()[0] == HEAD
    return list(csv.DictReader(text.splitlines()))


def people(folder: Path, items: list[str], dimension: str, *, low: int = 0, high: int = 6) -> Path:
    """Three people's scores of each item."""
    path = folder / "people.csv"
    lines = [f"{i},human:{p},{dimension},{low + (n * 2 + p) % (high - low + 1)}\n" for n, i in enumerate(items) for p in (1, 2, 3)]
    path.write_text("item,rater,dimension,score\n" + "".join(lines), encoding="utf-8")
    return path


# --- the guide ------------------------------------------------------------------------------------------------------


def test_the_guides_two_commands_run_as_written_and_print_what_it_shows(tmp_path: Path, here: Here) -> None:
    page = GUIDE.read_text(encoding="utf-8")
    for name, text in re.findall(r"^```\w+ file=(\S+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        (tmp_path / name).write_text(text, encoding="utf-8")
    commands = [line.removeprefix("$ sim ").split() for line in page.splitlines() if line.startswith("$ sim ")]
    assert [c[0] for c in commands] == ["score", "calibrate"]
    for command in commands:
        done = here.sim(*command)
        assert done.returncode == 0, done.stderr
    shown = page.split("among other tables:\n\n```text\n")[1].split("```")[0].splitlines()
    printed = {line.rstrip() for line in done.stdout.splitlines()}
    assert [line for line in shown if line not in printed] == []
    assert here.sim("check", "ask.yaml", "questions.yaml").returncode == 0


# --- what is asked --------------------------------------------------------------------------------------------------


def test_a_files_questions_are_asked_of_each_talk_and_the_table_has_the_logs_own_names(log: Path, here: Here) -> None:
    found = here.json("score", log, "--by", "system", "--rater", "offline/rater", "--ask", "ask.yaml", "--ratings", "out.csv")
    assert found["asked"]["by"] == "ask"
    assert found["asked"]["questions"] == ["clear", "warm"]
    written = table(Path("out.csv"))
    assert [(r["item"], r["group"]) for r in written[::2]] == [(f"Talk {n}", f"Talk {n}") for n in range(6)]
    assert {(r["system"], r["rater"], r["dimension"]) for r in written} == {
        (s, "observer:offline/rater", d) for s in ("Old Bot", "new") for d in ("clear", "warm")
    }
    assert {float(r["score"]) for r in written} <= set(range(7))
    assert load_run(found["run"]).folder.scorers["clear"].info.high == 6


def test_without_persona_or_questions_one_question_is_asked_and_said(log: Path, here: Here) -> None:
    done = here.sim("score", log, "--rater", "offline/rater", "--ratings", "out.csv")
    assert done.returncode == 0, done.stderr
    assert "Asked: liked, “How much would the person who wrote these messages like this reply" in done.stdout
    assert "sim: 13 ratings written to out.csv" in done.stderr
    written = table(Path("out.csv"))
    assert [r["item"] for r in written[:5]] == ["Talk 0/1", "Talk 0/2", "Talk 0/3", "Talk 1/1", "Talk 1/2"]
    assert {r["dimension"] for r in written} == {"liked"}
    assert {r["system"] for r in written} == {"talks"}


def test_as_a_persona_the_seven_dimensions_are_rated_and_what_was_said_in_the_talk_is_no_false_memory(log: Path, here: Here) -> None:
    found = here.json("score", log, "--rater", "offline/rater", "--persona", "davi", "--ratings", "out.csv")
    assert (found["asked"]["by"], found["ratings"]["primary"]) == ("persona", "")
    assert [r["rater"] for r in found["ratings"]["targets"]["talks"]] == ["observer:offline/rater"]
    written = table(Path("out.csv"))
    assert len(written) == 13 * 7
    exchanges = [e for t in load_run(found["run"]).trials for e in t.exchanges]
    given = [r for e in exchanges for r in e.ratings["observer:offline/rater"].values() if isinstance(r, Score)]
    assert not [r for r in given if r.false_memory]
    # Another person, or nobody, is another run of the same log.
    other = here.json("score", log, "--rater", "offline/rater", "--persona", "nadim")
    nobody = here.json("score", log, "--rater", "offline/rater")
    assert len({found["run"], other["run"], nobody["run"]}) == 3
    assert here.json("score", log, "--rater", "offline/rater", "--persona", "davi")["run"] == found["run"]
    assert here.json("score", nobody["run"], "--rater", "offline/rater")["asked"]["by"] == "default"
    assert here.json("score", found["run"], "--rater", "offline/rater")["asked"]["by"] == "persona"


def test_a_model_is_shown_the_talk_as_the_log_has_it_without_any_date(log: Path, server: Remote, here: Here) -> None:
    at = ("--api-base", server.url)
    for flags in (("--persona", "davi"), ("--ask", "ask.yaml"), ()):
        done = here.sim("score", log, "--rater", "openai/rater", *flags, *at)
        assert done.returncode == 0, done.stderr
    texts = ["\n".join(m["content"] for m in r["body"]["messages"]) for r in server.requests()]
    assert len(texts) >= 13 + 6 + 13
    days = re.compile(r"\b(?:Mon|Wednes|Thurs|Fri|Satur|Sun)day\b|\b20\d\d\b")
    assert [t for t in texts if days.search(t)] == []
    opened = [t for t in texts if "Hello, what is on your mind?" in t]
    assert len(opened) == 3 + 1 + 3
    assert "You had said nothing: the reply came by itself." in "\n".join(opened)


def test_replies_talks_and_people_go_by_the_names_of_the_log_and_none_twice(tmp_path: Path, here: Here) -> None:
    messages = [{"role": "user", "content": "Hello."}, {"role": "assistant", "content": "Hi there."}]
    keys: list[dict[str, object]] = [{"id": "nora", "session": 1}, {"id": "nora", "session": 2}, {"id": "x", "session": "ben"}]
    keys += [{"id": "y", "session": "ben"}, {"id": "d"}, {"id": "d"}]
    log = tmp_path / "talks.jsonl"
    log.write_text("".join(json.dumps({**k, "messages": messages}) + "\n" for k in keys), encoding="utf-8")
    ask = "scale: 1-7\nquestions:\n  a: {reads: reply, question: A?}\n  b: {reads: talk, question: B?}\n  c: {reads: person, question: C?}\n"
    Path("ask.yaml").write_text(ask, encoding="utf-8")
    here.json("score", log, "--rater", "offline/rater", "--ask", "ask.yaml", "--ratings", "out.csv")
    items = {d: [r["item"] for r in table(Path("out.csv")) if r["dimension"] == d] for d in ("a", "b", "c")}
    talks = ["nora/1", "nora/2", "x", "y", "d", "d#2"]
    assert items == {"a": [f"{t}/1" for t in talks], "b": talks, "c": ["nora", "ben", "d", "d#2"]}


# --- killed, and again ------------------------------------------------------------------------------------------------


def test_killed_it_asks_only_what_is_absent_and_the_table_is_whole(log: Path, server: Remote, tmp_path: Path) -> None:
    flags = ("--rater", "openai/judge", "--ask", "ask.yaml", "--api-base", server.url, "--concurrency", "1", "--ratings", "out.csv")
    server.fault("hang", role="judge", start=4, count=1)
    process = start("score", log, *flags, cwd=tmp_path)
    until(lambda: server.stats()["by_role"].get("judge", 0) >= 4 and server.stats()["inflight"] == 1, "the fourth talk hangs")
    process.kill()
    process.communicate()
    server.clear()
    server.release()
    assert not (tmp_path / "out.csv").exists()
    again = sim("score", log, *flags, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert server.stats()["by_role"]["judge"] == 6 + 1
    assert len([row for row in rows(tmp_path / "results" / "talks") if row.kind == "scored"]) == 12
    assert len(table(tmp_path / "out.csv")) == 12


def test_a_second_model_rates_a_run_of_its_own_and_both_are_held_against_people(log: Path, tmp_path: Path, server: Remote, here: Here) -> None:
    ask = ("--ask", "ask.yaml", "--by", "system")
    one = here.json("score", log, "--rater", "offline/rater", *ask, "--ratings", "one.csv")
    two = here.json("score", log, "--rater", "openai/x", *ask, "--api-base", server.url, "--ratings", "two.csv")
    assert (one["run"], two["run"]) == ("talks", "talks-2")
    humans = people(tmp_path, [f"Talk {n}" for n in range(6)], "Clear")
    found = here.json("calibrate", "one.csv", "two.csv", humans, "--reference", "human", "--scale", "0-6", "--unit", "talk")
    assert set(found["dimensions"]["clear"]) == {"observer:offline/rater", "observer:openai/x"}
    assert [(f["items"], f["met"]) for f in found["joined"]] == [(6, 6)] * 3
    assert (found["offline"], found["scales"]["clear"]["high"]) == (True, 6)
    assert found["ceiling"]["clear"]["people"] == 3
    assert set(found["ceiling"]["clear"]["raters"]) == {"observer:offline/rater", "observer:openai/x"}


# --- runs and files together ----------------------------------------------------------------------------------------


def test_a_run_joins_peoples_file_as_its_own_export_does(tmp_path: Path, there: Here) -> None:
    exported = there.sim("export", "mine", "--format", "ratings")
    assert exported.stdout == Path("out.csv").read_text(encoding="utf-8")
    humans = people(tmp_path, [f"Talk {n}" for n in range(6)], "clear")
    run, file = (there.json("calibrate", source, humans, "--reference", "human") for source in ("mine", "out.csv"))
    assert run["dimensions"] == file["dimensions"]
    assert run["scales"]["clear"] == {"low": 0, "high": 6, "names": []}
    shown = there.sim("calibrate", "mine", humans, "--reference", "human").stdout
    assert "6 of 6 items of run mine met" in shown
    assert "scale 0-6: clear" in shown


def test_a_simulated_run_is_asked_exported_and_calibrated_alike(tmp_path: Path, here: Here) -> None:
    (tmp_path / "ask.yaml").write_text(ASK, encoding="utf-8")
    assert here.sim("run", project(tmp_path)).returncode == 0
    done = here.sim("score", "small", "--rater", "offline/rater", "--ask", "ask.yaml", "--ratings", "out.csv")
    assert done.returncode == 0, done.stderr
    written = table(Path("out.csv"))
    assert {(r["dimension"], r["system"]) for r in written} == {(d, s) for d in ("clear", "warm") for s in ("keeps", "drops")}
    whole = here.sim("export", "small", "--format", "ratings").stdout.splitlines()
    dimensions = {row["dimension"] for row in csv.DictReader(whole)}
    assert {"clear", "warm", "length_fit", "enjoyment"} <= dimensions
    items = sorted({r["item"] for r in csv.DictReader(whole) if r["dimension"] == "length_fit"})
    found = here.json("calibrate", "small", people(tmp_path, items, "length_fit", low=1, high=5), "--reference", "human")
    assert found["joined"][1]["met"] == len(items) == 8
    assert found["dimensions"]["length_fit"]["self"]["clusters"] == 4


def test_events_of_a_log_keep_its_names_and_forgetting_deletes_them(log: Path, here: Here) -> None:
    here.json("score", log, "--rater", "offline/rater", "--ask", "ask.yaml")
    events = [e for of in load_run("talks").folder.load_events().values() for e in of]
    assert {e.part for e in events if isinstance(e, Judged) and e.kind == "scored"} == {"clear@1", "warm@1"}
    assert here.sim("forget", "talks", "--yes").returncode == 0
    exported = here.sim("export", "talks", "--format", "ratings").stdout
    assert "Talk" not in exported
    assert exported.count("\n") == 13


# --- what cannot be -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "flags", "said"),
    [
        ("item,rater,dimension\nTalk 0,human:1,clear\n", (), "people.csv:1: has no column 'score'"),
        ("item,rater,dimension,score\n", (), "people.csv: holds no rating"),
        ("", (), "people.csv: holds no rating"),
        ("item,rater,dimension,score\nTalk 0,human,clear,good\n", (), "people.csv:2: 'good' is not a score"),
        ("item,rater,dimension,score\nTalk 0,human,clear,7\n", (), "people.csv:2: score 7 on clear is not on its scale 0-6"),
        (
            "item,rater,dimension,score\nTalk 0,human,clear,3\n",
            ("--scale", "clear=1-5"),
            "people.csv: clear is on the scale 1-5 here, and on 0-6 in run mine",
        ),
        (
            "item,rater,dimension,score\nTalk 0,human,clear,3\nTalk 0,human,clear,4\n",
            (),
            "people.csv:3: 'human' rates 'Talk 0' on clear a second time",
        ),
        ("item,rater,dimension,score\nTalk 9,human,clear,3\n", (), "run mine: no item of it is in people.csv: such as 'Talk 0' · 'Talk 9'"),
        ("item,rater,dimension,score\nTalk 0/1,human,clear,3\n", (), "no item of it is in people.csv"),
        ("item,rater,dimension,score\nTalk 0,human,clever,3\n", (), "no dimension is: clear, warm · clever"),
        ("item,system,rater,dimension,score\nTalk 0,x,human,clear,3\nTalk 1,y,human,clear,3\n", (), "under other systems: Old Bot, new · x, y"),
        ("item,rater,dimension,score\nTalk 0,ann,clear,3\n", (), "has no rater 'human'; choose from: observer:offline/rater, ann"),
        ("item,rater,dimension,score\nTalk 0,human,clear,3\n", ("--scale", "six"), "--scale: 'six' is not a scale; write it as 0-6"),
        ("item,rater,dimension,score\nTalk 0,human,clear,3\n", ("--scale", "cleer=0-6"), "--scale: nobody rates 'cleer'; did you mean 'clear'?"),
        ("item,rater,dimension,score\nTalk 0,human,clear,3\n", ("--scale", "0-6", "--scale", "0-5"), "--scale: declares two scales"),
        ("item,rater,dimension,score\nTalk 0,human,clear,3\n", ("people.csv",), "'people.csv' is named twice"),
    ],
)
def test_bad_input_is_one_line(there: Here, text: str, flags: tuple[str, ...], said: str) -> None:
    Path("people.csv").write_text(text, encoding="utf-8")
    done = there.sim("calibrate", "mine", "people.csv", *flags, "--reference", "human")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert said in done.stderr


def test_semicolons_and_a_byte_order_mark_join_like_commas(there: Here) -> None:
    Path("people.csv").write_text("\ufeffItem;Rater;Dimension;Score\r\nTalk 0;human;clear;3\r\nTalk 1;human;clear;5\r\n", encoding="utf-8")
    found: Any = there.json("calibrate", "mine", "people.csv", "--reference", "human")
    assert found["joined"][1] == {"source": "people.csv", "items": 2, "met": 2}


def test_nothing_is_paid_for_where_the_table_could_not_be_written(log: Path, server: Remote, here: Here) -> None:
    Path("out.csv").write_text("my notes\n", encoding="utf-8")
    done = here.sim("score", log, "--rater", "openai/x", "--api-base", server.url, "--ratings", "out.csv")
    assert (done.returncode, done.stderr) == (
        2,
        "sim: out.csv: is there already and is something else; choose another place with --ratings, or delete it\n",
    )
    assert server.requests() == []
    assert not Path("results").exists()
