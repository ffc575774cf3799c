"""What a run says on standard error while it goes on: each fault once, and never what anybody said."""

from __future__ import annotations

from structlog.testing import capture_logs

from sim.cli.logs import LogLost
from sim.core.event import Call, CallLost, Event, Judged, Unscored


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
