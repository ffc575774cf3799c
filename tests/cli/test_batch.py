"""`sim score RUN --batch`: verdicts by the files of two providers, for half the price, none lost and none bought twice."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sim.store.runs import open_run
from tests.batches import Batches, Made, batches
from tests.cli.command import Done, Here, sim, start
from tests.cli.small import project
from tests.server import serve
from tests.waiting import CEILING, until

REPLIES = 8
"""Two trials, two sessions of two exchanges."""
NOTHING = {"input": 0, "output": 0, "cached": 0, "cache_write": 0, "reasoning": 0}
KEY = "sk-canary-19c5e07d3b8f4a26"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    project(folder)
    done = sim("run", "small.yaml", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_API_BASE", "OPENAI_BASE_URL", "ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "here"


@pytest.fixture
def there() -> Iterator[Batches]:
    with batches() as running:
        yield running


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Here:
    return Here(capsys)


def wish(there: Batches, *flags: str) -> tuple[str, ...]:
    return "score", "small", "--batch", "--rater", "openai/rater", "--api-base", there.openai, *flags


def by_openai(here: Here, there: Batches, *flags: str) -> Done:
    return here.sim(*wish(there, *flags))


def events(folder: Path, kind: str, part: str = "observer:openai/rater", run: str = "small") -> list[dict[str, Any]]:
    """The run's events of that kind whose part names `part`, in order of their places."""
    found = [e for of in open_run(run, folder / "results").load_events().values() for e in of if e.kind == kind and part in e.part]
    return [e.model_dump(mode="json") for e in sorted(found, key=lambda e: (e.trial, e.session, e.exchange))]


# --- what is bought -----------------------------------------------------------------------------------------------------


def test_one_batch_brings_what_single_calls_bring(folder: Path, there: Batches, here: Here) -> None:
    shutil.copytree(folder / "results" / "small", folder / "results" / "single")
    done = by_openai(here, there)
    assert done.returncode == 0, done.stderr
    assert there.lines == [REPLIES]
    with serve() as server:
        assert here.sim("score", "single", "--rater", "openai/rater", "--api-base", server.url).returncode == 0
    batched, single = ([e["result"] for e in events(folder, "rated", run=run)] for run in ("small", "single"))
    assert len(batched) == REPLIES
    assert batched == single


def test_what_is_whole_is_not_asked_again(folder: Path, there: Batches, here: Here) -> None:
    assert by_openai(here, there).returncode == 0
    assert by_openai(here, there).returncode == 0
    assert there.lines == [REPLIES]


def test_only_what_does_not_fit_is_asked_again_in_a_second_batch(folder: Path, there: Batches, here: Here) -> None:
    there.spoil = {1: "misshaped", 5: "misshaped"}
    assert by_openai(here, there).returncode == 0
    assert there.lines == [REPLIES, 2]
    assert sorted(len(e["calls"]) for e in events(folder, "rated")) == [1] * (REPLIES - 2) + [2, 2]


def test_a_batch_is_logged_as_the_runs_and_as_nobodys_in_it(folder: Path, there: Batches, here: Here) -> None:
    done = by_openai(here, there, "--log-json")
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    sent, over = (next(line for line in lines if line["event"] == event) for event in ("batch_sent", "batch_over"))
    assert (sent["run"], sent["batch"], sent["requests"], over["done"]) == ("small", "batch_1", REPLIES, REPLIES)
    assert not {"trial", "session", "exchange"} & {*sent, *over}


def test_several_judges_have_a_batch_each(folder: Path, there: Batches, here: Here) -> None:
    done = by_openai(here, there, "--tagger", "openai/tagger")
    assert done.returncode == 0, done.stderr
    assert sorted(there.lines) == [REPLIES, REPLIES]
    assert {made.requests[0][1]["model"] for made in there.made} == {"rater", "tagger"}


def test_a_server_that_refuses_a_form_is_asked_in_the_next(folder: Path, there: Batches, here: Here) -> None:
    there.spoil = dict.fromkeys(range(REPLIES), "refused_form")
    assert by_openai(here, there).returncode == 0
    assert there.lines == [REPLIES, REPLIES]
    formats = [made.requests[0][1]["response_format"]["type"] for made in there.made]
    assert formats == ["json_schema", "json_object"]


# --- what goes wrong with a line ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["errored", "expired", "missing"])
def test_lines_that_came_to_nothing_are_asked_again_by_the_same_command_and_no_others(kind: str, folder: Path, there: Batches, here: Here) -> None:
    there.spoil = {0: kind, 3: kind, 4: kind}
    done = by_openai(here, there)
    assert done.returncode == 3
    assert done.stderr.endswith("sim: 3 verdicts are missing; the same command asks for them\n")
    assert "Traceback" not in done.stderr
    assert len(events(folder, "rated")) == REPLIES - 3
    assert by_openai(here, there).returncode == 0
    assert there.lines == [REPLIES, 3]
    assert len(events(folder, "rated")) == REPLIES


def test_a_first_answer_whose_repair_expired_is_used_again_and_counted_once(folder: Path, there: Batches, here: Here) -> None:
    there.spoil = {2: "misshaped"}
    there.held = True
    # The second batch holds the repair alone, which expires.
    make = there.make

    def spoil_the_second(requests: list[tuple[str, dict[str, object]]], label: str | None) -> object:
        there.held = False
        if there.made:
            there.spoil = {0: "expired"}
        return make(requests, label)

    there.make = spoil_the_second  # type: ignore[method-assign, assignment]
    assert by_openai(here, there).returncode == 3
    there.make = make  # type: ignore[method-assign]
    assert by_openai(here, there).returncode == 0
    assert there.lines == [REPLIES, 1, 1]
    (lost,) = events(folder, "call_lost")
    repaired = next(e for e in events(folder, "rated") if len(e["calls"]) == 2)
    first_paid, first_again = lost["calls"][0], repaired["calls"][0]
    assert first_paid["usage"]["input"] > 0
    assert (first_paid["prompt"], first_again["usage"]) == (first_again["prompt"], NOTHING)


# --- what goes wrong with a batch -----------------------------------------------------------------------------------------


def test_a_batch_that_fails_as_a_whole_is_one_line_and_is_made_anew_by_the_same_command(folder: Path, there: Batches, here: Here) -> None:
    there.fail_next = "the file is not valid JSONL"
    done = by_openai(here, there)
    assert done.returncode == 3
    assert done.stderr.count("batch batch_1 failed: the file is not valid JSONL") == 1
    assert events(folder, "call_lost", "") == []
    assert by_openai(here, there).returncode == 0
    assert there.lines == [REPLIES, REPLIES]


@pytest.mark.parametrize("status", [401, 403, 400])
def test_a_refused_upload_is_one_line_without_the_key(status: int, folder: Path, there: Batches, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCH_KEY", KEY)
    there.statuses = [status]
    done = by_openai(here, there, "--api-key-env", "BATCH_KEY")
    assert done.returncode == 3
    assert done.stderr.count("no batch was made: ") == 1
    assert f"status {status}" in done.stderr
    assert KEY not in done.stderr + "".join(p.read_text(errors="replace") for p in (folder / "results").rglob("*") if p.is_file())
    assert there.asked[0][2]["authorization"] == f"Bearer {KEY}"
    assert events(folder, "call_lost", "") == []


def test_a_provider_that_breaks_while_a_batch_is_waited_for_is_asked_on(folder: Path, there: Batches, here: Here) -> None:
    make = there.make

    def break_afterwards(requests: list[tuple[str, dict[str, object]]], label: str | None) -> object:
        made = make(requests, label)
        there.statuses = [500, 429]
        return made

    there.make = break_afterwards  # type: ignore[method-assign, assignment]
    done = by_openai(here, there)
    assert done.returncode == 0, done.stderr
    assert there.lines == [REPLIES]


def test_a_batch_whose_id_was_lost_on_the_way_is_found_and_not_made_twice(folder: Path, there: Batches, here: Here) -> None:
    there.mute_create = True
    assert by_openai(here, there).returncode == 0
    assert there.lines == [REPLIES]


# --- kills and interrupts -------------------------------------------------------------------------------------------------


@pytest.mark.whole
def test_a_command_that_is_killed_loses_nothing_and_buys_nothing_twice(folder: Path, there: Batches, here: Here) -> None:
    there.held = True
    process = start(*wish(there), cwd=folder)
    until(lambda: any(method == "GET" for method, _, _ in there.asked), "a look at the batch")
    process.kill()
    process.communicate(timeout=CEILING)
    there.release()
    assert by_openai(here, there).returncode == 0
    assert there.lines == [REPLIES]
    assert len(events(folder, "rated")) == REPLIES


@pytest.mark.whole
def test_a_batch_whose_id_was_never_heard_is_found_after_a_kill(folder: Path, there: Batches, here: Here) -> None:
    there.hang_create = True
    process = start(*wish(there), cwd=folder)
    until(lambda: there.made, "a batch")
    process.kill()
    process.communicate(timeout=CEILING)
    assert by_openai(here, there).returncode == 0
    assert there.lines == [REPLIES]


@pytest.mark.whole
def test_an_interrupted_command_leaves_the_batch_where_it_is(folder: Path, there: Batches, here: Here) -> None:
    there.held = True
    process = start(*wish(there), cwd=folder)
    until(lambda: any(method == "GET" for method, _, _ in there.asked), "a look at the batch")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=CEILING)
    assert process.returncode == 130, errors
    assert errors.endswith(f"sim: {REPLIES} verdicts are missing; the same command asks for them\n")
    assert events(folder, "call_lost", "") == []
    there.release()
    assert by_openai(here, there).returncode == 0
    assert there.lines == [REPLIES]


def test_a_ledger_that_was_cut_by_a_kill_is_read_and_one_that_was_damaged_is_told(folder: Path, there: Batches, here: Here) -> None:
    ledger = folder / "results" / "small" / "batches.jsonl"
    there.spoil = {0: "errored"}
    assert by_openai(here, there).returncode == 3
    whole = ledger.read_text()
    refused = here.sim("export", "small", "--out", ledger)
    assert (refused.returncode, "is one of a run's own files" in refused.stderr) == (2, True)
    assert ledger.stat().st_mode & 0o077 == 0
    ledger.write_text(whole + '{"label": "cut')
    assert by_openai(here, there).returncode == 0
    assert there.lines == [REPLIES, 1]
    assert [json.loads(line)["model"] for line in ledger.read_text().splitlines()] == [f"openai/rater at {there.openai[7:-3]}"] * 4
    ledger.write_text("nonsense\n" + whole)
    done = by_openai(here, there, "--tagger", "openai/tagger")
    assert done.returncode == 2
    assert "batches.jsonl:1: is not a line of the ledger of batches" in done.stderr


# --- price, providers, refusals -------------------------------------------------------------------------------------------


def test_half_the_price_is_said_before_and_kept_in_the_journal(folder: Path, there: Batches, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", there.openai)
    done = here.sim("score", "small", "--batch", "--rater", "openai/gpt-4o-mini")
    assert done.returncode == 0, done.stderr
    said = next(line for line in done.stderr.splitlines() if line.startswith("batch of "))
    assert said.startswith(f"batch of {REPLIES} calls to openai/gpt-4o-mini: some ")
    assert " at half the price of single calls ($" in said
    assert said.endswith("; it may take 24 hours")
    calls = [call for e in events(folder, "rated", "observer:openai/gpt-4o-mini") for call in e["calls"]]
    assert len(calls) == REPLIES
    for call in calls:
        single = call["usage"]["input"] * 0.15e-6 + call["usage"]["output"] * 0.6e-6
        assert call["cost"] == pytest.approx(single / 2)
    assert there.made[0].requests[0][1]["model"] == "gpt-4o-mini"


def test_a_budget_that_not_all_fit_into_is_kept_and_no_request_waits_for_ever(folder: Path, there: Batches, here: Here) -> None:
    done = by_openai(here, there, "--max-tokens", "9000")
    assert done.returncode == 3, done.stderr
    assert len(there.lines) > 1  # What the first left over of its reservations is enough for another.
    assert 0 < sum(there.lines) < REPLIES
    calls = [call for e in events(folder, "rated") for call in e["calls"]]
    assert sum(call["usage"]["input"] + call["usage"]["output"] for call in calls) <= 9000
    assert by_openai(here, there, "--max-tokens", "90000").returncode == 0
    assert sum(there.lines) == REPLIES


@pytest.mark.parametrize("model", ["anthropic/claude-sonnet-4-5", "anthropic/rater"])
def test_anthropics_batches_bring_verdicts(model: str, folder: Path, there: Batches, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_BASE", there.anthropic)
    there.spoil = {1: "errored", 2: "expired", 3: "canceled", 4: "misshaped"}
    done = here.sim("score", "small", "--batch", "--rater", model)
    assert done.returncode == 3, done.stderr
    assert there.lines == [REPLIES, 1]
    assert len(events(folder, "rated", f"observer:{model}")) == REPLIES - 3
    assert here.sim("score", "small", "--batch", "--rater", model).returncode == 0
    assert there.lines == [REPLIES, 1, 3]
    (call, *_) = events(folder, "rated", f"observer:{model}")[0]["calls"]
    assert call["usage"] == {**NOTHING, "input": 1000, "output": 200, "cached": 100}
    posted = next(headers for method, _, headers in there.asked if method == "POST")
    assert (posted["x-api-key"], posted["anthropic-version"]) == (KEY, "2023-06-01")
    assert ("anthropic-beta" in posted) == (model != "anthropic/rater")
    assert all("anthropic-beta" not in params and "json_mode" not in params for made in there.made for _, params in made.requests)


def test_an_anthropic_batch_whose_id_was_lost_is_found_by_its_results(
    folder: Path, there: Batches, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_BASE", there.anthropic)
    there.mute_create = True
    done = here.sim("score", "small", "--batch", "--rater", "anthropic/rater")
    assert done.returncode == 0, done.stderr
    assert there.lines == [REPLIES]


def test_an_anthropic_batch_that_it_may_be_is_waited_for(folder: Path, there: Batches, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_BASE", there.anthropic)
    there.mute_create = there.held = True
    tell = there.as_anthropic

    def release_when_listed(made: Made) -> dict[str, Any]:
        told = tell(made)
        if there.asked[-1][:2] == ("GET", "/v1/messages/batches"):
            there.release()
        return told

    there.as_anthropic = release_when_listed  # type: ignore[method-assign]
    done = here.sim("score", "small", "--batch", "--rater", "anthropic/rater")
    assert done.returncode == 0, done.stderr
    assert there.lines == [REPLIES]
    assert done.stderr.count("batch_waits") == 1


def test_smaller_batches_follow_each_other_where_that_is_asked(folder: Path, there: Batches, here: Here) -> None:
    assert by_openai(here, there, "--concurrency", "3").returncode == 0
    assert there.lines == [3, 3, 2]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (
            ("--rater", "offline/rater"),
            "the rater observer:offline/rater is offline/rater, which runs in this process at no price; leave --batch out",
        ),
        (("--rater", "groq/llama"), "is groq/llama, whose provider's batches are not known here; name a model as openai/… or anthropic/…"),
        ((), "--batch: is about models that judge, and none is asked; add --rater, --tagger or --scorer"),
    ],
)
def test_what_cannot_be_asked_in_batches_is_refused(flags: tuple[str, ...], says: str, folder: Path, here: Here) -> None:
    done = here.sim("score", "small", "--batch", *flags)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_log_is_not_scored_in_batches(folder: Path, here: Here) -> None:
    (folder / "log.jsonl").write_text('[{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}]\n')
    done = here.sim("score", "log.jsonl", "--batch")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--batch: is for a run, and this is a log; keep the log as a run with --name NAME" in done.stderr


def test_where_nothing_may_leave_batches_are_refused_too(folder: Path, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    done = here.sim("score", "small", "--batch", "--rater", "openai/gpt-4o-mini", "--local-only")
    assert done.returncode == 2
    assert "is at api.openai.com, outside this machine" in done.stderr
