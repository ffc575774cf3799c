"""What a run says on standard error while it goes on: each fault once, and never what anybody said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from sim.cli.log_wish import LogLevel, LogWish
from sim.cli.logs import LogLost, configure_logging
from sim.core.errors import InputError
from sim.core.event import Call, CallLost, Event, Judged, Unscored
from sim.core.secrets import SECRETS
from sim.llm.telemetry import within
from tests.cli.command import Here
from tests.cli.small import project


def said(*events: Event) -> list[dict[str, object]]:
    with capture_logs() as logs:
        log = LogLost()
        for event in events:
            log.on_event(event)
    return [dict(line) for line in logs]


def failed(part: str, reason: str, exchange: int) -> Judged:
    unscored = Unscored(cause="scorer", reason=reason)
    return Judged(kind="scored", trial="t", session=1, take=1, exchange=exchange, part=part, result=unscored)


def test_the_first_failure_of_each_scorers_code_is_told_without_what_it_choked_on() -> None:
    reasons = [
        ("mine@1", "scorer 'mine' raised KeyError at mine.py:7: 'Biscuit'"),
        ("other@2", "scorer 'other' gave back what is not a number: 'Biscuit'"),
    ]
    lines = said(*(failed(part, reason, n) for n in (1, 2) for part, reason in reasons))
    assert [(line["event"], line["scorer"], line["error"]) for line in lines] == [
        ("scorer_failed", "mine", "scorer 'mine' raised KeyError at mine.py:7"),
        ("scorer_failed", "other", "scorer 'other' gave back what is not a number"),
    ]
    assert "Biscuit" not in repr(lines)


def test_what_a_model_could_not_score_is_no_fault_of_the_code() -> None:
    refused = Judged(kind="scored", trial="t", session=1, take=1, exchange=1, part="mine@1", result=Unscored(cause="refused", reason="No."))
    assert said(refused) == []


def test_calls_lost_at_one_place_for_one_cause_are_told_once_whatever_the_attempt() -> None:
    call = Call(role="judge", model="m", prompt="0" * 16)
    place = {"trial": "t", "session": 1, "take": 1, "exchange": 1, "calls": (call,), "cause": "infrastructure", "message": "away"}
    parts = ("judge:mine@1#1", "judge:mine@1#2", "judge:mine@1+other@2#1", "rate_likability:self#1")
    assert [line["at"] for line in said(*(CallLost(part=p, **place) for p in parts))] == [
        "judge:mine@1",
        "judge:mine@1+other@2",
        "rate_likability:self",
    ]  # type: ignore[arg-type]


# --- how lines look -----------------------------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SIM_LOG", raising=False)
    project(tmp_path)
    return Here(capsys)


def test_ids_are_on_every_line_that_is_written_within_them(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogWish(LogLevel.info, as_json=True))
    with within("run", run="r"), within("trial", trial="t"):
        with within("exchange", session=2, exchange=7):
            structlog.get_logger().info("inner")
        structlog.get_logger().info("outer")
    inner, outer = map(json.loads, capsys.readouterr().err.splitlines())
    assert {k: inner[k] for k in ("run", "trial", "session", "exchange")} == {"run": "r", "trial": "t", "session": 2, "exchange": 7}
    assert inner["timestamp"].endswith("Z")
    assert "session" not in outer


@pytest.mark.parametrize("as_json", [True, False])
def test_a_key_is_in_no_line_whoever_writes_it(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    SECRETS.add("velvet-harbour-7731")
    configure_logging(LogWish(LogLevel.debug, as_json=as_json))
    structlog.get_logger().error(
        "refused", error="the key velvet-harbour-7731 is wrong", headers={"x": "velvet-harbour-7731"}, other="sk-abcdef123456"
    )
    said = capsys.readouterr().err
    assert "velvet" not in said
    assert "abcdef123456" not in said
    assert said.count("[key]") == 3


def test_a_run_as_json_is_json_lines_on_standard_error_and_one_document_on_standard_output(here: Here) -> None:
    done = here.sim("run", "small.yaml", "--log-json", "--log-level", "debug", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["run"] == "small"
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert {"notice", "session_opened", "session_closed", "trial_finished", "call_answered", "target_replied"} <= {line["event"] for line in lines}
    calls = [line for line in lines if line["event"] == "call_answered" and line["role"] == "target"]
    places = {(line["run"], line["trial"], line["session"], line["exchange"]) for line in calls}
    assert len(places) == 2 * 2 * 2
    assert ("small", "davi/short/keeps/1", 2, 1) in places


def test_nothing_that_was_said_is_in_a_line_however_closely_one_looks(here: Here) -> None:
    done = here.sim("run", "small.yaml", "--log-level", "debug")
    assert "call_answered" in done.stderr
    assert "home at last" not in done.stderr
    assert "teal" not in done.stderr


def test_without_a_wish_a_run_that_goes_well_logs_nothing(here: Here) -> None:
    done = here.sim("run", "small.yaml")
    assert "[info" not in done.stderr
    assert "[debug" not in done.stderr


def test_the_level_of_the_environment_is_one_of_four(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIM_LOG", "inof")
    done = here.sim("run", "small.yaml")
    assert (done.returncode, done.stderr) == (2, "sim: SIM_LOG: 'inof' is not a level of logging; did you mean 'info'?\n")
    with pytest.raises(InputError):
        configure_logging()
    monkeypatch.setenv("SIM_LOG", "INFO")
    assert "session_opened" in here.sim("run", "small.yaml").stderr
    assert "session_opened" not in here.sim("run", "small.yaml", "--log-level", "error").stderr


def test_judging_a_run_again_logs_in_json_too(here: Here) -> None:
    assert here.sim("run", "small.yaml").returncode == 0
    done = here.sim("score", "small", "--rater", "offline/rater", "--log-json", "--log-level", "debug", "--json")
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    rated = [line for line in lines if line["event"] == "call_answered"]
    assert done.returncode == 0
    assert len({(line["run"], line["trial"], line["session"], line["exchange"]) for line in rated}) == len(rated) == 8
