"""People whose background, facts and lines a model writes; each is written to its file as it comes, so that the same command or call goes on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim.app.inquiry import Inquiry
from sim.app.populating import PopulationWish, add_schema, place_people, refuse_to_overwrite, write_person
from sim.engine.drafting import Drafts, check_drafter, draft_people
from sim.llm.prompts import load_prompts
from sim.llm.traffic.budget import Spent

if TYPE_CHECKING:
    from sim.core.spec import Limits, ModelSpec, Persona
    from sim.engine.one_model import OnDone, OnTraffic

AT_ONCE = 8
"""People who are written at once."""


@dataclass(frozen=True)
class DraftedPeople:
    """Who is there in the end, and what became of everybody."""

    people: tuple[Persona, ...]
    """Those whose files are written, now or before."""
    places: tuple[Path, ...]
    """Their files."""
    before: int
    """How many were there before."""
    drafts: Drafts

    @property
    def lost(self) -> dict[str, str]:
        """Those who were not drafted for reasons outside the model, by id, and why."""
        return self.drafts.lost


def inquire_drafts(wish: PopulationWish, model: ModelSpec, limits: Limits, *, concurrency: int = AT_ONCE) -> Inquiry[DraftedPeople]:
    """Those of `wish` who are not there yet, drafted by `model`; of whom it writes nothing that fits, the person made from parts is written.

    Raises:
        InputError: the model cannot draft, a share cannot be, or a file is in the way that something else wrote.
    """
    check_drafter(model)
    people = place_people(wish).people
    mark = f"`sim personas new --n {wish.n} --seed {wish.seed} --model {model.model}`"
    due = _due(people, wish.out, mark)
    number = {p.id: k for k, p in enumerate(people, 1)}

    def keep(person: Persona, draft: Persona | None) -> None:
        told = f"Drafted for {mark}" if draft else f"Made from parts for {mark}, as nothing that fits was drafted"
        write_person(draft or person, wish.out / f"{person.id}.yaml", said=f"{told}, {number[person.id]} of {wish.n}; all of it is made up.")

    async def ask(on_done: OnDone, on_start: OnTraffic) -> DraftedPeople:
        drafts = Drafts({}, {}, Spent())
        if due:
            drafts = await draft_people(
                due, model, load_prompts(), limits=limits, concurrency=concurrency, on_drafted=keep, on_done=on_done, on_start=on_start
            )
        add_schema(wish.out)
        there = tuple(p for p in people if p.id not in drafts.lost)
        return DraftedPeople(there, tuple(wish.out / f"{p.id}.yaml" for p in there), len(people) - len(due), drafts)

    return Inquiry({"who drafts": model} if due else {}, "descriptions of made-up people", "drafted", "people", limits, ask)


def _due(people: Sequence[Persona], out: Path, mark: str) -> list[Persona]:
    """Those who are not written yet.

    Raises:
        InputError: a file is in the way that something else wrote.
    """
    places = {p.id: out / f"{p.id}.yaml" for p in people}
    there = {id: place for id, place in places.items() if os.path.lexists(place)}
    refuse_to_overwrite([place for place in there.values() if not _has_mark(place, mark)])
    return [p for p in people if p.id not in there]


def _has_mark(place: Path, mark: str) -> bool:
    try:
        return mark in "".join(place.read_text(encoding="utf-8").splitlines()[1:2])
    except (OSError, UnicodeDecodeError):
        return False
