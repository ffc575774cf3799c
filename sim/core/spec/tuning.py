"""How many calls are to be in flight in a run that is under way, whatever its study says."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.core.frozen import Frozen

Calls = Annotated[int, Field(strict=True, ge=1, le=100_000)]


class Tuning(Frozen):
    """What `sim limits` writes, and the run reads while it goes on."""

    calls: Calls | None = None
    """Calls in flight to each model, exactly. None: as the study says, which is adapted unless it fixes them."""
    models: dict[str, Calls] = Field(default={})
    """The same for single models, by name; it goes before `calls`."""

    def of(self, model: str) -> int | None:
        """Calls in flight to `model`; None: as the study says."""
        return self.models.get(model, self.calls)
