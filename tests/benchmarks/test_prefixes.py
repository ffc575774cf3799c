"""The short form of `prefixes.py`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.app import run_study
from sim.engine.tokens import MESSAGE, forecast_tokens
from sim.llm.prompts import load_prompts
from tests.benchmarks.prefixes import alike, measured, study
from tests.server import Server


async def test_what_was_sent_at_one_exchange_begins_what_is_sent_at_the_next(tmp_path: Path) -> None:
    found = await measured(tmp_path)
    assert {role: of.share > 0.85 for role, of in found.items()} == {"user": True, "rater": True}


def test_a_common_beginning_is_counted_in_characters() -> None:
    assert [alike("abc", other) for other in ("abc", "abd", "ab", "", "abcd")] == [3, 2, 2, 0, 3]


async def test_a_plan_is_within_15_percent_of_what_the_run_takes(tmp_path: Path) -> None:
    """Messages and replies are as long as people's and companions' are, which is what a plan without a pilot takes them for."""
    message = f"{'I walked to the harbour and back, and it rained. ' * 4}"[: 4 * MESSAGE]
    turn = {"message": message, "mood": "calm", "facts_used": [], "signalled": [], "allusion": None, "humour_bid": None, "leave": False, "why": None}
    async with Server() as server:
        server.answers("user", *[json.dumps({**turn, "message": f"{i} {message}"[: 4 * MESSAGE]}) for i in range(40)])
        server.answers("target", *["That sounds like a long way in the rain. " * 12] * 40)
        asked = study(server.url, tmp_path)
        run = await run_study(asked, results=tmp_path / "results")
    assert run.status == "finished"
    planned = forecast_tokens(asked, run.plans, load_prompts())
    (trial,) = run.trials
    for role in ("user", "rater"):
        of = planned[role, "any"]
        assert of.input.max == pytest.approx(trial.spent[role].input, rel=0.15), role
        assert 0.6 * of.input.max < of.again.max < of.input.max
    taken = sum(spent.input + spent.output for spent in trial.spent.values())
    assert sum(of.input.max + of.output.max for of in planned.values()) == pytest.approx(taken, rel=0.15)
