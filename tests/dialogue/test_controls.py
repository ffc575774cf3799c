"""Second ratings on a bare stage: bought once, lost and resumed like any verdict."""

from __future__ import annotations

import pytest

from sim.core.address import piece_of
from sim.core.codebook import DIMENSIONS
from sim.core.errors import CallFailed
from sim.core.event import CallLost, Judged, body, key
from sim.core.fold import fold
from sim.core.record import Trial
from sim.core.view import RaterView
from sim.llm.client import Completion, Request
from tests.dialogue.stage import Stage, rates
from tests.dialogue.test_graph import play


def ratings(stage: Stage, trial: Trial, part: str) -> list[Judged]:
    rated = [e for e in stage.sink.events(trial.id) if isinstance(e, Judged) and e.kind == "rated" and e.exchange]
    return [e for e in rated if part in (e.part, piece_of(e.part))]


async def test_every_exchange_drawn_is_rated_again_in_one_call_and_in_seven() -> None:
    stage = Stage(one_by_one=1, repeat=1)
    trial = await play(stage)
    assert stage.context(trial).panel.is_whole(trial)
    for part, pieces in (("self", 1), ("self:repeat", 1), ("self:one_by_one", len(DIMENSIONS))):
        kept = ratings(stage, trial, part)
        assert len(kept) == pieces * len(trial.exchanges)
        assert all(len(e.calls) == 1 and len(e.result) == len(DIMENSIONS) / pieces for e in kept)
        assert all(tuple(sorted(e.ratings[part])) == tuple(sorted(DIMENSIONS)) for e in trial.exchanges)
    assert len(stage.rater_client.requests) == 9 * len(trial.exchanges) + len(trial.sessions)


async def test_a_repeat_has_the_same_words_and_another_sampling_seed() -> None:
    stage = Stage(repeat=1)
    await play(stage)
    asked = [r for r in stage.rater_client.requests if isinstance(r.inputs, RaterView)]
    by_words: dict[object, list[int | None]] = {}
    for request in asked:
        by_words.setdefault((request.messages, str(request.schema)), []).append(request.seed)
    assert all(len(seeds) == len(set(seeds)) == 2 for seeds in by_words.values())


async def test_one_by_one_asks_for_one_dimension_a_call_with_a_seed_each() -> None:
    stage = Stage(one_by_one=1)
    await play(stage)
    alone = [r for r in stage.rater_client.requests if isinstance(r.inputs, RaterView) and r.inputs.only]
    first = [r for r in alone if (r.inputs.card.session.index, r.inputs.exchange) == (1, 1)]  # type: ignore[attr-defined]
    assert {r.inputs.only for r in first} == set(DIMENSIONS)  # type: ignore[attr-defined]
    assert len({r.seed for r in first}) == len(first) == len(DIMENSIONS)
    for request in first:
        last = request.messages[-1].content.splitlines()[-1]
        assert last == f"Rate these, in this order: {request.inputs.only}."  # type: ignore[attr-defined]
        assert request.schema
        assert request.schema.json["required"] == [request.inputs.only]  # type: ignore[attr-defined]


async def test_a_repair_of_one_dimension_is_part_of_the_control() -> None:
    stage = Stage(one_by_one=1)
    broken: list[Request] = []

    def once_broken(request: Request) -> Completion:
        if not broken and isinstance(request.inputs, RaterView) and request.inputs.only == "humor_fit":
            broken.append(request)
            return Completion(text="no")
        return rates(request)

    stage.rater = once_broken
    trial = await play(stage)
    assert [(e.part, len(e.calls)) for e in ratings(stage, trial, "self:one_by_one") if len(e.calls) > 1] == [("self:one_by_one@humor_fit", 2)]


@pytest.mark.parametrize("control", ["repeat", "one_by_one"])
@pytest.mark.parametrize("cause", ["infrastructure", "budget"])
async def test_a_lost_control_is_owed_and_bought_on_resume_alone(control: str, cause: str) -> None:
    undisturbed = Stage(**{control: 1})
    whole = await play(undisturbed)
    stage = Stage(**{control: 1})
    lost: list[Request] = []

    def fails_once(request: Request) -> Completion | Exception:
        view = request.inputs
        if not lost and isinstance(view, RaterView) and view.purpose and (view.exchange, view.only or "callback") == (2, "callback"):
            lost.append(request)
            return CallFailed(cause, "the server is away")  # type: ignore[arg-type]
        return rates(request)

    stage.rater = fails_once
    trial = await play(stage)
    piece = "@callback" if control == "one_by_one" else ""
    assert [(e.part, e.cause, e.calls) for e in trial.lost] == [(f"rate_likability:self:{control}{piece}#1", cause, ())]
    assert not stage.context(trial).panel.is_whole(trial)
    stage.rater_client.requests.clear()
    resumed = await play(stage)
    assert stage.context(resumed).panel.is_whole(resumed)
    assert len(stage.rater_client.requests) == 1, "what was answered beside the lost call is not asked again"
    kept = {key(e): body(e) for e in stage.sink.events(trial.id) if not isinstance(e, CallLost)}
    assert kept == {key(e): body(e) for e in undisturbed.sink.events(whole.id)}


async def test_killed_before_its_controls_a_trial_buys_them_and_nothing_else() -> None:
    stage = Stage(one_by_one=0.5, repeat=0.5)
    whole = await play(stage)
    kept = stage.sink.events(whole.id)
    cut = next(i for i, e in enumerate(kept) if e.part == "self:repeat")
    killed = Stage(one_by_one=0.5, repeat=0.5)
    for event in (*kept[:cut], *(e for e in kept[cut:] if not e.part.startswith("self:"))):
        await killed.sink.append(event)
    resumed = await play(killed)
    assert {key(e): body(e) for e in killed.sink.events(whole.id)} == {key(e): body(e) for e in kept}
    assert killed.user_client.requests == killed.target_client.requests == []
    assert resumed == fold(stage.plan().blank(), killed.sink.events(whole.id))
    due = sum(len(e.calls) for e in kept[cut:] if e.part.startswith("self:"))
    assert 0 < len(killed.rater_client.requests) == due
