"""The retry loop by itself: what is tried again, and after what wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.event import Usage
from sim.core.spec import Limits, ModelSpec
from sim.llm.attempts import BASE, CAP, LONGEST, Answer, Outcome, Patience, persist
from sim.llm.failures import AGAIN, AttemptFailed, judge_status, parse_retry_after
from sim.llm.traffic.lanes import CallDestination
from sim.llm.traffic.passage import TokenEstimate, Traffic
from tests.llm.conftest import Waits
from tests.waiting import turns

ANY = ModelSpec(model="openai/any", api_base="http://127.0.0.1:1/v1")
HERE = CallDestination("127.0.0.1:1", "openai/any")
NOW = 1_767_225_600.0  # 2026-01-01T00:00:00Z


def _script(*steps: Answer | AttemptFailed) -> Callable[[], object]:
    left = list(steps)

    async def attempt() -> Answer:
        step = left.pop(0)
        if isinstance(step, AttemptFailed):
            raise step
        return step

    return attempt


@pytest.mark.parametrize(
    ("status", "kind"), [(429, "limited"), *((s, "down") for s in (500, 502, 503, 504, 529)), *((s, "other") for s in (408, 409, 425))]
)
def test_statuses_that_may_pass(status: int, kind: str) -> None:
    assert judge_status(status, "busy").kind == kind
    assert kind in AGAIN


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "status 401, the key is not accepted: no"),
        (402, "status 402, there is no credit left: no"),
        (403, "status 403, access is denied: no"),
        (404, "status 404, there is nothing of that name: no"),
        (307, "status 307, it points to another URL, which is not followed; name that one: no"),
    ],
)
def test_what_refuses_for_good_is_named(status: int, said: str) -> None:
    assert judge_status(status, "no").message == said


@pytest.mark.parametrize(
    "body", ['{"error": {"code": "insufficient_quota"}}', "You exceeded your current quota, please check your plan and billing details."]
)
def test_a_quota_that_is_used_up_is_not_a_rate_that_passes(body: str) -> None:
    for failure in (judge_status(429, body), judge_status(429, "host", quote=body)):
        assert (failure.kind, failure.brief) == ("final", "status 429, the quota of the account is used up")


@pytest.mark.parametrize("status", [301, 400, 401, 402, 403, 404, 422])
def test_statuses_that_will_not(status: int) -> None:
    assert judge_status(status, "no").kind == "final"


def test_what_is_too_large_to_be_taken_is_too_long() -> None:
    assert judge_status(413, "no").kind == "too_long"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("This model's maximum context length is 4096 tokens", "too_long"),
        ("the request exceeds the available context size", "too_long"),
        ("prompt is too long: 250000 tokens > 200000 maximum", "too_long"),
        ("The response was filtered due to Azure OpenAI's content management policy", "refused"),
        ("content_policy_violation", "refused"),
        ("'response_format.type' must be 'text'", "format"),
        ("json_schema is not supported", "format"),
        ("temperature must be at most 1", "final"),
    ],
)
def test_a_400_is_judged_by_what_it_says(said: str, kind: str) -> None:
    assert judge_status(400, said).kind == kind


def test_a_500_that_speaks_of_the_context_is_still_tried_again() -> None:
    assert judge_status(500, "context length").kind == "down"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30.0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0.0),
        ("soon", None),
        ("inf", None),
        ("nan", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_in_seconds_and_as_a_date(header: str | None, seconds: float | None) -> None:
    assert parse_retry_after(header, now=NOW) == seconds


@given(st.text())
def test_no_retry_after_header_breaks_the_reader(header: str) -> None:
    seconds = parse_retry_after(header, now=NOW)
    assert seconds is None or seconds >= 0


@given(st.integers(1, 60), st.floats(0, 1))
def test_own_waits_double_up_to_the_cap_and_are_spread_from_nothing(failed: int, draw: float) -> None:
    wait = Patience(random=lambda: draw).wait(failed, None)
    assert 0 <= wait <= CAP
    assert wait == pytest.approx(draw * min(CAP, BASE * 2 ** (failed - 1)))


@given(st.floats(0, 1e9), st.floats(0, 1))
def test_a_wait_that_was_asked_for_is_kept_up_to_the_longest(asked: float, draw: float) -> None:
    wait = Patience(random=lambda: draw).wait(1, asked)
    assert min(asked, LONGEST) <= wait <= LONGEST + BASE


async def _persist(attempt: object, waits: Waits, retries: int, *, blanks: int = 0) -> Outcome:
    async with waits.enter(ANY)("target", TokenEstimate()) as here:
        return await persist(attempt, waits.patience(retries), here, blanks=blanks)  # type: ignore[arg-type]


async def test_usage_and_cost_of_all_answers_are_added_up(waits: Waits) -> None:
    blank = Answer("", usage=Usage(input=10, output=0, cached=4), cost=0.1)
    full = Answer("hello", usage=Usage(input=10, output=5), cost=0.2)
    outcome = await _persist(_script(blank, full), waits, 5, blanks=2)
    assert outcome.answer is full
    assert outcome.usage == Usage(input=20, output=5, cached=4)
    assert outcome.cost == pytest.approx(0.3)


async def test_a_cost_unknown_in_one_part_is_unknown_in_all(waits: Waits) -> None:
    outcome = await _persist(_script(Answer("", cost=0.1), Answer("hello")), waits, 5, blanks=2)
    assert outcome.cost is None


async def test_without_retries_an_empty_answer_is_the_answer(waits: Waits) -> None:
    outcome = await _persist(_script(Answer(" \n")), waits, 0, blanks=2)
    assert (outcome.answer.text, outcome.attempts) == (" \n", 1)


async def test_an_empty_answer_outlives_a_failure_after_it(waits: Waits) -> None:
    outcome = await _persist(_script(Answer(""), AttemptFailed("other", "busy")), waits, 1, blanks=2)
    assert (outcome.answer.text, outcome.attempts) == ("", 2)


async def test_the_place_is_given_back_for_every_wait_and_the_queue_before_the_first_attempt_is_not_latency() -> None:
    now = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        assert not lane.in_flight, "a place is kept while the call waits"
        now += seconds

    async def attempt() -> Answer:
        nonlocal now
        assert lane.in_flight == 1
        now += 3
        return await answers()  # type: ignore[misc, no-any-return]

    traffic = Traffic(Limits(calls_at_once=1), sleep=sleep)
    answers = _script(AttemptFailed("other", "busy", wait=7), Answer("hello"))
    async with traffic.passage("target", HERE, TokenEstimate()):
        queued = asyncio.create_task(_through(traffic, attempt, lambda: now))
        await turns()
        now += 100
        lane = traffic.lane(HERE)
        assert lane is not None
    outcome = await queued
    assert outcome.attempts == 2
    assert outcome.seconds == 3 + 7.5 + 3, "from the first attempt to the answer"


async def _through(traffic: Traffic, attempt: Callable[[], Awaitable[Answer]], clock: Callable[[], float]) -> Outcome:
    async with traffic.passage("target", HERE, TokenEstimate()) as here:
        return await persist(attempt, Patience(random=lambda: 1.0), here, clock=clock)
