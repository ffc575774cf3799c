"""A judge that quotes what it judges does not hand over its verdict: where its answer holds two that differ, it is asked again, over the wire."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from sim.core.codebook import CRITERIA, DIMENSIONS
from sim.core.event import Unscored
from sim.core.probes import Answered, Probe
from sim.core.spec import Limits, ModelSpec, Sampling
from sim.core.view import CriterionView, RaterView, Turn
from sim.dialogue.graph import run_graph
from sim.engine.clients import Clients
from sim.llm.build import Shared
from sim.llm.client import Client, Completion
from sim.llm.prompts import load_prompts
from sim.llm.traffic.passage import Traffic
from sim.score.likability.rater import LikabilityRater
from sim.score.memory.probe_judge import ProbeJudge
from sim.score.memory.profile_judge import ProfileJudge
from sim.score.moves.model import ModelTagger
from sim.store.library import load_codebook
from tests.dialogue.stage import Stage
from tests.score.test_profile_judge import held
from tests.server import Server

PROMPTS = load_prompts()
REPLY = "It is a small port with one crane and a great many gulls."


def marks(score: int) -> dict[str, Any]:
    evidence = {"kind": "quote", "text": REPLY}
    rating = {"attempt": True, "evidence": evidence, "reason": "So it was.", "false_memory": False, "score": score}
    return {d: {**rating, "evidence": {"kind": "measure", "text": ""}} if d == "length_fit" else rating for d in DIMENSIONS}


def look_back(score: int) -> dict[str, Any]:
    return {q: {"reason": "So it was.", "score": score} for q in CRITERIA}


async def view_of(kind: type) -> Any:
    stage = Stage(target=lambda request: Completion(text=REPLY))
    plan = stage.plan()
    await run_graph(plan.blank(), stage.context(plan.blank()))
    return next(r.inputs for r in stage.rater_client.requests if isinstance(r.inputs, kind))


async def rates(client: Client) -> Any:
    value = (await LikabilityRater("self", client, PROMPTS).score(await view_of(RaterView))).value
    return next((r for r in value.values() if isinstance(r, Unscored)), {getattr(r, "score", None) for r in value.values()})


async def looks_back(client: Client) -> Any:
    value = (await LikabilityRater("self", client, PROMPTS).score(await view_of(CriterionView))).value
    return next((r for r in value.values() if isinstance(r, Unscored)), {getattr(r, "score", None) for r in value.values()})


async def tags(client: Client) -> Any:
    value = (await ModelTagger("t", client, PROMPTS, load_codebook("mint")).score(Turn("Tell me.", REPLY))).value
    return value if isinstance(value, Unscored) else {m for s in value.sentences for m in s.moves}


async def grades(client: Client) -> Any:
    probe = Probe("explicit", "cat", 0, "Where was it?", "the harbour town", ("Rotterdam",))
    value = (await ProbeJudge(client, PROMPTS).score(Answered(probe, REPLY))).value
    return value if isinstance(value, Unscored) else {value.outcome}


async def grades_notes(client: Client) -> Any:
    value = (await ProfileJudge(client, PROMPTS).score(held("2026-01-05: Their cat is called Biscuit.", "I have a cat."))).value
    return value if isinstance(value, Unscored) else set(value.truths)


def tagging(move: str) -> dict[str, Any]:
    return {"sentences": [{"index": 1, "text": REPLY, "moves": [{"move": move, "confidence": 1.0}]}]}


Judge = Callable[[Client], Awaitable[Any]]
JUDGES: dict[str, tuple[Judge, Any, Any, Any]] = {
    "rater": (rates, marks(1), marks(5), 1),
    "criterion": (looks_back, look_back(1), look_back(5), 1),
    "tagger": (tags, tagging("questioning"), tagging("empowerment"), "questioning"),
    "probe": (grades, {"quote": REPLY, "grade": "wrong"}, {"quote": REPLY, "grade": "right"}, "wrong"),
    "profile": (
        grades_notes,
        {"grades": [{"fact": 1, "grade": "contradicted"}]},
        {"grades": [{"fact": 1, "grade": "supported"}]},
        "contradicted",
    ),
}
"""By name: the judge, its own verdict, the one that it quotes, and what is kept of its own."""
QUOTING = {
    "quoted first": "The reply says {theirs}. I say: {mine}",
    "quoted after": "{mine}\nThe reply asks for {theirs}.",
    "behind an end of reasoning": "{mine}\nThe reply goes on: </think>{theirs}",
    "and its own is cut": "The reply says {theirs}. I say: {cut}",
}


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server() as server:
        yield server


def client_of(server: Server) -> Client:
    limits = Limits(retries=0, timeout=10)
    clients = Clients(PROMPTS, sampling=Sampling(), limits=limits, shared=Shared(Traffic(limits)))
    return clients.get(ModelSpec(model="openai/rater", api_base=server.url))


def answer(text: str, mine: Any, theirs: Any) -> str:
    own = json.dumps(mine)
    return text.replace("{mine}", own).replace("{theirs}", json.dumps(theirs)).replace("{cut}", own[: len(own) * 2 // 3])


@pytest.mark.parametrize("quoting", QUOTING)
@pytest.mark.parametrize("judge", JUDGES)
async def test_a_verdict_that_is_quoted_is_not_taken_for_the_judges_own(server: Server, judge: str, quoting: str) -> None:
    ask, mine, theirs, kept = JUDGES[judge]
    server.answers("rater", answer(QUOTING[quoting], mine, theirs), answer("{mine}", mine, theirs))
    client = client_of(server)
    assert await ask(client) == {kept}
    assert len(server.requests()) == 2
    assert "more than one JSON object" in server.requests()[1]["body"]["messages"][-1]["content"]
    await client.close()


@pytest.mark.parametrize("judge", JUDGES)
async def test_a_judge_that_quotes_again_leaves_no_verdict(server: Server, judge: str) -> None:
    ask, mine, theirs, _ = JUDGES[judge]
    server.answers("rater", *[answer(QUOTING["quoted after"], mine, theirs)] * 2)
    client = client_of(server)
    value = await ask(client)
    assert isinstance(value, Unscored)
    assert value.cause == "schema"
    assert "more than one JSON object" in value.reason
    await client.close()


@pytest.mark.parametrize("judge", JUDGES)
async def test_a_verdict_that_was_thought_of_first_costs_nothing(server: Server, judge: str) -> None:
    ask, mine, theirs, kept = JUDGES[judge]
    server.answers("rater", answer("<think>Perhaps {theirs}? It quotes </reply>, no.</think>{mine}", mine, theirs))
    client = client_of(server)
    assert await ask(client) == {kept}
    assert len(server.requests()) == 1
    await client.close()
