"""Judging by rubrics: one call for several, each its own result, and nothing that a reply says is an order."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from sim.core.errors import CallFailed
from sim.core.event import Absence, Assessed, Assessment, NotApplicable, Quote, Unscored
from sim.core.spec.model import ModelSpec
from sim.core.spec.rubric import Rubric
from sim.core.spec.scorers import RubricScorer
from sim.llm.client import Completion, Request, Scripted
from sim.llm.prompts import load_prompts
from sim.score.checked import CheckedScorer
from sim.score.rubric import RubricJudge
from sim.score.scorer import Scored
from tests.score.judged import context
from tests.score.test_forgery import FORGED, MARK, outside

ASKED, SAID = "How do I move a cat that does not want to?", "Put a blanket into its basket, and leave the door of it open all day."


def rubric(id: str, **changes: Any) -> Rubric:
    return Rubric.model_validate({"id": id, "question": f"Is it {id}?", "yes": "It is.", "no": "It is not.", **changes})


KIND = rubric("kind", yes=None, no=None, levels={1: "Cold.", 3: "Even.", 5: "Warm."})
USEFUL = rubric("useful", evidence=["quote", "absence"], applies="Something is asked for.")
TONE = rubric("tone", yes=None, no=None, labels={"plain": "Plain words.", "stiff": "Stiff words."}, good=["plain"], evidence="none")


def entry(answer: object, *, text: str = SAID, kind: str = "quote", **more: object) -> dict[str, object]:
    return {"evidence": {"kind": kind, "text": text}, "reason": "It was so.", "answer": answer, **more}


GOOD: dict[str, Any] = {"kind": entry(4), "useful": entry("yes", applies=True), "tone": {"reason": "It was so.", "answer": "plain"}}


def judge(*answers: object, rubrics: tuple[Rubric, ...] = (KIND, USEFUL, TONE)) -> tuple[RubricJudge, Scripted]:
    left = iter(answers)

    def answer(request: Request) -> Completion | Exception:
        value: Any = next(left)
        if isinstance(value, Exception):
            return value
        return Completion(text=value, value=None) if isinstance(value, str) else Completion(text=json.dumps(value), value=value)

    client = Scripted(answer)
    return RubricJudge([(r, r.info(group="g")) for r in rubrics], client, load_prompts()), client


async def scored(asked: RubricJudge, *, wanted: tuple[str, ...] = (), grain: str = "exchange", reply: str = SAID) -> Scored[Mapping[str, Assessed]]:
    return await CheckedScorer(asked).score(context(ASKED, reply, grain=grain, wanted=wanted))


async def test_several_rubrics_take_one_call_and_have_a_result_each() -> None:
    asked, client = judge(GOOD)
    found = await scored(asked)
    assert found.value == {
        "kind": Assessment(value=4.0, reason="It was so.", evidence=(Quote(text=SAID, found=True),)),
        "useful": Assessment(value=True, reason="It was so.", evidence=(Quote(text=SAID, found=True),)),
        "tone": Assessment(value="plain", reason="It was so."),
    }
    assert [c.role for c in found.calls] == ["judge"]
    system, user = (m.content for m in client.requests[0].messages)
    assert all(r.question in system and all(meaning in system for meaning in r.meanings.values()) for r in (KIND, USEFUL, TONE))
    assert f"The person: {ASKED}" in user
    assert SAID in user
    schema = client.requests[0].schema
    assert schema is not None
    entries: Any = schema.json["properties"]
    assert set(entries) == {"kind", "useful", "tone"}
    assert entries["kind"]["properties"]["answer"] == {"type": "integer", "enum": [1, 2, 3, 4, 5]}
    assert entries["useful"]["properties"]["answer"] == {"anyOf": [{"type": "string", "enum": ["yes", "no"]}, {"type": "null"}]}
    assert entries["tone"]["properties"]["answer"]["enum"] == ["plain", "stiff"]
    assert list(entries["kind"]["properties"]) == ["evidence", "reason", "answer"]


async def test_only_what_is_wanted_is_asked() -> None:
    asked, client = judge({"tone": GOOD["tone"]})
    found = await scored(asked, wanted=("tone",))
    assert found.value == {"tone": Assessment(value="plain", reason="It was so.")}
    assert KIND.question not in client.requests[0].messages[0].content


async def test_one_bad_answer_is_asked_again_alone_and_the_others_stay() -> None:
    asked, client = judge({**GOOD, "kind": entry(7)}, {"kind": entry("2")})
    found = await scored(asked)
    assert [found.value[i] for i in ("kind", "useful", "tone")] == [
        Assessment(value=2.0, reason="It was so.", evidence=(Quote(text=SAID, found=True),)),
        Assessment(value=True, reason="It was so.", evidence=(Quote(text=SAID, found=True),)),
        Assessment(value="plain", reason="It was so."),
    ]
    repair = client.requests[1]
    assert repair.step == "repair"
    assert "kind: answer must be one of 1, 2, 3, 4, 5" in repair.messages[-1].content
    assert repair.messages[-1].content.rstrip().endswith("for these only: kind.")
    assert repair.schema is not None
    assert list(repair.schema.json["properties"]) == ["kind"]  # type: ignore[arg-type]
    assert [c.step for c in found.calls] == ["first", "repair"]


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (None, "kind: an object with reason and answer is missing"),
        ([4], "kind: an object with reason and answer is missing"),
        ({**GOOD["kind"], "reason": " "}, "kind: reason must be one sentence"),
        ({**GOOD["kind"], "reason": 3}, "kind: reason must be one sentence"),
        (entry(None), "kind: answer must be one of 1, 2, 3, 4, 5"),
        (entry(4.5), "kind: answer must be one of 1, 2, 3, 4, 5"),
        (entry(True), "kind: answer must be one of 1, 2, 3, 4, 5"),
        (entry("very"), "kind: answer must be one of 1, 2, 3, 4, 5"),
        (entry({"level": 4}), "kind: answer must be one of 1, 2, 3, 4, 5"),
        ({"reason": "So.", "answer": 4}, 'kind: evidence must be an object with kind "quote" and text'),
        (entry(4, kind="absence"), 'kind: evidence must be an object with kind "quote" and text'),
        ({**entry(4), "evidence": {"kind": "quote", "text": None}}, 'kind: evidence must be an object with kind "quote" and text'),
    ],
)
async def test_what_still_does_not_fit_is_unscored_by_itself(wrong: object, problem: str) -> None:
    asked, client = judge({**GOOD, "kind": wrong}, {"kind": wrong})
    found = await scored(asked)
    assert found.value["kind"] == Unscored(cause="schema", reason=problem)
    assert isinstance(found.value["useful"], Assessment)
    assert problem in client.requests[1].messages[-1].content


async def test_an_answer_that_is_no_json_leaves_all_unscored_and_none_guessed() -> None:
    asked, _ = judge("It is all a five, kind, useful, plain.", "5")
    found = await scored(asked)
    assert set(found.value.values()) == {Unscored(cause="schema", reason="the answer is not one JSON object")}


@pytest.mark.parametrize(("cause", "kept"), [("refused", "refused"), ("too_long", "too_long")])
async def test_what_the_model_will_not_judge_is_unscored(cause: Any, kept: str) -> None:
    asked, _ = judge(CallFailed(cause, "no"))
    found = await scored(asked)
    assert {v.cause for v in found.value.values() if isinstance(v, Unscored)} == {kept}


async def test_what_fails_outside_the_model_is_no_result() -> None:
    asked, _ = judge({**GOOD, "kind": None}, CallFailed("infrastructure", "gone"))
    with pytest.raises(CallFailed) as failed:
        await scored(asked)
    assert [c.step for c in failed.value.calls] == ["first"]


@pytest.mark.parametrize(("answer", "value"), [("YES", True), (" no ", False), (True, True), (False, False)])
async def test_words_that_mean_an_answer_are_taken_for_it(answer: object, value: bool) -> None:
    asked, _ = judge({"useful": entry(answer, applies=True)}, rubrics=(USEFUL,))
    found = (await scored(asked)).value["useful"]
    assert isinstance(found, Assessment)
    assert found.value is value


async def test_where_it_does_not_apply_nothing_is_scored() -> None:
    asked, _ = judge({"useful": {**entry(None), "applies": False}}, rubrics=(USEFUL,))
    assert (await scored(asked)).value == {"useful": NotApplicable(reason="It was so.")}


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("quote", "leave the door of it open", True),
        ("quote", "the door", False),
        ("quote", "Put the cat into a box with holes.", False),
        ("absence", "that does not want to", True),
        ("absence", "where do I live now", False),
    ],
)
async def test_what_the_judge_points_at_is_looked_up(kind: str, text: str, found: bool) -> None:
    asked, _ = judge({"useful": entry("yes", kind=kind, text=text, applies=True)}, rubrics=(USEFUL,))
    result = (await scored(asked)).value["useful"]
    assert isinstance(result, Assessment)
    assert result.evidence == ((Absence if kind == "absence" else Quote)(text=text, found=found),)


@pytest.mark.parametrize("grain", ["session", "trial"])
async def test_a_session_and_a_trial_are_judged_as_a_whole(grain: str) -> None:
    whole = rubric("kind", reads=grain, sees=["persona", "told"])
    asked, client = judge({"kind": entry("yes", text="Good evening, Nora. How is the cat?")}, rubrics=(whole,))
    result = (await scored(asked, grain=grain)).value["kind"]
    assert isinstance(result, Assessment)
    assert result.evidence == (Quote(text="Good evening, Nora. How is the cat?", found=grain == "trial"),)
    prompt = client.requests[0].messages[-1].content
    assert ("The chatbot: Good evening, Nora. How is the cat?" in prompt) is (grain == "trial")
    assert f"The chatbot: {SAID}" in prompt
    assert "Drove trams for thirty years" in prompt
    assert "My cat Biscuit sleeps on the radio." in prompt


@pytest.mark.parametrize(
    ("sees", "shown", "hidden"),
    [
        (["reply"], [SAID], [ASKED, "Where to?", "How is the cat?", "trams", "Biscuit sleeps", "move from one flat"]),
        (["message"], [SAID, ASKED], ["Where to?", "How is the cat?", "trams"]),
        (["talk"], [SAID, "Where to?"], [ASKED, "How is the cat?", "trams"]),
        (["past"], [SAID, "How is the cat?"], [ASKED, "Where to?", "trams"]),
        (["scenario"], [SAID, "A move from one flat to another", "The first evening in the new place."], [ASKED, "trams"]),
    ],
)
async def test_a_judge_is_shown_what_its_rubric_sees_and_no_more(sees: list[str], shown: list[str], hidden: list[str]) -> None:
    asked, client = judge({"kind": entry("yes")}, rubrics=(rubric("kind", sees=sees),))
    await scored(asked)
    prompt = client.requests[0].messages[-1].content
    assert [text for text in shown if text not in prompt] == []
    assert [text for text in hidden if text in prompt] == []


@pytest.mark.parametrize("reply", FORGED)
@pytest.mark.parametrize("grain", ["exchange", "session", "trial"])
async def test_every_line_of_a_chatbot_can_be_told(reply: str, grain: str) -> None:
    prompts = []
    for said in (reply, "I see."):
        asked, client = judge({"kind": entry("yes", text=said)}, rubrics=(rubric("kind", reads=grain),))
        await CheckedScorer(asked).score(context(said, said, grain=grain, before=((said, said),)))
        prompts.append([m.content for m in client.requests[0].messages])
    forged, plain = ([line for line in outside(p[1]) if not re.match(r"The (?:person|chatbot): ", line)] for p in prompts)
    assert MARK in prompts[0][1]
    assert forged == plain
    assert prompts[0][0] == prompts[1][0]


def test_rubrics_share_a_group_where_model_grain_and_what_is_seen_are_the_same() -> None:
    model = ModelSpec(model="openai/judge")

    def group(of: Rubric, by: ModelSpec = model) -> str:
        return RubricScorer(use="x", rubric=of, model=by).info.group

    assert group(KIND) == group(USEFUL) == group(TONE) != ""
    assert group(rubric("a", sees=["reply"])) != group(KIND)
    assert group(KIND, ModelSpec(model="openai/other")) != group(KIND)
    assert group(rubric("a", apart=True)) == ""
