"""`sim personas check`: a questionnaire put to whoever plays the personas, in role, and what it expresses held against what their files say."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.cli.calibrating import read_rater
from sim.cli.exit import DONE, INCOMPLETE, INTERRUPTED
from sim.cli.log_wish import LogWish
from sim.cli.reading import print_rendered
from sim.cli.watched import Watch
from sim.core.errors import InputError
from sim.engine.inventory import fill_in_inventory, items_for
from sim.engine.preflight import check_user
from sim.llm.prompts import load_prompts
from sim.store.library import load_personas

if TYPE_CHECKING:
    from sim.core.spec import Limits
    from sim.engine.inventory import FilledIn
    from sim.llm.hosts import LocalOnly
    from sim.llm.traffic.passage import Traffic


@dataclass(frozen=True)
class TraitWish:
    """What the flags ask for."""

    personas: Sequence[str]
    model: str
    api_base: str | None
    api_key_env: str | None
    per_facet: int
    voting: bool
    seed: int
    concurrency: int
    limits: Limits
    local_only: LocalOnly | None
    log: LogWish


def check_traits(wish: TraitWish, *, as_json: bool) -> int:
    """Ask, and print how far personas are played as told.

    Raises:
        InputError: no persona is named, none has a facet of the questionnaire, or the model cannot be asked.
    """
    user = read_rater(wish.model, flag="--model", api_base=wish.api_base, api_key_env=wish.api_key_env)
    check_user(user)
    people = load_personas(wish.personas)
    if not any(items_for(p, per_facet=wish.per_facet, voting=wish.voting) for p in people):
        raise InputError(
            "no persona's file gives a facet of the questionnaire a level", mend="write traits: {anxiety: 4}, see `sim personas describe`"
        )
    sends = "texts of personas and items of a questionnaire"
    watch = Watch({"the user": user}, wish.limits, wish.local_only, wish.log, sends=sends, doing="filled in", what="sheets")

    def ask(on_filled: Callable[[int, int], None], on_start: Callable[[Traffic], None]) -> Awaitable[FilledIn]:
        return fill_in_inventory(
            people,
            user,
            load_prompts(),
            per_facet=wish.per_facet,
            voting=wish.voting,
            seed=wish.seed,
            limits=wish.limits,
            concurrency=wish.concurrency,
            on_filled=on_filled,
            on_start=on_start,
        )

    filled = watch.run(ask)
    if filled is None:
        return INTERRUPTED
    watch.line.say(f"{len(filled.answers):,} answers asked for")
    from sim.analysis.trust.expressed import judge_expression
    from sim.present.text.expressed import render_expression

    spent = filled.spent.calls, filled.spent.cost, filled.spent.unknown_costs
    document = judge_expression(people, filled.answers, model=user.model, offline=user.offline, lost=filled.lost, spent=spent)
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
    else:
        print_rendered(lambda _: render_expression(document))
    return INTERRUPTED if watch.stopping.asked else INCOMPLETE if filled.lost else DONE
