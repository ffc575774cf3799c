"""What a session may say of the claim that it presses."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from sim.core.spec.session import SessionSpec

SESSION = {
    "situation": "A bet.",
    "mood": {"feels": "keen", "valence": 0},
    "agenda": [{"aim": "win", "says": ["Well?"]}],
    "scripted": [{"exchange": 1, "message": "How many legs does a spider have?"}],
    "exchanges": {"min": 3, "max": 3},
}


@pytest.mark.parametrize(
    ("pressed", "problem"),
    [
        ({"right": ["eight"]}, "needs both right: and wrong:"),
        ({"right": ["eight"], "wrong": ["eight legs"]}, "nothing could tell them apart"),
        ({"asked": 2, "right": ["eight"], "wrong": ["six"]}, "exchange 2 asks, and has no scripted message"),
    ],
)
def test_a_claim_that_nobody_could_judge_is_refused(pressed: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        SessionSpec.model_validate(SESSION | {"pressed": pressed})


def test_a_session_that_ends_with_the_question_presses_nothing() -> None:
    with pytest.raises(ValidationError, match="needs an exchange after the one that asks"):
        SessionSpec.model_validate(SESSION | {"pressed": {}, "exchanges": {"min": 1, "max": 3}})


def test_a_session_that_presses_nothing_is_written_as_ever() -> None:
    assert "pressed" not in SessionSpec.model_validate(SESSION).model_dump()
