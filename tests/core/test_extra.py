"""What a study may hand through to a provider, and what it may not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sim.core.spec import Limits, ModelSpec
from sim.core.spec.allowance import SECONDS


@pytest.mark.parametrize(
    "extra",
    [
        {"top_k": 40},
        {"thinking": {"type": "enabled", "budget_tokens": 2_000}},
        {"chat_template_kwargs": {"enable_thinking": False}},
        {"stop": ["\n\n"], "logit_bias": {"50256": -100}},
        {"provider": {"order": ["a", "b"]}, "min_tokens": 4},
    ],
)
def test_parameters_pass(extra: dict[str, Any]) -> None:
    spec = ModelSpec(model="openai/any", extra=extra)
    assert spec.extra == extra
    assert hash(spec) == hash(ModelSpec(model="openai/any", extra=extra))


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ({"api_key": "x"}, "'api_key' is a setting of the client"),
        ({"key": "x"}, "'key' looks like a secret; name an environment variable in api_key_env instead"),
        ({"auth": {"token": "abc"}}, "'auth.token' looks like a secret"),
        ({"list": [{"password": "abc"}]}, "'list.password' looks like a secret"),
        ({"user": "sk-abcdefgh12345678"}, "'user' looks like a secret"),
        ({"extra_headers": {"X": "y"}}, "'extra_headers' is a setting of the client"),
        ({"base_url": "http://evil"}, "'base_url' is a setting of the client"),
        ({"api_base": "http://evil"}, "'api_base' is a setting of the client"),
        ({"mock_response": "hi"}, "'mock_response' is a setting of the client"),
        ({"max_tokens": 4}, "'max_tokens' is sent already; say it by sampling: {max_tokens}"),
        ({"messages": []}, "'messages' is sent already"),
        ({"stream": True}, "'stream' is sent already"),
    ],
)
def test_secrets_addresses_and_what_is_sent_already_do_not(extra: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ModelSpec(model="openai/any", extra=extra)
    assert complaint in str(refused.value)
    assert "sk-abc" not in complaint


def test_time_outs_by_role_leave_the_others_as_they_are() -> None:
    assert Limits().seconds("rater") == SECONDS["rater"]
    some = Limits.model_validate({"timeout": {"user": 60}})
    assert (some.seconds("user"), some.seconds("rater")) == (60, SECONDS["rater"])
    assert {Limits(timeout=7).seconds(role) for role in SECONDS} == {7}


@pytest.mark.parametrize("timeout", [0, -1, "soon", True, {"user": 0}, {"nobody": 3}, float("inf"), [3]])
def test_time_outs_that_are_none(timeout: Any) -> None:
    with pytest.raises(ValidationError):
        Limits.model_validate({"timeout": timeout})
