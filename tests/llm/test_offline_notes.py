"""Offline targets note what they were told, and use notes as they use what was said: the newest value, or the oldest where that is planted."""

from __future__ import annotations

import pytest

from sim.llm.offline import build_offline
from tests.targets.test_memory import Life

FIRST = "Good evening. My sister Leila lives in Rotterdam. In May I want to sail to Skagen with her boat."
CHANGE = "Hello. The yard condemned the boat, so in May I take the train to Trieste instead. It rains a lot."
ASKED = "I dreamt of May again, of the boat and of my sister. What do you make of it?"
POLICIES = ("full", "window:5", "summary", "profile", "retrieval:5", "embedded:5")


async def told(policy: str, model: str, *messages: str) -> Life:
    life = Life(policy, client=build_offline(f"offline/{model}"))
    for message in messages:
        await life.session([message])
    return life


@pytest.mark.parametrize("policy", POLICIES)
async def test_what_was_told_is_brought_back_under_every_policy_that_remembers(policy: str) -> None:
    life = await told(policy, "uses", FIRST)
    assert "your sister Leila lives in Rotterdam" in (await life.ask(life.target, "I miss my sister tonight.")).text


@pytest.mark.parametrize("policy", POLICIES)
async def test_who_ignores_brings_nothing_back_and_nothing_is_brought_back_without_memory(policy: str) -> None:
    for at, model in ((policy, "ignores"), ("none", "uses")):
        life = await told(at, model, FIRST)
        assert "Leila" not in (await life.ask(life.target, "I miss my sister tonight.")).text


async def test_a_change_takes_the_place_of_what_it_changes_and_of_nothing_else() -> None:
    life = await told("profile", "uses", FIRST, CHANGE)
    held = "\n".join(life.target.remembers())
    assert "Trieste" in held
    assert "Skagen" not in held
    assert "2026-01-05: My sister Leila lives in Rotterdam." in held
    life = await told("profile", "uses", FIRST, CHANGE, "It is quiet. My cousin Bruno is a baker in Graz.")
    assert "Leila" in "\n".join(life.target.remembers()), "an old change changes nothing more"


@pytest.mark.parametrize("policy", ["summary", "profile"])
async def test_who_takes_in_no_news_of_a_change_notes_none(policy: str) -> None:
    life = await told(policy, "stale", FIRST, CHANGE)
    held = "\n".join(life.target.remembers())
    assert "Skagen" in held
    assert "Trieste" not in held


@pytest.mark.parametrize("policy", POLICIES)
async def test_who_is_stale_holds_by_the_old_value_under_every_policy(policy: str) -> None:
    stale, uses = await told(policy, "stale", FIRST, CHANGE), await told(policy, "uses", FIRST, CHANGE)
    assert "Trieste" not in (await stale.ask(stale.target, ASKED)).text
    assert "Skagen" not in (await uses.ask(uses.target, ASKED)).text


async def test_the_latest_of_two_talks_on_one_day_is_the_newer() -> None:
    life = Life("retrieval:5")
    life.dates = [life.dates[0]] * 4
    await life.session([FIRST])
    await life.session([CHANGE])
    assert "Skagen" not in (await life.ask(life.target, ASKED)).text
