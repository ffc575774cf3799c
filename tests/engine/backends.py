"""A run without a folder, for tests of what holds its trials: an offline study as a recipe, and a sink that knows how it was used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.core.event import Event, Key, body, key
from sim.core.ports import MemorySink
from sim.core.spec import Study
from sim.engine.plan import TrialPlan, plan_trials
from sim.engine.recipe import Recipe
from sim.llm.prompts import load_texts
from tests import examples

OFFLINE: dict[str, Any] = {
    "targets": (
        {"id": "keeps", "model": "offline/uses", "memory": "full"},
        {"id": "drops", "model": "offline/uses", "memory": "none"},
    ),
    "user": {"model": "offline/user"},
    "seeds": 3,
}


def study(**changes: Any) -> Study:
    """Two offline targets and three seeds: six trials."""
    return examples.study(**{**OFFLINE, **changes})


def recipe_of(of: Study) -> Recipe:
    """`of` as plain data, with the prompts of this version."""
    return Recipe(study=of, prompts=load_texts(), limits=of.limits, nonce="n")


def plans_of(of: Study) -> tuple[TrialPlan, ...]:
    """Its trials, of one persona in one scenario."""
    return plan_trials(of, [examples.persona()], [examples.scenario()])


class Kept(MemorySink):
    """A sink in memory that counts what comes twice."""

    def __init__(self, events: Sequence[Event] = ()) -> None:
        super().__init__()
        self.order: list[Event] = list(events)
        self.twice: list[Key] = []
        for event in events:
            self._events.setdefault(event.trial, {})[key(event)] = event

    async def append(self, event: Event) -> None:
        """Keep `event`, and note it if it is there already."""
        if key(event) in self._events.get(event.trial, {}):
            self.twice.append(key(event))
        else:
            self.order.append(event)
        await super().append(event)

    def happened(self) -> dict[Key, str]:
        """Every event's body by its key: equal for two runs in which the same happened."""
        return {key(e): body(e) for e in self.order}
