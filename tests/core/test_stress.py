"""A study's stress makes arms, beside each target as it is; what is wrong with it is said in a line."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sim.core.spec import Study
from sim.core.spec.stress import stress_arms
from tests import examples

HTTP = {"url": "http://127.0.0.1:9/x", "body": {"m": "{message}", "u": "{user_id}"}, "reply": "r"}
TWO: list[dict[str, Any]] = [{"id": "a", "model": "offline/uses"}, {"id": "b", "http": HTTP}]


def study(**changes: Any) -> Study:
    return examples.study(targets=[TWO[0]], **changes)


def ids(of: Study) -> list[str]:
    return [t.id for t in of.targets]


def test_every_strength_above_zero_is_an_arm_beside_the_undisturbed_target() -> None:
    curves = [{"typos": [0, 0.25, 1]}, {"hostility": [0.5]}]
    assert ids(study(stress=curves)) == ["a", "a-typos-25", "a-typos-100", "a-hostility-50"]


def test_perturbations_of_one_entry_rise_together() -> None:
    of = study(stress=[{"lower_case": [0.5, 1], "typos": [0, 0.1]}])
    assert [dict(t.stress) for t in of.targets] == [{}, {"lower_case": 0.5}, {"typos": 0.1, "lower_case": 1}]


def test_a_chatbot_of_any_kind_has_arms_and_so_has_each_memory() -> None:
    assert ids(examples.study(targets=TWO, stress=[{"silence": [1]}])) == ["a", "a-silence-100", "b", "b-silence-100"]
    arms = examples.study(targets=[{"id": "m", "model": "offline/uses", "memory": ["full", "none"]}], stress=[{"typos": [1]}])
    assert ids(arms) == ["m-full", "m-full-typos-100", "m-none", "m-none-typos-100"]


@pytest.mark.parametrize("nothing", [{}, {"stress": []}, {"stress": [{"typos": [0]}]}, {"stress": [{"typos": [0], "silence": [0]}]}])
def test_strength_zero_is_no_stress_to_the_byte(nothing: dict[str, Any]) -> None:
    assert study(**nothing).model_dump_json() == study().model_dump_json()
    assert "stress" not in study().model_dump_json(), "a study of before keeps its hash"


def test_what_was_spread_once_is_read_again_as_it_is() -> None:
    of = study(stress=[{"typos": [0.5, 1]}])
    assert Study.model_validate_json(of.model_dump_json()) == of


def test_arms_know_the_target_that_they_disturb() -> None:
    of = examples.study(targets=TWO, stress=[{"typos": [0.5, 1]}])
    assert [(base.id, [t.id for t in arms]) for base, arms in stress_arms(of.targets)] == [
        ("a", ["a-typos-50", "a-typos-100"]),
        ("b", ["b-typos-50", "b-typos-100"]),
    ]


@pytest.mark.parametrize(
    ("stress", "said"),
    [
        ([{"typos": [1.5]}], "less than or equal to 1"),
        ([{"typos": [0.123]}], "two decimals"),
        ([{"typos": [0.5, 0.5]}], "stands twice"),
        ([{"typos": []}], "at least 1 item"),
        ([{}], "disturbs nothing"),
        ([{"typos": [0.5, 1], "silence": [1]}], "as many strengths"),
        ([{"sarcasm": [1]}], "Input should be"),
    ],
)
def test_what_cannot_be_meant_is_refused(stress: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        study(stress=stress)


def test_people_are_not_disturbed() -> None:
    with pytest.raises(ValidationError, match="people write as they do"):
        study(stress=[{"typos": [1]}], played_by="people")


def test_a_target_with_a_stress_of_its_own_takes_no_other() -> None:
    with pytest.raises(ValidationError, match="a stress of its own"):
        examples.study(targets=[{**TWO[0], "stress": {"typos": 0.5}}], stress=[{"silence": [1]}])
