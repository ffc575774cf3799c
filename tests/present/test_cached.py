"""What providers read from their prompt caches is shown by role, in the table, its JSON and the report alike."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

from sim.core.condense import Spending, spend
from sim.core.lean_fold import _onto
from sim.core.record import RoleSpending
from sim.present.report.sections.cost import cost_section
from sim.present.text.showing import render_run
from tests.analysis.stories import whole_run
from tests.present.test_tables import plain, summary

CALL = {"role": "user", "cost": 0.01, "usage": {"input": 1_000, "output": 50, "cached": 750, "cache_write": 100, "reasoning": 20}}


def test_table_and_json_say_the_same_share() -> None:
    trials = [replace(t, spent={**t.spent, "user": RoleSpending(calls=2, input=1_000, output=50, cached=750, cache_write=100)}) for t in whole_run()]
    found = summary(trials)
    assert {t.tokens["user"].cached_share for t in found.targets} == {0.75}
    told = json.loads(found.model_dump_json())["targets"][0]["tokens"]["user"]
    assert (told["cached"] / told["input"], told["cache_write"] / told["input"]) == (0.75, 0.1)
    table = plain(render_run(found, width=120), 120).partition("Calls, tokens and cost")[2]
    heading = next(line for line in table.splitlines() if "tokens in" in line)
    user = next(line for line in table.splitlines() if "user" in line.split())
    assert "cached" in heading
    assert "75 %" in user


def test_a_run_without_a_cache_has_no_column_for_it() -> None:
    assert "cached" not in plain(render_run(summary(whole_run()), width=120), 120).partition("Calls, tokens and cost")[2]


def test_both_ways_to_read_a_journal_count_the_same() -> None:
    spent: Spending = {}
    spend(spent, [CALL, {**CALL, "usage": None}])
    assert _onto({}, spent)["user"] == RoleSpending(
        calls=2, input=1_000, output=50, cost=0.02, unknown_usage=1, reasoning=20, cached=750, cache_write=100
    )


def test_the_report_has_the_column_where_the_table_has_it() -> None:
    found = summary([replace(t, spent={"user": RoleSpending(calls=2, input=1_000, output=50, cached=750)}) for t in whole_run()])
    section = cost_section(SimpleNamespace(summary=found, latencies={}))  # type: ignore[arg-type]
    (table,) = section.blocks
    assert "cached" in str(table)
    assert "75 %" in str(table)
