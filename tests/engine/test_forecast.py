"""What a study takes is counted before anything is spent, controls as they are drawn."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.controls import CALLS, Draw
from sim.core.spec.scorer import ScorerInfo
from sim.engine.plan import forecast, plan_trials
from sim.engine.tokens import RUBRIC_ANSWER, forecast_tokens
from sim.llm.prompts import load_prompts
from tests import examples
from tests.effort import tries


@tries(40)
@given(st.integers(0, 10**6), st.floats(0, 1), st.floats(0, 1), st.integers(1, 3))
def test_controls_are_counted_as_they_are_drawn(seed: int, one_by_one: float, repeat: float, seeds: int) -> None:
    controls = {"one_by_one": one_by_one, "repeat": repeat}
    study = examples.study(seed=seed, seeds=seeds, controls=controls)
    plans = plan_trials(study, [examples.persona()], [examples.scenario()])
    draw = Draw(study.seed, study.controls)
    lengths = [s.spec.exchanges for s in plans[0].cast.sessions]

    def owed(longest: bool) -> int:
        return sum(
            CALLS[c]
            for p in plans
            for session, length in enumerate(lengths, 1)
            for e in range(1, (length.max if longest else length.min) + 1)
            for c in draw.on(p.cast, p.seed, session, e)
        )

    bare = forecast(examples.study(seed=seed, seeds=seeds, controls={"one_by_one": 0, "repeat": 0}), plans)
    found = forecast(study, plans)
    assert found.by_role["rater"].min - bare.by_role["rater"].min == owed(False)
    assert found.by_role["rater"].max - bare.by_role["rater"].max == owed(True)
    assert (found.by_role["user"], found.exchanges) == (bare.by_role["user"], bare.exchanges)


@pytest.mark.parametrize(("controls", "calls"), [({"one_by_one": 0, "repeat": 0}, 1), ({"one_by_one": 0, "repeat": 1}, 2), ({"one_by_one": 1}, 8)])
def test_shares_of_none_and_all_are_certain(controls: dict[str, float], calls: int) -> None:
    study = examples.study(controls={"repeat": 0, **controls})
    plans = plan_trials(study, [examples.persona()], [examples.scenario()])
    found = forecast(study, plans)
    looks_back = sum(len(p.cast.sessions) for p in plans)
    assert found.by_role["rater"].max == calls * found.exchanges.max + looks_back


@pytest.mark.parametrize(
    ("more", "per_session", "per_exchange"),
    [
        ({"memory": "none"}, 0, 0),
        ({"memory": "full"}, 0, 0),
        ({"memory": "window:2"}, 0, 0),
        ({"memory": "retrieval:2"}, 0, 0),
        ({"memory": "summary"}, 1, 0),
        ({"memory": "profile"}, 1, 0),
        ({"memory": "retrieval:2", "embedding": {"model": "offline/embedding"}}, 1, 1),
    ],
)
def test_the_work_of_memory_is_counted_by_policy(more: dict[str, object], per_session: int, per_exchange: int) -> None:
    study = examples.study(targets=[{"id": "a", "model": "offline/uses", **more}])
    found = forecast(study, plan_trials(study, [examples.persona()], [examples.scenario()]))
    later = examples.scenario().sessions[1].exchanges
    counted = found.by_role.get("memory")
    if per_session + per_exchange == 0:
        assert counted is None
    else:
        assert counted is not None
        assert (counted.min, counted.max) == (2 * per_session + later.min * per_exchange, 2 * per_session + later.max * per_exchange)
    assert found.targets == ("a",)


def test_a_judge_grades_each_written_memory_once() -> None:
    study = examples.study(targets=[{"id": "m", "model": "offline/uses", "memory": ["profile", "full"]}], judge={"model": "openai/any"}, seeds=3)
    judged = forecast(study, plan_trials(study, [examples.persona()], [examples.scenario()])).by_role["judge"]
    assert (judged.min, judged.max) == (0, 3)


def test_scorers_are_counted_by_grain_and_those_of_a_group_once() -> None:
    study = examples.study(controls={"one_by_one": 0, "repeat": 0}, seeds=2)
    infos = [
        *(ScorerInfo(id=i, result="yes_no", calls=1, group="m") for i in ("answers", "natural")),
        ScorerInfo(id="apart", result="yes_no", calls=2),
        ScorerInfo(id="counts", result="number"),
        ScorerInfo(id="closes", result="yes_no", grain="session", calls=1, group="m"),
        ScorerInfo(id="whole", result="yes_no", grain="trial", calls=1),
    ]
    plans = plan_trials(study, [examples.persona()], [examples.scenario()], scorers=infos)
    found = forecast(study, plans)
    sessions = sum(len(p.cast.sessions) for p in plans)
    judged = found.by_role["judge"]
    assert (judged.min, judged.max) == tuple(3 * n + sessions + len(plans) for n in (found.exchanges.min, found.exchanges.max))
    assert "judge" not in forecast(study, [replace(p, scorers=()) for p in plans]).by_role
    tokens = forecast_tokens(study, plans, load_prompts())
    mine = [t for (role, _), t in tokens.items() if role == "judge"]
    assert sum(t.output.max for t in mine) == judged.max * RUBRIC_ANSWER
    assert all(t.input.max > t.input.min > 0 for t in mine)


def test_where_people_hold_the_trials_nobody_looks_back_for_them() -> None:
    study = examples.study(played_by="people", controls={"one_by_one": 1, "repeat": 1})
    plans = plan_trials(study, [examples.persona()], [examples.scenario()])
    found = forecast(study, plans)
    assert found.by_role["rater"] == found.exchanges, "the study's own rater rates beside them, and nothing is rated twice"
