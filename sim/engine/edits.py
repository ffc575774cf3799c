"""Rating the scenes of the response matrix: every reply once, and every unchanged reply a second time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.address import observer_id
from sim.engine.one_model import OnDone, OnTraffic, one_model
from sim.engine.preflight import check_rater
from sim.llm.traffic.budget import Spent
from sim.score.likability.rater import LikabilityRater
from sim.score.likability.scenes import RatedReply, view_of

if TYPE_CHECKING:
    from sim.core.record import Ratings
    from sim.core.spec import Limits, ModelSpec
    from sim.llm.prompts import Prompts
    from sim.score.likability.scenes import Readings, Staged


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
    on_rated: OnDone | None = None,
    on_start: OnTraffic | None = None,
) -> RatedScenes:
    """Let `rater` rate every reply of every scene.

    Args:
        concurrency: replies being rated at once.
        on_rated: called after each reply.
        on_start: see `OnTraffic`.

    Raises:
        InputError: there is no such model, it cannot rate, its key is missing from the environment, or its price is
            unknown and `max_cost` is given.
    """
    check_rater(rater)
    due = {RatedReply(staged.scene.id, part): staged for staged in scenes for part in staged.scene.replies()}
    readings: dict[RatedReply, Ratings] = {}
    async with one_model("rater", "the rater", rater, prompts, limits=limits, concurrency=concurrency, on_start=on_start) as model:
        judge = LikabilityRater(observer_id(rater.model), model.client, prompts)

        async def rate(reading: RatedReply) -> None:
            readings[reading] = (await judge.score(view_of(due[reading], reading.part))).value

        lost = await model.ask(due, rate, on_done=on_rated)
    # Answers come in as they please; what is computed from them goes by the scenes.
    return RatedScenes({r: readings[r] for r in due if r in readings}, lost, model.spent)
