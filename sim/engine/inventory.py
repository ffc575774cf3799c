"""A questionnaire put to every persona: each item alone, each alone once more with half of the options turned round, and all of them as a form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sim.core.inventory import InventorySheet, ItemAnswer, Way
from sim.core.seeds import derive, rng
from sim.dialogue.inventory import VOTING, Interviewer, load_items
from sim.engine.one_model import OnDone, OnTraffic, one_model
from sim.engine.preflight import check_user

if TYPE_CHECKING:
    from sim.core.inventory import InventoryItem
    from sim.core.spec import Limits, ModelSpec, Persona
    from sim.llm.prompts import Prompts
    from sim.llm.traffic.budget import Spent

FORM: Final = 30
"""Items of a form at most."""
PER_FACET: Final = 4
"""Items that the questionnaire has of each facet."""


@dataclass(frozen=True)
class FilledIn:
    """What all of them said, and what it took."""

    answers: tuple[ItemAnswer, ...]
    lost: tuple[str, ...]
    """The reason for each sheet that was not answered for reasons outside the model; those that were only stopped come last."""
    spent: Spent


@dataclass(frozen=True, slots=True)
class _Sheet:
    way: Way
    sheet: InventorySheet


async def fill_in_inventory(
    people: Sequence[Persona],
    user: ModelSpec,
    prompts: Prompts,
    *,
    per_facet: int = PER_FACET,
    voting: bool = False,
    seed: int = 1,
    limits: Limits,
    concurrency: int,
    on_filled: OnDone | None = None,
    on_start: OnTraffic | None = None,
) -> FilledIn:
    """Let `user` fill in the questionnaire as each of `people`: the items of the facets that a persona's file says something of.

    Args:
        per_facet: items of each facet, from 1 to 4.
        voting: whether the facet with items on how somebody votes is asked too.
        on_filled: called after each sheet.
        on_start: see `OnTraffic`.

    Raises:
        InputError: there is no such model, it cannot play a user, its key is missing, or its price is unknown and `max_cost` is given.
    """
    check_user(user)
    due = [one for person in people for one in _sheets(person, per_facet=per_facet, voting=voting, seed=seed)]
    found: dict[int, list[ItemAnswer]] = {}
    async with one_model("user", "the user", user, prompts, limits=limits, concurrency=concurrency, on_start=on_start) as model:
        interviewer = Interviewer(model.client, prompts)

        async def fill_in(index: int) -> None:
            one = due[index]
            answers = (await interviewer.ask(one.sheet)).value
            found[index] = [ItemAnswer(one.sheet.persona.id, item, one.way, one.sheet.descending, answers[item.number]) for item in one.sheet.items]

        lost = await model.ask(range(len(due)), fill_in, on_done=on_filled)
    answers = tuple(a for index in sorted(found) for a in found[index])
    # What stopped the others is told before that they were stopped.
    reasons = sorted(lost.values(), key=lambda why: why.startswith("interrupted"))
    return FilledIn(answers, tuple(reasons), model.spent)


def items_for(person: Persona, *, per_facet: int, voting: bool) -> tuple[InventoryItem, ...]:
    """The items that a persona is asked, as many of each facet, in the order of the questionnaire."""
    told = {t.facet for t in person.traits} - (set() if voting else {VOTING})
    counted: dict[str, int] = {}
    chosen = []
    for item in load_items():
        counted[item.facet] = counted.get(item.facet, 0) + 1
        if item.facet in told and counted[item.facet] <= per_facet:
            chosen.append(item)
    return tuple(chosen)


def _sheets(person: Persona, *, per_facet: int, voting: bool, seed: int) -> Iterator[_Sheet]:
    """Each item alone, with the options up or down as drawn; each once more, half of them turned round; then forms of all, mixed."""
    items = items_for(person, per_facet=per_facet, voting=voting)
    chance = rng(seed, "inventory", person.id)
    downward = {item.number: chance.random() < 0.5 for item in items}
    turned = set(chance.sample(range(len(items)), len(items) // 2))
    for item in items:
        yield _sheet("alone", person, (item,), downward[item.number], seed)
    for place, item in enumerate(items):
        yield _sheet("again", person, (item,), downward[item.number] != (place in turned), seed)
    mixed = chance.sample(items, len(items))
    for start in range(0, len(mixed), FORM):
        yield _sheet("form", person, tuple(mixed[start : start + FORM]), chance.random() < 0.5, seed)


def _sheet(way: Way, person: Persona, items: tuple[InventoryItem, ...], descending: bool, seed: int) -> _Sheet:
    return _Sheet(way, InventorySheet(person, items, descending, derive(seed, "inventory", person.id, way, items[0].number)))
