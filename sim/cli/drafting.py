"""`sim personas new --model`: people whose background, facts and lines a model writes; each is written as it comes, so the command goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim.analysis.trust.coverage import describe_people
from sim.app.inquiry import Inquiry
from sim.app.models import read_model
from sim.app.populating import PopulationWish, add_schema, place_people, refuse_to_overwrite, write_person
from sim.cli.exit import INTERRUPTED
from sim.cli.flags import MODEL_FLAGS
from sim.cli.log_wish import LogWish
from sim.cli.populating import what_next
from sim.cli.watched import Watch
from sim.core.errors import one_line
from sim.engine.drafting import Drafts, check_drafter, draft_people
from sim.llm.prompts import load_prompts
from sim.llm.traffic.budget import Spent
from sim.present.text.population import remarks
from sim.present.words import many, money, safe

if TYPE_CHECKING:
    from sim.core.spec import Limits, Persona
    from sim.engine.drafting import Drafts
    from sim.llm.hosts import LocalOnly
    from sim.llm.traffic.passage import Traffic

AGAIN = "the same command goes on"
_REASON = 200
"""Characters of a reason in a file's head."""


@dataclass(frozen=True)
class DraftWish:
    """Who writes, and within what bounds."""

    model: str
    api_base: str | None
    api_key_env: str | None
    concurrency: int
    limits: Limits
    local_only: LocalOnly | None
    log: LogWish


def populate_by_model(wish: PopulationWish, by: DraftWish, *, as_json: bool) -> int:
    """Draft the people who are not there yet, and say what became of everybody.

    Raises:
        InputError: the model cannot draft, a share cannot be, or a file that this command did not write is in the way.
    """
    model = read_model(by.model, api_base=by.api_base, api_key_env=by.api_key_env, where=MODEL_FLAGS)
    check_drafter(model)
    people = place_people(wish).people
    mark = f"`sim personas new --n {wish.n} --seed {wish.seed} --model {by.model}`"
    due = _due(people, wish.out, mark)
    number = {p.id: k for k, p in enumerate(people, 1)}

    def keep(person: Persona, draft: Persona | None) -> None:
        told = f"Drafted for {mark}" if draft else f"Made from parts for {mark}, as nothing that fits was drafted"
        write_person(draft or person, wish.out / f"{person.id}.yaml", said=f"{told}, {number[person.id]} of {wish.n}; all of it is made up.")

    def draft(on_done: Callable[[int, int], None], on_start: Callable[[Traffic], None]) -> Awaitable[Drafts]:
        return draft_people(
            due, model, load_prompts(), limits=by.limits, concurrency=by.concurrency, on_drafted=keep, on_done=on_done, on_start=on_start
        )

    inquiry = Inquiry({"who drafts": model}, "descriptions of made-up people", "drafted", "people", by.limits, draft)
    watch = Watch(inquiry, by.local_only, by.log, then=AGAIN)
    drafts = watch.run() if due else Drafts({}, {}, Spent())
    if drafts is None:
        return INTERRUPTED
    add_schema(wish.out)
    there = [p for p in people if p.id not in drafts.lost]
    _tell(there, drafts, wish, as_json=as_json, before=len(people) - len(due))
    return watch.status(lost=bool(drafts.lost))


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


def _tell(there: Sequence[Persona], drafts: Drafts, wish: PopulationWish, *, as_json: bool, before: int) -> None:
    document = describe_people(there, of=f"seed {wish.seed}")
    spent = drafts.spent
    if as_json:
        rest = {
            "seed": wish.seed,
            "files": [str(wish.out / f"{p.id}.yaml") for p in there],
            "from_parts": drafts.refused,
            "lost": drafts.lost,
            "calls": spent.calls,
            "cost": spent.cost,
            "unknown_costs": spent.unknown_costs,
            "describe": document.model_dump(mode="json"),
        }
        print(json.dumps(rest))
        return
    earlier = f", {before} of them before" if before else ""
    print(f"{many(len(there), 'persona')} written to {wish.out}/ (seed {wish.seed}{earlier}); {many(spent.calls, 'call')}, {money(spent.cost)}.")
    for id, why in drafts.refused.items():
        print(f"{id} is made from parts, as nothing that fits was drafted: {safe(one_line(why))[:_REASON]}")
    if drafts.lost:
        why = safe(min(drafts.lost.values(), key=lambda reason: reason.startswith("interrupted")))
        print(f"{many(len(drafts.lost), 'person', 'people')} not drafted for reasons outside the model ({why}); {AGAIN}.")
    for said in (*remarks(document), what_next(wish.out)):
        print(said)
