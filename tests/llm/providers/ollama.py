"""Ollama's chat: https://github.com/ollama/ollama/blob/main/docs/api.md."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from sim.core.event import Usage
from tests.llm.providers.provider import Odd, Provider
from tests.llm.providers.wire import Said, say


class Ollama(Provider):
    """`ollama/…` and `ollama_chat/…`: a schema in `format`, bounds in `options`, errors as a bare string."""

    name = "Ollama"
    model = "ollama/llama3.2"
    path = "/api/chat"
    limit = ("options", "num_predict")
    schema = ("format",)
    endings = MappingProxyType({"stop": "stop", "length": "length", "content_filter": ""})
    usage = Usage(input=1200, output=300)

    def answer(self, text: str, *, ending: str = "stop") -> dict[str, Any]:
        """A message, with counts and times beside it."""
        return {
            "model": "llama3.2",
            "created_at": "2026-11-24T12:00:00.0Z",
            "message": {"role": "assistant", "content": text},
            "done": True,
            "done_reason": self.endings.get(ending, ending),
            "total_duration": 5_000_000,
            "prompt_eval_count": 1200,
            "eval_count": 300,
        }

    def refusal(self) -> None:
        """It has no form for that."""
        return

    def nothing(self) -> dict[str, Any]:
        """No message."""
        return {"model": "llama3.2", "created_at": "2026-11-24T12:00:00.0Z", "done": True}

    def error(self, status: int, message: str, code: str | None = None) -> Any:
        """A string."""
        return {"error": message}

    def used_up(self) -> Said:
        """Its cloud says so."""
        return say(self.error(429, "you (nora) have reached your weekly usage limit, upgrade for higher limits: https://ollama.com/upgrade"), 429)

    def too_long(self) -> Said:
        """The prompt does not fit."""
        return say(self.error(400, "the input length exceeds the context length"), 400)

    def no_schema(self) -> Said:
        """It cannot make a grammar of it."""
        return say(self.error(400, 'invalid format: "x"; expected "json" or a valid JSON Schema object'), 400)

    def odd(self) -> tuple[Odd, ...]:
        """Thought beside the answer."""
        thinks = self.answer("Add water.")
        thinks["message"]["thinking"] = "Rice burns."
        return (Odd("thought beside the answer", say(thinks)),)
