"""Tokens and prices as providers tell them: what no count can be is unknown, and never subtracts from what was spent."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from sim.core.event import Call, Usage, read_usage
from sim.core.spec import Limits
from sim.llm.direct import read_reply
from sim.llm.litellm_client import _usage, cost_of
from sim.llm.litellm_embedding import _usage as embedding_usage
from sim.llm.traffic.passage import Traffic

ODD: tuple[Any, ...] = (-1, -1_800_000, 1.5, 10**12, 1e300, "12", "many", True, None, [], {"n": 1}, float("nan"))


def answered(usage: object) -> Usage | None:
    body = {"choices": [{"message": {"content": "Hello."}, "finish_reason": "stop"}], "usage": usage}
    answer = read_reply(json.dumps(body).encode(), "host")
    assert answer.text == "Hello.", "an answer is not lost for its usage"
    return answer.usage


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("field", ["prompt_tokens", "completion_tokens"])
def test_a_count_that_is_none_is_unknown(field: str, odd: Any) -> None:
    counted = {"prompt_tokens": 5, "completion_tokens": 3, field: odd}
    assert answered(counted) is None
    assert _usage(SimpleNamespace(usage=SimpleNamespace(**counted, prompt_tokens_details=None))) is None
    if field == "prompt_tokens":
        assert embedding_usage(SimpleNamespace(usage=SimpleNamespace(prompt_tokens=odd))) is None


@pytest.mark.parametrize("odd", [o for o in ODD if o is not None])
def test_a_cache_that_is_none_is_unknown(odd: Any) -> None:
    counted = {"prompt_tokens": 5, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": odd}}
    assert answered(counted) is None


@pytest.mark.parametrize("usage", [None, [], "5", {}, 7, {"prompt_tokens": 5}])
def test_usage_of_another_shape_is_unknown(usage: object) -> None:
    assert answered(usage) is None


def test_a_count_is_a_count() -> None:
    counted = {"prompt_tokens": 5, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 2}}
    assert answered(counted) == Usage(input=5, output=3, cached=2) == read_usage(5, 3, 2)
    assert answered({"prompt_tokens": 0, "completion_tokens": 0, "prompt_tokens_details": None}) == Usage(input=0, output=0)


@pytest.mark.parametrize("cost", [-0.5, float("inf"), float("nan"), "0.1", None])
def test_a_price_that_is_none_is_unknown(cost: object) -> None:
    assert cost_of(SimpleNamespace(_hidden_params={"response_cost": cost}), priced=True) is None


def test_the_budget_is_not_filled_up_by_what_a_provider_says() -> None:
    budget = Traffic(Limits(max_tokens=10)).budget
    for odd in (-1_800_000, 9):
        budget.count("target", "openai/any", usage=read_usage(odd, 3), cost=None)
    assert (budget.spent.tokens, budget.spent.unknown_tokens) == (12, 1)
    assert budget.exhausted()


def test_a_journal_that_holds_a_count_below_nothing_is_read_as_unknown() -> None:
    kept = {"role": "target", "model": "openai/any", "step": "first", "prompt": "0", "cost": None}
    assert Call.model_validate_json(json.dumps({**kept, "usage": {"input": -5, "output": 3, "cached": 0}})).usage is None
    assert Call.model_validate_json(json.dumps({**kept, "usage": {"input": 5, "output": 3, "cached": 0}})).usage == Usage(input=5, output=3)
    assert Call.model_validate_json(json.dumps({**kept, "usage": None})).usage is None
