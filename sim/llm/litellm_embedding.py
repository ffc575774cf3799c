"""Embeddings of every provider LiteLLM knows."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.core.errors import CallFailed
from sim.core.event import Timing, Usage, read_usage
from sim.llm.answers import CAUSES
from sim.llm.attempts import Answer, Patience, persist
from sim.llm.embedding import Embedded, account
from sim.llm.failures import AttemptFailed, scrub, timed_out
from sim.llm.litellm_client import Library, cost_of, way_to
from sim.llm.litellm_failures import judge
from sim.llm.traffic.passage import Enter, estimate

if TYPE_CHECKING:
    from sim.core.spec import ModelSpec


class LiteLLMEmbedder:
    """An embedding model by its LiteLLM name; keys are found as `LiteLLMClient` finds them."""

    def __init__(
        self,
        spec: ModelSpec,
        *,
        timeout: float,
        patience: Patience,
        enter: Enter,
        library: Library,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.perf_counter,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Imports LiteLLM.

        Args:
            timeout: seconds for one attempt.
            patience: how often, and after what waits, attempts are made.
            enter: see `Asker`.
            library: LiteLLM itself.
            environ: where `api_key_env` is looked up.
            clock: seconds, for latencies.
            now: Unix time, for Retry-After dates.
        """
        self.model = spec.model
        self._library = library
        self._timeout = timeout
        self._patience = patience
        self._enter = enter
        self._environ = environ
        self._clock = clock
        self._now = now
        self._fixed: dict[str, Any] = {"model": spec.model, "timeout": timeout, "num_retries": 0, "max_retries": 0}
        self._fixed |= way_to(spec, environ)
        self._priced = spec.model in library.module.model_cost or spec.model.split("/", 1)[1] in library.module.model_cost

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """Ask. Raises as `Embedder.embed`."""
        vectors: list[tuple[float, ...]] = []

        async def attempt() -> Answer:
            response = await self._send(texts)
            vectors[:] = _vectors(response, len(texts))
            usage = _usage(response)
            return Answer("", usage=usage, cost=cost_of(response, priced=self._priced) if usage else None)

        try:
            async with self._enter("memory", estimate(texts, output=0)) as here:
                outcome = await persist(attempt, self._patience, here, clock=self._clock)
                settled = here.settle(outcome.usage, outcome.cost)
        except AttemptFailed as failure:
            said, quote = (scrub(text, self._environ, sent=texts) for text in (f"{self.model}: {failure.message}", failure.quote))
            raise CallFailed(CAUSES[failure.kind], said, quote=quote) from None
        call = account(self.model, texts, usage=settled.usage, cost=settled.cost, estimated=settled.estimated)
        return Embedded(tuple(vectors), call, Timing(latency=outcome.seconds, retries=outcome.attempts - 1))

    async def close(self) -> None:
        """Give the connections back."""
        await self._library.give_back(self)

    async def _send(self, texts: Sequence[str]) -> Any:
        self._library.join(self)
        try:
            async with asyncio.timeout(self._timeout):
                return await self._library.module.aembedding(**self._fixed, input=list(texts))
        except TimeoutError:
            raise timed_out("", self._timeout) from None
        except Exception as error:  # whatever foreign code raises is the attempt's failure, never the run's
            raise judge(error, self._library, timeout=self._timeout, now=self._now) from None


def _vectors(response: Any, count: int) -> list[tuple[float, ...]]:
    """One vector for each text, in the order of the texts."""
    try:
        found = sorted(response.data, key=lambda item: int(item["index"]))
        vectors = [tuple(float(x) for x in item["embedding"]) for item in found]
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise AttemptFailed("other", "the provider answered with something other than embeddings") from error
    if len(vectors) != count or len({len(v) for v in vectors}) != 1 or not vectors[0] or not all(map(math.isfinite, (x for v in vectors for x in v))):
        raise AttemptFailed("other", f"the provider answered with something other than {count} embeddings of one length")
    return vectors


def _usage(response: Any) -> Usage | None:
    sent = getattr(getattr(response, "usage", None), "prompt_tokens", None)
    found = read_usage(sent, 0)
    return found if found and found.input else None
