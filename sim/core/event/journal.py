"""Events as a journal keeps them: a key, a body and meta, each as text, and the event that they were taken from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter
from pydantic_core import to_json

from sim.core.event.after_talk import MemoryWritten, ProbeAnswered, Probed, SheetAnswered
from sim.core.event.base import Key
from sim.core.event.ends import CallLost, TrialFailed, TrialFinished, TrialForgotten
from sim.core.event.judged import FormAnswered, Judged, Labelled
from sim.core.event.talk import SessionClosed, SessionOpened, TargetReplied, UserSpoke

SCHEMA_VERSION = 1
"""Rises when an old journal could no longer be read as it stands."""

Event = Annotated[
    SessionOpened
    | UserSpoke
    | TargetReplied
    | Judged
    | MemoryWritten
    | ProbeAnswered
    | Probed
    | SheetAnswered
    | SessionClosed
    | Labelled
    | FormAnswered
    | CallLost
    | TrialFailed
    | TrialFinished
    | TrialForgotten,
    Field(discriminator="kind"),
]

_EVENT: TypeAdapter[Event] = TypeAdapter(Event)
_BESIDE_BODY = {"trial", "session", "take", "exchange", "kind", "part", "meta"}


def key(event: Event) -> Key:
    """The event's key."""
    return Key(event.trial, event.session, event.take, event.exchange, event.kind, event.part)


def body(event: Event) -> str:
    """The event without key and meta, as JSON: the same for the same happening."""
    return event.model_dump_json(exclude=_BESIDE_BODY)


def load_event(key: Key, body: str, meta: str) -> Event:
    """The event that `key`, `body` and `meta` were taken from."""
    head = to_json(key._asdict()).decode()
    return _EVENT.validate_json(f'{head[:-1]},"meta":{meta},{body[1:]}')
