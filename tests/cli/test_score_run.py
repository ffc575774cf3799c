"""`sim score RUN`: other raters and taggers on what was said, without one call to user or target, bought once and kept in the run."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Here, Running, first_look, sim, start
from tests.cli.journals import happened, rows
from tests.cli.small import contents
from tests.cli.test_score_log import MEASURES
from tests.server import Remote
from tests.waiting import CEILING, until

REPLIES = 36
"""Two trials, three sessions of six exchanges."""
SAILORS = "id: sailors\nsource: the harbour\nmoves:\n  - {id: shanty, definition: Breaks into a shanty.}\n"


@pytest.fixture(scope="module")
def made(server: Remote, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run, to be copied."""
    folder = tmp_path_factory.mktemp("made")
    study = first_look(folder, server.url, personas="[davi]", seeds="1", limits="{retries: 1, timeout: 30}", controls="{one_by_one: 0, repeat: 0}")
    done = sim("run", study, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def folder(made: Path, server: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of it, which commands run in, while the server has counted nothing yet."""
    shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    server.reset()
    yield tmp_path / "here"
    server.clear()
    server.release()


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Here:
    return Here(capsys)


def at(server: Remote, *flags: str) -> tuple[str, ...]:
    return "first-look", *flags, "--api-base", server.url


def run_of(folder: Path) -> Path:
    return folder / "results" / "first-look"


# --- looking ------------------------------------------------------------------------------------------------------


def test_without_a_judge_the_runs_own_tags_are_shown_and_nothing_is_written(server: Remote, folder: Path, here: Here) -> None:
    before = contents(folder)
    found = here.json("score", "first-look")
    assert (found["run"], found["offline"], found["absent"], len(found["replies"])) == ("first-look", False, 0, REPLIES)
    assert set(found["repetition"]) >= MEASURES
    assert (found["tagger"], found["conversations"], found["repetition"]["pairs"]) == ("offline", 6, 30)
    assert (found["replies"][0]["id"], [r["index"] for r in found["replies"][:3]]) == ("davi/new-in-town/remembers/1/1", [1, 3, 5])
    shown = here.json("show", "first-look")
    by = here.json("score", "first-look", "--only", "repetition", "--by", "target")
    for target in shown["targets"]:
        same = by["groups"][target["target"]]
        assert [same[m] for m in ("jaccard", "repertoire", "excess")] == [target["repetition"][m] for m in ("jaccard", "repertoire", "excess")]
    assert contents(folder) == before
    assert server.stats()["calls"] == 0
    assert "2 targets together: --by target tells them apart" in here.sim("score", "first-look").stdout


# --- judging ------------------------------------------------------------------------------------------------------


def test_another_tagger_costs_a_call_a_reply_and_none_the_second_time(server: Remote, folder: Path, here: Here) -> None:
    before = rows(run_of(folder))
    found = here.json("score", *at(server, "--tagger", "openai/tagger"))
    assert server.stats()["by_role"] == {"tagger": REPLIES}
    assert (found["tagger"], found["repetition"]["tagger"], found["absent"], found["untagged"]) == ("openai/tagger", "openai/tagger", 0, 0)
    assert found["repetition"]["per_1000_replies"]["calls"] == 1000
    after = rows(run_of(folder))
    assert after[: len(before)] == before
    assert {(r.kind, r.part) for r in after[len(before) :]} == {("tagged", "openai/tagger")}
    assert here.json("score", "first-look", "--tagger", "openai/tagger") == found, "what is kept needs neither server nor key"
    assert server.stats()["calls"] == REPLIES


def test_later_tags_stand_in_show_transcript_and_export(server: Remote, folder: Path, here: Here) -> None:
    found = here.json("score", *at(server, "--tagger", "openai/tagger", "--only", "repetition", "--by", "target"))
    shown = here.json("show", "first-look")
    for target in shown["targets"]:
        assert target["repetition"]["tagger"] == "offline"
        assert target["other_taggers"]["openai/tagger"]["jaccard"] == found["groups"][target["target"]]["jaccard"]
    assert "(tagger openai/tagger, codebook mint)" in here.sim("show", "first-look", "--section", "repetition").stdout
    trial = here.json("show", "first-look", "davi/forgets")
    moves = trial["sessions"][0]["exchanges"][0]["other_moves"]["openai/tagger"]
    page = here.sim("show", "first-look", "davi/forgets").stdout
    assert " ".join(", ".join(moves).replace("_", " ").split()) in " ".join(page.split())
    exported = [json.loads(line) for line in here.sim("export", "first-look").stdout.splitlines()]
    assert all(set(r["other_moves"]) == {"openai/tagger"} for r in exported if r["record"] == "exchange")
    assert json.loads((run_of(folder) / "header.json").read_text())["scorers"]["openai/tagger"] == "1"


def test_raters_are_observers_beside_the_others(server: Remote, folder: Path, here: Here) -> None:
    found = here.json("score", *at(server, "--rater", "openai/second/rater", "--rater", "openai/third/rater"))
    assert server.stats()["by_role"] == {"rater": 2 * REPLIES}
    assert found["absent"] == 0
    ids = ["observer:openai/rater", "observer:openai/second/rater", "observer:openai/third/rater"]
    assert found["ratings"]["primary"] == ids[0]
    assert {t: [r["rater"] for r in of] for t, of in found["ratings"]["targets"].items()} == {"remembers": ids, "forgets": ids}
    assert all(r["n"] == REPLIES / 2 for of in found["ratings"]["targets"].values() for r in of)
    shown = here.json("show", "first-look")
    for target in shown["targets"]:
        assert list(target["likability"]["observers"]) == ids[1:]
    assert "criterion" in shown["targets"][0], "only the primary rater looks back on sessions"
    assert [r.exchange for r in rows(run_of(folder)) if r.part == ids[1] and r.exchange == 0] == []
    page = here.sim("score", "first-look", "--rater", "openai/second/rater").stdout
    assert "observer:openai/second/rater" in page


def test_what_a_rater_is_shown_later_is_what_it_would_have_been_shown_at_once(server: Remote, folder: Path, here: Here) -> None:
    """The run's own rater, its ratings taken out of the journal, is asked the same again."""
    import sqlite3

    whole = happened(run_of(folder))
    with sqlite3.connect(run_of(folder) / "run.db") as db:
        db.execute("DELETE FROM event WHERE kind = 'rated' AND exchange > 0")
    db.close()
    assert here.sim("score", *at(server, "--rater", "openai/rater")).returncode == 0
    assert server.stats()["by_role"] == {"rater": REPLIES}
    assert happened(run_of(folder)) == whole


def test_a_codebook_of_ones_own_is_kept_with_the_run_and_its_tags_apart(server: Remote, folder: Path, here: Here) -> None:
    (folder / "sailors.yaml").write_text(SAILORS)
    found = here.json("score", *at(server, "--tagger", "openai/tagger", "--codebook", "sailors.yaml"))
    assert (found["codebook"], list(found["repetition"]["per_move"])) == ("sailors", ["shanty"])
    assert {r.part for r in rows(run_of(folder)) if r.kind == "tagged"} == {"offline", "openai/tagger@sailors"}
    (folder / "sailors.yaml").unlink()
    assert here.json("score", "first-look", "--tagger", "openai/tagger", "--codebook", "sailors") == found
    assert here.json("show", "first-look")["targets"][0]["other_taggers"]["openai/tagger@sailors"]["codebook"] == "sailors"
    (folder / "sailors.yaml").write_text(SAILORS.replace("Breaks into", "Hums"))
    refused = here.sim("score", *at(server, "--tagger", "openai/tagger", "--codebook", "sailors.yaml"))
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "another text of codebook 'sailors'" in refused.stderr


# --- ends ---------------------------------------------------------------------------------------------------------


def whole_after(server: Remote, here: Here, folder: Path, *, repeated: int) -> None:
    """Saying it again buys what is absent, and the run is as if nothing had happened."""
    server.clear()
    server.release()
    assert here.sim("score", *at(server, "--tagger", "openai/tagger")).returncode == 0
    assert server.stats()["calls"] <= REPLIES + repeated
    tagged = [r for r in happened(run_of(folder)) if r.part == "openai/tagger"]
    assert len(tagged) == REPLIES
    assert here.json("show", "first-look")["status"] == "finished"


def held(server: Remote, folder: Path, *, nth: int = 8) -> Running:
    """A scoring held inside one call."""
    server.fault("hang", role="tagger", start=nth, count=1)
    process = start("score", *at(server, "--tagger", "openai/tagger", "--concurrency", "1", "--json"), cwd=folder)
    until(lambda: process.poll() is not None or (server.stats()["inflight"] == 1 and server.stats()["answered"] == nth - 1), "the call hangs")
    return process


def test_killed_it_goes_on_where_it_stopped_and_nobody_else_may_write_meanwhile(server: Remote, folder: Path, here: Here) -> None:
    process = held(server, folder)
    second = here.sim("score", *at(server, "--tagger", "openai/tagger"))
    assert (second.returncode, second.stdout, second.stderr.count("\n")) == (2, "", 1)
    assert "is being written by process" in second.stderr
    process.kill()
    process.communicate()
    assert len([r for r in rows(run_of(folder)) if r.part == "openai/tagger"]) == 7
    whole_after(server, here, folder, repeated=1)


def test_interrupted_it_keeps_what_is_in_flight_and_buys_no_more(server: Remote, folder: Path, here: Here) -> None:
    process = held(server, folder)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert any("stopping" in line for line in process.stderr)
    server.release()
    out, errors = process.communicate(timeout=CEILING)
    assert (process.returncode, "Traceback" in errors) == (130, False), errors
    assert json.loads(out)["absent"] == REPLIES - 8
    assert server.stats()["calls"] == 8
    whole_after(server, here, folder, repeated=0)


def test_a_budget_ends_it_and_counts_what_the_same_judge_has_spent_before(server: Remote, folder: Path, here: Here) -> None:
    ask = at(server, "--tagger", "openai/tagger", "--max-tokens", "20000", "--concurrency", "1")
    first = here.sim("score", *ask, "--only", "repetition", "--json")
    assert (first.returncode, "Traceback" in first.stderr) == (3, False)
    made, absent = server.stats()["calls"], json.loads(first.stdout)["absent"]
    assert 0 < made < REPLIES
    assert absent == REPLIES - made
    assert f"sim: {absent} verdicts are missing; the same command asks for them" in first.stderr
    assert here.sim("score", *ask).returncode == 3
    assert server.stats()["calls"] == made
    whole_after(server, here, folder, repeated=0)


def test_a_dead_server_is_given_up_and_costs_nothing_that_was_kept(server: Remote, folder: Path, here: Here) -> None:
    server.fault("unauthorized", role="tagger")
    done = here.sim("score", *at(server, "--tagger", "openai/tagger", "--concurrency", "2"), "--json")
    assert (done.returncode, json.loads(done.stdout)["absent"]) == (3, REPLIES)
    made = server.stats()["calls"]
    assert made <= 4
    whole_after(server, here, folder, repeated=made)


def test_what_a_model_cannot_answer_is_no_tag_and_is_not_asked_for_again(server: Remote, folder: Path, here: Here) -> None:
    server.fault("not_json", role="tagger", count=2)
    ask = at(server, "--tagger", "openai/tagger", "--concurrency", "1")
    found = here.json("score", *ask)
    assert (found["untagged"], found["absent"], found["replies"][0]["moves"]) == (1, 0, None)
    assert server.stats()["calls"] == REPLIES + 1
    here.json("score", *ask)
    assert server.stats()["calls"] == REPLIES + 1


def test_forgotten_trials_are_judged_no_more(server: Remote, folder: Path, here: Here) -> None:
    assert here.sim("forget", "first-look", "--yes").returncode == 0
    found: Any = here.json("score", *at(server, "--tagger", "openai/tagger"))
    assert (found["untagged"], server.stats()["calls"]) == (REPLIES, 0)


# --- what leaves, and what is refused -----------------------------------------------------------------------------


def test_what_leaves_the_machine_is_said_first_or_refused(folder: Path, here: Here) -> None:
    away = ("first-look", "--rater", "openai/x", "--tagger", "openai/y", "--api-base", "http://192.0.2.1:9/v1")
    refused = here.sim("score", *away, "--local-only")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "the rater observer:openai/x is at 192.0.2.1, outside this machine" in refused.stderr
    said = here.sim("score", *away, "--max-minutes", "0.0000001").stderr.splitlines()[0]
    assert said.startswith("Leaving this machine, in 2 conversations: texts of personas and scenarios and all messages to 192.0.2.1 (")
    assert "rater observer:openai/x, tagger" in said


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--rater", "gpt"], "sim: --rater: 'gpt' is not a model's name; write it as provider/name, such as openai/gpt-5 or offline/rater"),
        (["--rater", "offline/uses"], "sim: offline/uses cannot play a rater"),
        (
            ["--rater", "openai/x", "--only", "moves"],
            "sim: --only: is about moves, and --rater is about ratings; leave one out, or name a --tagger too",
        ),
        (["--rater", "openai/x", "--by", "target"], "sim: --by: is about moves"),
        (["--codebook", "trust"], "sim: --codebook: is what a tagger goes by, and none is named; add --tagger MODEL"),
        (["--codebook", "trust", "--tagger", "offline"], "sim: offline/tagger knows the moves of codebook 'mint' and no others"),
        (["--by", "targt"], "sim: --by: the sessions of a run have no 'targt'; did you mean 'target'?"),
        (["--teacher-forced", "x.jsonl"], "sim: --teacher-forced: pairs a log with another log; leave it out for a run"),
        (["--rater", "openai/x", "--api-key-env", "NO_SUCH_KEY"], "sim: openai/x takes its key from NO_SUCH_KEY, which is not set"),
    ],
)
def test_flags_that_cannot_be_are_refused_and_nothing_is_written(folder: Path, here: Here, flags: list[str], said: str) -> None:
    before = contents(folder)
    done = here.sim("score", "first-look", *flags)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert done.stderr.startswith(said)
    assert contents(folder) == before
