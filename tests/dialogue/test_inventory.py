"""Items put to a model in role: what it is shown, and what becomes of answers that do not fit."""

from __future__ import annotations

import json

import pytest

from sim.core.errors import CallFailed
from sim.core.event import Unscored
from sim.core.inventory import OPTIONS, InventorySheet
from sim.dialogue.inventory import Interviewer, load_items
from sim.llm.client import Completion, Request, Scripted
from sim.llm.offline import build_offline
from sim.llm.prompts import load_prompts
from tests import examples

ITEMS = load_items()[:3]


def sheet(*, descending: bool = False, seed: int = 1) -> InventorySheet:
    return InventorySheet(examples.persona(), ITEMS, descending, seed)


def said(**answers: object) -> Completion:
    value = {number.removeprefix("n"): answer for number, answer in answers.items()}
    return Completion(json.dumps(value), value)  # type: ignore[arg-type]


async def test_it_is_asked_in_role_and_told_neither_facet_nor_key() -> None:
    client = Scripted(lambda request: said(n1="very accurate", n2="Moderately inaccurate.", n3="neither accurate nor inaccurate"))
    answers = (await Interviewer(client, load_prompts()).ask(sheet(descending=True))).value
    assert answers == {1: 5, 2: 2, 3: 3}
    system, asked = (m.content for m in client.requests[0].messages)
    assert examples.persona().name in system
    assert all(t.text in system for t in examples.persona().traits)
    assert asked.index("very accurate") < asked.index("moderately accurate") < asked.index("very inaccurate")
    assert "1. Worry about things." in asked
    assert not any(word in system + asked for word in ("facet", "anxiety", "reverse", "neuroticism", "IPIP"))
    assert client.requests[0].schema is not None
    assert client.requests[0].schema.keys == {"1", "2", "3"}


async def test_what_does_not_fit_is_asked_for_once_more_and_then_has_no_answer() -> None:
    def answer(request: Request) -> Completion:
        if request.step == "first":
            return said(n1="very accurate", n2=4, n3="As an AI I have no feelings.")
        return said(n2="very inaccurate", n3=["very accurate"])

    client = Scripted(answer)
    scored = await Interviewer(client, load_prompts()).ask(sheet())
    assert (scored.value[1], scored.value[2]) == (5, 1)
    last = scored.value[3]
    assert isinstance(last, Unscored)
    assert last.cause == "schema"
    assert len(scored.calls) == len(client.requests) == 2
    repair = client.requests[1].messages[-1].content
    assert "for 2, 3 only" in repair


@pytest.mark.parametrize("text", ["", "[]", "null", '"very accurate"', "I would rather not.", "{" * 50])
async def test_no_answer_at_all_is_a_value(text: str) -> None:
    client = Scripted(lambda request: Completion(text))
    answers = (await Interviewer(client, load_prompts()).ask(sheet())).value
    assert [a.cause for a in answers.values() if isinstance(a, Unscored)] == ["schema"] * 3


async def test_a_refusal_is_a_value_and_an_outage_is_not() -> None:
    refusing = Scripted(lambda request: CallFailed("refused", "content filter"))
    answers = (await Interviewer(refusing, load_prompts()).ask(sheet())).value
    assert [a.cause for a in answers.values() if isinstance(a, Unscored)] == ["refused"] * 3
    with pytest.raises(CallFailed):
        await Interviewer(Scripted(lambda request: CallFailed("infrastructure", "down")), load_prompts()).ask(sheet())


async def test_the_offline_user_answers_by_level_and_keying_with_noise_by_seed() -> None:
    interviewer = Interviewer(build_offline("offline/user"), load_prompts())
    anxious = examples.persona(traits={"anxiety": 5})
    items = tuple(i for i in load_items() if i.facet in ("anxiety", "cooperation", "orderliness"))
    assert {i.reverse for i in items} == {True, False}
    scores: dict[str, list[int]] = {}
    for seed in range(40):
        answers = (await interviewer.ask(InventorySheet(anxious, items, bool(seed % 2), seed))).value
        for item in items:
            answer = answers[item.number]
            assert isinstance(answer, int)
            scores.setdefault(item.facet, []).append(item.score(answer))
    assert sum(scores["anxiety"]) / len(scores["anxiety"]) > 4.5
    for untold in ("cooperation", "orderliness"):
        assert 2.7 < sum(scores[untold]) / len(scores[untold]) < 3.3
        assert len(set(scores[untold])) > 2
    again = (await interviewer.ask(sheet(seed=7))).value
    assert again == (await interviewer.ask(sheet(seed=7))).value
    assert all(a in range(1, 6) for a in again.values())
    assert len(OPTIONS) == 5
