"""Judges that are asked in batches, in place of the clients that ask at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.errors import InputError
from sim.core.event import CallLost
from sim.engine.clients import Clients
from sim.engine.tokens import RATER_ANSWER, RUBRIC_ANSWER, TAGGER_ANSWER
from sim.llm.batch.client import BatchClient, check_batch
from sim.llm.telemetry import WatchedClient

if TYPE_CHECKING:
    from sim.core.event import Event, Role
    from sim.core.spec import Limits, ModelSpec, Sampling
    from sim.engine.judges import Judging
    from sim.llm.batch.desk import BatchDesk
    from sim.llm.build import Shared
    from sim.llm.client import Client
    from sim.llm.prompts import Prompts

EXPECTED: Mapping[Role, int] = {"rater": RATER_ANSWER, "tagger": TAGGER_ANSWER, "judge": RUBRIC_ANSWER}
"""Tokens of an answer, as `sim plan` reckons."""


@dataclass(frozen=True)
class Batching:
    """The wish to be asked in batches, and where is told how they go."""

    say: Callable[[str], None]
    """What is about to be sent, and what went wrong with a batch as a whole."""
    show: Callable[[str], None]
    """How the batches stand."""


def check_batches(judging: Judging) -> None:
    """Refuse judges that cannot be asked in batches.

    Raises:
        InputError: names the judge, or says that no model is asked at all.
    """
    if not judging.specs:
        raise InputError("is about models that judge, and none is asked", mend="add --rater, --tagger or --scorer", where="--batch")
    for name, spec in judging.specs.items():
        check_batch(name, spec)


class BatchClients(Clients):
    """Clients whose answers come in batches.

    Args:
        paid: calls whose price the journal has (`paid_calls`).
    """

    def __init__(
        self, prompts: Prompts, *, sampling: Sampling, limits: Limits, shared: Shared, desk: BatchDesk, paid: frozenset[tuple[str, str]]
    ) -> None:
        super().__init__(prompts, sampling=sampling, limits=limits, shared=shared)
        self._desk = desk
        self._paid = paid

    def build(self, spec: ModelSpec, sampling: Sampling) -> Client:
        """See `Clients`."""
        client = BatchClient(
            spec,
            sampling=sampling,
            limits=self._limits,
            shared=self._shared,
            desk=self._desk,
            json_mode=self.prompts.text("json_mode"),
            paid=self._paid,
        )
        return WatchedClient(client)


def paid_calls(events: Iterable[Event], parts: frozenset[str]) -> frozenset[tuple[str, str]]:
    """Model and prompt of every call for verdicts of `parts` that is paid for although its verdict is absent: a later call came to nothing."""
    lost = (e for e in events if isinstance(e, CallLost) and not parts.isdisjoint(e.address.what.split("+")))
    return frozenset((call.model, call.prompt) for event in lost for call in event.calls)
