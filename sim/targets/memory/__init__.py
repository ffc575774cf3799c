"""Memory policies: what a chat model is shown of earlier sessions. One file each; `build_memory` makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.targets.memory.full import Full
from sim.targets.memory.nothing import Nothing
from sim.targets.memory.profile import Profile
from sim.targets.memory.retrieval import Retrieval
from sim.targets.memory.summary import Summary
from sim.targets.memory.window import Window
from sim.targets.memory.writing import Written

if TYPE_CHECKING:
    from sim.core.spec import Policy
    from sim.llm.client import Client
    from sim.llm.embedding import Embedder
    from sim.llm.prompts import Prompts
    from sim.targets.memory.policy import Memory


def build_memory(policy: Policy, prompts: Prompts, client: Client, *, tokens: int | None = None, embedder: Embedder | None = None) -> Memory:
    """A fresh memory.

    Args:
        client: the target's own model, which writes what is written.
        tokens: how many a prompt may have; None: any number.
        embedder: ranks what is retrieved; None: BM25 does.
    """
    match policy.kind:
        case "none":
            return Nothing()
        case "full":
            return Full()
        case "window":
            return Window(policy.size)
        case "summary":
            return Written(Summary(), client, prompts, tokens=tokens)
        case "profile":
            return Written(Profile(), client, prompts, tokens=tokens)
        case "retrieval":
            if embedder is None:
                return Retrieval(policy.size, prompts)
            from sim.targets.memory.embedded import EmbeddedRetrieval

            return EmbeddedRetrieval(policy.size, prompts, embedder)
