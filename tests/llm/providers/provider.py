"""A provider as the suite sees it: how it is reached, and how it says in its own format what every provider can say.

The base class speaks the OpenAI chat protocol, which most share; a provider's module says what it does otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sim.core.event import Usage
from sim.core.spec import ModelSpec
from tests.llm.providers.wire import Said, say

KEY = "sk-wire-0f9d8c7b6a5e4d3c"
"""The dummy key that every provider is sent."""
ENVIRON = {"WIRE_KEY": KEY}


@dataclass(frozen=True)
class Odd:
    """An answer that only this provider gives, with the line of the table that it stands in."""

    row: str
    said: Said


class Provider:
    """One provider."""

    name: ClassVar[str] = ""
    """Its column in the table."""
    model: ClassVar[str] = ""
    base: ClassVar[str] = ""
    """What follows the server's address in its `api_base`."""
    client: ClassVar[Literal["direct", "litellm"]] = "litellm"
    path: ClassVar[str] = "/v1/chat/completions"
    """Where it is asked."""
    limit: ClassVar[tuple[str, ...]] = ("max_tokens",)
    """Where in what it is sent the bound of an answer stands."""
    schema: ClassVar[tuple[str, ...]] = ("response_format", "json_schema", "schema")
    """Where in what it is sent the JSON Schema stands."""
    endings: ClassVar[Mapping[str, str]] = {"stop": "stop", "length": "length", "content_filter": "content_filter"}
    """Its words for how an answer ends, by ours."""
    usage: ClassVar[Usage] = Usage(input=1200, output=300, cached=800, reasoning=200)
    """What `answer` says that a call took."""
    cost: ClassVar[float | None] = None
    """US dollars for that, worked out by hand; None: the price list does not have the model."""
    keyed: ClassVar[tuple[str, str]] = ("authorization", f"Bearer {KEY}")
    """The header that carries the key."""

    def spec(self, url: str) -> ModelSpec:
        """How a study names it, at `url`."""
        return ModelSpec(model=self.model, api_base=url + self.base, client=self.client, api_key_env="WIRE_KEY")

    def answer(self, text: str, *, ending: str = "stop") -> dict[str, Any]:
        """An answer.

        Args:
            text: what the model says.
            ending: one of `endings`, or a word of its own.
        """
        message = {"role": "assistant", "content": text}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_764_000_000,
            "model": self.model.rpartition("/")[2],
            "choices": [{"index": 0, "message": message, "finish_reason": self.endings.get(ending, ending)}],
            "usage": self.counts(),
        }

    def counts(self) -> dict[str, Any]:
        """`usage` as it writes it."""
        usage = self.usage
        return {
            "prompt_tokens": usage.input,
            "completion_tokens": usage.output,
            "total_tokens": usage.input + usage.output,
            "prompt_tokens_details": {"cached_tokens": usage.cached},
            "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
        }

    def structured(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """An answer in the form that was asked for."""
        return self.answer(json.dumps(value))

    def refusal(self) -> dict[str, Any] | None:
        """An answer in which the model refuses; None: it has no form for that."""
        said = self.answer("")
        said["choices"][0]["message"] |= {"content": None, "refusal": "I cannot help with that."}
        return said

    def ended_oddly(self) -> dict[str, Any] | None:
        """A good answer that ended for a reason that nobody knows; None: an odd ending leaves no good answer."""
        return self.answer("Add water.", ending="cosmic_ray")

    def nothing(self) -> dict[str, Any]:
        """An answer that holds no answer."""
        return {**self.answer(""), "choices": []}

    def error(self, status: int, message: str, code: str | None = None) -> Any:
        """An error's body."""
        return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}

    def failed_well(self) -> Any:
        """An error that comes as a good answer, as gateways have it."""
        return self.error(500, "The model had a problem.")

    def limited(self) -> Said:
        """Too many calls."""
        return say(self.error(429, "Rate limit reached for requests per minute.", "rate_limit_exceeded"), 429)

    def used_up(self) -> Said | None:
        """The account has no credit left; None: it has no form for that."""
        said = "You exceeded your current quota, please check your plan and billing details."
        return say(self.error(429, said, "insufficient_quota"), 429)

    def too_long(self) -> Said:
        """The prompt does not fit."""
        said = "This model's maximum context length is 128000 tokens. However, your messages resulted in 130001 tokens."
        return say(self.error(400, said, "context_length_exceeded"), 400)

    def streamed(self) -> Said | None:
        """An answer in pieces; None: it is not asked for one."""
        return None

    def filtered(self) -> Said | None:
        """The prompt is refused for what it says; None: it has no form for that."""
        return None

    def no_schema(self) -> Said:
        """It does not take a JSON Schema."""
        return say(self.error(400, "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."), 400)

    def odd(self) -> tuple[Odd, ...]:
        """What only this provider says."""
        return ()
