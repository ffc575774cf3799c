"""Rating the scenes of the response matrix: every reply once, and every unchanged reply a second time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.address import observer_id
from sim.core.errors import CallFailed
from sim.core.spec import Sampling
from sim.llm.build import Shared, build_client
from sim.llm.traffic.budget import Spent
from sim.llm.traffic.passage import Traffic
from sim.run.pool import work_through
from sim.run.preflight import check_prices, check_rater
from sim.score.likability import LikabilityRater
from sim.score.scenes import RatedReply, view_of

if TYPE_CHECKING:
    from sim.core.record import Ratings
    from sim.core.spec import Limits, ModelSpec
    from sim.llm.prompts import Prompts
    from sim.score.scenes import Readings, Staged

OnRated = Callable[[int, int], None]
"""Told how many replies are done, and of how many."""


@dataclass(frozen=True)
class RatedScenes:
    """What a rater said of the scenes, and what it took."""

    readings: Readings
    lost: dict[RatedReply, str]
    """Replies without a rating for reasons outside the model, and why."""
    spent: Spent


async def rate_scenes(
    scenes: Sequence[Staged],
    rater: ModelSpec,
    prompts: Prompts,
    *,
    limits: Limits,
    concurrency: int,
    on_rated: OnRated | None = None,
    on_start: Callable[[Traffic], None] = lambda traffic: None,
) -> RatedScenes:
    """Let `rater` rate every reply of every scene.

    Args:
        concurrency: replies being rated at once.
        on_rated: called after each reply.
        on_start: is given the traffic, whose `stop()` ends it cleanly: what was not rated by then is lost as `interrupted`.

    Raises:
        InputError: there is no such model, it cannot rate, its key is missing from the environment, or its price is
            unknown and `max_cost` is given.
    """
    check_rater(rater)
    check_prices([("rater", "the rater", rater)], limits)
    shared = Shared(Traffic(limits, concurrency=concurrency))
    on_start(shared.traffic)
    client = build_client(rater, sampling=Sampling(), limits=limits, shared=shared, json_mode=prompts.text("json_mode"))
    judge = LikabilityRater(observer_id(rater.model), client, prompts)
    due = {RatedReply(staged.scene.id, part): staged for staged in scenes for part in staged.scene.replies()}
    readings: dict[RatedReply, Ratings] = {}
    lost: dict[RatedReply, str] = {}

    async def rate(reading: RatedReply) -> None:
        try:
            readings[reading] = (await judge.score(view_of(due[reading], reading.part))).value
        except CallFailed as failed:
            lost[reading] = f"{failed.cause.replace('_', ' ')}: {failed.message}"
            if not readings and len(lost) >= concurrency:
                # Nothing but failures since the start: a server that is not there need not be asked two hundred times.
                shared.traffic.stop()
        if on_rated:
            on_rated(len(readings) + len(lost), len(due))

    try:
        await work_through(due, rate, at_once=concurrency)
    finally:
        await client.close()
    # Answers come in as they please; what is computed from them goes by the scenes.
    return RatedScenes({r: readings[r] for r in due if r in readings}, lost, shared.traffic.budget.spent)
