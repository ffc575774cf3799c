"""Parameters that a study hands through to a provider: anything but what holds a secret, says where a call goes, or is sent already."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from sim.core.spec.keylike import key_like

_SECRET = re.compile(
    r"authorization|cookie|secret|passw|credential|bearer|(?:^|[-_])(?:auth|access|api)?[-_]?(?:key|token)$|api[-_]?key", re.IGNORECASE
)
_SENT = {
    "model": "model",
    "messages": "the prompts",
    "seed": "seeds",
    "temperature": "sampling: {temperature}",
    "top_p": "sampling: {top_p}",
    "max_tokens": "sampling: {max_tokens}",
    "max_completion_tokens": "sampling: {max_tokens}",
    "reasoning_effort": "reasoning_effort",
    "timeout": "timeout",
    "stream": "the client",
    "stream_options": "the client",
    "response_format": "what is asked",
    "n": "the client",
    "tools": "the target",
}
"""Parameters that have a place of their own, and where that is."""
_ELSEWHERE = re.compile(
    r"(?:^|_)(?:base|base_url|url|endpoint|proxy|headers|host)$|^(?:api_|mock_|aws_|vertex_|azure_|litellm|custom_llm|fallback|model_list|client|callback|"
    r"num_retries|max_retries|cache|metadata_file|logger|router|organization)",
    re.IGNORECASE,
)
"""Settings that say where a call goes, who answers it, or how the library behaves."""


def check_extra(extra: Mapping[str, JsonValue]) -> None:
    """Refuse what no study may hand through.

    Raises:
        ValueError: the first such parameter, and where it belongs.
    """
    for name in extra:
        if name in _SENT:
            raise ValueError(f"extra: '{name}' is sent already; say it by {_SENT[name]}")
        if _ELSEWHERE.search(name):
            raise ValueError(f"extra: '{name}' is a setting of the client, not a parameter of the model; take it out")
    for path, value in _leaves(extra):
        if _SECRET.search(path[-1]) or (isinstance(value, str) and key_like(value)):
            raise ValueError(f"extra: '{'.'.join(path)}' looks like a secret; name an environment variable in api_key_env instead")


def _leaves(value: JsonValue | Mapping[str, JsonValue], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], JsonValue]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(inner, Mapping | list):
                yield from _leaves(inner, (*path, name))
            yield (*path, name), inner
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, path)
            if path:
                yield path, inner
