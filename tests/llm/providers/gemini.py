"""Gemini's generateContent: https://ai.google.dev/api/generate-content."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from tests.llm.providers.provider import KEY, Odd, Provider
from tests.llm.providers.wire import Said, say

_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_EXCEEDED = "You exceeded your current quota, please check your plan and billing details. For more information on this error, head over to the docs."


class Gemini(Provider):
    """`gemini/…`: thoughts are counted beside what is said, and waits stand in the body."""

    name = "Gemini"
    model = "gemini/gemini-2.5-flash"
    path = "/models/gemini-2.5-flash:generateContent"
    limit = ("generationConfig", "max_output_tokens")
    schema = ("generationConfig", "response_json_schema")
    endings = MappingProxyType({"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"})
    # Its candidatesTokenCount leaves out the 200 of thought: 400 fresh at $0.30, 800 cached at $0.03, 100 + 200 out at $2.50, a million each.
    cost = (400 * 0.30 + 800 * 0.03 + 300 * 2.50) / 1_000_000
    keyed = ("x-goog-api-key", KEY)

    def answer(self, text: str, *, ending: str = "stop") -> dict[str, Any]:
        """Candidates, of which there is one."""
        candidate: dict[str, Any] = {"finishReason": self.endings.get(ending, ending), "index": 0}
        if text:
            candidate["content"] = {"parts": [{"text": text}], "role": "model"}
        return {"candidates": [candidate], "usageMetadata": self.counts(), "modelVersion": "gemini-2.5-flash", "responseId": "r1"}

    def counts(self) -> dict[str, Any]:
        """`usage` as it writes it."""
        return {
            "promptTokenCount": 1200,
            "cachedContentTokenCount": 800,
            "candidatesTokenCount": 100,
            "thoughtsTokenCount": 200,
            "totalTokenCount": 1500,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1200}],
            "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 800}],
        }

    def refusal(self) -> dict[str, Any]:
        """The prompt is blocked: there is no candidate."""
        blocked = {"blockReason": "PROHIBITED_CONTENT"}
        return {"promptFeedback": blocked, "usageMetadata": {"promptTokenCount": 1200, "totalTokenCount": 1200}, "modelVersion": "gemini-2.5-flash"}

    def nothing(self) -> dict[str, Any]:
        """No candidate."""
        return {**self.answer(""), "candidates": []}

    def error(self, status: int, message: str, code: str | None = None) -> Any:
        """As all of Google's interfaces have it."""
        return {"error": {"code": status, "message": message, "status": _STATUS.get(status, "UNKNOWN")}}

    def _exhausted(self, quota: str, words: str) -> Said:
        said = self.error(429, f"{_EXCEEDED} * Quota exceeded for metric: generate_content_free_tier_requests, limit: 10\n{words}")
        failure = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": quota}]}
        info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"}
        said["error"]["details"] = [failure, info]
        return say(said, 429)

    def limited(self) -> Said:
        """Too many calls for a model that everybody wants."""
        return say(self.error(429, "Resource has been exhausted (e.g. check quota)."), 429)

    def used_up(self) -> Said:
        """The day's calls are used."""
        return self._exhausted("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "Please retry in 34.074824224s.")

    def too_long(self) -> Said:
        """The prompt does not fit."""
        return say(self.error(400, "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576)."), 400)

    def no_schema(self) -> Said:
        """It does not take JSON."""
        return say(self.error(400, "JSON mode is not enabled for models/gemini-2.5-flash: response_json_schema"), 400)

    def odd(self) -> tuple[Odd, ...]:
        """Thought beside the answer, a part of an unknown kind, a key that it does not know, a minute's limit, an answer given up."""
        thinks = self.answer("Add water.")
        thinks["candidates"][0]["content"]["parts"].insert(0, {"text": "Rice burns.", "thought": True})
        unknown = self.answer("-")
        unknown["candidates"][0]["content"]["parts"] = [{"hologram": {"url": "x"}}]
        bad = self.error(400, "API key not valid. Please pass a valid API key.")
        bad["error"]["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]
        return (
            Odd("thought beside the answer", say(thinks)),
            Odd("answer of an unknown kind", say(unknown)),
            Odd("key refused with status 400", say(bad, 400)),
            # The words are those of a quota, and only its name tells that it passes.
            Odd("… with the wait in the body", self._exhausted("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "")),
            Odd("answer given up by the provider", say(self.answer("", ending="MALFORMED_RESPONSE"))),
        )
