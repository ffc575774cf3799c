"""What a provider itself wrote, read from the body of its answer: LiteLLM puts all answers into one form, and what that form has no word for is lost.

Each format is told by a key that no other has. What is read here is only what the common form leaves out: the provider's own word for how an answer
ended, kinds of content that nobody knows, and what an error says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

ENDINGS: Mapping[str, str] = {
    **dict.fromkeys(("stop", "end_turn", "stop_sequence", "completed", "eos", "eos_token", "COMPLETE", "STOP", "FINISH_REASON_UNSPECIFIED"), "stop"),
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded", "MAX_TOKENS"), "length"),
    **dict.fromkeys(("content_filter", "refusal", "guardrail_intervened", "sensitive", "ERROR_TOXIC"), "content_filter"),
    **dict.fromkeys(("SAFETY", "RECITATION", "LANGUAGE", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"), "content_filter"),
    **dict.fromkeys(("tool_calls", "tool_use", "function_call"), "tool_calls"),
    "pause_turn": "pause_turn",
}
"""How an answer ends, by each provider's own word."""
BROKEN = frozenset({"error", "network_error", "abort", "failed", "cancelled", "MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE"}) | {
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
}
"""Words for an answer that the provider itself gave up."""
_BLOCKS = frozenset({"text", "thinking", "redacted_thinking", "tool_use", "server_tool_use", "compaction", "container_upload", "reference"})
_PARTS = frozenset(
    {
        "text",
        "thought",
        "thoughtSignature",
        "functionCall",
        "functionResponse",
        "inlineData",
        "fileData",
        "executableCode",
        "codeExecutionResult",
        "videoMetadata",
        "partMetadata",
    }
)
_ITEMS = frozenset({"message", "reasoning", "compaction", "output_text", "text", "refusal", "reasoning_text"})
_WORD = 40
"""Characters of a word that nobody knows."""


class Native(NamedTuple):
    """What is read of an answer."""

    ending: str = ""
    """The provider's own word; empty: it says none."""
    unknown: tuple[str, ...] = ()
    """Kinds of content that nobody knows."""
    refusal: str = ""
    """What the model said in place of an answer it refuses to give."""
    counted: bool = True
    """Whether the provider itself says how many tokens it took."""
    holds: bool = True
    """Whether there is an answer in it at all."""
    error: str = ""
    """What it says went wrong, though the answer came as a good one."""


def read_native(raw: object) -> Native:
    """What `raw`, the body of an answer, says in its provider's own words. Never raises: of what is not understood nothing is read."""
    body = _parsed(raw)
    if body is None:
        return Native()
    read = next((read for key, read in _READERS if key in body), _nothing)
    return read(body)._replace(error=error_of(body) if body.get("error") or body.get("object") == "error" else "")


def _nothing(body: Mapping[str, Any]) -> Native:
    return Native()


def _openai(body: Mapping[str, Any]) -> Native:
    choice = _first(body.get("choices"))
    content = _mapping(choice.get("message")).get("content")
    return Native(_word(choice.get("finish_reason")), _strange(_kinds(content), _BLOCKS))


def _responses(body: Mapping[str, Any]) -> Native:
    """OpenAI's responses: a list of items, of which messages hold parts."""
    items = [item for item in _list(body.get("output")) if isinstance(item, Mapping)]
    parts = [part for item in items if item.get("type") == "message" for part in _list(item.get("content")) if isinstance(part, Mapping)]
    refusal = "".join(str(part.get("refusal") or "") for part in parts if part.get("type") == "refusal")
    why = _word(_mapping(body.get("incomplete_details")).get("reason"))
    kinds = (kind for kind in (*_kinds(items), *_kinds(parts)) if not kind.endswith(("_call", "_call_output")))
    return Native(why or _word(body.get("status")), _strange(kinds, _ITEMS), refusal)


def _anthropic(body: Mapping[str, Any]) -> Native:
    kinds = (kind for kind in _kinds(body.get("content")) if not kind.endswith("_tool_result"))
    return Native(_word(body.get("stop_reason")), _strange(kinds, _BLOCKS))


def _gemini(body: Mapping[str, Any]) -> Native:
    """Gemini: a part says what it is by its key."""
    candidate = _first(body.get("candidates"))
    parts = [part for part in _list(_mapping(candidate.get("content")).get("parts")) if isinstance(part, Mapping)]
    blocked = _word(_mapping(body.get("promptFeedback")).get("blockReason"))
    return Native("content_filter" if blocked else _word(candidate.get("finishReason")), _strange((key for part in parts for key in part), _PARTS))


def _ollama(body: Mapping[str, Any]) -> Native:
    return Native(_word(body.get("done_reason")), counted="eval_count" in body, holds="message" in body or "response" in body)


_READERS = (
    ("choices", _openai),
    ("stop_reason", _anthropic),
    ("candidates", _gemini),
    ("promptFeedback", _gemini),
    ("done", _ollama),
    ("output", _responses),
)


def error_of(body: object) -> str:
    """What an error's body says, on one line and with the provider's own name for it; empty where it says nothing that can be read."""
    found = _parsed(body)
    if found is None:
        return ""
    inner = found.get("error", found)
    if isinstance(inner, str):
        return inner
    inner = _mapping(inner)
    detail = inner.get("detail")
    said = inner.get("message") or (detail if isinstance(detail, str) else json.dumps(detail) if detail else "")
    name = next((n for key in ("code", "status", "type") if isinstance(n := inner.get(key), str) and not n.isdigit() and n not in _PLAIN), "")
    return f"{said} ({name})" if said and name else str(said or name)


_PLAIN = frozenset({"error", "invalid_request_error", "BadRequestError"})
"""Names that say nothing."""


def _parsed(raw: object) -> Mapping[str, Any] | None:
    if isinstance(raw, str | bytes):
        try:
            raw = json.loads(raw)
        except (ValueError, RecursionError):
            return None
    if isinstance(raw, list) and raw:
        raw = raw[0]
    return raw if isinstance(raw, Mapping) else None


def _mapping(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


def _list(found: object) -> list[Any]:
    return found if isinstance(found, list) else []


def _first(found: object) -> Mapping[str, Any]:
    return _mapping(next(iter(_list(found)), None))


def _word(found: object) -> str:
    return found if isinstance(found, str) else ""


def _kinds(blocks: object) -> list[str]:
    return [str(block.get("type") or "") for block in _list(blocks) if isinstance(block, Mapping)]


def _strange(kinds: Iterable[str], known: frozenset[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(kind[:_WORD] for kind in kinds if kind not in known))
