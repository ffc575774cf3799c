"""What is tested."""

from __future__ import annotations

from sim.core.frozen import Id, Text
from sim.core.spec.model import ModelSpec


class TargetSpec(ModelSpec):
    """A chat model under test, with what it remembers between sessions."""

    id: Id
    memory: str = "full"
    """Memory policy: `none` or `full`."""
    system: Text | None = None
    """The target's own system prompt."""
