"""People drafted by a model, many at once; each is handed on as soon as it is done, so that what was paid for is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.errors import InputError
from sim.core.event import Unscored
from sim.engine.one_model import OnDone, OnTraffic, one_model
from sim.llm.keys import check_credentials
from sim.population.draft import Drafter

if TYPE_CHECKING:
    from sim.core.spec import Limits, ModelSpec, Persona
    from sim.llm.prompts import Prompts
    from sim.llm.traffic.budget import Spent


@dataclass(frozen=True)
class Drafts:
    """What became of everybody."""

    refused: dict[str, str]
    """Those of whom the model wrote nothing that fits, by id, with the reason."""
    lost: dict[str, str]
    """Those that were not written for reasons outside the model."""
    spent: Spent


def check_drafter(model: ModelSpec) -> None:
    """Refuse a model that cannot write.

    Raises:
        InputError: it is an offline model, or its key is missing from the environment.
    """
    if model.offline:
        raise InputError(f"{model.model} cannot draft people", mend="leave --model out: people are then made offline from parts", where="--model")
    check_credentials(model)


async def draft_people(
    people: Sequence[Persona],
    model: ModelSpec,
    prompts: Prompts,
    *,
    limits: Limits,
    concurrency: int,
    on_drafted: Callable[[Persona, Persona | None], None],
    on_done: OnDone | None = None,
    on_start: OnTraffic | None = None,
) -> Drafts:
    """Let `model` write everybody of `people`.

    Args:
        on_drafted: is given each person, and what was drafted; None: nothing that fits.
        on_done: called after each person.
        on_start: see `OnTraffic`.

    Raises:
        InputError: the model cannot draft, or its price is unknown and `max_cost` is given.
    """
    check_drafter(model)
    by_id = {person.id: person for person in people}
    refused: dict[str, str] = {}
    async with one_model("user", "who drafts", model, prompts, limits=limits, concurrency=concurrency, on_start=on_start) as asked:
        drafter = Drafter(asked.client, prompts)

        async def draft(id: str) -> None:
            found = (await drafter.draft(by_id[id])).value
            if isinstance(found, Unscored):
                refused[id] = found.reason
            on_drafted(by_id[id], None if isinstance(found, Unscored) else found)

        lost = await asked.ask(by_id, draft, on_done=on_done)
    return Drafts(refused, lost, asked.spent)
