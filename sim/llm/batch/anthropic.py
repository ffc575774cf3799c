"""Anthropic's message batches: the requests are sent as they are, and all results come in one stream."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from urllib.parse import quote

from sim.core.event import read_usage
from sim.llm.attempts import Answer
from sim.llm.batch.wire import PAGES, SLACK, BatchItem, Http, JsonObject, Standing, count_of, list_of, object_of, read_error, text_of
from sim.llm.failures import AttemptFailed, judge_status

PATH = "/v1/messages/batches"
JSON_TOOL = "json_tool_call"
"""The tool by which LiteLLM asks an older model for JSON."""
_ENDINGS = {"end_turn": "stop", "stop_sequence": "stop", "tool_use": "stop", "max_tokens": "length", "refusal": "content_filter"}
_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The HTTP status of each kind of error that Anthropic documents."""


class AnthropicWire:
    """See `Wire`.

    Args:
        http: the API's root, as `https://api.anthropic.com`.
    """

    most = 100_000
    room = 240_000_000

    def __init__(self, http: Http) -> None:
        self._http = http

    async def submit(self, items: Sequence[BatchItem], label: str) -> str:
        """See `Wire`. A request may name beta features in `anthropic-beta`; they are the same for all, and go into the header."""
        bodies = [dict(item.body) for item in items]
        betas = {text_of(body.pop("anthropic-beta", "")) for body in bodies} - {""}
        made = await self._http.post(
            PATH,
            {"requests": [{"custom_id": item.id, "params": body} for item, body in zip(items, bodies, strict=True)]},
            headers={"anthropic-beta": ",".join(sorted(betas))} if betas else {},
        )
        if not text_of(made.get("id")):
            raise AttemptFailed("other", f"{self._http.host} made a batch without an id")
        return text_of(made.get("id"))

    async def look(self, batch: str) -> Standing:
        """See `Wire`."""
        return _standing(await self._http.get(f"{PATH}/{quote(batch, safe='')}"))

    async def results(self, standing: Standing) -> AsyncIterator[tuple[str, Answer | AttemptFailed]]:
        """See `Wire`."""
        for path in standing.results:
            async for line in self._http.lines(path):
                yield text_of(line.get("custom_id")), _read(object_of(line.get("result")), self._http.host)

    async def find(self, label: str, ids: Collection[str], *, since: float, known: Collection[str]) -> str | None:
        """See `Wire`. A batch carries no label here, so one of that size is known by its results, once it has any.

        Raises:
            AttemptFailed: also while one that it may be is under way.
        """
        after = ""
        for _ in range(PAGES):
            page = await self._http.get(f"{PATH}?limit=100{after}")
            batches = list_of(page.get("data"))
            for batch in batches:
                standing, name = _standing(batch), text_of(batch.get("id"))
                if _made(batch) < since - SLACK:
                    return None
                if name in known or standing.of != len(ids):
                    continue
                if not standing.over:
                    raise AttemptFailed("other", f"{self._http.host}: batch {name} may be the one that was made when the last command was killed")
                async for id, _ in self.results(standing):
                    if id in ids:
                        return name
                    break
            if not page.get("has_more") or not batches:
                return None
            after = f"&after_id={quote(text_of(batches[-1].get('id')), safe='')}"
        return None

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.close()


def _standing(batch: JsonObject) -> Standing:
    word, counts = text_of(batch.get("processing_status")), object_of(batch.get("request_counts"))
    waiting = count_of(counts.get("processing"))
    done = sum(count_of(counts.get(name)) for name in ("succeeded", "errored", "canceled", "expired"))
    # Where results are is known; a URL that is sent is not followed, for the key would go with it.
    results = (f"{PATH}/{quote(text_of(batch.get('id')), safe='')}/results",) if word == "ended" else ()
    return Standing(over=word == "ended", word=word, done=done, of=done + waiting, results=results)


def _made(batch: JsonObject) -> float:
    try:
        return datetime.fromisoformat(text_of(batch.get("created_at"))).timestamp()
    except ValueError:
        return 0.0


def _read(result: JsonObject, host: str) -> Answer | AttemptFailed:
    """What came of one request."""
    kind = text_of(result.get("type"))
    if kind == "succeeded":
        return _message(object_of(result.get("message")))
    if kind != "errored":
        return AttemptFailed("other", f"{host}: the request was {kind or 'not answered'}")
    error = object_of(result.get("error"))
    inner = object_of(error.get("error")) or error
    return judge_status(_STATUS.get(text_of(inner.get("type")), 500), f"{host}: {read_error({'error': inner}) or 'no reason was given'}")


def _message(message: JsonObject) -> Answer:
    parts: list[str] = []
    for block in list_of(message.get("content")):
        if block.get("type") == "text":
            parts.append(text_of(block.get("text")))
        elif block.get("type") == "tool_use" and block.get("name") == JSON_TOOL:
            parts.append(json.dumps(block.get("input"), ensure_ascii=False))
    counted = object_of(message.get("usage"))
    cached, written = count_of(counted.get("cache_read_input_tokens")), count_of(counted.get("cache_creation_input_tokens"))
    sent = count_of(counted.get("input_tokens")) + written + cached
    usage = read_usage(sent, counted.get("output_tokens"), cached, cache_write=written) if counted else None
    ending = text_of(message.get("stop_reason"))
    return Answer("".join(parts), _ENDINGS.get(ending, ending or "stop"), usage)
