"""What a model's tokens cost, from the price list that LiteLLM carries: a file beside it, read without importing it and without any network."""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from sim.core.spec import ModelSpec

LIST = "model_prices_and_context_window_backup.json"


class Price(Frozen):
    """US dollars a token."""

    input: float
    output: float


FREE = Price(input=0.0, output=0.0)


def model_price(spec: ModelSpec) -> Price | None:
    """What `spec` costs; None: unknown, as for any server of one's own, which is not 0. Offline models are free."""
    if spec.offline:
        return FREE
    if spec.api_base:
        return None
    prices = _prices()
    entry = prices.get(spec.model) or prices.get(spec.model.partition("/")[2]) or {}
    found = entry.get("input_cost_per_token"), entry.get("output_cost_per_token")
    return None if found[0] is None or found[1] is None else Price(input=found[0], output=found[1])


@cache
def _prices() -> dict[str, Any]:
    """LiteLLM's list; empty where there is none, so that every price is unknown."""
    package = find_spec("litellm")
    for folder in package.submodule_search_locations or () if package else ():
        path = Path(folder) / LIST
        if path.is_file():
            prices: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return prices
    return {}
