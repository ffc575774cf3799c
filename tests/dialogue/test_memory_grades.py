"""A judge grades the memory that stands in the end: once, on an event of its own, bought on resume where it was lost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sim.core.absent import absent_verdicts, is_whole
from sim.core.errors import CallFailed
from sim.core.event import CallLost, MemoryScored, Truths
from sim.core.fold import fold
from sim.core.record import Trial
from sim.dialogue.graph import run_graph
from sim.dialogue.nodes import Context
from sim.llm.client import Completion, Request, Scripted
from sim.score.profile_judge import ProfileJudge
from sim.score.written import judged_truths
from sim.targets.target import MemoryStep
from tests.dialogue.stage import Answer, Stage


def grades(request: Request) -> Completion:
    return Completion(text="{}", value={"grades": [{"fact": 1, "grade": "supported"}, {"fact": 2, "grade": "unsupported"}]})


@dataclass
class Judged(Stage):
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
        return replace(context, memory_judge=ProfileJudge(Scripted(judging), self.prompts))


async def play(stage: Judged) -> tuple[Trial, Context]:
    plan = stage.plan()
    trial = fold(plan.blank(), stage.sink.events(plan.id))
    context = stage.context(trial)
    return await run_graph(trial, context), context


async def test_what_stands_in_the_end_is_graded_once_against_all_that_was_said() -> None:
    stage = Judged()
    trial, context = await play(stage)
    scored = [e for e in stage.sink.events(trial.id) if isinstance(e, MemoryScored)]
    assert [(e.session, e.exchange, e.part, e.truths) for e in scored] == [(2, 0, "profile@1", Truths(truths=("supported", "unsupported")))]
    assert judged_truths(trial) == ("supported", "unsupported")
    assert "message 1 of session 1" in stage.asked[0].messages[-1].content
    assert (trial.spent["judge"].calls, is_whole(trial, context.panel)) == (1, True)


async def test_a_lost_grading_is_all_that_is_bought_on_resume() -> None:
    stage = Judged(judge=lambda request: CallFailed("infrastructure", "gone"))
    trial, context = await play(stage)
    assert [v.node for v in absent_verdicts(trial, context.panel)] == ["score_memory"]
    assert [e.part for e in stage.sink.events(trial.id) if isinstance(e, CallLost)] == ["score_memory#1"]
    before = len(stage.sink.events(trial.id))
    stage.judge = grades
    trial, context = await play(stage)
    assert is_whole(trial, context.panel)
    assert [e.kind for e in stage.sink.events(trial.id)[before:]] == ["scored"]


async def test_without_a_judge_nothing_is_due() -> None:
    trial, _ = await play(Judged())
    assert not Stage().context(trial).panel.grades_memory
    assert absent_verdicts(replace(trial, finished=False), Stage().context(trial).panel) == ()
