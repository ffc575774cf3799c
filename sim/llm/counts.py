"""Tokens as an OpenAI-compatible provider counts them: those of the prompt cache are part of what was sent, those of reasoning part of what came."""

from __future__ import annotations

from collections.abc import Mapping

from sim.core.event import Usage, read_usage


def count_usage(usage: Mapping[str, object], *, written: object = None) -> Usage | None:
    """The usage of a call; None where the provider does not say, or says what no count can be.

    Args:
        usage: the `usage` of an answer.
        written: tokens written to the prompt cache, where they are named outside `prompt_tokens_details`.
    """
    sent, came, total = usage.get("prompt_tokens"), usage.get("completion_tokens"), usage.get("total_tokens")
    details, about = _mapping(usage.get("prompt_tokens_details")), _mapping(usage.get("completion_tokens_details"))
    reasoning = about.get("reasoning_tokens") or 0
    # Some count reasoning beside what was said, and only the total tells: it costs as what was said does.
    if isinstance(sent, int) and isinstance(came, int) and isinstance(reasoning, int) and total == sent + came + reasoning:
        came += reasoning
    written = details.get("cache_creation_tokens") or details.get("cache_write_tokens") or written
    return read_usage(sent, came, details.get("cached_tokens"), cache_write=written, reasoning=reasoning)


def _mapping(found: object) -> Mapping[str, object]:
    return found if found is not None and isinstance(found, Mapping) else {}
