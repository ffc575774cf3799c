"""What a memory policy is made with: the number after its name, how long a prompt may be, and who writes and embeds for it.

Whatever it asks through its tools passes the run's budget and limits as any call does, and is counted under the role `memory`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.errors import CallFailed
from sim.core.view import CHARACTERS_PER_TOKEN
from sim.llm.client import CallLog, Message, Request

if TYPE_CHECKING:
    from sim.core.event import Call, Timing
    from sim.llm.client import Client, Completion
    from sim.llm.embedding import Embedded, Embedder
    from sim.llm.prompts import Prompts


class Writer:
    """The target's own model, asked to write; every call is kept on an account.

    Args:
        tokens: how many a prompt may have; None: any number.
    """

    def __init__(self, client: Client, *, tokens: int | None = None) -> None:
        self._client = client
        self._tokens = tokens
        self._asking = 0
        self.account = Account()

    @property
    def busy(self) -> bool:
        """Whether an answer is being waited for."""
        return self._asking > 0

    async def ask(self, *messages: Message, seed: int, repair: bool = False) -> Completion:
        """What the model answers; `text` is its words, `finish` the provider's word for why they end.

        Args:
            messages: such as `Message("system", "You keep notes.")` and `Message("user", "…")`.
            seed: of the sampling; `consolidate` is given one.
            repair: whether this asks again for what could not be used.

        Raises:
            CallFailed: there was no answer; `too_long` where the messages have more tokens than the target's context.
        """
        size = sum(len(m.content) for m in messages)
        if self._tokens is not None and size > self._tokens * CHARACTERS_PER_TOKEN:
            problem = f"memory asked with {size // CHARACTERS_PER_TOKEN} tokens; context_tokens is {self._tokens}"
            raise CallFailed("too_long", problem)
        tab = CallLog()
        self._asking += 1
        try:
            return await tab.ask(self._client, Request("memory", messages, seed=seed, step="repair" if repair else "first"))
        except CallFailed as failed:
            tab = CallLog(failed.calls, failed.timings)
            raise failed.paying((), ()) from failed
        finally:
            self._asking -= 1
            self.account.add(tab.calls, tab.timings)


class Account:
    """Calls that were paid for and stand in no event yet."""

    def __init__(self) -> None:
        self._calls: tuple[Call, ...] = ()
        self._timings: tuple[Timing, ...] = ()

    def add(self, calls: Sequence[Call], timings: Sequence[Timing]) -> None:
        """Keep them."""
        self._calls, self._timings = (*self._calls, *calls), (*self._timings, *timings)

    def take(self) -> tuple[tuple[Call, ...], tuple[Timing, ...]]:
        """Hand them over; the account is empty then."""
        taken = self._calls, self._timings
        self._calls, self._timings = (), ()
        return taken


class CountedEmbedder:
    """An embedder whose calls are kept on an account."""

    def __init__(self, inner: Embedder, account: Account) -> None:
        self.model = inner.model
        self._inner = inner
        self._account = account

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """The vectors of `texts`.

        Raises:
            CallFailed: as the embedder does.
        """
        try:
            made = await self._inner.embed(texts)
        except CallFailed as failed:
            self._account.add(failed.calls, failed.timings)
            raise failed.paying((), ()) from failed
        self._account.add((made.call,), (made.timing,))
        return made

    async def close(self) -> None:
        """The run closes what it has opened."""


@dataclass(frozen=True)
class Tools:
    """What a policy is given when it is made; each trial has a policy of its own."""

    size: int
    """The number after the policy's name, as 5 in `mine:Notes:5`; 0: none was given."""
    tokens: int | None
    """The target's `context_tokens`, 4 characters each, in which everything must find room that is shown to it; None: its provider's own limit."""
    writer: Writer
    """Asks the target's own model to write."""
    embedder: Embedder | None
    """The target's `embedding`; None: it has none."""
    client: Client
    """The target's own model, uncounted: for policies that put their calls into what they return."""
    prompts: Prompts
    """The package's own prompts."""
