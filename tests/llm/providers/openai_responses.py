"""OpenAI's responses: https://platform.openai.com/docs/api-reference/responses."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from tests.llm.providers.provider import Odd, Provider
from tests.llm.providers.wire import say


class OpenAIResponses(Provider):
    """`openai/responses/…`, and the models that OpenAI offers nowhere else."""

    name = "OpenAI responses"
    model = "openai/responses/gpt-5-mini"
    base = "/v1"
    path = "/v1/responses"
    limit = ("max_output_tokens",)
    schema = ("text", "format", "schema")
    endings = MappingProxyType({"stop": "completed", "length": "max_output_tokens", "content_filter": "content_filter"})
    # As OpenAI's chat: 400 fresh at $0.25, 800 cached at $0.025, 300 out at $2, a million each.
    cost = (400 * 0.25 + 800 * 0.025 + 300 * 2.00) / 1_000_000

    def answer(self, text: str, *, ending: str = "stop") -> dict[str, Any]:
        """A response, whose output is a list of items."""
        own = self.endings.get(ending, ending)
        part = {"type": "output_text", "text": text, "annotations": []}
        message = {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [part]}
        return {
            "id": "resp_1",
            "object": "response",
            "created_at": 1_764_000_000,
            "status": "completed" if own == "completed" else "incomplete",
            "incomplete_details": None if own == "completed" else {"reason": own},
            "error": None,
            "instructions": None,
            "metadata": {},
            "model": "gpt-5-mini",
            "output": [{"type": "reasoning", "id": "rs_1", "summary": []}, *([message] if text else [])],
            "parallel_tool_calls": True,
            "temperature": 1.0,
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "usage": self.counts(),
        }

    def counts(self) -> dict[str, Any]:
        """`usage` as it writes it."""
        usage = self.usage
        return {
            "input_tokens": usage.input,
            "input_tokens_details": {"cached_tokens": usage.cached},
            "output_tokens": usage.output,
            "output_tokens_details": {"reasoning_tokens": usage.reasoning},
            "total_tokens": usage.input + usage.output,
        }

    def refusal(self) -> dict[str, Any]:
        """A refusal is a part of the message."""
        said = self.answer("-")
        said["output"][1]["content"] = [{"type": "refusal", "refusal": "I cannot help with that."}]
        return said

    def ended_oddly(self) -> None:
        """LiteLLM breaks on it."""
        return

    def nothing(self) -> dict[str, Any]:
        """No item at all."""
        return {**self.answer(""), "output": []}

    def failed_well(self) -> dict[str, Any]:
        """A response that failed, though it came."""
        return {**self.answer(""), "status": "failed", "output": [], "error": {"code": "server_error", "message": "The model had a problem."}}

    def odd(self) -> tuple[Odd, ...]:
        """An item of a kind that nobody knows, an ending that LiteLLM breaks on."""
        unknown = self.answer("")
        unknown["output"].append({"type": "hologram", "id": "h_1", "status": "completed"})
        return (
            Odd("answer of an unknown kind", say(unknown)),
            Odd("unknown ending that leaves no answer", say(self.answer("Add water.", ending="cosmic_ray"))),
        )
