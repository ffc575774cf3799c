"""`retrieval:K`: of all earlier exchanges, the K that fit the present message best by BM25 are shown, in the order in which they took place.

Exchanges that share no word with the message are never shown, so there may be fewer than K; of two that fit equally, the later one is taken.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sim.core.text import words
from sim.targets.memory.policy import Heard, Policy, Recalled, told, words_of

if TYPE_CHECKING:
    from sim.llm.client import Message
    from sim.llm.prompts import Prompts
    from sim.targets.memory.tools import Tools

Passage = tuple[int, "tuple[Message, Message]"]
"""One exchange, and the talk it belongs to by its place."""


class Retrieval(Policy):
    """Remembers what the message calls up."""

    counts = "earlier exchanges"

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self._indexed: tuple[int, Any] = (0, None)
        """How many talks the index is of, and the index."""

    async def recall(self, earlier: Sequence[Heard], message: str) -> Recalled:
        """The best exchanges."""
        passages = passages_of(earlier)
        chosen = best(self._scores(passages, len(earlier), words(message)), self.tools.size)
        return shown(self.tools.prompts, earlier, [passages[i] for i in chosen])

    def holds(self, talks: Sequence[Heard]) -> tuple[str, ...]:
        """All that was said."""
        return words_of(talks)

    def _scores(self, passages: Sequence[Passage], talks: int, asked: list[str]) -> list[float]:
        """BM25 of each passage; the index is made anew when a session has been added."""
        if talks != self._indexed[0]:
            self._indexed = talks, _index([words(f"{user.content}\n{reply.content}") for _, (user, reply) in passages])
        index = self._indexed[1]
        return [0.0] * len(passages) if index is None or not asked else [float(score) for score in index.get_scores(asked)]


def passages_of(talks: Sequence[Heard]) -> list[Passage]:
    """Every exchange of `talks`, oldest first."""
    return [(place, exchange) for place, talk in enumerate(talks) for exchange in talk.exchanges]


def best(scores: Sequence[float], count: int) -> list[int]:
    """The places of the `count` highest scores above 0, in order of place; of equals, the later one counts as higher."""
    ranked = sorted((i for i, score in enumerate(scores) if score > 0), key=lambda i: (-scores[i], -i))
    return sorted(ranked[:count])


def shown(prompts: Prompts, talks: Sequence[Heard], chosen: Sequence[Passage]) -> Recalled:
    """The passages `chosen`, under the talks they come from."""
    if not chosen:
        return Recalled()
    blocks = [told(prompts, talk, found) for place, talk in enumerate(talks) if (found := [exchange for at, exchange in chosen if at == place])]
    texts = tuple(m.content for _, exchange in chosen for m in exchange)
    return Recalled(prompts.render("memory_retrieved", text="\n".join(blocks)), texts)


def _index(passages: list[list[str]]) -> Any:
    """A BM25 index; None where there is no word at all."""
    if not any(passages):
        return None
    import bm25s

    logging.getLogger("bm25s").setLevel(logging.WARNING)  # it says at level DEBUG, and so to any root logger, that it builds an index
    index = bm25s.BM25()
    index.index(passages, show_progress=False)
    return index
