"""Servers that speak the OpenAI protocol, as vLLM has it: https://docs.vllm.ai/en/latest/serving/openai_compatible_server."""

from __future__ import annotations

import json
from typing import Any

from tests.llm.providers.provider import Odd, Provider
from tests.llm.providers.wire import Said, say


class Vllm(Provider):
    """`hosted_vllm/…` through LiteLLM."""

    name = "vLLM"
    model = "hosted_vllm/qwen3"
    base = "/v1"

    def answer(self, text: str, *, ending: str = "stop") -> dict[str, Any]:
        """As OpenAI's, with fields of its own."""
        said = super().answer(text, ending=ending)
        said["choices"][0] |= {"stop_reason": None, "token_ids": None}
        said["choices"][0]["message"] |= {"reasoning_content": None, "refusal": None, "tool_calls": []}
        return {**said, "kv_transfer_params": None, "prompt_logprobs": None}

    def error(self, status: int, message: str, code: str | None = None) -> Any:
        """Its codes are numbers."""
        return {"error": {"message": message, "type": "BadRequestError", "param": None, "code": status}}

    def used_up(self) -> None:
        """It has no accounts."""
        return

    def too_long(self) -> Said:
        """The prompt does not fit."""
        said = "This model's maximum context length is 4096 tokens. However, your request has 4200 input tokens. Please reduce the length."
        return say(self.error(400, said), 400)

    def no_schema(self) -> Said:
        """It cannot compile the grammar."""
        return say(self.error(400, "Failed to compile the json_schema of response_format into a grammar."), 400)

    def odd(self) -> tuple[Odd, ...]:
        """Thought beside the answer."""
        thinks = self.answer("Add water.")
        thinks["choices"][0]["message"]["reasoning_content"] = "Rice burns."
        return (Odd("thought beside the answer", say(thinks)),)


class Direct(Vllm):
    """The same server without LiteLLM, as a study reaches it that names an `api_base`."""

    name = "vLLM, direct"
    client = "direct"

    def streamed(self) -> Said:
        """Server-sent events, a word each."""
        deltas: tuple[dict[str, Any], ...] = ({"role": "assistant", "content": ""}, {"content": "Add "}, {"content": "water."}, {})
        chunks = [{"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": d, "finish_reason": None if d else "stop"}]} for d in deltas]
        lines = [*map(json.dumps, chunks), json.dumps({"choices": [], "usage": self.counts()}), "[DONE]"]
        return Said("".join(f"data: {line}\n\n" for line in lines).encode(), headers={"Content-Type": "text/event-stream"})
