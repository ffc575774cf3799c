"""A questionnaire on a bare stage: put to copies one sheet after the other, each kept by itself, and never felt by the talk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from sim.core.errors import CallFailed
from sim.core.event import CallLost, Choice, Event, SheetAnswered, body, key
from sim.core.fold import fold
from sim.core.forget import forget_text
from sim.core.ports import MemorySink
from sim.core.questionnaire import draw_sheets
from sim.core.record import Trial
from sim.core.spec import Persona, Scenario
from sim.core.spec.questionnaire import Questionnaire, QuestionnaireUse
from sim.dialogue.graph import run_graph
from sim.dialogue.nodes import Context
from sim.dialogue.probing import Probing
from sim.engine.plan import TrialPlan
from sim.llm.client import Completion, Request
from sim.llm.prompts import load_prompts
from sim.score.memory.probe_grade import ProbeGrader
from sim.targets.target import Target
from tests import examples
from tests.dialogue.stage import Stage

FORM = Questionnaire.model_validate(
    {
        "id": "calm",
        "title": "How calm",
        "source": "own",
        "asks": ["How true is this?", "Does this fit?"],
        "options": ["not true", "partly true", "true"],
        "items": [
            {"id": "calm", "text": "I am calm.", "scale": "calm"},
            {"id": "nervous", "text": "I am nervous.", "also": ["My nerves are bad."], "scale": "calm", "reverse": True},
        ],
    }
)


def answers_b(request: Request) -> Completion:
    if "Options:" in request.messages[-1].content:
        return Completion(text="B" if "letter of one option" in request.messages[-1].content else "?")
    return Completion(text="Good to hear from you.")


@dataclass
class Interviewed(Stage):
    """A stage on which both sessions are followed by a questionnaire."""

    way: str = "alone"
    forks: bool = True
    asks: bool = True

    def plan(self, *, personas: Sequence[Persona] = (), scenarios: Sequence[Scenario] = (), **_: Any) -> TrialPlan:
        use = QuestionnaireUse.model_validate({"use": "calm.yaml", "form": FORM, "way": self.way, "vary": ["order", "wording", "again"]})
        scenario = examples.scenario()
        sessions = tuple(s.model_copy(update={"questionnaire": use if self.asks else None}) for s in scenario.sessions)
        return super().plan(scenarios=(scenario.model_copy(update={"sessions": sessions}),))

    def context(self, trial: Trial) -> Context:
        context = super().context(trial)

        async def recreate(stood: Trial) -> Target:
            target = Stage.context(self, stood).target
            assert await target.restore(stood) == "all"
            return target

        async def cannot() -> None:
            return None

        if not self.forks:
            context.target.fork = cannot  # type: ignore[method-assign]
        return replace(context, probing=Probing(ProbeGrader(None), recreate, load_prompts()))


async def play(stage: Interviewed) -> Trial:
    plan = stage.plan()
    trial = fold(plan.blank(), stage.sink.events(plan.id))
    context = stage.context(trial)
    await context.target.restore(trial)
    return await run_graph(trial, context)


def sheets(trial: Trial) -> list[SheetAnswered]:
    return [sheet for s in trial.sessions for sheet in s.sheets.values()]


async def test_every_sheet_is_put_after_its_session_on_a_copy_and_kept_by_itself() -> None:
    stage = Interviewed(target=answers_b)
    trial = await play(stage)
    assert stage.context(trial).panel.is_whole(trial)
    assert [len(s.sheets) for s in trial.sessions] == [8, 8], "two items, four ways each: first, turned, reworded, again"
    assert {c.role for s in sheets(trial) for c in s.calls} == {"probe"}
    assert all(len(s.calls) == 1 for s in sheets(trial))
    assert trial.spent["target"].calls == len(trial.exchanges)
    assert {a.option for s in sheets(trial) for a in s.answers.values() if isinstance(a, Choice)} == {2}


async def test_the_talk_is_the_same_without_it() -> None:
    def happened(stage: Interviewed) -> list[tuple[Any, str]]:
        return sorted((key(e), body(e)) for e in stage.sink.events(stage.plan().id) if not isinstance(e, SheetAnswered))

    with_it, without = Interviewed(target=answers_b), Interviewed(target=answers_b, asks=False)
    await play(with_it)
    await play(without)
    assert happened(with_it) == happened(without)


async def test_orders_and_wordings_are_drawn_and_the_same_for_every_session() -> None:
    use = QuestionnaireUse.model_validate({"use": "calm.yaml", "form": FORM})
    drawn = [draw_sheets(use, (0, "nora", "short", seed)) for seed in range(40)]
    assert Counter(s[0].descending for s in drawn).keys() == {True, False}
    assert Counter(s[0].wording for s in drawn).keys() == {0, 1}
    for first, turned, reworded, *_ in drawn:
        assert (turned.descending, turned.wording) == (not first.descending, first.wording)
        assert (reworded.descending, reworded.wording) == (first.descending, 1 - first.wording)
        assert first.options == turned.options[::-1]
        assert first.option_of(0) == turned.option_of(2)
    assert draw_sheets(use, (0, "nora", "short", 3)) == drawn[3]


async def test_a_form_is_one_call_for_all_items() -> None:
    def fills(request: Request) -> Completion:
        return Completion(text="1. A\n2. C" if "Options:" in request.messages[-1].content else "Fine.")

    trial = await play(Interviewed(target=fills, way="form"))
    assert [len(s.sheets) for s in trial.sessions] == [4, 4]
    assert all(len(s.answers) == 2 for s in sheets(trial))
    assert {s.part.split("#")[0] for s in sheets(trial)} == {"calm:form"}


async def test_a_target_that_cannot_be_copied_is_not_asked() -> None:
    stage = Interviewed(target=answers_b, forks=False)
    trial = await play(stage)
    assert sheets(trial) == []
    assert stage.context(trial).panel.is_whole(trial)


@dataclass
class Dying(MemorySink):
    """A journal whose process dies when it is about to keep a sheet."""

    at: int = 0
    sheets: int = 0
    kept: dict[str, dict[Any, Event]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    async def append(self, event: Event) -> None:
        if isinstance(event, SheetAnswered):
            self.sheets += 1
            if self.sheets == self.at:
                raise RuntimeError("the process died")
        await super().append(event)


@pytest.mark.parametrize("at", [1, 4, 8, 9, 16])
@pytest.mark.parametrize("way", ["alone", "form"])
async def test_a_process_that_dies_loses_one_sheet_at_most(at: int, way: str) -> None:
    sink = Dying(at=at if way == "alone" else -(-at // 2))
    stage = Interviewed(target=answers_b, sink=sink, way=way)
    with pytest.raises(RuntimeError, match="the process died"):
        await play(stage)
    trial = await play(stage)
    assert stage.context(trial).panel.is_whole(trial)
    put = Counter(r.messages[-1].content for r in stage.target_client.requests if "Options:" in r.messages[-1].content)
    whole = Interviewed(target=answers_b, way=way)
    await play(whole)
    once = Counter(r.messages[-1].content for r in whole.target_client.requests if "Options:" in r.messages[-1].content)
    assert (put - once).total() == 1, "the sheet that was under way is put once more, and nothing else"
    assert once - put == Counter()


async def test_a_lost_sheet_never_ends_the_talk_and_the_rest_is_bought_later() -> None:
    failures = iter([True, False])

    def flaky(request: Request) -> Completion | Exception:
        if "Does this fit?" in request.messages[-1].content and next(failures, False):
            return CallFailed("infrastructure", "no route to host")
        return answers_b(request)

    stage = Interviewed(target=flaky)
    trial = await play(stage)
    assert [s.closed is not None for s in trial.sessions] == [True, True]
    assert not stage.context(trial).panel.is_whole(trial)
    lost = [e for e in stage.sink.events(trial.id) if isinstance(e, CallLost)]
    assert [e.address.who for e in lost] == ["put_questionnaire"]
    kept = {s.part for s in trial.sessions[0].sheets.values()}
    after = await play(stage)
    assert stage.context(after).panel.is_whole(after)
    assert kept < {s.part for s in after.sessions[0].sheets.values()}


async def test_a_target_that_refuses_for_good_is_counted_as_refusing() -> None:
    def refuses(request: Request) -> Completion | Exception:
        return CallFailed("refused", "content filter") if "Options:" in request.messages[-1].content else Completion(text="Fine.")

    trial = await play(Interviewed(target=refuses))
    assert {a.cause for s in sheets(trial) for a in s.answers.values()} == {"refused"}  # type: ignore[union-attr]


async def test_what_was_said_can_be_forgotten_and_answers_stay() -> None:
    trial = await play(Interviewed(target=answers_b))
    sheet = sheets(trial)[0]
    bare = forget_text(sheet)
    assert (bare.question, bare.reply, bare.answers, bare.part) == ("forgotten", "forgotten", sheet.answers, sheet.part)
