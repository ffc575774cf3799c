"""A record is changed quickly, and as `dataclasses.replace` would change it."""

import datetime as dt
from dataclasses import FrozenInstanceError, replace

import pytest

from sim.core.event import Utterance
from sim.core.record import Exchange, Reply, Session, changed


def test_a_changed_record_equals_a_replaced_one_and_leaves_the_first_as_it_was() -> None:
    said = Exchange(1, Utterance(message="Hello."))
    answered = changed(said, reply=Reply("Good morning."))
    assert answered == replace(said, reply=Reply("Good morning."))
    assert said.reply is None
    session = Session(1, 1, dt.date(2026, 1, 5))
    assert changed(session, exchanges=(answered,)) == replace(session, exchanges=(answered,))
    assert session.exchanges == ()


def test_a_changed_record_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        changed(Session(1, 1, dt.date(2026, 1, 5)), take=2).take = 3  # type: ignore[misc]


def test_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(TypeError, match="no field of Session: toke"):
        changed(Session(1, 1, dt.date(2026, 1, 5)), toke=2)
