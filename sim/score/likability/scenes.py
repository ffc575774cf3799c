"""A scene of the response matrix as a rater sees it: the same `RaterView` that a trial would have given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sim.core.cast import build_cast
from sim.core.event import SessionOpened, TargetReplied, UserSpoke, Utterance
from sim.core.fold import fold
from sim.core.record import Ratings, Trial
from sim.core.spec.scenario import Scenario
from sim.core.spec.session import AgendaItem, Length, SessionSpec
from sim.core.view import rater_view

if TYPE_CHECKING:
    from sim.core.spec import Persona
    from sim.core.spec.edits import Scene
    from sim.core.view import RaterView

DAY = dt.date(2026, 1, 5)
"""The day on which every scene takes place."""
HISTORY_TOKENS = 8_000


@dataclass(frozen=True)
class Staged:
    """A scene with its persona."""

    scene: Scene
    persona: Persona


class RatedReply(NamedTuple):
    """Which reply was rated."""

    scene: str
    part: str
    """As in `Scene.replies`."""


Readings = Mapping[RatedReply, Ratings]
"""What a rater said of each reply; one whose call came to nothing is absent."""


def view_of(staged: Staged, part: str) -> RaterView:
    """The view in which the reply called `part` is rated.

    Each part is a draw of its own, with its own order of the dimensions and its own seed, so that a repeat shows all the noise an edit is subject to.
    """
    replies = staged.scene.replies()
    return view_with(staged, replies[part], name=part, draw=list(replies).index(part))


def view_with(staged: Staged, reply: str, *, name: str, draw: int = 0) -> RaterView:
    """The view in which `reply`, which may be anything, is rated as an answer to the scene's message.

    Args:
        name: of the reply.
        draw: views of different draws have their own order of the dimensions and their own seed.
    """
    scene = staged.scene
    session = SessionSpec(
        gap=0,
        situation=scene.situation,
        mood=scene.mood,
        agenda=(AgendaItem(aim=scene.situation, says=(scene.message,)),),
        exchanges=Length(min=1, max=1),
    )
    told = Scenario(id=scene.id, title=scene.id, about=scene.situation, history=scene.earlier, sessions=(session,))
    said = Utterance(message=scene.message, mood=scene.mood.feels, allusion=scene.allusion, humour_bid=scene.humour_bid, facts_used=scene.facts)
    trial_name = f"{scene.id}/{name}"
    trial = fold(
        Trial(trial_name, "", draw, build_cast(_as_usual(staged.persona), told, start_date=DAY)),
        [
            SessionOpened(trial=trial_name, session=1, take=1, date=DAY),
            UserSpoke(trial=trial_name, session=1, take=1, exchange=1, said=said),
            TargetReplied(trial=trial_name, session=1, take=1, exchange=1, reply=reply),
        ],
    )
    return rater_view(trial, 1, 1, study_seed=0, history_tokens=HISTORY_TOKENS)


def _as_usual(persona: Persona) -> Persona:
    """`persona` with no wishes but its own: an edit moves a reply away from these."""
    return persona.model_copy(update={"type": persona.type.model_copy(update={"stability": "steady"})})
