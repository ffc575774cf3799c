"""What is said of a talk: by judges, and by people who read it."""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, Field

from sim.core.event.base import BaseEvent
from sim.core.event.verdicts import Result


class Judged(BaseEvent):
    """A verdict of `part`: on an exchange, at exchange 0 on a session, at session 0 on the whole trial.

    `kind` says what was judged, and what `part` names (`sim.core.address`): `rated` likability, by a rater or one of its controls, at exchange 0 by
    the criterion questions; `tagged` the moves of a reply, by a tagger; `scored` all else, by a scorer with its version.
    """

    kind: Literal["rated", "tagged", "scored"]
    result: Result = Field(validation_alias=AliasChoices("result", "ratings", "tagging", "truths"))
    """The other names are those of journals written when each kind had an event of its own."""
    history_cut: bool = False
    """Earlier sessions were shown to the judge as ledger and last two sessions, for length."""


Label = Literal["target_bug", "simulator_fault", "rater_fault", "fine", "duplicate"]
"""What somebody who read an exchange says it is."""


class Labelled(BaseEvent):
    """Somebody read the exchange and says what it is. `part` is `who#n`, n counting up; the newest stands."""

    kind: Literal["labelled"] = "labelled"
    label: Label
    note: str = ""
    of: str = ""
    """The exchange that a duplicate repeats, as `trial session.exchange`."""


class FormAnswered(BaseEvent):
    """A person who rates or chats filled in a form. `part` is `human:<id>:<form>`; it stands with the first trial that the person is given."""

    kind: Literal["form_answered"] = "form_answered"
    answers: dict[str, str | int]
    """By the question's id."""
