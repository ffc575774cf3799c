"""OpenAI's batches, which other servers offer too: a file is uploaded, a batch is made of it, and results and errors are files of their own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Sequence
from urllib.parse import quote

import aiohttp

from sim.llm.attempts import Answer
from sim.llm.batch.wire import PAGES, SLACK, BatchItem, Http, JsonObject, Standing, count_of, list_of, object_of, read_error, text_of
from sim.llm.direct import read_reply
from sim.llm.failures import AttemptFailed, judge_status

ENDPOINT = "/v1/chat/completions"
_OVER = frozenset({"completed", "failed", "expired", "cancelled"})
_LABEL = "rapport"
"""The key under which a batch carries our label."""


class OpenAIWire:
    """See `Wire`.

    Args:
        http: the API's root, as `https://api.openai.com/v1`.
    """

    most = 50_000
    room = 190_000_000

    def __init__(self, http: Http) -> None:
        self._http = http

    async def submit(self, items: Sequence[BatchItem], label: str) -> str:
        """See `Wire`."""
        lines = (json.dumps({"custom_id": i.id, "method": "POST", "url": ENDPOINT, "body": i.body}, ensure_ascii=False) for i in items)
        form = aiohttp.FormData()
        form.add_field("purpose", "batch")
        content = "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
        form.add_field("file", content, filename=f"{label}.jsonl", content_type="application/jsonl")
        file = await self._http.post("/files", form)
        made = await self._http.post(
            "/batches", {"input_file_id": file.get("id"), "endpoint": ENDPOINT, "completion_window": "24h", "metadata": {_LABEL: label}}
        )
        return _id(made, self._http.host)

    async def look(self, batch: str) -> Standing:
        """See `Wire`."""
        found = await self._http.get(f"/batches/{quote(batch, safe='')}")
        word, counts = text_of(found.get("status")), object_of(found.get("request_counts"))
        files = [text_of(found.get(name)) for name in ("output_file_id", "error_file_id")]
        why = "; ".join(text_of(error.get("message")) for error in list_of(object_of(found.get("errors")).get("data")))
        return Standing(
            over=word in _OVER,
            word=word,
            done=count_of(counts.get("completed")) + count_of(counts.get("failed")),
            of=count_of(counts.get("total")),
            why=why or "no reason was given" if word == "failed" else "",
            results=tuple(f"/files/{quote(file, safe='')}/content" for file in files if file),
        )

    async def results(self, standing: Standing) -> AsyncIterator[tuple[str, Answer | AttemptFailed]]:
        """See `Wire`."""
        for path in standing.results:
            async for line in self._http.lines(path):
                yield text_of(line.get("custom_id")), _read(line, self._http.host)

    async def find(self, label: str, ids: Collection[str], *, since: float, known: Collection[str]) -> str | None:
        """See `Wire`."""
        after = ""
        for _ in range(PAGES):
            page = await self._http.get(f"/batches?limit=100{after}")
            batches = list_of(page.get("data"))
            for batch in batches:
                if object_of(batch.get("metadata")).get(_LABEL) == label:
                    return _id(batch, self._http.host)
            if not page.get("has_more") or not batches or count_of(batches[-1].get("created_at")) < since - SLACK:
                return None
            after = f"&after={quote(text_of(batches[-1].get('id')), safe='')}"
        return None

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.close()


def _id(batch: JsonObject, host: str) -> str:
    found = text_of(batch.get("id"))
    if not found:
        raise AttemptFailed("other", f"{host} made a batch without an id")
    return found


def _read(line: JsonObject, host: str) -> Answer | AttemptFailed:
    """What one line of results says."""
    response = object_of(line.get("response"))
    status = count_of(response.get("status_code"))
    if status == 200:
        try:
            return read_reply(json.dumps(response.get("body")).encode(), host)
        except AttemptFailed as failed:
            return failed
    message = read_error({"error": line.get("error")}) or read_error(response.get("body")) or "no reason was given"
    return judge_status(status, f"{host}: {message}") if status else AttemptFailed("other", f"{host}: {message}")
