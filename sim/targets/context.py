"""What fits a context: beyond a number of tokens the oldest exchanges are left out, those of earlier sessions first.

Whole exchanges go, so that a context never begins with a reply; the date of a session stays with the first of its messages that is left. The system
prompt, what memory wrote below it, and the message to answer are never left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sim.core.errors import CallFailed
from sim.core.view import CHARACTERS_PER_TOKEN
from sim.llm.client import Message
from sim.targets.memory.policy import Heard


@dataclass(frozen=True, slots=True)
class Fitted:
    """A context that fits."""

    messages: tuple[Message, ...]
    """Without the system message."""
    earlier: tuple[Heard, ...]
    """What is left of the sessions before the present one."""
    dropped: int
    """Messages that were left out."""


def fit(system: str, talks: Sequence[Heard], *, tokens: int | None) -> Fitted:
    """`talks` as far as they fit beside `system`.

    Args:
        talks: sessions word for word, oldest first; the last is the present one and ends with the message to answer.
        tokens: how many may be sent, 4 characters each; None: any number.

    Raises:
        CallFailed: `too_long`: the message to answer does not fit by itself.
    """
    kept, dropped = list(talks), 0
    if tokens is not None:
        room = tokens * CHARACTERS_PER_TOKEN - len(system)
        size = sum(map(_size, kept))
        while size > room:
            oldest = kept[0]
            if len(kept) == 1 and len(oldest.said) == 1:
                raise CallFailed(
                    "too_long", f"what must be sent has {(len(system) + size) // CHARACTERS_PER_TOKEN} tokens; context_tokens is {tokens}"
                )
            size -= _size(oldest)
            kept[0] = replace(oldest, said=oldest.said[2:])
            size += _size(kept[0])
            dropped += 2
            if not kept[0].said:
                del kept[0]
    *earlier, _ = kept
    return Fitted(tuple(m for talk in kept for m in talk.messages), tuple(earlier), dropped)


def _size(talk: Heard) -> int:
    """Characters of a session as it is shown."""
    return len(talk.header) * bool(talk.said) + sum(len(m.content) for m in talk.said)
