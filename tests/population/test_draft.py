"""A draft by a model is held against what was given; what contradicts it is written once more and then given up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sim.core.errors import CallFailed
from sim.core.event import Unscored
from sim.core.spec import Persona
from sim.llm.client import Completion, Request, Scripted
from sim.llm.prompts import load_prompts
from sim.population.draft import Drafter, read_draft
from sim.score.repair import Misfit
from tests.population.drafts import PEOPLE, drafted, place_of

PERSON = next(p for p in PEOPLE if p.gender == "woman")
FIRST, PLACE = PERSON.name.split()[0], place_of(PERSON)


def came(value: object) -> Completion:
    return Completion(json.dumps(value), value)  # type: ignore[arg-type]


def is_check(request: Request) -> bool:
    return request.schema is not None and request.schema.name == "check"


def test_a_good_draft_keeps_all_that_was_given() -> None:
    draft = read_draft(PERSON, drafted(FIRST, PLACE))
    assert draft.background.startswith(FIRST)
    assert [f.id for f in draft.facts] == [f.id for f in PERSON.facts]
    kept = {"id", "name", "age", "type", "gender", "language", "tags", "traits", "style", "preferences"}
    assert draft.model_dump(include=kept) == PERSON.model_dump(include=kept)
    assert draft.voice.hello == ("Me again.", "Hello you.", "Are you in?")
    assert draft.facts[6].changes_to is not None


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"background": f"{FIRST} is 19 years old and restless."}, f"the age is {PERSON.age}, not 19"),
        ({"background": f"{FIRST} says: my name is Gundula, and writes at night."}, f"the name is {FIRST}, not Gundula"),
        ({"background": "He keeps bees, and his sister keeps him."}, f"{FIRST} is a woman"),
        ({"background": f"{FIRST} is a persona of a simulation."}, "no word of how this is made"),
        ({"home": "I live over a cobbler in Ulaanbaatar, and nowhere else."}, f'"home" must name {PLACE}'),
        ({"food": "Porridge with pepper every day."}, '"food" is not in the first person'),
        ({"past": "I once drove a hearse full of porridge."}, '"porridge", an answer of "food", is in "past" too'),
        ({"pet": "My goose has no title."}, "none of its answers is in its text"),
        ({"work": "x" * 300}, '"facts" must have "work"'),
        ({"background": ""}, '"background" must be a text'),
    ],
)
def test_what_contradicts_is_told(changes: dict[str, str], says: str) -> None:
    with pytest.raises(Misfit) as misfit:
        read_draft(PERSON, drafted(FIRST, PLACE, **changes))
    assert says in str(misfit.value)


@pytest.mark.parametrize("raw", [None, [], "text", {}, {"background": 3, "facts": [], "later": None, "voice": "hi"}, {"facts": {"home": "I live"}}])
def test_malformed_answers_are_told_and_raise_nothing_else(raw: Any) -> None:
    with pytest.raises(Misfit):
        read_draft(PERSON, raw)


async def test_a_draft_that_passes_is_checked_by_the_model_too() -> None:
    client = Scripted(lambda request: came({"contradictions": []} if is_check(request) else drafted(FIRST, PLACE)))
    scored = await Drafter(client, load_prompts()).draft(PERSON)
    assert isinstance(scored.value, Persona)
    assert [is_check(r) for r in client.requests] == [False, True]
    assert len(scored.calls) == 2
    asked = client.requests[0].messages[1].content
    assert all(t.text in asked for t in PERSON.traits)
    assert PLACE in asked
    assert "over a cobbler" in client.requests[1].messages[0].content


async def test_an_objection_that_quotes_the_draft_has_it_written_again() -> None:
    objected = [{"quote": "My uncle Ferdinand breeds snails", "why": "She has no uncle."}]

    def answer(request: Request) -> Completion:
        if is_check(request):
            return came({"contradictions": objected if "Ferdinand" in request.messages[0].content else []})
        return came(drafted(FIRST, PLACE, **({"family": "My uncle breeds snails."} if len(request.messages) > 2 else {})))

    def fixed(request: Request) -> Completion:
        found = answer(request)
        if not is_check(request) and len(request.messages) > 2:
            assert isinstance(found.value, dict)
            found.value["facts"]["family"]["answers"] = ["snails"]  # type: ignore[index,call-overload]
        return found

    client = Scripted(fixed)
    scored = await Drafter(client, load_prompts()).draft(PERSON)
    assert isinstance(scored.value, Persona)
    assert scored.value.facts[2].text == "My uncle breeds snails."
    assert len(scored.calls) == len(client.requests) == 4
    assert "She has no uncle." in client.requests[2].messages[-1].content


async def test_an_objection_that_quotes_nothing_of_the_draft_does_not_count() -> None:
    invented = {"contradictions": [{"quote": "She was born on the moon under a red flag", "why": "?"}]}
    client = Scripted(lambda request: came(invented if is_check(request) else drafted(FIRST, PLACE)))
    assert isinstance((await Drafter(client, load_prompts()).draft(PERSON)).value, Persona)


async def test_what_is_objected_to_twice_or_malformed_twice_is_given_up_with_the_reason() -> None:
    objected = {"contradictions": [{"quote": "My uncle Ferdinand breeds snails", "why": "No uncle."}]}
    stubborn = Scripted(lambda request: came(objected if is_check(request) else drafted(FIRST, PLACE)))
    given_up = (await Drafter(stubborn, load_prompts()).draft(PERSON)).value
    assert isinstance(given_up, Unscored)
    assert "contradicts what is given" in given_up.reason
    prose = (await Drafter(Scripted(lambda request: Completion("Once upon a time")), load_prompts()).draft(PERSON)).value
    assert isinstance(prose, Unscored)
    unchecked = Scripted(lambda request: Completion("Looks fine!") if is_check(request) else came(drafted(FIRST, PLACE)))
    found = (await Drafter(unchecked, load_prompts()).draft(PERSON)).value
    assert isinstance(found, Unscored)
    assert found.reason.startswith("could not be checked: ")


async def test_an_outage_is_raised_with_what_was_paid() -> None:
    def answer(request: Request) -> Completion | Exception:
        return CallFailed("infrastructure", "down") if is_check(request) else came(drafted(FIRST, PLACE))

    with pytest.raises(CallFailed) as failed:
        await Drafter(Scripted(answer), load_prompts()).draft(PERSON)
    assert len(failed.value.calls) == 1
