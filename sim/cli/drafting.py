"""`sim personas new --model`: people whose background, facts and lines a model writes, and what became of everybody."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sim.analysis.trust.coverage import describe_people
from sim.cli.exit import INTERRUPTED
from sim.cli.populating import what_next
from sim.cli.watched import Watch
from sim.core.errors import one_line
from sim.present.text.population import remarks
from sim.present.words import many, money, safe

if TYPE_CHECKING:
    from sim.app.drafting import DraftedPeople
    from sim.app.inquiry import Inquiry
    from sim.app.populating import PopulationWish
    from sim.cli.log_wish import LogWish
    from sim.llm.hosts import LocalOnly

AGAIN = "the same command goes on"
_REASON = 200
"""Characters of a reason that are printed."""


def populate_by_model(inquiry: Inquiry[DraftedPeople], wish: PopulationWish, *, local_only: LocalOnly | None, log: LogWish, as_json: bool) -> int:
    """Draft the people who are not there yet, and say what became of everybody."""
    watch = Watch(inquiry, local_only, log, then=AGAIN)
    found = watch.run()
    if found is None:
        return INTERRUPTED
    _tell(found, wish, as_json=as_json)
    return watch.status(lost=bool(found.lost))


def _tell(found: DraftedPeople, wish: PopulationWish, *, as_json: bool) -> None:
    document = describe_people(found.people, of=f"seed {wish.seed}")
    drafts, spent = found.drafts, found.drafts.spent
    if as_json:
        rest = {
            "seed": wish.seed,
            "files": [str(place) for place in found.places],
            "from_parts": drafts.refused,
            "lost": drafts.lost,
            "calls": spent.calls,
            "cost": spent.cost,
            "unknown_costs": spent.unknown_costs,
            "describe": document.model_dump(mode="json"),
        }
        print(json.dumps(rest))
        return
    earlier = f", {found.before} of them before" if found.before else ""
    print(
        f"{many(len(found.people), 'persona')} written to {wish.out}/ (seed {wish.seed}{earlier}); {many(spent.calls, 'call')}, {money(spent.cost)}."
    )
    for id, why in drafts.refused.items():
        print(f"{id} is made from parts, as nothing that fits was drafted: {safe(one_line(why))[:_REASON]}")
    if drafts.lost:
        why = safe(min(drafts.lost.values(), key=lambda reason: reason.startswith("interrupted")))
        print(f"{many(len(drafts.lost), 'person', 'people')} not drafted for reasons outside the model ({why}); {AGAIN}.")
    for said in (*remarks(document), what_next(wish.out)):
        print(said)
