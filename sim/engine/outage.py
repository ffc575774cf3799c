"""When to stop beginning trials: several failed alike, one after the other, and nothing was answered in between.

A chatbot that answers every message with an error, or a key that is not accepted, shows only when it is spoken to. One that does not answer is given
up after a few trials: those under way go on to their end, no further one is begun, and `resume` begins them when the fault is mended.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from sim.core.batch import rows_of
from sim.core.event import CallLost, TargetReplied, UserSpoke, Utterance

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sim.core.batch import EventBatch
    from sim.core.event import Event, Role
    from sim.engine.plan import TrialPlan

ENOUGH = 3
"""Trials that must fail alike."""
NEEDED: frozenset[Role] = frozenset({"user", "rater", "tagger", "judge"})
"""Roles without which no trial can become whole: once one of them cannot be asked any more, none is begun."""
_USER = "user_speaks"
_BY_TARGET = ("open_session", "target_replies", "restore")
_VARIABLE = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8,}|\d+", re.IGNORECASE)
"""Numbers and ids differ from one failure to the next and make no other cause."""


class OutageListener:
    """Listens to a run, and knows who does not answer.

    Args:
        plans: of all trials, by which it knows the target of each.
    """

    def __init__(self, plans: Iterable[TrialPlan]) -> None:
        self._target = {plan.id: plan.target.id for plan in plans}
        self._failed: dict[str, dict[str, str]] = {}
        """By target, and '' for the simulated user: the cause of each trial that has failed since it last answered."""

    def on_event(self, event: Event) -> None:
        """Take note of who answers and who does not."""
        match event:
            case TargetReplied():
                self._failed.pop(self._target[event.trial], None)
            case UserSpoke(said=Utterance()):
                self._failed.pop("", None)
            case CallLost(cause="infrastructure"):
                node = event.address.who
                if node == _USER or node in _BY_TARGET:
                    who = "" if node == _USER else self._target[event.trial]
                    self._failed.setdefault(who, {})[event.trial] = _VARIABLE.sub("#", event.message)

    def on_batch(self, batch: EventBatch) -> None:
        """The same of many at once: who was answered, and then who was not."""
        for row in rows_of(batch, "target_replied"):
            self._failed.pop(self._target[row.trial], None)
        if batch.spoken:
            self._failed.pop("", None)
        for event in batch.whole:
            self.on_event(event)

    def given_up(self, plan: TrialPlan) -> bool:
        """Whether a trial of this plan need not be begun."""
        return any(self._is_silent(who) for who in ("", plan.target.id))

    def _is_silent(self, who: str) -> bool:
        causes = Counter(self._failed.get(who, {}).values())
        return max(causes.values(), default=0) >= ENOUGH
