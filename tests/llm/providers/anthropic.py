"""Anthropic's messages: https://docs.anthropic.com/en/api/messages."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sim.core.event import Usage
from tests.llm.providers.provider import KEY, Odd, Provider
from tests.llm.providers.wire import Said, say

_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}


class Anthropic(Provider):
    """`anthropic/…`, a model that takes a JSON Schema."""

    name = "Anthropic"
    model = "anthropic/claude-haiku-4-5"
    path = "/v1/messages"
    schema = ("output_format", "schema")
    endings = MappingProxyType({"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"})
    usage = Usage(input=1200, output=300, cached=700, cache_write=100)
    # Its input_tokens leave out what was read from the cache and written to it:
    # 400 fresh at $1, 700 read at $0.10, 100 written at $1.25, 300 out at $5, a million each.
    cost = (400 * 1.00 + 700 * 0.10 + 100 * 1.25 + 300 * 5.00) / 1_000_000
    keyed = ("x-api-key", KEY)

    def answer(self, text: str, *, ending: str = "stop") -> dict[str, Any]:
        """A message, whose content is a list of blocks."""
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": self.model.rpartition("/")[2],
            "content": [{"type": "text", "text": text}] if text else [],
            "stop_reason": self.endings.get(ending, ending),
            "stop_sequence": None,
            "usage": self.counts(),
        }

    def counts(self) -> dict[str, Any]:
        """`usage` as it writes it."""
        written = {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 0}
        return {
            "input_tokens": 400,
            "cache_creation_input_tokens": 100,
            "cache_read_input_tokens": 700,
            "cache_creation": written,
            "output_tokens": 300,
            "service_tier": "standard",
        }

    def refusal(self) -> dict[str, Any]:
        """A refusal is a way to end."""
        return self.answer("", ending="refusal")

    def nothing(self) -> dict[str, Any]:
        """No content at all."""
        return {key: value for key, value in self.answer("").items() if key != "content"}

    def error(self, status: int, message: str, code: str | None = None) -> Any:
        """Its own kinds of error."""
        return {"type": "error", "error": {"type": _KINDS.get(status, "api_error"), "message": message}, "request_id": "req_1"}

    def used_up(self) -> Said:
        """Without credit it answers 400, not 429."""
        said = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."
        return say(self.error(400, said), 400)

    def too_long(self) -> Said:
        """The prompt does not fit."""
        return say(self.error(400, "prompt is too long: 204001 tokens > 200000 maximum"), 400)

    def no_schema(self) -> Said:
        """It does not take the form."""
        return say(self.error(400, "output_format: structured outputs are not supported by this model"), 400)

    def odd(self) -> tuple[Odd, ...]:
        """Thought beside the answer, a pause, a block of an unknown kind, the whole context filled."""
        thinks = self.answer("Add water.")
        thinks["content"].insert(0, {"type": "thinking", "thinking": "Rice burns.", "signature": "c2ln"})
        unknown = self.answer("")
        unknown["content"] = [{"type": "hologram", "url": "x"}]
        beside = self.answer("Add water.")
        beside["content"].append({"type": "hologram", "url": "x"})
        return (
            Odd("thought beside the answer", say(thinks)),
            Odd("pause in the middle of a turn", say(self.answer("", ending="pause_turn"))),
            Odd("answer of an unknown kind", say(unknown)),
            Odd("unknown kind beside the answer", say(beside)),
            Odd("context filled while answering", say(self.answer("Add wa", ending="model_context_window_exceeded"))),
        )


class AnthropicTool(Anthropic):
    """A model without structured output of its own: LiteLLM asks it to call a tool, and the answer is what it calls that with."""

    name = "Anthropic, by tool"
    model = "anthropic/claude-sonnet-4-20250514"
    cost = None

    schema = ("tools", "0", "input_schema")

    def structured(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """The tool is called with the answer."""
        said = self.answer("", ending="tool_use")
        said["content"] = [{"type": "tool_use", "id": "toolu_1", "name": "json_tool_call", "input": dict(value)}]
        return said

    def no_schema(self) -> Said:
        """It does not take tools."""
        return say(self.error(400, "tools: json_schema is not supported by this model"), 400)
