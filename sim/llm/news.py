"""What a provider does that nobody knew of, said once for each model and kind, so that whoever runs a study hears of it and is not flooded."""

from __future__ import annotations

import structlog


class News:
    """What is new of one model.

    Args:
        model: its name.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._noted: set[str] = set()

    def note(self, what: str, means: str) -> None:
        """Say what it did, and what is made of that."""
        if what not in self._noted:
            self._noted.add(what)
            structlog.get_logger().warning("provider_says_something_new", model=self._model, what=what, means=means)
