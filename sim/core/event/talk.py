"""What happens in a talk: a session begins, the user speaks, the target replies, the session is over."""

from __future__ import annotations

import datetime as dt
from operator import not_
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from sim.core.event.base import BaseEvent
from sim.core.event.calls import Meta, OpeningMeta
from sim.core.event.said import Departure, Disturbance, Flag, Rejected, Silence, Utterance, lost_drafts
from sim.core.tools import ToolUse


class SessionOpened(BaseEvent):
    """A session began."""

    kind: Literal["session_opened"] = "session_opened"
    date: dt.date
    conversation: str = ""
    """What its log calls it, where it was read from one; ratings of it that are kept elsewhere are joined by this."""
    person: str = ""
    """What its log calls the person who talks."""
    meta: Annotated[OpeningMeta, BeforeValidator(lambda m: OpeningMeta(**dict(m)) if type(m) is Meta else m)] = OpeningMeta()


class UserSpoke(BaseEvent):
    """The user said something, left, or had nothing to say."""

    kind: Literal["user_spoke"] = "user_spoke"
    said: Annotated[Utterance | Departure | Silence, Field(discriminator="kind")]
    scripted: bool = False
    """The scenario's words, not the model's."""
    flags: tuple[Flag, ...] = ()
    """Of what was sent; of what was left unsent in the end, where nothing was."""
    rejected: tuple[Rejected, ...] = ()
    """Drafts that came before it, in their order; of those that an earlier version did not keep, that there were any."""
    history_cut: bool = False
    """Earlier sessions were shown as ledger and last two sessions, for length."""
    disturbance: Disturbance | None = Field(default=None, exclude_if=not_)
    """None: what was said is what the user wrote."""

    @model_validator(mode="before")
    @classmethod
    def _count_lost_drafts(cls, written: Any) -> Any:
        """A message that was asked for again had a draft before it, whether or not it was kept."""
        if isinstance(written, dict) and not written.get("rejected"):
            steps = [c.get("step") if isinstance(c, dict) else c.step for c in written.get("calls", ())]
            return {**written, "rejected": lost_drafts(steps)} if "regeneration" in steps else written
        return written


class TargetReplied(BaseEvent):
    """The target answered."""

    kind: Literal["target_replied"] = "target_replied"
    reply: str
    finish: str = "stop"
    """The provider's word for why the reply ended."""
    dropped: int = 0
    """Messages that no longer fitted the target's context and were left out of it, oldest first."""
    tools: tuple[ToolUse, ...] = ()
    """What it says it did for this reply."""


Ending = Literal["maximum", "farewell", "left", "simulator_failed", "logged"]
"""`logged`: it is over where its log ends, and why nobody knows."""


class SessionClosed(BaseEvent):
    """The session is over."""

    kind: Literal["session_closed"] = "session_closed"
    ending: Ending
    forks: bool = True
    """Whether the target can be copied; one that cannot is not asked what it remembers."""
