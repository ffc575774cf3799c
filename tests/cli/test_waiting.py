"""Who is waited for is said once that takes long, in the live line and where nothing else moves."""

from __future__ import annotations

import pytest

from sim.app.waiting import WaitLines
from sim.core.spec import Limits
from sim.llm.traffic.lanes import CallDestination
from sim.llm.traffic.passage import OldestCall, Traffic, estimate, waited_for
from sim.present.text.progress import CallsSeen


async def test_the_live_line_names_who_has_been_waited_for_longest() -> None:
    now = 0.0
    traffic = Traffic(Limits(), clock=lambda: now)
    seen = CallsSeen()
    seen.watch(traffic)
    assert traffic.waiting is None
    there = CallDestination("127.0.0.1:1", "openai/any")
    async with traffic.passage("rater", there, estimate(["Hi"])):
        now = 4.0
        assert "waiting" not in str(seen)
        async with traffic.passage("user", there, estimate(["Hi"])):
            now = 34.2
            assert str(seen).endswith("waiting for the rater, 34 s")
            assert seen.waiting == {"waiting_for": "rater", "waiting_seconds": 34.2}
    assert traffic.waiting is None
    assert seen.waiting == {}


@pytest.mark.parametrize(("role", "who"), [("memory", "the target's memory"), ("probe", "the target"), ("judge", "the judge")])
def test_roles_go_by_who_plays_them(role: str, who: str) -> None:
    assert waited_for(OldestCall(role, 60.0)) == f"waiting for {who}, 60 s"  # type: ignore[arg-type]


def test_a_line_comes_when_the_wait_has_doubled() -> None:
    now: OldestCall | None = None
    said: list[str] = []
    lines = WaitLines(lambda: now, said.append)
    for second in range(45):
        now = OldestCall("target", float(second))
        lines.look()
    now = None
    lines.look()
    now = OldestCall("user", 12.0)
    lines.look()
    assert said == [
        "waiting for the target, 10 s",
        "waiting for the target, 20 s",
        "waiting for the target, 40 s",
        "waiting for the user, 12 s",
    ]
