"""Probes on a bare stage: put to copies, graded, kept one by one, and never felt by the talk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from sim.core.errors import CallFailed
from sim.core.event import CallLost, Event, Grade, Probed, SessionClosed, Unscored, body, key
from sim.core.fold import fold
from sim.core.probes import Asking
from sim.core.record import Trial
from sim.core.spec import Persona, Probes, Scenario
from sim.core.spec.memory import BUILT_IN
from sim.dialogue.graph import run_graph
from sim.dialogue.nodes import Context
from sim.dialogue.probing import Probing
from sim.engine.plan import TrialPlan
from sim.llm.client import Completion, Request, Scripted
from sim.llm.prompts import load_prompts
from sim.score.memory.probe_grade import ProbeGrader
from sim.score.memory.probe_judge import ProbeJudge
from sim.targets.target import Target
from tests.core.test_probes import persona, scenario
from tests.dialogue.stage import Answer, Stage, replies, says

SPEC = Probes()


@dataclass
class Asked(Stage):
    """A stage on which memory is asked."""

    asks: bool = True
    forks: bool = True
    judge: Answer | None = None
    """Grades what accepted answers do not decide."""

    def plan(self, *, personas: Sequence[Persona] = (), scenarios: Sequence[Scenario] = ()) -> TrialPlan:
        return super().plan(personas=personas or (persona(),), scenarios=scenarios or (scenario(),))

    def context(self, trial: Trial) -> Context:
        context = super().context(trial)
        if not self.forks:
            context.target.fork = _cannot  # type: ignore[method-assign]

        async def recreate(stood: Trial) -> Target:
            target = Stage.context(self, stood).target
            assert await target.restore(stood) == "all"
            return target

        if not self.asks:
            return context
        judge = ProbeJudge(Scripted(self.judge), self.prompts) if self.judge else None
        return replace(context, panel=replace(context.panel, asking=Asking(0, SPEC)), probing=Probing(ProbeGrader(judge), recreate, load_prompts()))


async def _cannot() -> None:
    return None


def tells(request: Request) -> Completion:
    """A user that says what is due, and which message this is."""
    view: Any = request.inputs
    told = " ".join(t.value.text for t in view.due)
    return says(f"{told} This is message {view.exchange} of session {view.card.session.index}.".strip())


def echoes(request: Request) -> Completion:
    """A target that says everything back that it can see."""
    return Completion(text=" ".join(m.content for m in request.messages if m.role == "user")[-4000:])


async def play(stage: Asked) -> Trial:
    plan = stage.plan()
    trial = fold(plan.blank(), stage.sink.events(plan.id))
    context = stage.context(trial)
    await context.target.restore(trial)
    return await run_graph(trial, context)


def happened(events: Sequence[Event], *, probed: bool = True) -> list[tuple[Any, str]]:
    kept = [e for e in events if not isinstance(e, CallLost) and (probed or not isinstance(e, Probed))]
    return sorted((key(e), body(e)) for e in kept)


def probed(trial: Trial) -> list[Probed]:
    return [p for s in trial.sessions for p in s.probes.values()]


async def test_every_session_is_asked_on_copies_and_paid_for_apart() -> None:
    stage = Asked(user=tells, target=echoes)
    trial = await play(stage)
    assert stage.context(trial).panel.is_whole(trial)
    assert {p.probe for p in probed(trial)} == {"explicit", "update", "implicit", "temporal", "abstention", "control"}
    assert {c.role for p in probed(trial) for c in p.calls} == {"probe"}
    assert trial.spent["target"].calls == len(trial.exchanges)
    assert trial.spent["probe"].calls == len(probed(trial))
    asked = [r for r in stage.target_client.requests if r.role == "probe"]
    assert all(r.messages[-1].content.endswith("?") for r in asked)
    opened = [r.messages[-1].content.startswith("[") for r in asked]
    assert opened.count(False) == sum(p.probe == "control" for p in probed(trial)), "all but controls open a new session"


@pytest.mark.parametrize("policy", [f"{name}:3" if about.counts else name for name, about in BUILT_IN.items()])
async def test_probing_leaves_no_trace_under_any_policy(policy: str) -> None:
    async def told(*, asks: bool) -> list[Event]:
        stage = Asked(user=tells, target=replies, memory=policy, asks=asks)
        await play(stage)
        return list(stage.sink.events(stage.plan().id))

    with_probes, without = await told(asks=True), await told(asks=False)
    assert any(isinstance(e, Probed) for e in with_probes)
    assert happened(with_probes, probed=False) == happened(without)


async def test_a_target_that_cannot_be_copied_has_no_probes_and_the_record_says_so() -> None:
    stage = Asked(user=tells, forks=False)
    trial = await play(stage)
    assert probed(trial) == []
    assert [s.forks for s in trial.sessions] == [False, False]
    assert stage.context(trial).panel.is_whole(trial)
    assert happened(list(stage.sink.events(trial.id)))


async def test_a_lost_probe_never_ends_the_talk_and_is_all_that_is_bought_again() -> None:
    whole = Asked(user=tells, target=echoes)
    await play(whole)
    lost = 0

    def fails(request: Request) -> Completion | Exception:
        nonlocal lost
        if request.role == "probe" and request.messages[-1].content.endswith(("van?", "knee, again?")):
            lost += 1
            return CallFailed("infrastructure", "the line dropped")
        return echoes(request)

    stage = Asked(user=tells, target=fails)
    trial = await play(stage)
    assert [s.closed for s in trial.sessions] == ["maximum", "maximum"]
    absent = stage.context(trial).panel.due(trial)
    assert len(absent) == lost > 0
    assert {v.node for v in absent} == {"probe_memory"}
    before = len(stage.target_client.requests)
    stage.target = echoes
    resumed = await play(stage)
    assert len(stage.target_client.requests) - before == lost
    assert stage.context(resumed).panel.is_whole(resumed)
    assert happened(list(stage.sink.events(trial.id))) == happened(list(whole.sink.events(trial.id)))


def grades(request: Request) -> Completion:
    return Completion(text="{}", value={"quote": "something", "grade": "wrong"})


def vague(request: Request) -> Completion:
    """A target whose answers name nothing that was told, so that a judge has to be asked."""
    return Completion(text="It was something." if request.role == "probe" else "I see.")


async def test_an_answer_whose_grade_was_lost_is_graded_on_resume_and_not_asked_for_again() -> None:
    whole = Asked(user=tells, target=vague, judge=grades)
    await play(whole)
    assert whole.judge is grades
    stage = Asked(user=tells, target=vague, judge=lambda _: CallFailed("infrastructure", "the judge is away"))
    trial = await play(stage)
    assert [s.closed for s in trial.sessions] == ["maximum"] * 2, "a lost grade never ends the talk"
    waiting = {(s.index, part): answer for s in trial.sessions for part, answer in s.answers.items()}
    assert waiting
    assert {a.answer for a in waiting.values()} == {"It was something."}
    assert all([c.role for c in a.calls] == ["probe"] for a in waiting.values())
    assert {(v.node, v.session, v.part) for v in stage.context(trial).panel.due(trial)} == {("probe_memory", *place) for place in waiting}
    stage.target_client.requests.clear()
    stage.judge = grades
    resumed = await play(stage)
    assert stage.target_client.requests == [], "every answer was paid for once"
    assert stage.context(resumed).panel.is_whole(resumed)
    assert [s.answers for s in resumed.sessions] == [{}, {}]
    assert happened(list(stage.sink.events(trial.id))) == happened(list(whole.sink.events(trial.id)))


async def test_a_judge_that_refuses_leaves_an_answer_without_a_grade() -> None:
    trial = await play(Asked(user=tells, target=vague, judge=lambda _: CallFailed("refused", "not that")))
    graded_by_judge = [p for p in probed(trial) if not isinstance(p.grade, Grade)]
    assert graded_by_judge
    assert {p.grade for p in graded_by_judge} == {Unscored(cause="refused", reason="not that")}


@pytest.mark.parametrize("kept", [1, 3, 5])
async def test_stopped_among_its_probes_it_ends_as_if_undisturbed(kept: int) -> None:
    whole = Asked(user=tells, target=echoes)
    await play(whole)
    stage = Asked(user=tells, target=echoes)
    seen = 0
    for event in whole.sink.events(stage.plan().id):
        seen += isinstance(event, Probed)
        if seen > kept or isinstance(event, SessionClosed):
            break
        await stage.sink.append(event)
    trial = await play(stage)
    assert stage.context(trial).panel.is_whole(trial)
    assert happened(list(stage.sink.events(trial.id))) == happened(list(whole.sink.events(trial.id)))


async def test_a_target_that_refuses_a_probe_has_answered_it_without_a_grade() -> None:
    def refuses(request: Request) -> Completion | Exception:
        return CallFailed("refused", "not that") if request.role == "probe" else echoes(request)

    trial = await play(Asked(user=tells, target=refuses))
    assert trial.failed is None
    assert {p.grade for p in probed(trial)} == {Unscored(cause="refused", reason="not that")}


async def test_whether_it_was_written_and_retrieved_is_told_as_far_as_it_is_known() -> None:
    full, none = [await play(Asked(user=tells, target=echoes, memory=m)) for m in ("full", "none")]
    told = [p for p in probed(full) if p.probe in ("explicit", "update", "implicit", "temporal")]
    assert {p.written for p in told} == {True}
    assert {p.written for p in probed(none) if p.probe in ("explicit", "update", "implicit", "temporal")} == {False}
    assert {p.written for p in (*probed(full), *probed(none)) if p.probe in ("control", "abstention")} == {None}


async def test_who_forgets_between_sessions_understood_all_the_same() -> None:
    trial = await play(Asked(user=tells, target=echoes, memory="none"))
    # The van comes on Thursday, and so may the day of asking.
    graded = [(p.probe, p.grade.outcome) for p in probed(trial) if isinstance(p.grade, Grade) and p.fact != "van"]
    grades = {k: [outcome for kind, outcome in graded if kind == k] for k in ("control", "explicit")}
    assert set(grades["control"]) == {"right"}
    assert "right" not in grades["explicit"]


async def test_an_answer_that_was_cut_off_all_thought_is_not_graded() -> None:
    def target(request: Request) -> Completion:
        return Completion(text=" ", finish="length", thought="Hm.") if request.role == "probe" else replies(request)

    stage = Asked(target=target, judge=lambda request: CallFailed("infrastructure", "nobody is to be asked"))
    trial = await play(stage)
    grades = [p.grade for s in trial.sessions for p in s.probes.values()]
    assert grades
    assert {(g.kind, getattr(g, "cause", "")) for g in grades} == {("unscored", "too_long")}
