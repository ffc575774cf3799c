"""Mistral's chat completions: https://docs.mistral.ai/api."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from sim.core.event import Usage
from tests.llm.providers.provider import Odd, Provider
from tests.llm.providers.wire import Said, say


class Mistral(Provider):
    """`mistral/…`: errors lie bare in the body, and thoughts are parts of the content."""

    name = "Mistral"
    model = "mistral/mistral-large-latest"
    base = "/v1"
    endings = MappingProxyType({"stop": "stop", "length": "length"})
    usage = Usage(input=1200, output=300)
    # 1,200 in at $0.50, 300 out at $1.50, a million each.
    cost = (1200 * 0.50 + 300 * 1.50) / 1_000_000

    def counts(self) -> dict[str, Any]:
        """Without any details."""
        return {"prompt_tokens": 1200, "completion_tokens": 300, "total_tokens": 1500}

    def refusal(self) -> None:
        """It has no form for that."""
        return

    def error(self, status: int, message: str, code: str | None = None) -> Any:
        """An error of its gateway, or of its API."""
        if status in (401, 403):
            return {"detail": message}
        return {"object": "error", "message": message, "type": "invalid_request_error", "param": None, "code": code}

    def limited(self) -> Said:
        """Too many calls."""
        return say({"object": "error", "message": "Rate limit exceeded", "type": "rate_limited", "param": None, "code": "1300"}, 429)

    def used_up(self) -> None:
        """It answers as to any rate limit."""
        return

    def too_long(self) -> Said:
        """The prompt does not fit."""
        return say(self.error(400, "Prompt contains 140000 tokens, too large for model with 131072 maximum context length", "3051"), 400)

    def odd(self) -> tuple[Odd, ...]:
        """Thought as a part of the content, an answer that filled the context, an answer that the provider gave up."""
        thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Rice burns."}]}
        thinks = self.answer("")
        thinks["choices"][0]["message"]["content"] = [thought, {"type": "text", "text": "Add water."}]
        return (
            Odd("thought beside the answer", say(thinks)),
            Odd("context filled while answering", say(self.answer("Add wa", ending="model_length"))),
            Odd("answer given up by the provider", say(self.answer("Add wa", ending="error"))),
        )
