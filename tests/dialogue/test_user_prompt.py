"""What the model that plays the user is told of the way people write."""

from __future__ import annotations

import datetime as dt

import pytest

from sim.core.cast import build_cast
from sim.core.event import SessionOpened
from sim.core.fold import fold
from sim.core.record import Trial
from sim.core.view import UserView, user_view
from sim.dialogue.users import ModelUser
from sim.llm.client import Completion, Request, Scripted
from sim.llm.prompts import load_prompts
from tests import examples


def view(target: str = "any", seed: int = 1) -> UserView:
    cast = build_cast(examples.persona(), examples.scenario(), start_date=dt.date(2026, 1, 5))
    opened = SessionOpened(trial=f"x/{target}", session=1, take=1, date=cast.sessions[0].date)
    return user_view(fold(Trial(f"x/{target}", target, seed, cast), [opened]), study_seed=0, history_tokens=1_000)


async def asked(of: UserView) -> Request:
    client = Scripted(lambda request: Completion(text="{}", value={"message": "Hello.", "leave": False}))
    await ModelUser(client, load_prompts()).speak(of)
    return client.requests[0]


async def test_it_is_told_how_long_its_message_is_to_be_and_the_same_for_every_target() -> None:
    lengths = set()
    for seed in range(8):
        one, other = view("one", seed), view("other", seed)
        lengths.add(one.length)
        prompt = await asked(one)
        assert f"Write about {one.length} words this time" in prompt.messages[1].content
        assert (await asked(other)).messages == prompt.messages
    assert len(lengths) > 3


@pytest.mark.parametrize(
    "rule", ["Greet in the first message of a talk, if at all, and never again in it.", "Thank rarely", "No lists, and no dashes"]
)
async def test_it_is_told_what_people_hardly_do(rule: str) -> None:
    assert rule in (await asked(view())).messages[0].content


@pytest.mark.parametrize(("formality", "told"), [(1, True), (2, True), (3, False), (5, False)])
async def test_only_those_who_write_carelessly_are_told_to(formality: int, told: bool) -> None:
    of = view()
    style = of.persona.style
    changed = style.model_copy(update={"formality": style.formality.model_copy(update={"level": formality})})
    prompt = load_prompts().render(
        "user_system", persona=of.persona.model_copy(update={"style": changed}), facts=of.facts, scenario=of.scenario, dimensions=()
    )
    assert ("slips stay" in prompt) == told
