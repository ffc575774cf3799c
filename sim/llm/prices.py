"""What a model's tokens cost, from the price list that LiteLLM carries: a file beside it, read without importing it and without any network."""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from sim.core.event import Usage
    from sim.core.spec import ModelSpec
    from sim.core.spec.model import PriceSpec

LIST = "model_prices_and_context_window_backup.json"


class Price(Frozen):
    """US dollars a token, and a call."""

    input: float
    output: float
    cached: float | None = None
    """None: as `input`."""
    cache_write: float | None = None
    """None: as `input`."""
    call: float = 0.0
    told: bool = False
    """Whether the study says so, which goes before what the provider's library has worked out."""

    @property
    def flat(self) -> bool:
        """Whether a call costs the same whatever it takes."""
        return not (self.input or self.output or self.cached or self.cache_write)

    def cost(self, usage: Usage) -> float:
        """What a call costs that took `usage`."""
        cached = usage.cached * (self.input if self.cached is None else self.cached)
        written = usage.cache_write * (self.input if self.cache_write is None else self.cache_write)
        fresh = max(0, usage.input - usage.cached - usage.cache_write)
        return fresh * self.input + cached + written + usage.output * self.output + self.call


FREE = Price(input=0.0, output=0.0)
_MILLION = 1_000_000


def model_price(spec: ModelSpec) -> Price | None:
    """What `spec` costs: what its study says, else what LiteLLM's list says. None: unknown, as for any server that is spoken to directly, which is
    not 0. Offline models are free."""
    if spec.offline:
        return FREE
    if spec.price:
        return told_price(spec.price)
    if spec.via == "direct":
        return None
    prices = _prices()
    entry: dict[str, Any] = next((prices[name] for name in listed_as(spec.model) if name in prices), {})
    input, output = entry.get("input_cost_per_token"), entry.get("output_cost_per_token")
    if input is None or output is None:
        return None
    return Price(
        input=input, output=output, cached=entry.get("cache_read_input_token_cost"), cache_write=entry.get("cache_creation_input_token_cost")
    )


def listed_as(model: str) -> tuple[str, ...]:
    """Under which names the list may have `model`; the way to a model of OpenAI's is no part of its name there."""
    name = model.partition("/")[2]
    return model, name, name.removeprefix("responses/")


def told_price(price: PriceSpec) -> Price:
    """What a study says that something costs."""
    cached, written = (None if per is None else per / _MILLION for per in (price.cached, price.cache_write))
    return Price(input=price.input / _MILLION, output=price.output / _MILLION, cached=cached, cache_write=written, call=price.call, told=True)


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
