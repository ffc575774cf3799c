"""What LiteLLM raises without a word of what came becomes a failure of the right kind."""

from __future__ import annotations

import pytest

from sim.llm.litellm_client import Library
from sim.llm.litellm_failures import judge


class Raised(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status_code = status
        self.message = message


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (422, "Error converting to valid response block=Expecting value: line 1 column 1 (char 0). File an issue if litellm error", "other"),
        (422, "the field max_tokens is unknown", "final"),
        (401, "no key was given", "final"),
    ],
)
def test_only_an_answer_that_it_cannot_read_is_worth_another_attempt(library: Library, status: int, message: str, kind: str) -> None:
    failure = judge(Raised(status, message), library, timeout=1.0, now=lambda: 0.0)
    assert failure.kind == kind
    assert "litellm" not in failure.message.lower(), "the line is plain"
