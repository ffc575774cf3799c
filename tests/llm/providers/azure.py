"""Azure OpenAI: https://learn.microsoft.com/azure/ai-services/openai/reference."""

from __future__ import annotations

from typing import Any

from tests.llm.providers.provider import KEY, Odd, Provider
from tests.llm.providers.wire import Said, say

_EXCEEDED = "Requests to the ChatCompletions_Create Operation have exceeded the token rate limit of your current pricing tier"
_SAFE = {"filtered": False, "severity": "safe"}


class Azure(Provider):
    """`azure/<deployment>`: the deployment is in the path, the key in a header of its own, the filter's findings in every answer."""

    name = "Azure"
    model = "azure/gpt-4o"
    path = "/openai/deployments/gpt-4o/chat/completions"
    keyed = ("api-key", KEY)
    # 400 fresh at $2.50, 800 cached at $1.25, 300 out at $10, a million each.
    cost = (400 * 2.50 + 800 * 1.25 + 300 * 10.00) / 1_000_000

    def answer(self, text: str, *, ending: str = "stop") -> dict[str, Any]:
        """As OpenAI's, with what the content filter found."""
        said = super().answer(text, ending=ending)
        said["choices"][0]["content_filter_results"] = {"hate": _SAFE, "self_harm": _SAFE}
        return {**said, "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {"hate": _SAFE}}]}

    def limited(self) -> Said:
        """Too many tokens in a minute."""
        return say(self.error(429, f"{_EXCEEDED}.", "429"), 429)

    def odd(self) -> tuple[Odd, ...]:
        """The wait in words."""
        return (Odd("… with the wait in the body", say(self.error(429, f"{_EXCEEDED}. Please retry after 34 seconds.", "429"), 429)),)

    def filtered(self) -> Said:
        """The prompt met the content filter."""
        error = {
            "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt.",
            "type": None,
            "param": "prompt",
            "code": "content_filter",
            "status": 400,
            "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"self_harm": {"filtered": True, "severity": "high"}}},
        }
        return say({"error": error}, 400)
