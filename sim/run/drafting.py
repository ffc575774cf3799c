"""People drafted by a model, many at once; each is handed on as soon as it is done, so that what was paid for is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.errors import CallFailed, InputError
from sim.core.event import Unscored
from sim.core.spec import Sampling
from sim.llm.build import Shared, build_client
from sim.llm.keys import check_credentials
from sim.llm.traffic.passage import Traffic
from sim.population.draft import Drafter
from sim.run.pool import GivenUp, work_through
from sim.run.preflight import check_prices

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
    on_start: Callable[[Traffic], None] = lambda traffic: None,
) -> Drafts:
    """Let `model` write everybody of `people`.

    Args:
        on_drafted: is given each person, and what was drafted; None: nothing that fits.
        on_start: is given the traffic, whose `stop()` ends it cleanly.

    Raises:
        InputError: the model cannot draft, or its price is unknown and `max_cost` is given.
    """
    check_drafter(model)
    check_prices([("user", "who drafts", model)], limits)
    shared = Shared(Traffic(limits, concurrency=concurrency))
    on_start(shared.traffic)
    client = build_client(model, sampling=Sampling(), limits=limits, shared=shared, json_mode=prompts.text("json_mode"))
    drafter = Drafter(client, prompts)
    refused: dict[str, str] = {}
    lost: dict[str, str] = {}
    given_up = GivenUp(concurrency)

    async def draft(person: Persona) -> None:
        try:
            found = (await drafter.draft(person)).value
        except CallFailed as failed:
            lost[person.id] = f"{failed.cause.replace('_', ' ')}: {failed.message}"
            given_up.note(failed.message)
            if given_up.why:
                shared.traffic.stop()
            return
        given_up.alive = True
        if isinstance(found, Unscored):
            refused[person.id] = found.reason
        on_drafted(person, None if isinstance(found, Unscored) else found)

    try:
        await work_through(people, draft, at_once=concurrency)
    finally:
        await client.close()
    return Drafts(refused, lost, shared.traffic.budget.spent)
