"""A target that plays a character names the same target without it, and is compared with it arm by arm."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sim.core.spec.character import without_character
from tests import examples

PLAIN = {"id": "plain", "model": "offline/uses"}
ROSA = {"id": "rosa", "model": "offline/flatters", "character": {"without": "plain", "agreeableness": 0.8}}


def compared(**study: Any) -> dict[str, str | None]:
    targets = examples.study(targets=[PLAIN, ROSA], **study).targets
    return {t.id: base.id for t in targets if (base := without_character(t, targets))}


@pytest.mark.parametrize(
    ("character", "says"),
    [
        ({"without": "nobody"}, "'nobody', which is to be the same without it, is not among the targets"),
        ({"without": "rosa"}, "name one that plays none"),
        ({"without": "plain", "agreeableness": 4.2}, "less than or equal to 1"),
        ({"agreeableness": 0.5}, "Field required"),
    ],
)
def test_what_cannot_be_compared_is_refused(character: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        examples.study(targets=[PLAIN, {**ROSA, "character": character}])


def test_each_arm_is_compared_with_the_same_arm() -> None:
    assert compared() == {"rosa": "plain"}
    stressed = compared(stress=[{"typos": [0, 0.25]}])
    assert stressed == {"rosa": "plain", "rosa-typos-25": "plain-typos-25"}
    swapped = compared(fairness={"swaps": {"name": ["Emily", "Lakisha"]}})
    assert swapped == {"rosa-name-emily": "plain-name-emily", "rosa-name-lakisha": "plain-name-lakisha"}


def test_a_study_with_arms_is_read_again_as_it_was_written() -> None:
    for more in ({}, {"stress": [{"typos": [0, 0.25]}]}, {"fairness": {"swaps": {"name": ["Emily", "Lakisha"]}}}):
        study = examples.study(targets=[PLAIN, ROSA], **more)
        assert type(study).model_validate(study.model_dump(mode="json")) == study


def test_a_character_asks_for_its_scorer_once_and_nothing_else_changes() -> None:
    plain = examples.study(targets=[PLAIN])
    assert "character" not in plain.model_dump_json()
    assert [s.use for s in plain.asked_scorers] == []
    assert [s.use for s in examples.study(targets=[PLAIN, ROSA]).asked_scorers] == ["capitulation"]
    named = examples.study(targets=[PLAIN, ROSA], scorers=[{"use": "capitulation"}, {"use": "agreement"}])
    assert [s.use for s in named.asked_scorers] == ["capitulation", "agreement"]
