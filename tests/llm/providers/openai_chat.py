"""OpenAI's chat completions: https://platform.openai.com/docs/api-reference/chat."""

from __future__ import annotations

from tests.llm.providers.provider import Odd, Provider
from tests.llm.providers.wire import say

_LIMIT = "Rate limit reached for gpt-5-mini on tokens per min (TPM): Limit 200000, Used 198765, Requested 4321. Please try again in 34s."


class OpenAIChat(Provider):
    """`openai/…` through LiteLLM."""

    name = "OpenAI"
    model = "openai/gpt-5-mini"
    base = "/v1"
    limit = ("max_completion_tokens",)
    # 400 fresh at $0.25, 800 cached at $0.025, 300 out (200 of them thought) at $2, a million each.
    cost = (400 * 0.25 + 800 * 0.025 + 300 * 2.00) / 1_000_000

    def odd(self) -> tuple[Odd, ...]:
        """The wait in words."""
        return (Odd("… with the wait in the body", say(self.error(429, _LIMIT, "rate_limit_exceeded"), 429)),)
