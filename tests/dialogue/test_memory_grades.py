"""A judge grades the memory that stands in the end: once, on an event of its own, bought on resume where it was lost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sim.core.errors import CallFailed
from sim.core.event import CallLost, Judged, Truths
from sim.core.fold import fold
from sim.core.record import Trial
from sim.core.written import GRADES
from sim.dialogue.graph import run_graph
from sim.dialogue.nodes import Context
from sim.llm.client import Completion, Request, Scripted
from sim.score.memory.profile_judge import ProfileJudge
from sim.score.memory.written import judged_truths
from sim.targets.target import MemoryStep
from tests.dialogue.stage import Answer, Stage


def grades(request: Request) -> Completion:
    return Completion(text="{}", value={"grades": [{"fact": 1, "grade": "supported"}, {"fact": 2, "grade": "unsupported"}]})


@dataclass
class Writing(Stage):
    """A stage whose target writes two facts a session, and a judge beside it."""

    judge: Answer = grades
    asked: list[Request] = field(default_factory=list)

    def context(self, trial: Trial) -> Context:
        context = super().context(trial)

        async def writes() -> tuple[MemoryStep, ...]:
            return (MemoryStep("profile", "2026-01-05: They like trams.\n2026-01-05: They keep bees."),)

        def judging(request: Request) -> Completion | Exception:
            self.asked.append(request)
            return self.judge(request)

        context.target.close_session = writes  # type: ignore[method-assign]
        by_node = {**context.judges.by_node, "score_memory": {GRADES: ProfileJudge(Scripted(judging), self.prompts)}}
        return replace(context, panel=replace(context.panel, grades_memory=True), judges=replace(context.judges, by_node=by_node))


async def play(stage: Writing) -> tuple[Trial, Context]:
    plan = stage.plan()
    trial = fold(plan.blank(), stage.sink.events(plan.id))
    context = stage.context(trial)
    return await run_graph(trial, context), context


async def test_what_stands_in_the_end_is_graded_once_against_all_that_was_said() -> None:
    stage = Writing()
    trial, context = await play(stage)
    scored = [e for e in stage.sink.events(trial.id) if isinstance(e, Judged) and e.kind == "scored"]
    assert [(e.session, e.exchange, e.part, e.result) for e in scored] == [(2, 0, "profile@1", Truths(truths=("supported", "unsupported")))]
    assert judged_truths(trial) == ("supported", "unsupported")
    assert "message 1 of session 1" in stage.asked[0].messages[-1].content
    assert (trial.spent["judge"].calls, context.panel.is_whole(trial)) == (1, True)


async def test_a_lost_grading_is_all_that_is_bought_on_resume() -> None:
    stage = Writing(judge=lambda request: CallFailed("infrastructure", "gone"))
    trial, context = await play(stage)
    assert [v.node for v in context.panel.due(trial)] == ["score_memory"]
    assert [e.part for e in stage.sink.events(trial.id) if isinstance(e, CallLost)] == ["score_memory#1"]
    before = len(stage.sink.events(trial.id))
    stage.judge = grades
    trial, context = await play(stage)
    assert context.panel.is_whole(trial)
    assert [e.kind for e in stage.sink.events(trial.id)[before:]] == ["scored"]


async def test_without_a_judge_nothing_is_due() -> None:
    trial, _ = await play(Writing())
    assert not Stage().context(trial).panel.grades_memory
    assert Stage().context(trial).panel.due(replace(trial, finished=False)) == ()
