"""How a run is shown while it goes on: what is still to come is guessed from what has happened, and what is in flight is told beside it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import pty
import re
import time

import pytest

from sim.cli.log_wish import LogWish
from sim.cli.logs import configure_logging
from sim.core.event import Call, Event, Meta, SessionClosed, SessionOpened, TargetReplied, Timing, TrialFailed, TrialFinished, UserSpoke, Utterance
from sim.core.fold import fold
from sim.core.record import Trial
from sim.core.spec import Limits
from sim.engine.plan import plan_trials
from sim.llm.traffic.lanes import CallDestination
from sim.llm.traffic.passage import TokenEstimate, Traffic
from sim.present.text.progress import EVERY, RARELY, CallsSeen, Gaps, Progress, going_on
from tests import examples
from tests.waiting import soon

(PLAN,) = plan_trials(examples.study(targets=examples.study().targets[:1], seeds=(1,)), [examples.persona()], [examples.scenario()])
MOST = [s.spec.exchanges.max for s in PLAN.cast.sessions]


def session(index: int, exchanges: int, *, take: int = 1, closed: bool = True) -> list[Event]:
    """A session of so many exchanges."""
    place = {"trial": PLAN.id, "session": index, "take": take}
    events: list[Event] = [SessionOpened(**place, date=PLAN.cast.sessions[index - 1].date)]
    for n in range(1, exchanges + 1):
        events += [UserSpoke(**place, exchange=n, said=Utterance(message="Hello?")), TargetReplied(**place, exchange=n, reply="Hm.")]
    return [*events, SessionClosed(**place, ending="left")] if closed else events


def counted(events: list[Event], *, done: tuple[Trial, ...] = ()) -> str:
    """The last line that is said of a run in which this happened: exchanges made, and expected."""
    out = io.StringIO()
    progress = Progress((PLAN,), stream=out, done=done)
    for event in events:
        progress._gaps._said = -1e9  # Long ago, so that a line is due with every event.
        progress.on_event(event)
    return out.getvalue().splitlines()[-1].split(",")[0]


def test_a_session_that_ends_early_makes_the_run_shorter() -> None:
    assert counted(session(1, MOST[0])) == f"{MOST[0]}/{sum(MOST)} exchanges"
    assert counted(session(1, 1)) == f"1/{sum(MOST) - MOST[0] + 1} exchanges"


def test_a_run_whose_people_all_leave_early_is_over_when_its_last_session_is() -> None:
    events = [e for index in range(1, len(MOST) + 1) for e in session(index, 1)]
    assert counted([*events, TrialFinished(trial=PLAN.id)]) == f"{len(MOST)}/{len(MOST)} exchanges"


def test_nothing_more_is_expected_of_a_trial_that_failed() -> None:
    failed = TrialFailed(trial=PLAN.id, cause="refused", message="No.")
    assert counted([*session(1, MOST[0]), *session(2, 1, closed=False), failed]) == f"{MOST[0] + 1}/{MOST[0] + 1} exchanges"


def test_a_session_that_starts_over_is_expected_again_in_full() -> None:
    assert counted([*session(1, 2), *session(1, 1, take=2, closed=False)]) == f"1/{sum(MOST)} exchanges"


def test_what_was_over_before_a_resume_is_not_waited_for() -> None:
    before = fold(PLAN.blank(), session(1, 1))
    assert counted(session(2, 1, closed=False), done=(before,)) == f"2/{sum(MOST) - MOST[0] + 1} exchanges"


# --- what is in flight --------------------------------------------------------------------------------------------------


def answered(cost: float | None = 0.25, retries: int = 0) -> Event:
    call = Call(role="target", model="openai/any", prompt="0" * 16, cost=cost)
    meta = Meta(timings=(Timing(latency=1.0, retries=retries),))
    return TargetReplied(trial=PLAN.id, session=1, take=1, exchange=1, reply="Hm.", calls=(call,), meta=meta)


async def test_calls_in_flight_their_limit_rate_retries_and_cost_are_told() -> None:
    traffic, seen = Traffic(Limits()), CallsSeen()
    seen.watch(traffic)
    assert str(seen) == "$0.00"
    async with traffic.passage("target", CallDestination("one", "openai/any"), TokenEstimate()):
        seen.count(answered(retries=2))
        limit = traffic.load[1]
        assert limit >= 1
        assert str(seen) == f"1/{limit} calls in flight, 1 calls/s, 2 retries, $0.25"
        assert seen.figures == {"in_flight": 1, "limit": limit, "calls_per_second": 1.0, "retries": 2, "cost": 0.25}
    assert seen.figures["in_flight"] == 0
    seen.count(answered(cost=None))
    assert str(seen).endswith("$0.25+")


def test_a_cost_that_nobody_knows_is_not_told_as_nothing() -> None:
    seen = CallsSeen()
    seen.count(answered(cost=None))
    assert seen.figures["cost"] is None
    assert str(seen).endswith("cost unknown")


def test_gaps_between_plain_lines_grow_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    gaps, said = Gaps(), []
    while now < 2000:
        now += 1
        if gaps.due():
            said.append(now)
    between = [b - a for a, b in zip([0.0, *said], said, strict=False)]
    assert between[:6] == [EVERY, 2 * EVERY, 4 * EVERY, 8 * EVERY, 16 * EVERY, RARELY]
    assert set(between[5:]) == {RARELY}


async def test_a_run_in_which_nothing_happens_says_so_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    progress = Progress((PLAN,), stream=out)
    progress._gaps._said = -1e9
    monkeypatch.setattr(asyncio, "sleep", lambda _, sleep=asyncio.sleep: sleep(0))
    async with going_on(progress.show):
        await soon(out.getvalue, "a line")
    assert out.getvalue().startswith(f"0/{sum(MOST)} exchanges, 0/1 trials, ")
    assert out.getvalue().endswith("unknown time left\n")


def test_as_json_progress_and_notices_are_log_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogWish(as_json=True))
    with Progress((PLAN,), stream=io.StringIO(), as_json=True) as progress:
        progress._gaps._said = -1e9
        progress.on_event(answered())
        progress.say("Leaving this machine")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["event"], first["exchanges"], first["exchanges_expected"], first["trials_planned"]) == ("progress", 1, sum(MOST), 1)
    assert {"in_flight", "limit", "calls_per_second", "retries", "cost", "seconds_left"} <= set(first)
    assert (second["event"], second["level"], second["text"]) == ("notice", "warning", "Leaving this machine")


def test_on_a_terminal_there_is_one_live_line_that_goes_away() -> None:
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w") as stream, Progress((PLAN,), stream=stream) as progress:
        progress.on_event(answered(retries=1))
        assert progress._bar
        progress._bar.refresh()
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", _read_all(leader))
    os.close(leader)
    assert f"1/{sum(MOST)} exchanges, 0/1 trials, 1 calls/s, 1 retry, $0.25" in shown
    assert "\n" not in shown.strip("\r\n")


def _read_all(terminal: int) -> str:
    """Everything that was written to a terminal whose other end is closed."""
    parts: list[bytes] = []
    with contextlib.suppress(OSError):  # The end of it.
        while part := os.read(terminal, 1 << 16):
            parts.append(part)
    return b"".join(parts).decode()
